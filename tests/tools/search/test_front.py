"""The verifier of several metrics and limits."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import bestguess as bg
from bestguess.tools.goals import Bound, Goals
from bestguess.tools.search.front import FrontVerifier, fit_verifier
from bestguess.tools.search.places import encode
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.trial import History, Outcome, Params, Proposal, Trial

SPACE = bg.Space(x=bg.Float(0, 1), y=bg.Float(0, 1))
TWO = Goals({"a": "minimize", "b": "maximize"}, {})
LIMITED = Goals({"a": "minimize"}, {"c": Bound("<=", 0.5)})


def values(params: Params) -> dict[str, float]:
    x, y = params["x"], params["y"]
    return {"a": x**2 + y, "b": -((x - 1) ** 2) - y, "c": x}


def history(goals: Goals | None, count: int = 12, running: int = 0) -> History:
    rng = np.random.default_rng(0)
    trials = []
    for number, params in enumerate(SPACE.samples(rng, count + running)):
        told = values(params)
        outcome = Outcome(told["a"], values=told if goals else {})
        trials.append(Trial(number, Proposal(params, "random"), outcome if number < count else None))
    return History("minimize", tuple(trials), goals)


def fitted(goals: Goals, **options: int) -> FrontVerifier:
    found = fit_verifier(SPACE, history(goals, **options))
    assert isinstance(found, FrontVerifier)
    return found


def test_one_number_has_the_verifier_that_it_had() -> None:
    assert type(fit_verifier(SPACE, history(None))) is Verifier


def test_a_limit_that_nothing_breaks_leaves_the_choice_of_one_number_as_it_is() -> None:
    free = fitted(Goals({"a": "minimize"}, {"c": Bound("<=", 100.0)}))
    plain = Verifier.fit(SPACE, history(None))
    assert plain is not None
    x, active = encode(SPACE, list(SPACE.samples(np.random.default_rng(1), 50)))
    assert np.argmax(free.score(x, active)) == np.argmax(plain.score(x, active))


def test_the_choice_for_two_metrics_lies_between_their_optima_with_nothing_wasted() -> None:
    choice = fitted(TWO).choose(np.random.default_rng(0))
    assert choice is not None
    assert choice["y"] < 0.05


def test_the_choice_keeps_a_limit_and_goes_near_it() -> None:
    goals = Goals({"b": "maximize"}, {"c": Bound("<=", 0.5)})
    told = history(goals, 25)
    trials = tuple(
        trial.told(Outcome(trial.values["b"], values={"b": trial.values["b"], "c": trial.values["c"]}))
        for trial in told
    )
    verifier = fit_verifier(SPACE, History("maximize", trials, goals))
    assert verifier is not None
    choice = verifier.choose(np.random.default_rng(0))
    assert choice is not None
    assert choice["x"] == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("bound", "side"), [(Bound("<=", -1.0), min), (Bound(">=", 2.0), max)])
def test_before_a_trial_keeps_the_limits_the_likeliest_comes_next(bound: Bound, side: object) -> None:
    verifier = fitted(Goals({"a": "minimize"}, {"c": bound}))
    assert verifier.boxes is None
    choice = verifier.choose(np.random.default_rng(0))
    assert choice is not None
    assert choice["x"] == pytest.approx(0.0 if side is min else 1.0, abs=0.15)


def test_a_limit_on_a_metric_to_improve_counts_both_ways() -> None:
    for goals in (
        Goals({"a": "minimize", "b": "maximize"}, {"b": Bound("<=", -0.5)}),
        Goals({"a": "minimize", "b": "maximize"}, {"b": Bound(">=", -0.5)}),
    ):
        verifier = fitted(goals, count=25)
        chosen = verifier.choose(np.random.default_rng(0))
        assert chosen is not None
        assert goals.keeps({"b": values(chosen)["b"] + (0.1 if goals.limits["b"].relation == ">=" else -0.1)})


def test_running_trials_count_by_what_is_expected_of_them() -> None:
    before, beside = fitted(TWO), fitted(TWO, running=3)
    x, active = encode(SPACE, [trial.params for trial in beside.history.running])
    assert (beside.score(x, active) < before.score(x, active)).all()


def test_an_earlier_verifier_of_the_same_outcomes_saves_the_fits_and_gives_the_same() -> None:
    first = fitted(TWO)
    again = fit_verifier(SPACE, history(TWO), earlier=first)
    assert isinstance(again, FrontVerifier)
    assert again._others is first._others
    fresh = fitted(TWO)
    assert again.choose(np.random.default_rng(3)) == fresh.choose(np.random.default_rng(3))


def test_the_chance_to_join_the_front_is_between_0_and_1_and_none_for_what_was_tried() -> None:
    verifier = fitted(TWO)
    assert verifier.chance_of_best(verifier.history.trials[0].params) == 0.0
    chances = [verifier.chance_of_best({"x": 0.5, "y": y}) for y in (0.0, 0.9)]
    assert 0.0 <= chances[1] < chances[0] <= 1.0
    verdict = verifier.judge({"x": 0.5, "y": 0.0}, None)
    assert "likely to be one of the best" in verdict.expectation
    assert "b " in verdict.expectation


def test_what_is_expected_of_limits_is_said() -> None:
    said = fitted(LIMITED).judge({"x": 0.1, "y": 0.1}, None).expectation
    assert "likely to keep c <= 0.5" in said
    assert "beat the best so far" in said


def test_metrics_that_never_change_break_nothing() -> None:
    told = history(TWO)
    flat = tuple(trial.told(Outcome(1.0, values={"a": 1.0, "b": 2.0})) for trial in told)
    verifier = fit_verifier(SPACE, History("minimize", flat, TWO))
    assert verifier is not None
    assert verifier.choose(np.random.default_rng(0)) is not None


def test_a_limit_that_is_met_exactly_is_likely_to_be_kept_where_it_was_met() -> None:
    def counts(params: Params) -> float:
        return float(max(0, round(20 * (params["x"] - 0.7))))

    goals = Goals({"a": "minimize"}, {"c": Bound("<=", 0.0)})
    met = tuple(
        replace(trial, outcome=Outcome(a, values={"a": a, "c": counts(trial.params)}))
        for trial in history(goals)
        if (a := values(trial.params)["a"])
    )
    found = fit_verifier(SPACE, History("minimize", met, goals))
    assert isinstance(found, FrontVerifier)
    beside = {"x": 0.3, "y": 0.31}
    kept = found._log_kept(found.posteriors, found._predict(found.posteriors, *encode(SPACE, [beside])))
    assert kept[0] > np.log(0.9)
