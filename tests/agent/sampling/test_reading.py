from __future__ import annotations

import numpy as np
import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.study import StudyDirection
from optuna.trial import FrozenTrial, TrialState

from bestguess.agent.sampling.native_space import NativeSpace
from bestguess.agent.sampling.reading import Reader, Reading, chebyshev

UNIT = FloatDistribution(0, 1)
MINIMIZE, MAXIMIZE = StudyDirection.MINIMIZE, StudyDirection.MAXIMIZE


def trial(
    number: int,
    *values: float,
    state: TrialState = TrialState.COMPLETE,
    reports: dict[int, float] | None = None,
    broken: float | None = None,
    feedback: str = "",
) -> FrozenTrial:
    one = optuna.create_trial(
        state=state,
        values=values or None,
        params={"x": number / 100},
        distributions={"x": UNIT},
        intermediate_values=reports,
        user_attrs={"feedback": feedback} if feedback else {},
    )
    one.number = number
    if broken is not None:
        one.set_constraint("c", broken)
    return one


def read(*trials: FrozenTrial, directions: tuple[StudyDirection, ...] = (MINIMIZE,)) -> Reading:
    native = NativeSpace.infer({"x": UNIT})
    assert native is not None
    return Reader(native, directions).read(trials, np.random.default_rng(0))


def outcomes(reading: Reading) -> list[float | str | None]:
    return [trial.value if trial.value is not None else trial.feedback for trial in reading.history]


@pytest.mark.parametrize(
    ("last", "taken"), [(-100.0, 2.0), (2.5, 2.5), (100.0, 3.0)], ids=["too good", "between", "too bad"]
)
@pytest.mark.parametrize("sign", [1, -1])
def test_a_pruned_trial_lies_between_the_median_and_the_worst(last: float, taken: float, sign: int) -> None:
    reading = read(
        *(trial(number, sign * value) for number, value in enumerate([1.0, 2.0, 3.0])),
        trial(3, state=TrialState.PRUNED, reports={0: 7.0, 4: sign * last}),
        directions=(MINIMIZE if sign == 1 else MAXIMIZE,),
    )
    assert outcomes(reading)[3] == sign * taken
    assert "pruned at step 4" in reading.history.trials[3].feedback


def test_a_trial_pruned_without_a_report_failed() -> None:
    assert outcomes(read(trial(0, 1.0), trial(1, state=TrialState.PRUNED)))[1] == (
        "pruned before there was anything to compare"
    )


def test_an_infeasible_trial_failed_and_says_by_how_much() -> None:
    reading = read(trial(0, 1.0, broken=0.0), trial(1, 2.0, broken=-1.0), trial(2, 0.5, broken=0.25))
    assert outcomes(reading) == [1.0, 2.0, "infeasible: c is 0.25, more than 0"]
    assert reading.meaning == ""


def test_until_two_are_feasible_the_violation_is_the_value_whatever_the_direction() -> None:
    reading = read(trial(0, 1.0, broken=0.5), trial(1, 2.0, broken=-1.0), directions=(MAXIMIZE,))
    assert outcomes(reading) == [0.5, 0.0]
    assert reading.history.direction == "minimize"
    assert "constraints are broken" in reading.meaning


def test_what_an_objective_says_is_read_as_feedback() -> None:
    failed = trial(0, state=TrialState.FAIL, feedback="CUDA out of memory")
    assert "CUDA out of memory" in read(failed).history.trials[0].feedback


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_an_infinite_value_is_a_failure(value: float) -> None:
    assert "not finite" in str(outcomes(read(trial(0, value)))[0])


def test_a_trial_outside_the_space_is_left_out_and_counted() -> None:
    other = optuna.create_trial(value=1.0, params={"y": 0.5}, distributions={"y": UNIT})
    reading = read(trial(1, 1.0), other)
    assert len(reading.history) == 1
    assert reading.left_out == 1


def test_a_norm_is_least_on_the_front_and_no_disaster_stretches_its_units() -> None:
    y = np.array([[0.0, 1.0], [1.0, 0.0], [0.5, 0.5], [1.0, 1.0], [1e9, 1e9]])
    norms = chebyshev(y, np.array([0.5, 0.5]))
    assert norms.argmin() == 2
    assert norms[3] > norms[:3].max() * 0.99
    only_first = chebyshev(y, np.array([1.0, 0.0]))
    assert only_first.argmin() == 0


def test_objectives_that_all_agree_on_one_value_are_no_division_by_zero() -> None:
    assert np.isfinite(chebyshev(np.zeros((3, 2)), np.array([0.5, 0.5]))).all()


@pytest.mark.parametrize(
    "attribute",
    [
        "odd",
        ["odd"],
        {"source": "nobody", "tokens": -1, "outcome": 3, "proposed": {"x": "a"}},
        {"proposed": {"x": float("nan"), "c": -9.0}, "outcome": {"error": ["odd"]}},
    ],
)
def test_what_others_wrote_where_our_fields_go_is_left_out(attribute: object) -> None:
    complete, failed = trial(0, 1.0), trial(1, state=TrialState.FAIL)
    for one in (complete, failed):
        one.set_user_attr("bestguess", attribute)
    reading = read(complete, failed)
    assert outcomes(reading) == [1.0, "the objective raised an exception or gave no number"]
    assert [one.source for one in reading.history] == ["user", "user"]


@pytest.mark.parametrize("index", [-9.0, 9.0])
def test_an_index_that_no_option_has_proposes_nothing(index: float) -> None:
    native = NativeSpace.infer({"x": UNIT, "c": CategoricalDistribution(["a", "b"])})
    assert native is not None
    waiting = optuna.create_trial(state=TrialState.RUNNING)
    waiting.set_user_attr("bestguess", {"source": "gp", "proposed": {"x": 0.5, "c": index}})
    reading = Reader(native, (MINIMIZE,)).read([waiting], np.random.default_rng(0))
    assert len(reading.history) == 0
