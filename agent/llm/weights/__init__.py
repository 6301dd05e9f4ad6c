"""Weights of local models: the catalog, and how they are fetched and converted."""
