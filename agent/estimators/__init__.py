"""Our search behind scikit-learn's search interface; users enter by `search_cv.SearchCV`."""
