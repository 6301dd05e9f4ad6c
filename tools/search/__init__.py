"""What to try next: acquisition, candidates, the verifier, priors, and trust."""
