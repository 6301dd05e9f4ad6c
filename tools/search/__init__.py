"""What to try next: acquisition, candidates, the verifier, priors, trust; proposers enter by `verifier`."""
