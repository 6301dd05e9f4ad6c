"""What the surrogate says of a study: importance, effects, outlook; reports, chat and MCP enter."""
