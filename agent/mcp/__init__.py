"""The Model Context Protocol: the server, its tools, what they return; the command `mcp` enters by `tools`."""
