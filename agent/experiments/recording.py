"""What is told of an experiment, checked, cleaned and cut before it is kept: words are data."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bestguess.agent.experiments.entry import Entry
from bestguess.agent.experiments.git import Commit
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.referee.experiment import not_comparable
from bestguess.tools.trial import Outcome, read_number
from bestguess.tools.words.cleaning import clean, clean_line
from bestguess.tools.words.given import as_index, entries, is_number, plain, shorten, shown
from bestguess.tools.words.redaction import redact
from bestguess.tools.words.sentences import counted

DESCRIPTION_CHARS = 300
NOTE_CHARS = 1000
DIFF_CHARS = 8000
LONGEST_READ = 200_000
KEY_CHARS = 200
TOLD = "told:"
"""Before a key that somebody gave."""

MOST_PARAMS = 100
MOST_RUNS = 100


def read_words(name: str, given: Any, chars: int, *, line: bool = False) -> str:
    """Return text from outside, cleaned, its secrets blanked, cut; raise InputError for what is no text."""
    text = plain(given)
    if not isinstance(text, str):
        raise InputError(f"{name} is {shown(given)}; give words")
    cleaned = (clean_line if line else clean)(text[:LONGEST_READ])
    return shorten(redact(cleaned).strip("\n" if not line else None), chars)


def read_params(given: Any) -> dict[str, Any]:
    """Return params by name; raise InputError for what is no number, text, bool or None."""
    params = entries(given)
    if params is None or len(params) > MOST_PARAMS:
        raise InputError(f"params is {shown(given)}; give a mapping such as {{'lr': 0.01}}")
    found = {}
    for name, value in params.items():
        value = plain(value)
        if not isinstance(name, str) or not 0 < len(name) <= KEY_CHARS or not name.isprintable():
            raise InputError(f"a parameter is called {shown(name)}; give a word")
        if is_number(value) and not abs(value) < 2.0**1023:
            raise InputError(f"{name} is {shown(value)}; give a finite number")
        if not isinstance(value, str | int | float | bool | None):
            raise InputError(f"{name} is {shown(value)}; give a number, words, or true or false")
        found[name] = read_words(name, value, NOTE_CHARS, line=True) if isinstance(value, str) else value
    return dict(sorted(found.items()))


@dataclass(frozen=True, slots=True)
class Told:
    """What is recorded as one trial: its outcome, and of each of its runs the seed and other metrics."""

    outcome: Outcome
    seeds: Sequence[int] = ()
    beside: Sequence[Mapping[str, float]] = ()

    @property
    def count(self) -> int:
        """How many runs it is of, seeds or not."""
        return len(self.outcome.runs) or len(self.seeds) or 1

    def runs(self, task: Task) -> list[tuple[int | None, Any]]:
        """Return of each of its runs what another has to agree in to be the same."""
        outcome, seeds = self.outcome, list[int | None](self.seeds) or [None] * self.count
        if outcome.failed:
            return [(seed, outcome.error) for seed in seeds]
        values = [outcome.values] if outcome.values else [{task.metric: run} for run in outcome.runs]
        return [_run(task, seed, its) for seed, its in zip(seeds, values, strict=True)]

    def only(self, chosen: Sequence[int]) -> Told:
        """Return the same of some of its runs, which have seeds."""
        runs = [self.outcome.runs[at] for at in chosen] if self.outcome.runs else []
        beside = [self.beside[at] for at in chosen] if self.beside else []
        return Told(
            Outcome.of_runs(runs) if runs else self.outcome, [self.seeds[at] for at in chosen], beside
        )


def read_told(task: Task, value: Any, metrics: Any, failure: Any, seed: Any) -> list[Told]:
    """Return what was told of runs; nothing where the experiment still runs.

    Of one metric, all runs are one trial, so that they are recorded together or not at all; of several, each
    run is one. A run with a value that is not finite, or beyond comparison, failed.

    Raises:
        InputError: there is no value of a metric that the task has, or a value beside a failure.
    """
    values, several, seeds = _each(value), _each(metrics), _read_seeds(seed)
    runs = max(len(values), len(several))
    if runs > MOST_RUNS:
        raise InputError(f"there are {runs} runs; record at most {MOST_RUNS} at once")
    if failure is not None:
        if runs:
            raise InputError("there is a value, and it failed; give one of them")
        return [Told(Outcome.failure(read_words("failure", failure, LONGEST_READ)), seeds)]
    if values and several and len(values) != len(several):
        raise InputError(
            f"there are {len(values)} values and {len(several)} of other metrics; give one a run"
        )
    if seeds and len(seeds) != runs:
        raise InputError(
            f"there are {counted(len(seeds), 'seed')} for {counted(runs, 'run')}; give one for each run"
        )
    fine, odd = list[tuple[dict[str, float], list[int]]](), list[Told]()
    for index in range(runs):
        measured, own = _read_run(task, index, values, several), list(seeds[index : index + 1])
        words = [f"{name} was {its}, {why}" for name, its in measured.items() if (why := not_comparable(its))]
        if words:
            odd.append(Told(Outcome.failure("; ".join(words)), own))
        else:
            fine.append((measured, own))
    if task.goals:
        return [Told(Outcome(values=measured), own) for measured, own in fine] + odd
    if not fine:
        return odd
    beside = [{name: its for name, its in run.items() if name != task.metric} for run, _ in fine]
    outcome = Outcome.of_runs([measured[task.metric] for measured, _ in fine])
    return [Told(outcome, [one for _, own in fine for one in own], beside if any(beside) else []), *odd]


def _read_run(task: Task, index: int, values: Sequence[Any], several: Sequence[Any]) -> dict[str, float]:
    """Return the metrics of one run."""
    given = entries(several[index]) if several else {}
    if given is None:
        raise InputError(f"metrics is {shown(several[index])}; give a mapping such as {{'memory_mb': 380}}")
    given = {task.metric: values[index], **given} if values else given
    try:
        measured = {
            read_words("a metric", name, KEY_CHARS, line=True): read_number(its)
            for name, its in given.items()
        }
    except InputError as error:
        raise InputError(str(error).replace("the objective's value", "a value")) from error
    if missing := [name for name in task.names if name not in measured]:
        has = ", ".join(measured) or "nothing"
        mend = f"give it, or where {has} is what is improved say so: --goal {has}=minimize or =maximize"
        raise InputError(f"run {index + 1} has no {', '.join(missing)}, only {has}; {mend}")
    return measured


def _read_seeds(given: Any) -> list[int]:
    found = []
    for each in _each(given):
        number = None if isinstance(each, bool) else as_index(each)
        if number is None or abs(number) >= 2**63:
            raise InputError(f"seed is {shown(given)}; give a whole number for each run")
        found.append(number)
    return found


def _each(given: Any) -> list[Any]:
    return [] if given is None else list(given) if isinstance(given, list | tuple) else [given]


def read_cost(given: Any) -> float | None:
    """Return a cost; raise InputError unless it is a number from 0."""
    cost = plain(given)
    if cost is not None and not (is_number(cost) and 0 <= cost < 2.0**53):
        raise InputError(f"cost is {shown(given)}; give 0 or more")
    return None if cost is None else float(cost)


def read_key(given: Any) -> str:
    """Return the key that a recording has; raise InputError for what is none."""
    key = plain(given)
    if not isinstance(key, str) or not 0 < len(key) <= KEY_CHARS or not key.isprintable():
        raise InputError(
            f"key is {shown(given)}; give a word that is this recording's own, such as a job's id"
        )
    return key


def name_change(commit: Commit, description: str, diff: str, note: str, params: Any) -> dict[str, Any]:
    """Return what says which change it is, as it is kept: its `id` is the same for the same change.

    That is its commit, else its diff, else its description, with its params. Raises InputError for none.
    """
    named: dict[str, Any] = {
        "commit": commit.hash,
        "parent": commit.parent,
        "description": read_words("description", description or commit.subject, DESCRIPTION_CHARS, line=True),
        "diff": read_words("diff", diff or commit.diff, DIFF_CHARS),
        "note": read_words("note", note, NOTE_CHARS),
        "params": read_params(params or {}),
    }
    which = next(((kind, named[kind]) for kind in ("commit", "diff", "description") if named[kind]), None)
    if which is None and not named["params"]:
        raise InputError(
            "nothing says which experiment it is; give a commit, a diff, a description or params"
        )
    text = json.dumps([which, sorted(named["params"].items())])
    named["id"] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return {name: given for name, given in named.items() if given}


def name_again(entry: Entry, note: str) -> dict[str, Any]:
    """Return the same of an experiment that is there."""
    named = {name: getattr(entry, name) for name in ("id", "commit", "description", "params")}
    named["note"] = read_words("note", note, NOTE_CHARS)
    return {name: given for name, given in named.items() if given}


def not_recorded(
    entries: Sequence[Entry], which: str, key: str, task: Task, told: Sequence[Told]
) -> dict[str, Told | None]:
    """Return what the experiment of an id does not have yet, by the key of each trial; None is its start.

    The same seed that came to the same values or failure is the same run; what has no seed may have come to
    the same twice. Raises InputError where the key is another experiment's, or of another outcome.
    """
    word = shown(key.removeprefix(TOLD))
    keyed = (entry for entry in entries if any(one.rpartition(":")[0] == key for one in entry.keys))
    whose = next(keyed, None)
    if whose and whose.id != which:
        raise InputError(f"the key {word} is that of {whose.named}; give each its own")
    if not told:
        return {} if whose else {f"{key}:start": None}
    kept = next((entry.keys for entry in entries if entry.id == which), {})
    known = {name: [_run(task, *run) for run in runs] for name, runs in kept.items()}
    had = {run for runs in known.values() for run in runs if run[0] is not None}
    found: dict[str, Told | None] = {}
    for index, one in enumerate(told):
        name, runs, new = f"{key}:{index}", one.runs(task), list[int]()
        for at, run in enumerate(runs):
            if run not in had:
                new.append(at)
            if run[0] is not None:
                had.add(run)
        if new and name not in known:
            found[name] = one.only(new) if len(new) < len(runs) else one
        elif new and whose and known[name] != runs:
            raise InputError(
                f"{whose.named} has another outcome under the key {word}; give each run a key of its own"
            )
    return found


def _run(task: Task, seed: int | None, came: Mapping[str, float] | str) -> tuple[int | None, Any]:
    """Return what two runs have to agree in to be the same."""
    return seed, came if isinstance(came, str) else tuple([came.get(name) for name in task.names])
