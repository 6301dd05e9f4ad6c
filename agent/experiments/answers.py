"""What the verbs answer, in words for people and agents, and as a record for programs."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from bestguess.agent.experiments.entry import Entry, quote
from bestguess.tools.referee.decision import Decision
from bestguess.tools.referee.finalists import Finalist
from bestguess.tools.referee.similarity import Match
from bestguess.tools.words.chances import percent


@dataclass(frozen=True, slots=True)
class Recorded:
    """An experiment as it is now; `new` is false where all of that had been recorded before.

    `twins` are the numbers of others of the same commit, where no params told it from them.
    """

    entry: Entry
    new: bool
    metric: str
    twins: tuple[int, ...] = ()

    @property
    def words(self) -> str:
        """What stands in the record, in a line."""
        said = "" if self.new else "; it was recorded before and nothing changed"
        if self.twins:
            said += (
                f"; of the same commit, with params, there is experiment {', '.join(map(str, self.twins))}: "
                "if this was another run of it, record runs by that number"
            )
        return f"{self.entry.named}: {came(self.entry, self.metric)}{said}"

    @property
    def record(self) -> dict[str, Any]:
        """The same as JSON-able values."""
        return {"recorded": self.new, "twins": list(self.twins), **self.entry.record(self.metric)}


@dataclass(frozen=True, slots=True)
class Kept:
    """What was decided of an experiment, and which may be the best, with the repeats that tell most."""

    entry: Entry
    decision: Decision
    finalists: tuple[Finalist, ...]

    @property
    def words(self) -> str:
        """The decision in words."""
        decision = self.decision
        failures, runs = self.entry.failures, self.entry.runs
        lines = [f"{self.entry.named}: {decision.reason}"]
        if failures and runs:  # what is compared are values
            lines[0] += (
                f"; {len(failures)} of its {len(failures) + len(runs)} runs failed, which is not in that"
            )
        if decision.repeat:
            lines.append(f"run it once more with another seed before you go on: {decision.repeat_reason}")
        again = [
            f"{one.number} ({one.repeats} more, {percent(one.chance_best)} that it is the best)"
            for one in self.finalists
            if one.repeats
        ]
        if len(self.finalists) > 1 and again:
            lines.append(f"before you end, repeat the finalists: {', '.join(again)}")
        return "\n".join(lines)

    @property
    def record(self) -> dict[str, Any]:
        """The same as JSON-able values."""
        mean, low, high = self.decision.gain
        said = asdict(replace(self.decision, belief=None))
        said |= {"gain": {"mean": mean, "low": low, "high": high}}
        del said["belief"]
        found: dict[str, Any] = _finite(
            {
                "commit": self.entry.commit or None,
                **said,
                "finalists": [asdict(one) for one in self.finalists],
            }
        )
        return found


@dataclass(frozen=True, slots=True)
class Tried:
    """The experiments that are like an idea, the likest first, each with how alike it is."""

    found: tuple[tuple[Entry, Match], ...]
    metric: str

    @property
    def same(self) -> bool:
        """Whether the same idea was tried."""
        return any(match.same for _, match in self.found)

    @property
    def words(self) -> str:
        """What was found, a line each, and what came of it."""
        if not self.found:
            return "nothing like it was tried"
        return "\n".join(
            f"{'the same' if match.same else 'alike'} ({match.score:.2f} by {match.by}): "
            f"{entry.named}: {came(entry, self.metric)}"
            for entry, match in self.found
        )

    @property
    def record(self) -> dict[str, Any]:
        """The same as JSON-able values."""
        return {
            "tried": self.same,
            "similar": [
                {"same": match.same, "score": match.score, "by": match.by, **entry.record(self.metric)}
                for entry, match in self.found
            ],
        }


def came(entry: Entry, metric: str) -> str:
    """Say what came of an experiment."""
    value, runs = entry.value(metric), len(entry.runs)
    if value is None:
        return f"failed: {quote(entry.failures[-1])}" if entry.failures else "it runs"
    said = f"{metric} {value:.6g} in {runs} run{'s' * (runs > 1)}"
    said += f", {len(entry.failures)} failed: {quote(entry.failures[-1])}" if entry.failures else ""
    return said + {True: ", kept", False: ", dropped", None: ""}[entry.kept]


def _finite(value: Any) -> Any:
    """Return a record with None for the numbers that JSON does not have: those of what failed."""
    if isinstance(value, Mapping):
        return {name: _finite(item) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
