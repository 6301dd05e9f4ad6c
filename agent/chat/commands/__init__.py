"""What a session can do: one effect a command."""
