"""Finished runs, each a line of JSON in a file: what was played once is not played again."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter

from bestguess.tools.errors import InputError

Run = TypeVar("Run")


def read_kept(kind: type[Run], path: Path) -> list[Run]:
    """Return the runs of a file, none where there is no file; raise InputError for a line that is no run."""
    adapter, found = TypeAdapter(kind), list[Run]()
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for number, line in enumerate(lines, 1):
        try:
            found.append(adapter.validate_json(line))
        except ValueError as error:
            raise InputError(f"{path} line {number} is no run ({error}); delete it") from error
    return found


def keep(path: Path, *runs: Any) -> None:
    """Add runs to a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        file.writelines(json.dumps(asdict(run)) + "\n" for run in runs)
