from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest

from bestguess.tools.search.curves import Curve, expect_ends, is_hopeless
from bestguess.tools.trial import History, Outcome, Proposal, Trial

STEPS = range(1, 21)


def curve(shape: Callable[[int], float], last: int | None = None) -> Curve:
    """Return a completed curve, or one that has come to the `last` step."""
    losses = {step: shape(step) for step in STEPS if last is None or step <= last}
    return Curve(losses, losses[20] if last is None else None)


def falling(end: float, rate: float = 3.0) -> Callable[[int], float]:
    return lambda step: end + math.exp(-step / rate)


def late(end: float) -> Callable[[int], float]:
    return lambda step: end + (1.0 if step < 15 else 0.0)


COMPLETED = [curve(falling(end)) for end in (0.1, 0.3, 0.5)]


def test_what_falls_like_the_others_to_a_worse_end_is_hopeless_once_that_has_shown_for_a_while() -> None:
    found = [is_hopeless(curve(falling(0.9), last), COMPLETED) for last in STEPS]
    assert not found[0]
    assert all(found[3:19])
    assert not found[19]  # at the end there is nothing left to save


@pytest.mark.parametrize("completed", [[], COMPLETED[:1], COMPLETED[:2], [Curve({}, 0.1)] * 3])
def test_without_three_curves_that_went_on_from_there_nothing_is_hopeless(completed: list[Curve]) -> None:
    assert not any(is_hopeless(curve(falling(0.9), last), completed) for last in STEPS)


@pytest.mark.parametrize("end", [0.0, 0.2, 5.0])
def test_where_one_curve_fell_late_none_that_may_do_the_same_is_hopeless_before(end: float) -> None:
    completed = [*COMPLETED, curve(late(0.2))]
    found = [is_hopeless(curve(late(end), last), completed) for last in STEPS]
    assert all(found[3:19]) if end > 2.0 else not any(found)


def test_the_best_so_far_is_never_hopeless() -> None:
    assert not any(is_hopeless(curve(falling(0.0), last), COMPLETED) for last in STEPS)


def history(direction: str, *trials: Trial) -> History:
    return History(direction, trials)  # type: ignore[arg-type]


def told(number: int, shape: Callable[[int], float], sign: float, last: int = 20) -> Trial:
    reports = {step: sign * shape(step) for step in STEPS if step <= last}
    outcome = Outcome(reports[last], pruned=last < 20)
    return Trial(number, Proposal({}, "gp"), outcome, reports=reports)


@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1.0), ("maximize", -1.0)])
def test_a_stopped_trial_is_expected_to_gain_what_completed_ones_did_from_there(
    direction: str, sign: float
) -> None:
    gone = [told(number, falling(end), sign) for number, end in enumerate((0.1, 0.3, 0.5))]
    slow = told(3, falling(0.2, rate=9.0), sign)
    pruned = told(4, falling(0.9), sign, last=5)
    end, spread = expect_ends(history(direction, *gone, slow, pruned))[4]
    assert end == pytest.approx(0.9, abs=0.01)
    assert 0 < spread < 0.5


def test_a_stopped_trial_is_not_expected_to_be_better_than_the_best_and_is_unsure_without_curves() -> None:
    plain = [
        Trial(number, Proposal({}, "gp"), Outcome(value)) for number, value in enumerate((1.0, 2.0, 3.0))
    ]
    pruned = Trial(3, Proposal({}, "gp"), Outcome(0.5, pruned=True), reports={1: 0.5})
    end, spread = expect_ends(history("minimize", *plain, pruned))[3]
    assert (end, spread) == pytest.approx((1.0, 0.74), abs=0.01)
    assert expect_ends(history("minimize", pruned)) == {}


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_where_all_curves_were_flat_a_stopped_trial_is_believed_whatever_the_unit(unit: float) -> None:
    flat = [
        Trial(number, Proposal({}, "gp"), Outcome(end), reports={1: 2 * end, 2: end, 3: end})
        for number, end in enumerate(unit * np.array((0.1, 0.2, 0.3, 0.4)))
    ]
    pruned = Trial(4, Proposal({}, "gp"), Outcome(unit, pruned=True), reports={1: unit, 2: unit})
    end, spread = expect_ends(history("minimize", *flat, pruned))[4]
    assert end == pytest.approx(unit)
    assert spread == pytest.approx(0.011 * unit, rel=0.05)


def test_whether_steps_are_counted_from_0_or_1_decides_nothing() -> None:
    def from_0(one: Curve) -> Curve:
        return Curve({step - 1: loss for step, loss in one.losses.items()}, one.end)

    for end in (0.05, 0.3, 0.9):
        running = [curve(falling(end), last) for last in STEPS]
        moved = [is_hopeless(from_0(one), list(map(from_0, COMPLETED))) for one in running]
        assert moved == [is_hopeless(one, COMPLETED) for one in running]
        assert not moved[0]
