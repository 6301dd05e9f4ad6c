"""Whether to keep: closed forms, units and signs, exact programs, outliers, limits, repeats."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bestguess.tools.errors import InputError
from bestguess.tools.goals import Bound
from bestguess.tools.referee.decision import decide
from bestguess.tools.referee.experiment import Experiment
from bestguess.tools.referee.finalists import finalists


def _walk(n: int, seed: int = 0, sd: float = 1.0) -> list[Experiment]:
    rng = np.random.default_rng(seed)
    return [Experiment(number, [float(rng.normal(0.0, sd))]) for number in range(n)]


def test_any_difference_of_a_program_that_repeats_itself_is_real() -> None:
    record = [Experiment(0, [0.5123124, 0.5123124]), Experiment(1, [0.5123125])]
    decision = decide(record, 1, direction="maximize")
    assert decision.keep
    assert decision.chance_better > 0.9
    assert not decide(record, 1, direction="minimize").keep


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
    found = finalists(record, direction="maximize", runs=6)
    assert {one.number for one in found[:2]} == {1, 2}
    assert sum(one.repeats for one in found) == 6
    assert sum(one.chance_best for one in found) == pytest.approx(1.0, abs=0.01)
