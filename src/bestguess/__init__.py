"""The package index of BestGuess."""
