"""What more runs may bring, in the metric and in money: by changes like the latest ones, and by numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from bestguess.tools.analysis.outlook import TELLING, Outlook, spread_of, worst_telling
from bestguess.tools.goals import Bound, Direction
from bestguess.tools.referee.decision import believe, keeps, possible_gains
from bestguess.tools.referee.experiment import Experiment
from bestguess.tools.referee.normal import below, expected_above
from bestguess.tools.words.chances import percent

LATEST = 40
"""Measured experiments by which what is to come is judged: ideas get worse with time."""

LEAST = 5

HARDLY = 0.05
"""With a smaller chance of a visible gain, more runs are not worth their cost."""


@dataclass(frozen=True, slots=True)
class Stop:
    """Whether to stop, and what `n` more runs may bring: mean gain, chance of a visible one, cost.

    A gain is visible from 1 % of what lies between the best value and the worst tenth on. `numbers` is the
    same of the numbers in a script alone, where there are no limits. Before `LEAST` experiments have a value
    nothing is known, and `stop` is False.
    """

    stop: bool
    n: int
    gain: float | None
    chance: float | None
    visible: float | None
    cost: float | None
    numbers: Outlook | None
    reason: str

    @property
    def words(self) -> str:
        """The outlook in words."""
        return f"{'stop' if self.stop else 'go on'}: {self.reason}"

    @property
    def record(self) -> dict[str, Any]:
        """The same as JSON-able values."""
        return asdict(self) | {"cost_per_gain": self.cost / self.gain if self.cost and self.gain else None}


def foresee(
    recent: Sequence[Experiment],
    metric: str,
    direction: Direction,
    n: int,
    cost_per_run: float | None,
    numbers: Outlook | None,
    limits: Mapping[str, Bound],
) -> Stop:
    """Return what `n` more changes, each run once, may bring beyond the best within the limits."""
    cost = None if cost_per_run is None else n * cost_per_run
    money = "" if cost is None else f", for {cost:.6g}"
    if len(recent) < LEAST:
        why = f"too early to say: experiments with a value: {len(recent)}, of {LEAST} that are needed"
        return Stop(False, n, None, None, None, cost, numbers, f"{why}; {n} more runs{money}")
    sign = 1.0 if direction == "maximize" else -1.0
    found = {one.number: sign * np.array(one.measured(metric)) for one in recent}
    centres = np.array([np.median(values) for values in found.values()])
    # What diverged is bad; how large changes are, and what would be seen of a gain, is told by the others.
    worst = worst_telling(-centres, float(-centres.max()))
    tamed = {
        one.number: replace(one, values={metric: (sign * found[one.number].clip(-worst)).tolist()})
        for one in recent
    }
    visible = TELLING * spread_of(-centres, worst)
    belief = believe(tamed, metric, sign, last=recent[-1].number)
    settings = belief.posterior.settings
    share = np.exp(settings.effect_log)
    share /= share.sum(axis=1, keepdims=True)
    sd = np.sqrt(settings.effect_var)
    likely = sd > 0.0
    reach = np.where(likely, (settings.effect_mean - visible) / np.where(likely, sd, 1.0), -np.inf)
    of_one = (share * below(reach)).sum(axis=1)
    chance = float(settings.weight @ (1.0 - (1.0 - of_one) ** n))
    gains = sd * expected_above(settings.effect_mean / np.where(likely, sd, 1.0))
    gains_summed = n * float(settings.weight @ (share * gains).sum(axis=1))
    within = np.array([keeps(one, limits) for one in recent])
    best = float((centres[within] if within.any() else centres).max())
    (gain,) = possible_gains(belief.measured, best, [gains_summed])
    if possible_gains(belief.measured, float(centres.max()), [np.inf])[0] <= visible:
        chance = 0.0
    ends = chance < HARDLY and (numbers is None or numbers.converged)
    reason = (
        f"{n} more changes like the latest {len(recent)} are expected to gain {gain:.3g} of {metric} at most"
        f"{money}; the chance that one of them gains visibly (over {visible:.2g}) is {percent(chance)}"
    )
    if numbers is not None:
        reason += (
            f". {n} more trials of the numbers alone: {numbers.gain:.3g}, any number {numbers.potential:.3g}"
        )
    return Stop(ends, n, gain, chance, visible, cost, numbers, reason)
