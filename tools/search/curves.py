"""What completed trials' curves say of one on its way: where it will end, and whether it can still win.

| symbol  | shape | meaning                                                                          |
| ------- | ----- | -------------------------------------------------------------------------------- |
| `l(s)`  | ()    | a trial's loss at step s, or at its last report before s; less is better         |
| `e`     | ()    | what it came to in the end                                                       |
| `g`     | (n,)  | l(s) - e of each completed trial that reported before s and went on: its gain    |
| `best`  | ()    | the least e so far                                                               |

A trial is hopeless at step s if it would not become the best even with more than the largest gain that any of
n completed curves, FEWEST or more, still had from there, and that held at every step since s / SINCE:

    l(s) - (MARGIN + FEW / n) max(g, 0) > best

Curves that cross late have large gains late, and keep the rule from stopping whatever might do the same;
ranks at equal steps, by which Optuna's rules go, do not see that. The constants were chosen on the curves of
99 data sets of LCDB (NOTEBOOK 38): what stops more stops winners, too.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from bestguess.tools.surrogate.transforms import SAME, robust_scale
from bestguess.tools.trial import History

FEWEST = 3
MARGIN = 1.5
FEW = 2.0
SINCE = 2.0
ALIKE = 0.1
"""Where all completed curves gain the same, an end is sure to this share of the values' spread."""


@dataclass(frozen=True, slots=True)
class Curve:
    """The losses of one trial by step, in the order of steps, and its `end` if it was completed."""

    losses: Mapping[int, float]
    end: float | None = None
    steps: tuple[int, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "steps", tuple(self.losses))

    def at(self, step: int) -> float | None:
        """Return the loss at a step, or at the last report before it; None where there was none yet."""
        before = bisect_right(self.steps, step)
        return self.losses[self.steps[before - 1]] if before else None

    def gain(self, step: int) -> float | None:
        """Return how much a completed trial gained after a step; None where it had ended by then."""
        loss = self.at(step)
        if loss is None or self.end is None or step >= self.steps[-1]:
            return None
        return loss - self.end


def is_hopeless(running: Curve, completed: Sequence[Curve]) -> bool:
    """Whether a running trial could not become the best of the completed ones, as above."""
    if not running.steps:
        return False
    best = min((curve.end for curve in completed if curve.end is not None), default=None)
    if best is None:
        return False
    from_0 = running.steps[0] == 0  # its step 0 is the first, and no half of anything
    now = running.steps[-1] + from_0
    if now < SINCE * (running.steps[0] + from_0):  # the rule cannot have held for a while
        return False
    for step in running.steps[bisect_right(running.steps, now / SINCE - from_0) :]:
        gains = [gain for curve in completed if (gain := curve.gain(step)) is not None]
        if len(gains) < FEWEST:
            return False
        margin = MARGIN + FEW / len(gains)
        if running.losses[step] - margin * max(*gains, 0.0) <= best:
            return False
    return True


def expect_ends(history: History) -> dict[int, tuple[float, float]]:
    """Return the loss that each pruned trial would have come to, and the standard deviation of that.

    It is the last loss less the median gain of completed curves from that step on, with the spread of these
    gains. Where no completed trial went on from there, nothing more is gained, and the spread is that of the
    completed trials' values. Nobody saw a value better than the best, so none is expected.
    """
    sign = -1.0 if history.direction == "maximize" else 1.0
    complete = history.complete
    curves = [
        Curve({step: sign * value for step, value in trial.reports.items()}, history.loss(trial))
        for trial in complete
    ]
    ends = np.array([history.loss(trial) for trial in complete])
    found = {}
    for trial in history.pruned:
        if trial.last is None or not len(ends):
            continue
        step = max(trial.reports, default=0)
        gains = np.array([gain for curve in curves if (gain := curve.gain(step)) is not None])
        spread = robust_scale(gains if len(gains) > 1 else ends)[1]
        if len(gains) > 1 and np.ptp(gains) <= SAME * np.abs(ends).max():  # by chance, or as curves are flat
            spread = ALIKE * robust_scale(ends)[1]
        end = sign * trial.last - (float(np.median(gains)) if len(gains) else 0.0)
        found[trial.number] = max(end, float(ends.min())), spread
    return found
