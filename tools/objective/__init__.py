"""Running what is tuned: a function or a command, its process, its values; doors enter by `run`."""
