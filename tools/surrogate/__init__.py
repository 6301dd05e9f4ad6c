"""The Gaussian process: kernel, evidence, fitting, transforms, and which trials may fail.

Another surrogate is one file here and one test class, and is named in `fitting.py` and `front.py` of
`tools/search` in place of `gp.GaussianProcess`. It offers what that does:

- `fit(x, y, active=...)` of places x (n, d) in the unit cube and values y (n,), less being better, returns a
  posterior and keeps nothing from one fit to the next;
- the posterior has `predict_latent`, `slope_latent`, `sample_latent`, `quantiles`, `restore`, `assume`,
  `inflate`, `lengthscales`, `incumbent_latent` and `description`, as `gp.GPPosterior` has. The latent scale
  is that on which the model works, increasing in y (`transforms.fit_transform`). Deviations are above 0,
  slopes may be 0, draws (count, m) are joint, `assume` keeps the mean and shrinks the deviation at x, the
  same values give the same fit, and a noisy study changes it. What an inactive column holds has no effect.
"""
