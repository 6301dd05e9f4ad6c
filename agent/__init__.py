"""The agent: at the top what everybody enters by (tuner, warm start, task, command line); the rooms below.

`assembly` puts the parts of a search together; a room's own docstring says what lives there and who enters.
"""
