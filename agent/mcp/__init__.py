"""The Model Context Protocol: the server, its tools, what they return; `bestguess mcp` enters by `tools`."""
