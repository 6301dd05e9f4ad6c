"""The commands, one a file: the group in `agent/cli.py` finds `NAME.py` and takes its `command`.

Nobody else enters; files that begin with an underscore are what commands share.
"""
