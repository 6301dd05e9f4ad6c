"""What the surrogate says of a study: importance, effects, outlook."""
