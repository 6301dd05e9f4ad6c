"""Reads a script and drafts a space: what could be tuned, around what it is now. Nothing is executed."""
