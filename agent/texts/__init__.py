"""Prompts as a task: items with right answers, how answers are scored, races over items, and what came of it.

The search over texts itself is in `search`, as for any space; here a text is run for a model, on items.
"""
