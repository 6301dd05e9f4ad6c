"""The Model Context Protocol: the server, its tools, and what they return."""
