"""Experiments as the referee takes them: the latest ones, with what each was derived from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from statistics import median

from bestguess.agent.experiments.entry import Entry, quote
from bestguess.tools.referee.experiment import Experiment

FAR = 1000.0
"""What has diverged, to 1e150, tells that it is bad and not how noisy the others are: a value counts as at
most so many times as far from the median as half of the others are."""


def measure(
    entries: Sequence[Entry],
    names: Sequence[str],
    count: int,
    incumbent: Entry | None,
    also: Iterable[Entry | None] = (),
) -> list[Experiment]:
    """Return the last `count` experiments that have values, and `also` these, in order of their numbers.

    Where no commit says so, they derive from what they were compared with; from the incumbent, undecided.
    """
    chosen = {entry.number: entry for entry in [one for one in entries if one.runs][-count:]}
    chosen |= {entry.number: entry for entry in also if entry is not None}
    ends = {
        name: _ends([run[name] for one in chosen.values() for run in one.runs if name in run])
        for name in names
    }
    commits = {entry.commit: number for number, entry in sorted(chosen.items()) if entry.commit}
    now = incumbent.number if incumbent else None
    found = []
    for number, entry in sorted(chosen.items()):
        # Not by number: after going back to an earlier one, changes are made to that.
        against = entry.decision.get("against") if entry.decision else now
        base = commits.get(entry.parent, against)
        is_before = base is not None and base in chosen and base < number
        found.append(_experiment(entry, ends, base if is_before else None))
    return found


def _experiment(entry: Entry, ends: Mapping[str, tuple[float, float]], base: int | None) -> Experiment:
    had = [name for name in ends if all(name in run for run in entry.runs)]
    values = {name: [min(max(run[name], ends[name][0]), ends[name][1]) for run in entry.runs] for name in had}
    seeds = [seed for seed in entry.seeds if seed is not None]
    return Experiment(
        entry.number,
        values if entry.runs else (),
        seeds=seeds if seeds and len(seeds) == len(entry.runs) else None,
        cost=cost_of_run([entry]),
        failed=None if entry.runs else quote(entry.failures[-1]) if entry.failures else "it runs",
        kept=entry.kept,
        base=base,
    )


def _ends(values: Sequence[float]) -> tuple[float, float]:
    middle = median(values) if values else 0.0
    spread = median(abs(value - middle) for value in values) if values else 0.0
    reach = FAR * (spread or abs(middle) or 1.0)
    return middle - reach, middle + reach


def cost_of_run(entries: Iterable[Entry]) -> float | None:
    """Return what a run costs on average, of those whose cost was recorded."""
    said = [(entry.cost, entry.paid) for entry in entries if entry.cost is not None and entry.paid]
    return sum(cost for cost, _ in said) / sum(paid for _, paid in said) if said else None
