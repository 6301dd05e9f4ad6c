"""Instruments that need no language model and no network; deterministic given a Generator."""
