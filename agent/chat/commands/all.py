"""The one registry of a session's commands; they are in three files by theme.

`study` says what is tuned, `search` how it goes on, `facts` asks what is known and
takes it away.
"""

from __future__ import annotations

from importlib import import_module

from bestguess.agent.chat.commands.registry import Registry

REGISTRY = Registry()

for _theme in ("study", "search", "facts"):
    import_module(f"bestguess.agent.chat.commands.{_theme}").register(REGISTRY)
