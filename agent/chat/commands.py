"""The one registry of a session's commands; they are in three files by theme.

`study_commands` say what is tuned, `search_commands` how it goes on, `fact_commands` ask what is known and
take it away.
"""

from __future__ import annotations

from importlib import import_module

from bestguess.agent.chat.registry import Registry

REGISTRY = Registry()

for _theme in ("study_commands", "search_commands", "fact_commands"):
    import_module(f"bestguess.agent.chat.{_theme}").register(REGISTRY)
