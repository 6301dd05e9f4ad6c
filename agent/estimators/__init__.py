"""Our search behind scikit-learn's search interface."""
