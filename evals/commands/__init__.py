"""The scoreboard's commands, one file a group; a file that starts with an underscore has none."""
