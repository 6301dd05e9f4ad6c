"""What a study rests on, kept in one attribute of it: its space, task and seed, what was known, its token."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from optuna.storages import BaseStorage

from bestguess.agent.record.steady import SteadyStorage
from bestguess.agent.task import Task
from bestguess.tools.errors import StudyError, StudyUnavailable
from bestguess.tools.space.space import Space
from bestguess.tools.words.kept import ATTRIBUTE, read_settings, whole


@dataclass(frozen=True, slots=True)
class Settings:
    """Those of the study `name`, which is in the storage at `url`; None for memory.

    They are read anew each time, for other processes write them, too.
    """

    storage: BaseStorage
    study_id: int
    name: str
    url: str | None

    def read(self) -> dict[str, Any]:
        """Return them; raise StudyError where somebody else changed them so that they make no sense."""
        with whole(self.name):
            which = [ATTRIBUTE] if isinstance(self.storage, SteadyStorage) else []
            return read_settings(self.storage.get_study_user_attrs(self.study_id, *which), self.name)

    def write(self, **changed: Any) -> None:
        """Change some of them; the caller holds the lock for writing."""
        self.storage.set_study_user_attr(self.study_id, ATTRIBUTE, self.read() | changed)

    def space(self) -> Space:
        """Return the space, without constraints that are code: only their author has that."""
        with whole(self.name):
            kept = self.read()["space"]
            written = [words for words in kept.get("constraints", ()) if not isinstance(words, Mapping)]
            return Space.from_dict({**kept, "constraints": written})

    def task(self) -> Task:
        """Return the task."""
        with whole(self.name):
            return Task.from_dict(self.read()["task"])

    def token(self) -> str:
        """Return what tells the study from another of its name."""
        return self._token(self.read())

    def check(self, token: str) -> None:
        """Raise StudyUnavailable if the storage holds another study now, or none, in the place of ours."""
        try:
            same = self.token() == token
        except StudyUnavailable:
            raise
        except StudyError:  # there is none, or none that can be read
            same = False
        if not same:
            raise StudyUnavailable(
                f"study {self.name!r} was deleted, or replaced by another, while it was open; restore it"
            )

    def are_in(self, connection: sqlite3.Connection, token: str) -> bool:
        """Whether the study of that token is in an SQLite file."""
        query = "SELECT value_json FROM study_user_attributes WHERE study_id = ? AND key = ?"
        row = connection.execute(query, (self.study_id, ATTRIBUTE)).fetchone()
        return row is not None and self._token(json.loads(row[0])) == token

    def differences(self, task: Task, seed: int | None) -> tuple[str, ...]:
        """Say in what a task and a seed differ from those that the study was made with."""
        kept_seed, before = self.read()["seed"], self.task().to_dict()
        mend = "choose another study name to begin with it"
        usual, found = Task().to_dict(), []
        if seed is not None and seed != kept_seed:
            found.append(
                f"study {self.name!r} was made with seed {kept_seed} and keeps it, "
                f"so that {seed} has no effect: {mend}"
            )
        for name, now in task.to_dict().items():
            was = before.get(name)
            if now not in (was, usual.get(name)):
                found.append(
                    f"study {self.name!r} was made with {name} {was!r}, and now has {now!r}; "
                    f"its record and its earlier trials stay as they are: {mend}"
                )
        return tuple(found)

    def _token(self, kept: Mapping[str, Any]) -> str:
        """Return the token kept; before there were tokens, the seed told studies apart."""
        of_old = hashlib.sha256(f"{self.name}\n{kept.get('seed')}".encode()).hexdigest()
        return str(kept.get("token", of_old))
