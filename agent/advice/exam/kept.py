"""The marks of exams, one file a model in the folder `grades` beside the models, written problem by problem.

A model is known by its identity: its name, what its server or folder says of its revision, and the prompt.
A file that cannot be read, or is of another exam, counts as none.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, NamedTuple

from filelock import FileLock
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bestguess.agent.llm.weights.catalog import models_root
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import shorten

FORMAT = "bestguess.exam/1"
MODEL_CHARS = 200

_Chance = Annotated[float, Field(ge=0.0, le=1.0)]
_Cost = Annotated[float, Field(ge=0.0, lt=2.0**53)]


class Marks(NamedTuple):
    """Of one problem: the mark of each answer, and what they cost."""

    chances: tuple[float, ...]
    tokens: int = 0
    seconds: float = 0.0


class _Marks(BaseModel):
    model_config = ConfigDict(extra="forbid")

    chances: Annotated[list[_Chance], Field(min_length=1, max_length=64)]
    tokens: Annotated[int, Field(ge=0, lt=2**53)]
    seconds: _Cost


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    format: str
    model: str
    marks: dict[str, _Marks]


class Kept:
    """What is kept of the exam of the model that `identity` tells from all others."""

    def __init__(self, identity: str, name: str) -> None:
        self.name = shorten(clean_line(name), MODEL_CHARS)
        self.path = _folder() / f"{hashlib.sha256(identity.encode()).hexdigest()[:32]}.json"

    @property
    def marks(self) -> Mapping[str, Marks]:
        """The marks by problem, as they are by now."""
        return _read(self.path)[1]

    def add(self, problem: str, marks: Marks) -> None:
        """Keep the marks of a problem, whole or not at all; raise OSError where nothing can be written."""
        every = {**self.marks, problem: marks}
        marked = {name: one._asdict() for name, one in every.items()}
        written = {"format": FORMAT, "model": self.name, "marks": marked}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        partial = self.path.with_suffix(f".{os.getpid()}")
        partial.write_text(json.dumps(written, indent=1), encoding="utf-8")
        partial.replace(self.path)

    def forget(self) -> None:
        """Remove what is kept."""
        with suppress(FileNotFoundError):
            self.path.unlink()

    def lock(self) -> FileLock:
        """Return the lock that whoever examines this model holds."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        return FileLock(self.path.with_suffix(".lock"))


def every_kept() -> list[tuple[str, Mapping[str, Marks]]]:
    """Return the name and the marks of each model that was examined on this machine."""
    read = [_read(path) for path in sorted(_folder().glob("*.json"))]
    return sorted((one for one in read if one[1]), key=lambda one: one[0])


def _folder() -> Path:
    return models_root().parent / "grades"


def _read(path: Path) -> tuple[str, Mapping[str, Marks]]:
    try:
        kept = _File.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):
        return "", {}
    marks = {name: Marks(tuple(one.chances), one.tokens, one.seconds) for name, one in kept.marks.items()}
    return clean_line(kept.model), marks if kept.format == FORMAT else {}
