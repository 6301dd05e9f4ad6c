"""Prompts tuned for small models, on tasks made by code and on a toy model that answers by a known rule."""
