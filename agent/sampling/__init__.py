"""Our search behind Optuna's sampler interface; users enter by `sampler.Sampler`."""
