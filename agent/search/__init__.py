"""Whose turn it is, and the proposers."""
