"""Our search behind Optuna's sampler interface."""
