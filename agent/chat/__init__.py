"""A tuning session in conversation: one engine, one registry of commands, and the ways to show them."""
