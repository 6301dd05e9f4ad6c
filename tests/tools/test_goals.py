from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bestguess as bg
from bestguess.tools.errors import InputError
from bestguess.tools.goals import Bound, Goals, joined, nondominated
from bestguess.tools.trial import History, Outcome, Proposal, Trial

GOALS = Goals({"loss": "minimize", "speed": "maximize"}, {"memory": Bound("<=", 10.0)})


def history(*values: tuple[float, float, float], goals: Goals = GOALS) -> History:
    trials = (
        Trial(number, Proposal({"x": number}, "gp"), Outcome(values=dict(zip(GOALS.names, row, strict=True))))
        for number, row in enumerate(values)
    )
    told = (trial.told(trial.outcome.of("loss", GOALS.names)) for trial in trials if trial.outcome)
    return History("minimize", tuple(told), goals)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5), st.integers(0, 5)), min_size=1))
def test_what_is_off_the_front_is_dominated_by_the_front_and_nothing_on_it_is(
    rows: list[tuple[int, ...]],
) -> None:
    losses = [tuple(map(float, row)) for row in rows]
    front = nondominated(losses)
    for index, loss in enumerate(losses):
        as_good = [other for other in front if all(a <= b for a, b in zip(losses[other], loss, strict=True))]
        assert as_good == [index] if index in front else as_good
    assert set(front) <= set(joined(losses))


def test_the_front_is_within_the_limits_and_of_equals_the_earliest() -> None:
    told = history((1, 1, 5), (2, 2, 5), (2, 2, 5), (2, 1, 5), (0, 9, 11))
    assert [trial.number for trial in told.front] == [0, 1]
    assert [trial.number for trial in told.admissible] == [0, 1, 2, 3]
    assert told.incumbent is None


def test_weights_choose_of_the_front_and_even_ones_a_compromise() -> None:
    told = history((0, 0, 1), (4, 6, 1), (10, 10, 1))
    chosen = {
        weights: told.preferring({"loss": weights[0], "speed": weights[1]}).incumbent
        for weights in ((1, 0), (0, 1), (1, 1))
    }
    assert {weights: trial.number for weights, trial in chosen.items() if trial} == {
        (1, 0): 0,
        (0, 1): 2,
        (1, 1): 1,
    }


def test_with_one_metric_the_best_keeps_the_limits() -> None:
    told = history((1, 0, 11), (2, 0, 10), (3, 0, 9), goals=Goals({"loss": "minimize"}, GOALS.limits))
    assert told.incumbent is told.trials[1]
    assert told.front == (told.trials[1],)


@pytest.mark.parametrize(
    ("given", "words"),
    [("<= 4000", "<= 4000"), (" >=0.25", ">= 0.25"), ("≤ 1e3", "<= 1000"), ("<= 4000.125", "<= 4000.125")],
)
def test_a_limit_is_read_and_written(given: str, words: str) -> None:
    assert bg.Task(limits={"memory": given}).limits == {"memory": words}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"limits": {"memory": "< 4000"}}, "limit of 'memory' is '< 4000'; give '<= NUMBER'"),
        ({"limits": {"memory": "<= many"}}, "give '<= NUMBER' or '>= NUMBER'"),
        ({"limits": {"memory": "<= nan"}}, "give '<= NUMBER'"),
        ({"limits": {"memory": 4000}}, "is 4000; give '<= NUMBER'"),
        ({"limits": ["memory <= 4000"]}, "give a mapping such as {'memory_mb'"),
        ({"limits": {"": "<= 1"}}, "'' is no name of a metric"),
        ({"metrics": {"loss": "down"}}, "the direction of 'loss' is 'down'; give 'minimize'"),
        ({"metrics": ["loss"]}, "metrics is ['loss']; give a mapping such as"),
        ({"metrics": dict.fromkeys("abcdefg", "minimize")}, "more than 6"),
        ({"metrics": {"a": "minimize", "b": "minimize"}, "metric": "c"}, "by metrics it is 'a'"),
        ({"metrics": {"a": "minimize", "b": "minimize"}, "direction": "maximize"}, "give metrics alone"),
    ],
)
def test_metrics_and_limits_that_make_no_sense_are_errors(arguments: dict[str, object], words: str) -> None:
    with pytest.raises(InputError) as caught:
        bg.Task(**arguments)  # type: ignore[arg-type]
    assert words in str(caught.value)


def test_a_task_comes_back_from_what_it_writes_and_one_number_writes_nothing_new() -> None:
    tasks = (
        bg.Task("a", metrics={"acc": "maximize", "ms": "minimize"}, limits={"mb": "<= 4"}),
        bg.Task("b", metric="loss", limits={"mb": "<= 4"}),
        bg.Task("c", metrics={"acc": "maximize"}),
        bg.Task("d"),
    )
    assert [bg.Task.from_dict(task.to_dict()) for task in tasks] == list(tasks)
    assert (
        (tasks[0].metric, tasks[0].direction) == (tasks[2].metric, tasks[2].direction) == ("acc", "maximize")
    )
    assert [sorted(task.to_dict()) for task in tasks[2:]] == [sorted(tasks[3].to_dict())] * 2
    assert [task.goals is None for task in tasks] == [False, False, True, True]
    assert all(a != b for a, b in pairwise(tasks))


@pytest.mark.parametrize(
    ("outcome", "words"),
    [
        (Outcome(0.5), "no value of speed, memory, only 'loss'"),
        (Outcome(values={"loss": 1, "memmory": 2, "speed": 3}), "did you mean 'memmory'?"),
        (Outcome(0.5, values={"loss": 1, "speed": 1, "memory": 1}), "loss 1 and 0.5; give it once"),
    ],
)
def test_an_outcome_that_lacks_a_metric_is_an_error(outcome: Outcome, words: str) -> None:
    with pytest.raises(InputError, match=words.replace("?", r"\?")):
        outcome.of("loss", GOALS.names)


def test_an_outcome_has_the_first_metric_for_its_value_and_keeps_what_nobody_asked_for() -> None:
    told = Outcome(0.5, values={"speed": 1, "memory": 2, "epochs": 3}).of("loss", GOALS.names)
    assert (told.value, list(told.values.items())) == (
        0.5,
        [("loss", 0.5), ("speed", 1.0), ("memory", 2.0), ("epochs", 3.0)],
    )
    assert Outcome(0.5).record == {"value": 0.5, "error": "", "feedback": "", "seconds": None}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_a_metric_that_is_not_finite_is_a_failure_for_all(value: float) -> None:
    outcome = Outcome(values={"loss": 1.0, "speed": value})
    assert outcome.failed
    assert outcome.error == f"speed was {value}, which is not finite"
    assert not outcome.values


@pytest.mark.parametrize("values", [{"loss": "x"}, {"loss": None}, {1: 2}, [1, 2], "loss"])
def test_values_that_are_no_numbers_by_name_are_errors(values: object) -> None:
    with pytest.raises(InputError):
        Outcome(values=values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "prefer", [{}, {"los": 1}, {"loss": -1}, {"loss": "much"}, {"loss": 0}, 3, {"loss": True}]
)
def test_weights_that_prefer_nothing_are_errors(prefer: object) -> None:
    with pytest.raises(InputError, match="prefer"):
        history((1, 1, 1)).preferring(prefer)


def test_one_metric_needs_no_weights() -> None:
    with pytest.raises(InputError, match="leave it out"):
        History().preferring({"value": 1})


@pytest.mark.parametrize(
    ("bound", "told", "edge"),
    [
        (Bound("<=", 0.0), [0.0, 3.0, 4.0], 0.5),
        (Bound(">=", 1.0), [1.0, 0.5], 0.75),
        (Bound("<=", 0.1), [0.0, 3.0, 4.0], 0.1),
        (Bound("<=", 10.0), [10.0, 10.0], 10.02),
    ],
)
def test_a_truth_may_go_half_a_step_beyond_a_bound_that_a_value_is_on(
    bound: Bound, told: list[float], edge: float
) -> None:
    assert bound.edge(told) == pytest.approx(edge)
