"""Whether to keep: closed forms, units and signs, exact programs, outliers, limits, repeats."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from bestguess.tools.errors import InputError
from bestguess.tools.goals import Bound
from bestguess.tools.referee.decision import LIKELY, decide
from bestguess.tools.referee.experiment import Experiment
from bestguess.tools.referee.finalists import finalists
from bestguess.tools.referee.posterior import WINDOW


def _walk(n: int, seed: int = 0, sd: float = 1.0) -> list[Experiment]:
    rng = np.random.default_rng(seed)
    return [Experiment(number, [float(rng.normal(0.0, sd))]) for number in range(n)]


def test_any_difference_of_a_program_that_repeats_itself_is_real() -> None:
    record = [Experiment(0, [0.5123124] * 3), Experiment(1, [0.5123125])]
    decision = decide(record, 1, direction="maximize")
    assert decision.keep
    assert decision.chance_better > 0.9
    assert not decide(record, 1, direction="minimize").keep


@pytest.mark.parametrize("value", [1e200, -1e-300, math.inf])
def test_a_value_whose_fourth_power_is_no_number_is_refused_and_named(value: float) -> None:
    with pytest.raises(
        InputError, match=r"experiment 1: value is .*(size|finite).*; give it in another unit"
    ):
        decide([Experiment(0, [1.0, 2.0]), Experiment(1, [value])], 1, direction="maximize")
    assert (
        decide(
            [Experiment(0, [1e50, 1e50]), Experiment(1, [0.0, 1e-50])], 1, direction="minimize"
        ).chance_better
        > 0.9
    )


def test_units_and_the_sign_of_the_direction_change_nothing() -> None:
    record = _walk(12)
    first = decide(record, 11, direction="maximize")
    turned = [Experiment(one.number, [-1024 * one.measured()[0]]) for one in record]
    second = decide(turned, 11, direction="minimize")
    assert second.keep == first.keep
    assert second.chance_better == pytest.approx(first.chance_better, rel=1e-6)
    assert second.gain == pytest.approx([1024 * part for part in first.gain], rel=1e-4)


def test_one_wild_value_is_not_kept_where_changes_tend_to_harm() -> None:
    record = [*_walk(40, sd=0.1), Experiment(40, [30.0, -0.3, -0.2, -0.25])]
    assert not decide(record, 40, direction="maximize").keep


@pytest.mark.parametrize("limits", [{}, {"mb": Bound("<=", 100.0)}])
@pytest.mark.parametrize(("again", "says"), [([-2.9, -3.1, -3.0], True), ([1.0, 0.0, 0.5], False)])
def test_one_kept_before_that_is_surely_better_than_what_is_kept_is_named_if_it_keeps_the_limits(
    limits: dict[str, Bound], again: list[float], says: bool
) -> None:
    record = [
        Experiment(0, {"value": [0.0, 0.3, -0.3, 0.1], "mb": [150.0]}, kept=True),
        Experiment(1, {"value": [0.2, -0.2, 0.1], "mb": [90.0]}, kept=False),
        Experiment(2, {"value": [1.5, *again], "mb": [90.0]}, kept=True),
        Experiment(3, {"value": [-3.2, -3.0], "mb": [90.0]}),
    ]
    decision = decide(record, 3, direction="maximize", limits=limits)
    says = says and not limits
    assert not decision.keep
    assert decision.revert_to == (0 if says else None)
    assert ("experiment 0, kept before, is expected" in decision.reason) == says


def test_a_limit_that_is_broken_is_no_keep_and_one_that_the_incumbent_breaks_is() -> None:
    record = [
        Experiment(0, {"acc": [0.9], "mb": [90.0, 91.0]}),
        Experiment(1, {"acc": [0.99], "mb": [150.0]}),
    ]
    limits = {"mb": Bound("<=", 100.0)}
    decision = decide(record, 1, direction="maximize", limits=limits)
    assert not decision.keep
    assert "mb" in decision.reason
    assert decide(record, 0, incumbent=1, direction="maximize", limits=limits).keep


@pytest.mark.parametrize(
    ("mb", "loss", "words"),
    [
        (4.0, 0.29, "do not keep: loss is expected"),
        (4.0, 0.01, "keep: loss is expected"),
        (70.0, 0.01, "do not keep: the runs of the incumbent alone keep the limits"),
    ],
)
def test_of_two_that_were_measured_within_a_limit_the_metric_decides(
    mb: float, loss: float, words: str
) -> None:
    record = [Experiment(0, {"loss": [0.19], "mb": [5.0]}, kept=True)]
    for number, (its, broken) in enumerate([(0.1, 50.0), (0.11, 40.0), (0.105, 60.0)], start=1):
        record.append(Experiment(number, {"loss": [its], "mb": [broken]}, kept=False))
    record.append(Experiment(4, {"loss": [loss], "mb": [mb]}))
    decision = decide(record, 4, direction="minimize", limits={"mb": Bound("<=", 10.0)})
    assert decision.reason.startswith(words)
    assert decision.limits["mb"] < LIKELY
    record[0] = Experiment(0, {"loss": [0.19], "mb": [55.0]}, kept=True)
    turned = decide(record, 4, direction="minimize", limits={"mb": Bound("<=", 10.0)})
    assert turned.keep == (mb < 10.0)


@pytest.mark.parametrize(
    ("bound", "before", "after", "keeps"),
    [
        (Bound("<=", 0.0), [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], True),
        (Bound(">=", 100.0), [98.0, 100.0, 97.0], [100.0, 100.0, 100.0], True),
        (Bound(">=", 1.0), [1.0], [1.0], True),
        (Bound("<=", 0.0), [0.0, 0.0, 0.0], [1.0, 1.0, 1.0], False),
        (Bound(">=", 100.0), [100.0, 100.0, 100.0], [99.0, 99.0, 99.0], False),
        (Bound("<=", 100.0), [50.0], [140.0], False),
        (Bound("<=", 100.0), [100.0], [120.0], False),
    ],
)
def test_a_limit_that_every_run_just_meets_is_kept(
    bound: Bound, before: list[float], after: list[float], keeps: bool
) -> None:
    record = [
        Experiment(0, {"acc": [0.80, 0.81, 0.79][: len(before)], "n": before}),
        *(Experiment(number, {"acc": [0.79 + 0.005 * number], "n": before[:1]}) for number in range(1, 4)),
        Experiment(4, {"acc": [0.95, 0.951, 0.949][: len(after)], "n": after}),
    ]
    decision = decide(record, 4, incumbent=0, direction="maximize", limits={"n": bound})
    assert decision.keep == keeps, decision.reason


def test_nothing_is_said_of_a_change_that_neither_made_to_the_other() -> None:
    record = [
        Experiment(0, [0.5, 0.51, 0.49], kept=True),
        Experiment(1, [0.6, 0.61, 0.59], kept=True, base=0),
        Experiment(2, [0.6, 0.6, 0.61], base=0),
    ]
    decision = decide(record, 2, incumbent=1, direction="maximize")
    assert decision.chance_same is None
    assert "does nothing" not in decision.reason
    assert decide(record, 2, incumbent=0, direction="maximize").chance_same is not None


def test_what_failed_is_not_kept_and_the_first_is() -> None:
    record = [Experiment(0, [1.0]), Experiment(1, failed="out of memory")]
    failed = decide(record, 1, direction="maximize")
    assert not failed.keep
    assert "out of memory" in failed.reason
    assert math.isnan(failed.value)
    assert decide(record, 0, direction="maximize").keep


def test_bad_input_is_told() -> None:
    with pytest.raises(InputError, match="experiment 7"):
        decide([Experiment(0, [1.0])], 7, direction="maximize")
    with pytest.raises(InputError, match="is nan"):
        decide([Experiment(0, [1.0]), Experiment(1, [math.nan])], 1, direction="maximize")
    with pytest.raises(InputError, match="there twice"):
        decide([Experiment(0, [1.0]), Experiment(0, [1.0])], 0, direction="maximize")


def test_runs_go_to_the_experiments_that_may_be_the_best() -> None:
    record = [
        Experiment(0, [0.0, 0.1, -0.1]),
        Experiment(1, [1.0]),
        Experiment(2, [0.95]),
        Experiment(3, [-5.0]),
    ]
    found = finalists(record, direction="maximize")
    assert {one.number for one in found[:2]} == {1, 2}
    assert sum(one.repeats for one in found) == 6
    assert sum(one.chance_best for one in found) == pytest.approx(1.0, abs=0.01)


def test_a_change_that_would_be_kept_is_run_again_if_nothing_ever_was() -> None:
    record = [Experiment(0, [1.0]), Experiment(1, [1.2])]
    asked = decide(record, 1, direction="maximize")
    assert asked.keep
    assert asked.repeat
    assert "ever run twice" in asked.repeat_reason
    assert not decide(record, 1, direction="maximize", horizon=0).repeat
    assert not decide(record, 1, direction="maximize", noise=0.1).repeat
    measured = [Experiment(0, [1.0, 1.01]), Experiment(1, [1.3])]
    assert not decide(measured, 1, direction="maximize").repeat


def test_a_repeat_is_worth_more_where_it_costs_nothing() -> None:
    record = [*_walk(30), Experiment(30, [1.5])]
    free = decide(record, 30, direction="maximize", noise=1.0, repeat_cost=0.0)
    dear = decide(record, 30, direction="maximize", noise=1.0, repeat_cost=10.0)
    assert free.repeat_worth > 0.0 > dear.repeat_worth
    assert free.repeat
    assert not dear.repeat


def test_seeds_that_experiments_share_take_their_part_of_the_noise() -> None:
    rng = np.random.default_rng(0)
    easy = rng.normal(size=5)
    values = [(0.3 * (number == 3) + easy + 0.1 * rng.normal(size=5)).tolist() for number in range(4)]
    paired = [Experiment(number, one, seeds=range(5)) for number, one in enumerate(values)]
    unpaired = [Experiment(number, one) for number, one in enumerate(values)]
    assert decide(paired, 3, direction="maximize").chance_better > 0.99
    assert decide(unpaired, 3, direction="maximize").chance_better < 0.5


@pytest.mark.parametrize("noise", [0.0, 1e-6])
def test_a_noise_that_is_known_is_the_one_that_is_used(noise: float) -> None:
    pair = [Experiment(0, [1.0]), Experiment(1, [0.9])]
    found = decide(pair, 1, direction="minimize", noise=noise)
    assert found.chance_better > 0.99
    assert found.gain == pytest.approx((0.1, 0.1, 0.1), abs=1e-4)


def test_equal_values_are_no_reason_to_change() -> None:
    record = [Experiment(number, [0.7]) for number in range(6)]
    decision = decide(record, 5, direction="maximize")
    assert not decision.keep
    assert decision.luck is None
    assert "luck" not in decision.reason


def test_a_decision_rests_on_the_latest_measurements_and_the_finalists_on_the_same() -> None:
    record = _walk(2000)
    decision = decide(record, 1999, direction="maximize")
    assert decision.belief is not None
    assert {0, *range(2000 - WINDOW + 1, 2000)} <= set(decision.belief.measured)
    assert len(decision.belief.measured) <= WINDOW + 2
    both = [finalists(record, direction="maximize", belief=belief) for belief in (None, decision.belief)]
    assert both[0] == both[1]
    derived = [Experiment(0, [0.0]), Experiment(1, [1.0], kept=True), Experiment(2, [3.0], base=1)]
    earlier = decide(derived, 1, direction="maximize").belief
    assert earlier is not None
    assert not earlier.whole
    assert finalists(derived, direction="maximize", belief=earlier)[0].number == 2


@pytest.mark.slow
def test_chances_are_what_they_say_and_gains_are_not_overstated() -> None:
    said, was, gains, effects = [], [], [], []
    for seed in range(8):
        rng = np.random.default_rng(seed)
        record, truth, incumbent = [Experiment(0, [float(rng.normal())], kept=True)], 0.0, 0
        for number in range(1, 50):
            effect = float(rng.choice([0.0, 1.5, -1.5], p=[0.5, 0.2, 0.3]) * rng.exponential())
            candidate = Experiment(number, [truth + effect + float(rng.normal())], base=incumbent)
            decision = decide([*record, candidate], number, direction="maximize", incumbent=incumbent)
            said.append(decision.chance_better)
            was.append(effect > 0)
            gains.append(decision.gain[0])
            effects.append(effect)
            record.append(replace(candidate, kept=decision.keep))
            if decision.keep:
                truth, incumbent = truth + effect, number
    order = np.argsort(said)
    for part in np.array_split(order, 4):
        assert np.mean(np.array(said)[part]) == pytest.approx(np.mean(np.array(was)[part]), abs=0.12)
    kept = np.array(gains) > 0
    told, true = np.mean(np.array(gains)[kept]), np.mean(np.array(effects)[kept])
    assert 0.5 * true < told < true + 0.1
