from __future__ import annotations

import numpy as np
import pytest

import bestguess as bg
from bestguess.agent.reports.recommendation import recommend

SPACE = bg.Space(x=bg.Float(0.0, 1.0, default=0.0))


def history(values: dict[float, float], direction: str = "minimize") -> bg.History:
    trials = [
        bg.Trial(number, bg.Proposal({"x": x}, "gp" if number else "default"), bg.Outcome(value))
        for number, (x, value) in enumerate(values.items())
    ]
    return bg.History("maximize" if direction == "maximize" else "minimize", tuple(trials))


@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1.0), ("maximize", -1.0)])
def test_one_lucky_value_amid_worse_ones_is_not_recommended(direction: str, sign: float) -> None:
    rng = np.random.default_rng(1)
    x = np.linspace(0.0, 1.0, 21)
    y = (x - 0.7) ** 2 + 0.03 * rng.standard_normal(21)
    y[4] = y.min() - 0.02  # at 0.2, where (x - 0.7)^2 is 0.25
    told = history(dict(zip(x.tolist(), (sign * y).tolist(), strict=True)), direction)

    lucky, best = recommend(SPACE, told, noisy=True), told.incumbent

    assert best is not None
    assert best.params["x"] == pytest.approx(0.2)
    assert lucky is not None
    assert abs(lucky.params["x"] - 0.7) < 0.15
    assert lucky.low is not None
    assert lucky.high is not None
    assert lucky.low < lucky.value < lucky.high
    assert lucky.beats_default is not None
    assert lucky.beats_default > 0.95
    assert "likely better than the default" in lucky.words


def test_what_is_said_of_a_few_noisy_values_holds_where_nothing_has_an_effect() -> None:
    held, sure = [], []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        told = history(
            dict(zip([0.0, *rng.random(5)], (10.0 + rng.standard_normal(6)).tolist(), strict=True))
        )
        found = recommend(SPACE, told, noisy=True)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        assert found.beats_default is not None
        held.append(found.low <= 10.0 <= found.high)
        sure.append(found.beats_default > 0.99)
    assert np.mean(held) >= 0.75, "of intervals of 90 %; by the likeliest noise alone it was a fifth"
    assert not any(sure)


@pytest.mark.parametrize("together", [True, False])
def test_repeats_that_agree_leave_no_doubt_however_they_are_told(together: bool) -> None:
    places = (0.0, 0.25, 0.5, 0.75, 1.0)
    runs = {x: tuple((x - 0.3) ** 2 + 1e-5 * run for run in range(3)) for x in places}
    outcomes = [
        (x, outcome)
        for x, values in runs.items()
        for outcome in ([bg.Outcome.of_runs(values)] if together else map(bg.Outcome, values))
    ]
    trials = tuple(
        bg.Trial(n, bg.Proposal({"x": x}, "gp" if n else "default"), outcome)
        for n, (x, outcome) in enumerate(outcomes)
    )
    found = recommend(SPACE, bg.History("minimize", trials), noisy=not together)
    assert found is not None
    assert found.beats_default == 1.0
    assert [trial.params["x"] for trial in found.finalists] == [0.25]


def test_the_best_of_an_exact_objective_is_recommended_as_it_is() -> None:
    told = history({0.0: 1.0, 0.3: 0.5, 0.9: 0.7})

    exact = recommend(SPACE, told, noisy=False)

    assert exact is not None
    assert (exact.params, exact.value, exact.low, exact.high) == ({"x": 0.3}, 0.5, 0.5, 0.5)
    assert (exact.beats_default, exact.finalists) == (1.0, ())


def test_values_of_the_same_params_that_differ_are_averaged_in_one_trial_and_in_several() -> None:
    told = ((0.25, 1.0), (0.25, -5.0), (0.25, 7.0), (0.75, 2.0))
    trials = tuple(
        bg.Trial(n, bg.Proposal({"x": x}, "user"), bg.Outcome(value)) for n, (x, value) in enumerate(told)
    )
    found = recommend(bg.Space(x=bg.Float(0, 1)), bg.History("minimize", trials), noisy=False)
    assert found
    assert found.low is not None
    assert found.low < found.value - 1, "one lucky run is no average"


def test_the_default_itself_beats_no_default_and_nothing_is_recommended_before_a_value() -> None:
    assert recommend(SPACE, bg.History(), noisy=True) is None
    only = recommend(SPACE, history({0.0: 0.1, 0.5: 5.0, 1.0: 9.0}), noisy=True)
    assert only is not None
    assert (only.params, only.beats_default) == ({"x": 0.0}, 0.0)
    assert "default" not in only.words


def test_where_no_surrogate_says_how_much_runs_differ_there_is_no_interval_and_no_chance() -> None:
    one = recommend(SPACE, history({0.0: 0.3}), noisy=True)
    values = [{"loss": 0.1 * number, "size": 1.0 - 0.1 * number} for number in range(4)]
    trials = [
        bg.Trial(
            number,
            bg.Proposal({"x": 0.2 * number}, "gp" if number else "default"),
            bg.Outcome(values=value).of("loss", ["loss", "size"]),
        )
        for number, value in enumerate(values)
    ]
    goals = bg.Task(metrics={"loss": "minimize", "size": "minimize"}, noisy=True).goals
    several = bg.History("minimize", tuple(trials), goals=goals).preferring({"loss": 1})
    for found in (one, recommend(SPACE, several, noisy=True)):
        assert found is not None
        assert (found.low, found.high, found.beats_default) == (None, None, None)
        assert not found.may_differ
        assert "90 %" not in found.words


def test_a_result_of_a_noisy_task_recommends_and_its_report_says_so() -> None:
    rng = np.random.default_rng(0)
    task = bg.Task(metric="loss", noisy=True)

    result = bg.tune(
        lambda p: (p["x"] - 0.4) ** 2 + 0.05 * rng.standard_normal(), SPACE, task=task, n_trials=6
    )

    assert result.recommended is not None
    assert result.to_dict()["recommended"]["params"] == result.recommended.params
    assert "- Recommended, as the best value may be the luckiest: trial" in result.report()
