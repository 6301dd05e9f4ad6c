"""Running what is tuned: a function or a command, its process, and its values."""
