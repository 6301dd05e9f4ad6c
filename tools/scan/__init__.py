"""Reads a script and drafts a space: what could be tuned, around what it is now. Nothing is executed.

`bestguess init`, the chat and MCP enter by `draft.scan`.
"""
