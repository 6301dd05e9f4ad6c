"""A tuning session in conversation: one engine, one registry of commands, and the ways to show them.

`bestguess chat` and `bestguess web` enter by `session.Session`, and read its `events`; MCP enters by the
commands that only read. Nobody else of the agent does. `language` reads what is said, `commands` do it,
`answers` say what is known, `web` shows it on a page; here is what these rooms share.
"""
