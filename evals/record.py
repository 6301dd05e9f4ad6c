"""What a finished run leaves behind: one JSON line, appended at once, in a file a suite and contestant.

    results/SUITE/CONTESTANT.jsonl        one `Record` a line, the last of equal keys counts
    results/absent.json                   contestants that could not run, and why

A line that a kill tore in the middle is cut off when the file is next opened. This module knows no suite.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from bestguess.tools.errors import InputError

Key = tuple[str, str, int, str, bool, int]


@dataclass(frozen=True, slots=True)
class Record:
    """One run of one contestant on one problem.

    `values` has one entry an evaluation, None where it failed; `started` of them were given to it, the
    rest it asked for. `maximize` says which way is better, `variant` which reference holds. `tests` are
    the test scores, where the suite has them. A run that ended early says why in `error`. `wall_s` and
    `cpu_s` are what all its asks and tells took inside the worker; `sources` has a letter for each ask.
    """

    suite: str
    problem: str
    seed: int
    contestant: str
    default: bool
    n_trials: int
    values: list[float | None]
    started: int = 0
    maximize: bool = False
    variant: str = ""
    tests: list[float | None] = field(default_factory=list)
    wall_s: float = 0.0
    cpu_s: float = 0.0
    sources: str = ""
    tokens: int = 0
    requests: int = 0
    llm_s: float = 0.0
    peak_mib: float = 0.0
    error: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    commit: str = ""
    machine: str = ""

    @property
    def key(self) -> Key:
        """What makes two runs the same."""
        return (self.suite, self.problem, self.seed, self.contestant, self.default, self.n_trials)

    def to_line(self) -> str:
        """Return the record as one line of JSON, without the fields that say nothing."""
        fields = {
            name: value for name, value in asdict(self).items() if value not in ("", [], {}, 0.0, False)
        }
        fields |= {"seed": self.seed, "default": self.default, "values": self.values}
        return json.dumps(_rounded(fields)) + "\n"


class Results:
    """The records in a folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self) -> list[Record]:
        """Return all records, the last of those with one key."""
        records: dict[Key, Record] = {}
        for path in sorted(self.folder.glob("*/*.jsonl")):
            for line in _whole_lines(path):
                record = Record(**json.loads(line))
                records[record.key] = record
        return list(records.values())

    def add(self, record: Record) -> None:
        """Append a record, and have it on the disk before returning."""
        name = re.sub(r"[^\w.=,#-]+", "_", record.contestant)
        path = self.folder / record.suite / f"{name}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            if (torn := _torn(path)) is not None:
                file.truncate(torn)
            file.write(record.to_line().encode())
            file.flush()
            os.fsync(file.fileno())

    @property
    def absent(self) -> dict[str, str]:
        """Contestants that could not run, and why."""
        path = self.folder / "absent.json"
        read: dict[str, str] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        return read

    def note_absent(self, labels: Iterable[str], absent: dict[str, str]) -> None:
        """Write down which of `labels` are absent now; what was noted of others stays."""
        kept = {label: why for label, why in self.absent.items() if label not in set(labels)}
        if kept | absent != self.absent:
            self.folder.mkdir(parents=True, exist_ok=True)
            text = json.dumps(kept | absent, indent=1, sort_keys=True)
            (self.folder / "absent.json").write_text(text + "\n", encoding="utf-8")


def _whole_lines(path: Path) -> Iterator[bytes]:
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), 1):
        if not line.endswith(b"\n"):
            return
        if not line.startswith(b"{"):
            raise InputError(f"{path} line {number} is no record: {line[:60]!r}; delete the line")
        yield line


def _torn(path: Path) -> int | None:
    """Return where a torn last line begins; None when the file ends as it should."""
    content = path.read_bytes()
    return None if not content or content.endswith(b"\n") else content.rfind(b"\n") + 1


def _rounded(value: Any) -> Any:
    """Return floats cut to 9 digits, which loses nothing that a regret could show."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, list):
        return [_rounded(each) for each in value]
    return value
