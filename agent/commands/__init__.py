"""The commands, one a file: the group in `agent/cli.py` finds `NAME.py` and takes its `command`."""
