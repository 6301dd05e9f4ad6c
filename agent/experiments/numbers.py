"""The numbers in a script: what the record says of them, what to try next, and that as an edit of the script.

The space is the one that `bestguess init` drafts, around what the script has now; the search is the Tuner's,
told with every experiment whose params fit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from bestguess.agent.experiments.commits import with_numbers
from bestguess.agent.experiments.edit import write_edit
from bestguess.agent.experiments.entry import Entry
from bestguess.agent.task import Task
from bestguess.agent.tuner import Tuner
from bestguess.tools.analysis.look_ahead import look_ahead
from bestguess.tools.analysis.outlook import Outlook
from bestguess.tools.errors import InputError, ParamsError
from bestguess.tools.scan.draft import Draft, scan
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome, Trial
from bestguess.tools.words.chances import percent
from bestguess.tools.words.given import shown

AHEAD = 10
MOST_TOLD = 500
"""Experiments that the search is told, the latest: it is asked anew each time."""


@dataclass(frozen=True, slots=True)
class Next:
    """What to try next: params, why, and the `edit` of the script that sets them, which nobody applied.

    `by_hand` are those that the edit cannot set, and `unexplored` says of each parameter, if there is
    something to say, what of its range was never tried. `outlook` is what more trials may bring.
    """

    params: Mapping[str, Any]
    reason: str
    edit: str
    by_hand: tuple[str, ...]
    unexplored: Mapping[str, str]
    outlook: Outlook | None
    told: int

    @property
    def words(self) -> str:
        """The proposal in words, then the edit."""
        lines = [", ".join(f"{name} = {value}" for name, value in self.params.items())]
        lines.append(f"why: {self.reason} (the search knows the numbers of {self.told} experiments)")
        lines += [f"unexplored: {name}, {said}" for name, said in self.unexplored.items()]
        if found := self.outlook:
            lines.append(
                f"{found.n} more such trials: {found.gain:.3g} to gain, {percent(found.chance)} that it shows"
                + ("; hardly worth it" if found.converged else "")
            )
        if self.by_hand:
            lines.append(f"set by hand: {', '.join(self.by_hand)}")
        return "\n".join([*lines, self.edit.rstrip()]).rstrip()

    @property
    def record(self) -> dict[str, Any]:
        """The same as JSON-able values."""
        return asdict(self)


def read_numbers(script: Path) -> Draft:
    """Return what can be set in a script; raise InputError where there is nothing."""
    draft = scan(script)
    if draft.space is None:
        raise InputError(f"{script} has no number that can be tuned; see bestguess init {script}")
    return draft


def propose(
    entries: Sequence[Entry], now: Entry | None, task: Task, space: Space, draft: Draft | None, seed: int
) -> Next:
    """Return what to try next in a space, where a draft is given with the edit that sets it."""
    about = replace(task, description=draft.description) if draft else task
    with tuner_of(entries, now, about, space, draft, seed) as tuner:
        history, trial, outlook = tuner.history, tuner.ask(), foresee_numbers(tuner, AHEAD)
    params = {name: _rounded(space, name, value) for name, value in trial.params.items()}
    edit, by_hand = write_edit(draft, params) if draft else ("", tuple(params))
    unexplored = dict(_unexplored(space, history.told))
    return Next(params, trial.reason, edit, by_hand, unexplored, outlook, len(history.told))


def _rounded(space: Space, name: str, value: Any) -> Any:
    """Return a float in four digits, as people write them, where the space has that value."""
    short = float(f"{value:.4g}") if isinstance(value, float) else value
    try:
        return short if space[name].canonical(short) == short else value
    except ParamsError:
        return value


def tuner_of(
    entries: Sequence[Entry], now: Entry | None, task: Task, space: Space, draft: Draft | None, seed: int
) -> Tuner:
    """Return a tuner in memory that knows the experiments whose params fit, by first metric and limits.

    Of a draft's script, the numbers at their commits are params, too.

    What was not given has the value that the script has now, and so has the experiment that it is `now`.
    """
    about = replace(task, facts={}, metrics={}, noisy=True)
    tuner = Tuner(space, about, seed=seed, owner=None, prefetch=False, earlier=False, device="cpu")
    latest = entries[-MOST_TOLD:]
    for entry in with_numbers(latest, draft) if draft else latest:
        params = fitting(entry, space)
        if params is None and now is not None and entry.number == now.number:
            params = space.default()
        if params is None:
            continue
        runs = [run for run in entry.runs if all(name in run for name in about.names)]
        if runs:
            means = {name: fmean(run[name] for run in runs) for name in about.names}
            tuner.tell(params, Outcome(values=means, runs=tuple([run[task.metric] for run in runs])))
        elif entry.failures:
            tuner.tell(params, Outcome.failure(entry.failures[-1]))
        elif entry.running:
            tuner.start(params)
    return tuner


def foresee_numbers(tuner: Tuner, n: int) -> Outlook | None:
    """Return what `n` more trials of the numbers may bring; None before two have a value, or with limits."""
    if tuner.history.goals:  # what a number may gain beyond a limit is no gain
        return None
    verifier = Verifier.fit(tuner.space, tuner.history, noisy=True)
    return look_ahead(verifier, n, np.random.default_rng(0)) if verifier else None


def fitting(entry: Entry, space: Space) -> dict[str, Any] | None:
    """Return an experiment's params in the space; None where it has none of them, or they do not fit."""
    known = {name: value for name, value in entry.params.items() if name in space.names}
    if not known:
        return None
    try:
        return space.complete(known)
    except ParamsError:
        return None


def _unexplored(space: Space, told: Iterable[Trial]) -> Iterator[tuple[str, str]]:
    tried = [trial.params for trial in told]
    for name, parameter in space.parameters.items():
        values = {params[name] for params in tried if name in params}
        if len(values) < 2:
            only = next(iter(values), None)
            yield name, f"only {shown(only)} is recorded" if values else "no value is recorded"
            continue
        places = sorted(parameter.encode(value) for value in values)
        low, high = places[0], 1.0 - places[-1]
        if max(low, high) > 0.5 and parameter.kind != "categorical":
            side = "lower" if low > high else "upper"
            yield name, f"the {side} part of {parameter.allowed} was not tried"
