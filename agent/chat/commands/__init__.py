"""What a session can do: each `Command` in a file of this folder is one, found by itself.

A command reads its arguments by the types of its function, does one thing to the conversation that it is
given, and returns what is said. The session, the page, the terminal's completion and MCP enter by `REGISTRY`.
"""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules

from bestguess.agent.chat.command import Command, Registry

REGISTRY = Registry()
"""All commands by name, in the order of the files and of what stands in each."""

for _file in iter_modules(__path__):
    _module = import_module(f"{__name__}.{_file.name}")
    _found = (found for found in vars(_module).values() if isinstance(found, Command))
    REGISTRY |= {each.name: each for each in _found if each.function.__module__ == _module.__name__}
