"""Completes what is typed at the prompt: commands, their arguments, parameters, options, files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Literal, get_args, get_origin

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document

from bestguess.agent.chat.command import Command
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.chat.files import within
from bestguess.tools.errors import InputError

MOST_FILES = 200
SUFFIXES = frozenset({".py", ".sh", ".csv", ".yaml", ".yml", ".md", ".txt", ".json"})
_WORD = re.compile(r"[^\s=,]*$")

Words = dict[str, str]
"""What may be typed, and what it means."""


class NameCompleter(Completer):
    """Offers the names that a session knows, in the place where the cursor is."""

    def __init__(self, session: Conversation) -> None:
        self._session = session

    def get_completions(self, document: Document, _: CompleteEvent) -> Iterator[Completion]:
        """Yield what the word before the cursor may become."""
        before = document.text_before_cursor
        if before.startswith("/") and " " not in before:
            word, words = before, {f"/{one.name}": one.summary for one in REGISTRY.values()}
        else:
            found = _WORD.search(before)
            word = found[0] if found else ""
            words = self._words(before[: len(before) - len(word)], word)
        for name, meaning in words.items():
            if name.lower().startswith(word.lower()) and name != word:
                yield Completion(name, -len(word), display_meta=meaning)

    def _words(self, before: str, word: str) -> Words:
        """Return what may stand behind a text."""
        plan = self._session.bench.plan
        parameters = plan.space.parameters if plan else {}
        if before.endswith("="):
            name = before[:-1].split()[-1] if before[:-1].split() else ""
            options = getattr(parameters.get(name), "options", ())
            return dict.fromkeys(map(str, options), f"an option of {name}")
        words = {name: parameter.doc or "a parameter" for name, parameter in parameters.items()}
        command = before.split()[0].removeprefix("/") if before.startswith("/") else ""
        if command in REGISTRY:
            return self._arguments(REGISTRY[command], words, word)
        for parameter in parameters.values():
            words |= dict.fromkeys(map(str, getattr(parameter, "options", ())), "an option")
        return words | self._files(word)

    def _arguments(self, command: Command, parameters: Words, word: str) -> Words:
        """Return what may be an argument of a command, by the names and types of its arguments."""
        words: dict[str, str] = {}
        for name, field in command.arguments.model_fields.items():
            words |= dict.fromkeys(_literals(field.annotation), name)
            if name in ("parameter", "values", "text"):
                words |= parameters
            elif name in ("script", "space", "file"):
                words |= self._files(word)
            elif name == "name":
                words |= dict.fromkeys(self._session.states, "a study")
            elif name == "command":
                words |= {one.name: one.summary for one in REGISTRY.values()}
            elif len(command.arguments.model_fields) > 1:
                words[f"{name}="] = "an argument"
        return words

    def _files(self, word: str) -> Words:
        """Return the files and folders that a path may go on with; none outside of the session's folder."""
        parent = word.rpartition("/")[0]
        try:
            folder = within(self._session.bench.folder, parent or ".")
            paths = sorted(path for path in islice(folder.iterdir(), MOST_FILES) if path.name[0] != ".")
        except (InputError, OSError):
            return {}
        before = f"{parent}/" if parent else ""
        return {
            f"{before}{path.name}{'/' if path.is_dir() else ''}": "a folder" if path.is_dir() else "a file"
            for path in paths
            if path.is_dir() or path.suffix.lower() in SUFFIXES
        }


def _literals(annotation: Any) -> list[str]:
    """Return the words that a type consists of."""
    if get_origin(annotation) is Literal:
        return list(map(str, get_args(annotation)))
    return [word for one in get_args(annotation) for word in _literals(one)]
