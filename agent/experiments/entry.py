"""An experiment as it is read from the record: all trials of one change, and what was decided of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from types import MappingProxyType
from typing import Any, NamedTuple

from bestguess.tools.errors import InputError
from bestguess.tools.words.cleaning import plain_line
from bestguess.tools.words.given import as_index, shorten, shown
from bestguess.tools.words.kept import KeptDecision
from bestguess.tools.words.redaction import redact

LEAST_HASH = 4
TITLE_CHARS = 80
QUOTE_CHARS = 60

Run = tuple[int | None, Mapping[str, float] | str]
"""The seed of a run, and its metrics or why it has none."""

Noted = tuple[int, str, Mapping[str, Any]]
"""A trial's number, its state as Optuna has it, and what we keep of it."""


class Entry(NamedTuple):  # thousands are made at once: a frozen dataclass takes twenty times as long
    """An experiment, by the number of its first trial; `runs` has the metrics of each run, by name.

    `keys` are those of its trials, each with its runs. `failures` are the reasons for which runs gave
    nothing; `cost` is what the `paid` runs cost, those of which somebody said it, None where nobody did, and
    `decision` what was decided last. What others wrote is cleaned and cut, and still theirs.
    """

    number: int
    id: str
    trials: tuple[int, ...]
    keys: Mapping[str, Sequence[Run]]
    commit: str = ""
    parent: str = ""
    description: str = ""
    diff: str = ""
    note: str = ""
    params: Mapping[str, Any] = MappingProxyType({})
    runs: tuple[Mapping[str, float], ...] = ()
    seeds: tuple[int | None, ...] = ()
    failures: tuple[str, ...] = ()
    cost: float | None = None
    paid: int = 0
    running: tuple[int, ...] = ()
    decision: KeptDecision | None = None

    @property
    def title(self) -> str:
        """What it is called, in a line."""
        params = ", ".join(f"{name}={value}" for name, value in self.params.items())
        return shorten(self.description or self.commit[:10] or params or self.id, TITLE_CHARS)

    @property
    def named(self) -> str:
        """Its number, commit and title, which is quoted: others wrote it."""
        return f"experiment {self.number}{f' {self.commit[:8]}' * bool(self.commit)} {quote(self.title)}"

    @property
    def kept(self) -> bool | None:
        """Whether it was kept; None where nobody decided."""
        return self.decision["keep"] if self.decision else None

    @property
    def state(self) -> str:
        """What stands of it: running, failed, kept, dropped, or measured and not decided."""
        if self.runs:
            return {True: "kept", False: "dropped", None: "measured"}[self.kept]
        return "failed" if self.failures else "running"

    def value(self, metric: str) -> float | None:
        """Return the median of its runs; None before there is one."""
        found = [run[metric] for run in self.runs if metric in run]
        return median(found) if found else None

    def record(self, metric: str) -> dict[str, Any]:
        """Return it as JSON-able values, without its diff."""
        return {
            "number": self.number,
            "state": self.state,
            "commit": self.commit or None,
            "description": self.description,
            "note": self.note,
            "params": dict(self.params),
            "value": self.value(metric),
            "runs": [dict(run) for run in self.runs],
            "seeds": list(self.seeds),
            "failures": list(self.failures),
            "cost": self.cost,
            "kept": self.kept,
        }


def quote(text: str) -> str:
    """Return what others wrote as one quoted line, cut: it is data, and asks nobody for anything."""
    return f'"{shorten(redact(plain_line(text)).replace(chr(34), chr(39)), QUOTE_CHARS)}"'


def read_entries(
    noted: Iterable[Noted], decisions: Mapping[int, KeptDecision], metric: str
) -> tuple[Entry, ...]:
    """Return the experiments among the trials of a study, in order of their numbers."""
    grouped: dict[str, list[Noted]] = {}
    for trial in noted:
        if "experiment" in trial[2]:
            grouped.setdefault(trial[2]["experiment"]["id"], []).append(trial)
    return tuple(_read(name, trials, decisions, metric) for name, trials in grouped.items())


def _read(name: str, trials: Sequence[Noted], decisions: Mapping[int, KeptDecision], metric: str) -> Entry:
    said: dict[str, Any] = {}
    runs: list[Mapping[str, float]] = []
    seeds: list[int | None] = []
    failures, costs, running, paid = [], [], [], 0
    keys: dict[str, Sequence[Run]] = {}
    for number, state, fields in trials:
        told = fields["experiment"]
        # What it was called stays; of notes, the last one counts.
        note = told.get("note") or said.get("note", "")
        said = told | said
        said["note"] = note
        key, outcome = fields.get("key", ""), fields.get("outcome")
        keys[key] = ()
        if outcome is None:
            running += [number] if state == "RUNNING" and "withdrawn" not in fields else []
            continue
        own = told.get("seeds", ())
        if "cost" in told:
            costs.append(told["cost"])
            paid += len(outcome.get("runs") or own or [None])
        if outcome.get("error"):
            failures += [outcome["error"]] * (len(own) or 1)
            keys[key] = [(seed, outcome["error"]) for seed in own or [None]]
            continue
        if outcome.get("values"):
            mains = [dict(outcome["values"])]
        else:
            values = outcome.get("runs") or [outcome.get("value")]
            mains = [{metric: value} for value in values if value is not None]
        if beside := told.get("metrics"):
            mains = [main | more for main, more in zip(mains, beside, strict=False)]
        runs += mains
        own = [*own, *[None] * len(mains)][: len(mains)]
        seeds += own
        keys[key] = list(zip(own, mains, strict=True))
    number = trials[0][0]
    return Entry(
        number,
        name,
        tuple([trial[0] for trial in trials]),
        keys,
        said.get("commit", ""),
        said.get("parent", ""),
        said.get("description", ""),
        said.get("diff", ""),
        said["note"],
        said.get("params", {}),
        tuple(runs),
        tuple(seeds),
        tuple(failures),
        sum(costs) if costs else None,
        paid,
        tuple(running) if not runs and not failures else (),
        decisions.get(number),
    )


def find_entry(entries: Sequence[Entry], which: Any) -> Entry:
    """Return the experiment of a number, or of the beginning of a commit's hash; raise InputError."""
    number = as_index(which) if not isinstance(which, bool) else None
    if number is None and isinstance(which, str) and which.isdecimal() and len(which) < 8:
        number = int(which)
    found = [entry for entry in entries if entry.number == number]
    if whose := next((entry for entry in entries if number in entry.trials and not found), None):
        raise InputError(f"{number} is a run of experiment {whose.number}; give {whose.number}")
    if not found and isinstance(which, str) and re.fullmatch(rf"[0-9a-f]{{{LEAST_HASH},64}}", which):
        found = [entry for entry in entries if entry.commit.startswith(which)]
    if len(found) == 1:
        return found[0]
    if found:
        numbers = ", ".join(str(entry.number) for entry in found[:5])
        raise InputError(f"{shown(which)} is the commit of the experiments {numbers}; give a number")
    last = f"the last one is {entries[-1].number}" if entries else "nothing is recorded yet"
    raise InputError(f"there is no experiment {shown(which)}; {last}")


def incumbent_of(entries: Sequence[Entry], decisions: Mapping[int, KeptDecision]) -> Entry | None:
    """Return the experiment that was kept last, the first that was measured where none was."""
    by_number = {entry.number: entry for entry in entries if entry.runs}
    kept = [
        by_number[number]
        for number, decision in decisions.items()
        if decision["keep"] and number in by_number
    ]
    return kept[-1] if kept else next(iter(by_number.values()), None)
