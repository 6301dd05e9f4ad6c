from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.predictions import normal

import bestguess as bg
from bestguess.tools.search.calibration import SEARCH, standardized_errors
from bestguess.tools.search.failure_rules import Claim
from bestguess.tools.search.places import standard_errors
from bestguess.tools.search.prior import Interval, OptimumPrior
from bestguess.tools.search.verifier import LONGEST, Verifier
from bestguess.tools.space.lattice import Lattice
from bestguess.tools.trial import Outcome, Proposal, Trial

SPACE = bg.Space(
    x=bg.Float(0, 1, default=0.9), kind=bg.Choice(["a", "b"]), extra=bg.Float(0, 1, when={"kind": ["b"]})
)


def history(direction: str = "minimize", **failing: float) -> bg.History:
    """A bowl around x = 0.3, seen at nine places; `above` makes those beyond it fail."""
    sign = -1.0 if direction == "maximize" else 1.0
    trials = []
    for number, x in enumerate(np.linspace(0.05, 0.95, 9)):
        params: dict[str, Any] = {"x": float(x), "kind": "a"}
        failed = x > failing.get("above", 2.0)
        outcome = bg.Outcome.failure("out of memory") if failed else bg.Outcome(sign * (x - 0.3) ** 2)
        trials.append(bg.Trial(number, bg.Proposal(params, "gp"), outcome))
    return bg.History(direction, tuple(trials))  # type: ignore[arg-type]


def fitted(told: bg.History) -> Verifier:
    verifier = Verifier.fit(SPACE, told)
    assert verifier is not None
    return verifier


def test_a_stopped_trial_is_evidence_less_sure_than_a_value_and_no_failure() -> None:
    shape = {1: 1.0, 2: 0.5, 3: 0.0}
    trials = [
        replace(trial, reports={step: trial.value + more for step, more in shape.items()})
        for trial in history().trials
        if trial.value is not None and trial.params["x"] < 0.7
    ]
    place = {"x": 0.95, "kind": "a"}
    stopped = bg.Trial(9, bg.Proposal(place, "gp"), bg.Outcome(pruned=True), reports={1: 4.0})
    before, after = (fitted(bg.History("minimize", tuple(every))) for every in (trials, [*trials, stopped]))
    assert after.predict(place).median > before.predict(place).median + 0.5
    assert after.predict(place).high - after.predict(place).low > 1e-3
    assert after.feasible(SPACE.encode_many([place]), None)[0] > 0.95
    assert after.posterior.incumbent_latent < after.posterior.predict_latent(SPACE.encode_many([place]))[0][0]
    assert fitted(bg.History("minimize", tuple(trials))).predict(place) == before.predict(place)


def test_of_a_noisy_objective_a_rival_of_few_runs_comes_before_another_run_of_what_is_known() -> None:
    space = bg.Space(i=bg.Choice(["often", "seldom", "bad"]))
    runs = {"often": [0.1, 0.5] * 6, "seldom": [0.2, 0.6], "bad": [0.7, 1.1]}
    told = [(name, value) for name, values in runs.items() for value in values]
    trials = tuple(
        bg.Trial(number, bg.Proposal({"i": name}, "gp"), bg.Outcome(value))
        for number, (name, value) in enumerate(told)
    )
    verifier = Verifier.fit(space, bg.History("minimize", trials), noisy=True)
    assert verifier
    assert verifier.rank([{"i": name} for name in runs])[0] == 1


def test_there_is_nothing_to_fit_to_fewer_than_two_values() -> None:
    assert Verifier.fit(SPACE, bg.History("minimize", history().trials[:1])) is None


@pytest.mark.parametrize(("direction", "sign"), [("minimize", 1.0), ("maximize", -1.0)])
def test_predictions_are_in_the_users_units_and_direction(direction: str, sign: float) -> None:
    verifier = fitted(history(direction))
    told = verifier.predict({"x": 0.1625, "kind": "a"})
    unknown = verifier.predict({"x": 0.1625, "kind": "b", "extra": 0.5})
    assert told.median == pytest.approx(sign * (0.1625 - 0.3) ** 2, abs=0.02)
    assert 0 < told.high - told.low < unknown.high - unknown.low


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_its_own_choice_is_new_and_near_the_optimum_of_what_it_knows(direction: str) -> None:
    told = history(direction)
    choice = fitted(told).choose(np.random.default_rng(0))
    assert choice is not None
    assert SPACE.validate(choice) == choice
    assert choice not in [trial.params for trial in told]
    assert choice["kind"] == "b" or abs(choice["x"] - 0.3) < 0.15


def test_a_proposal_that_is_clearly_worse_is_rejected_and_a_close_one_is_not() -> None:
    verifier = fitted(history())
    own = {"x": 0.3, "kind": "a"}
    far, near = verifier.judge({"x": 0.93, "kind": "a"}, own), verifier.judge({"x": 0.28, "kind": "a"}, own)
    assert not far.accepted
    assert "sd behind the surrogate's own choice" in far.sentence
    assert near.accepted
    assert near.prediction.median < far.prediction.median


def test_what_was_tried_is_rejected() -> None:
    told = history()
    verdict = fitted(told).judge(told.trials[2].params, None)
    assert not verdict.accepted
    assert "tried before" in verdict.sentence


def test_what_lies_among_failures_is_rejected_and_not_chosen() -> None:
    told = history(above=0.55)
    verifier = fitted(told)
    verdict = verifier.judge({"x": 0.85, "kind": "a"}, None)
    assert not verdict.accepted
    assert "not to fail" in verdict.sentence
    for seed in range(5):
        choice = verifier.choose(np.random.default_rng(seed))
        assert choice is not None
        assert choice["x"] < 0.7


def test_running_trials_are_not_proposed_again_nor_right_beside() -> None:
    told = history()
    alone = fitted(told).choose(np.random.default_rng(0))
    assert alone is not None
    running = bg.Trial(len(told), bg.Proposal(alone, "gp"))
    beside = fitted(bg.History("minimize", (*told.trials, running))).choose(np.random.default_rng(0))
    assert beside is not None
    assert beside != alone


def test_a_space_that_is_used_up_leaves_no_choice() -> None:
    space = bg.Space(n=bg.Int(1, 3))
    trials = tuple(bg.Trial(n - 1, bg.Proposal({"n": n}, "gp"), bg.Outcome(float(n))) for n in (1, 2, 3))
    verifier = Verifier.fit(space, bg.History("minimize", trials))
    assert verifier is not None
    assert verifier.choose(np.random.default_rng(0)) is None


def test_the_ranking_puts_the_promising_first() -> None:
    many = [{"x": 0.95, "kind": "a"}, {"x": 0.31, "kind": "a"}, {"x": 0.7, "kind": "a"}]
    assert fitted(history()).rank(many)[0] == 1


def test_its_state_in_words_names_what_moves_the_value() -> None:
    words = fitted(history()).describe()
    assert "Gaussian process" in words
    assert "Moves the value most: x" in words


def test_a_verdict_tells_the_chance_of_failing_and_the_acquisition_ratio() -> None:
    verifier = fitted(history(above=0.6))
    own = {"x": 0.33, "kind": "a"}
    same, doubtful = verifier.judge(own, own), verifier.judge({"x": 0.55, "kind": "a"}, own)
    assert same.acquisition_ratio == pytest.approx(1.0)
    assert "its acquisition is 100% of that of the surrogate's own choice" in same.sentence
    assert doubtful.acquisition_ratio is not None
    assert doubtful.acquisition_ratio < 0.5
    assert doubtful.feasible < same.feasible
    assert f"{doubtful.feasible:.0%} likely not to fail" in doubtful.sentence
    assert verifier.judge({"x": 0.34, "kind": "a"}, None).acquisition_ratio is None


@pytest.mark.parametrize("asks", [12, pytest.param(64, marks=pytest.mark.slow)])
def test_asks_in_a_row_are_all_different_and_share_one_fit(asks: int) -> None:
    told = history()
    verifier, chosen = fitted(told), []
    for number in range(asks):
        choice = verifier.choose(np.random.default_rng(number))
        assert choice is not None
        chosen.append(choice)
        running = [bg.Trial(9 + i, bg.Proposal(params, "gp")) for i, params in enumerate(chosen)]
        again = Verifier.fit(SPACE, bg.History("minimize", (*told.trials, *running)), earlier=verifier)
        assert again is not None
        assert again._fit is verifier._fit
        verifier = again
    assert len({tuple(params.items()) for params in chosen}) == asks
    assert np.ptp([params["x"] for params in chosen]) > 0.5


@pytest.mark.slow
def test_beyond_a_thousand_trials_representatives_stand_for_all_in_proportion() -> None:
    rng = np.random.default_rng(0)
    trials = []
    for number in range(3000):
        x = float(rng.random())
        outcome = bg.Outcome.failure("out of memory") if x > 0.75 else bg.Outcome((x - 0.3) ** 2)
        trials.append(bg.Trial(number, bg.Proposal({"x": x, "kind": "a"}, "random"), outcome))
    verifier = fitted(bg.History("minimize", tuple(trials)))
    assert "fitted to 748 values" in verifier.posterior.description
    assert verifier.judge({"x": 0.9, "kind": "a"}, None).feasible < 0.05
    choice = verifier.choose(rng)
    assert choice is not None
    assert choice not in [trial.params for trial in trials]


def test_a_noisy_objective_has_its_best_trial_repeated_and_a_repetition_is_not_refused() -> None:
    space = bg.Space(n=bg.Int(1, 6))
    values = [0.9, 0.5, 0.1, 0.5, 0.8, 1.2, 0.3, 0.9]
    trials = tuple(
        bg.Trial(number, bg.Proposal({"n": 1 + number % 6}, "gp"), bg.Outcome(value))
        for number, value in enumerate(values)
    )
    told = bg.History("minimize", trials)
    noisy, exact = Verifier.fit(space, told, noisy=True), Verifier.fit(space, told)
    assert noisy is not None
    assert exact is not None
    assert exact.choose(np.random.default_rng(0)) is None
    again = noisy.choose(np.random.default_rng(0))
    assert again is not None
    assert again["n"] == 3
    assert noisy.judge({"n": 3}, again).accepted
    assert not exact.judge({"n": 3}, {"n": 3}).accepted


def test_predictions_that_came_out_wrong_widen_the_next_ones() -> None:
    told = history()
    wrong = tuple(
        bg.Trial(
            9 + i,
            bg.Proposal({"x": x, "kind": "a"}, "gp", "", normal(5.0, 0.1, (4.9, 5.0, 5.1))),
            bg.Outcome(y),
        )
        for i, (x, y) in enumerate([(0.21, 0.01), (0.42, 0.02), (0.61, 0.1)])
    )
    unforeseen = bg.History("minimize", (*told.trials, *wrong))
    foreseen = bg.History("minimize", (*told.trials, *(replace_prediction(trial) for trial in wrong)))
    elsewhere = {"x": 0.35, "kind": "a"}
    doubtful, sure = fitted(unforeseen).predict(elsewhere), fitted(foreseen).predict(elsewhere)
    assert doubtful.high - doubtful.low > 1.5 * (sure.high - sure.low)
    assert doubtful.own == pytest.approx(sure.own)
    assert SEARCH.factor(standardized_errors(unforeseen)) > SEARCH.factor(standardized_errors(foreseen))
    x, active = SPACE.encode_many([elsewhere]), np.array([SPACE.active_mask(elsewhere)])
    wide, narrow = (fitted(one).posterior.predict_latent(x, active)[1] for one in (unforeseen, foreseen))
    assert wide[0] / narrow[0] == pytest.approx(
        SEARCH.factor(standardized_errors(unforeseen)) / SEARCH.factor(standardized_errors(foreseen))
    )


def replace_prediction(trial: bg.Trial) -> bg.Trial:
    assert trial.value is not None
    return replace(
        trial, proposal=replace(trial.proposal, prediction=normal(trial.value, 0.1, (0.0, trial.value, 9.0)))
    )


def test_running_trials_are_no_evidence_for_what_people_are_told() -> None:
    told = history()
    running = tuple(bg.Trial(9 + i, bg.Proposal({"x": 0.3 + i / 100, "kind": "a"}, "gp")) for i in range(5))
    beside = {"x": 0.325, "kind": "a"}
    alone, among = fitted(told), fitted(bg.History("minimize", (*told.trials, *running)))
    assert among.predict(beside) == alone.predict(beside)
    x, active = SPACE.encode_many([beside]), np.array([SPACE.active_mask(beside)])
    assert among.posterior.predict_latent(x, active)[1] < alone.posterior.predict_latent(x, active)[1]


@pytest.mark.parametrize("noisy", [False, True])
@pytest.mark.parametrize("seed", range(3))
def test_the_ascent_is_the_slope_of_log_expected_improvement(seed: int, noisy: bool) -> None:
    verifier = Verifier.fit(SPACE, history(), noisy=noisy)
    assert verifier
    lattice, rng = Lattice(SPACE), np.random.default_rng(seed)
    x, active = lattice.settle(rng.random((6, 3)) * 0.8 + 0.1)
    ascent = verifier.ascent(x, active)
    for column in (0, 2):
        step = np.zeros(3)
        step[column] = 1e-6
        # Nothing failed, so the score is the log expected improvement itself.
        slope = (verifier.score(x + step, active) - verifier.score(x - step, active)) / 2e-6
        width = min(verifier.posterior.lengthscales[column], LONGEST)
        assert ascent[:, column] == pytest.approx(slope * width**2, rel=1e-3, abs=1e-4)


def test_another_study_with_the_same_space_shares_nothing() -> None:
    other = bg.History("minimize", tuple(replace_params(trial) for trial in history().trials))
    verifier = Verifier.fit(SPACE, other, earlier=fitted(history()))
    assert verifier is not None
    assert verifier.predict({"x": 0.5, "kind": "a"}) == fitted(other).predict({"x": 0.5, "kind": "a"})
    noisy = Verifier.fit(SPACE, other, noisy=True, earlier=verifier)
    assert noisy is not None
    assert noisy.posterior.noise > verifier.posterior.noise


def replace_params(trial: bg.Trial) -> bg.Trial:
    params = {"x": 1.0 - trial.params["x"], "kind": "a"}
    return replace(trial, proposal=replace(trial.proposal, params=params))


def test_a_few_failures_among_thousands_are_not_forgotten() -> None:
    trials = []
    for number in range(4000):
        failed = number in (5, 9)
        outcome = bg.Outcome.failure("no memory") if failed else bg.Outcome(float(number))
        params = {"x": 0.95 if failed else number / 8000, "kind": "a"}
        trials.append(bg.Trial(number, bg.Proposal(params, "random"), outcome))
    verifier = fitted(bg.History("minimize", tuple(trials)))
    assert verifier.judge({"x": 0.96, "kind": "a"}, None).feasible < 0.25
    assert "fitted to 998 values" in verifier.posterior.description


def test_two_values_are_too_few_for_narrow_intervals() -> None:
    two, six = (fitted(bg.History("minimize", history().trials[:count])) for count in (2, 6))
    params = {"x": 0.5, "kind": "a"}

    told, later = two.predict(params), six.predict(params)

    assert told.own is not None
    assert later.own is not None
    assert told.high - told.low > 2.0 * (told.own[2] - told.own[0])
    assert two.interval(params, 0.68)[1] - two.interval(params, 0.68)[0] > 2.0 * (told.own[2] - told.own[0])
    assert later.high - later.low < 4.0 * (later.own[2] - later.own[0])


def test_another_claim_is_heard_without_a_new_outcome() -> None:
    told = history(above=0.7)
    earlier = fitted(told)
    claims = [Claim("out of memory", {"x": 1.0})]
    again = Verifier.fit(SPACE, told, earlier=earlier, claims=claims)
    fresh = Verifier.fit(SPACE, told, claims=claims)
    assert again
    assert fresh
    assert again.rules
    assert fresh.rules
    assert earlier.rules
    assert again.rules.credit == fresh.rules.credit > earlier.rules.credit
    assert again._fit.posterior is earlier._fit.posterior


def test_in_a_long_study_the_rules_go_by_the_latest_trials_of_both_kinds() -> None:
    rng = np.random.default_rng(0)
    trials = []
    for number in range(400):
        x = float(rng.random())
        outcome = bg.Outcome.failure("out of memory") if x > 0.45 else bg.Outcome((x - 0.3) ** 2)
        trials.append(bg.Trial(number, bg.Proposal({"x": x, "kind": "a"}, "gp"), outcome))
    rules = fitted(bg.History("minimize", tuple(trials))).rules
    assert rules
    assert rules.credit > 0.9
    assert rules.predict(SPACE.encode_many([{"x": 0.1, "kind": "a"}]))[0] > 0.9


def test_its_own_choice_passes_its_own_gate_where_the_best_values_lie_next_to_failures() -> None:
    space = bg.Space(x=bg.Float(0, 1))
    places = [0.0, 0.2, 0.35, 0.45, 0.48, 0.55, 0.65, 0.8, 0.9, 1.0]
    trials = tuple(
        bg.Trial(
            number,
            bg.Proposal({"x": x}, "gp"),
            bg.Outcome.failure("out of memory") if x > 0.5 else bg.Outcome(x),
        )
        for number, x in enumerate(places)
    )
    verifier = Verifier.fit(space, bg.History("maximize", trials))
    assert verifier is not None
    choice = verifier.choose(np.random.default_rng(0))
    assert choice is not None
    assert choice["x"] < 0.6
    assert verifier.judge(choice, choice).accepted


def test_a_value_that_cannot_be_beaten_is_not_said_to_be() -> None:
    space = bg.Space(x=bg.Float(0, 1))
    zero = tuple(
        bg.Trial(number, bg.Proposal({"x": x}, "gp"), bg.Outcome(max(0.0, x - 0.4)))
        for number, x in enumerate([0.0, 0.3, 0.5, 0.7, 0.9])
    )
    verifier = Verifier.fit(space, bg.History("minimize", zero))
    assert verifier is not None
    assert verifier.judge({"x": 0.2}, None).chance_of_best == 0.0
    assert verifier.judge({"x": 0.3}, None).chance_of_best == 0.0


def test_what_is_said_tells_numbers_apart_that_differ_late() -> None:
    assert bg.Prediction(123457.73, 123457.59, 123457.91).words == "123457.7 (123457.6 to 123457.9)"
    assert bg.Prediction(0.5, 0.4, 0.7).words == "0.5 (0.4 to 0.7)"


def believed(low: float, high: float) -> Verifier:
    """The bowl around x = 0.3, and a belief of where its optimum lies."""
    space = bg.Space(x=bg.Float(0, 1, default=0.9))
    told = history()
    trials = tuple(replace(trial, proposal=bg.Proposal({"x": trial.params["x"]}, "gp")) for trial in told)
    prior = OptimumPrior(space, {"x": Interval(low, high)})
    verifier = Verifier.fit(space, bg.History("minimize", trials), prior=prior)
    assert verifier is not None
    return verifier


def test_a_belief_that_the_values_bear_out_keeps_its_weight_and_a_wrong_one_loses_it() -> None:
    assert believed(0.2, 0.4).credence == 1.0
    assert believed(0.8, 1.0).credence < 0.5
    assert fitted(history()).credence == 0.0


def test_a_wrong_belief_does_not_keep_the_search_from_the_optimum() -> None:
    choice = believed(0.8, 1.0).choose(np.random.default_rng(0))
    assert choice is not None
    assert abs(choice["x"] - 0.3) < 0.15


def test_one_run_beside_repeated_ones_is_not_believed_exactly() -> None:
    runs = [Outcome.of_runs([1.0, 2.0, 3.0]), Outcome(1.5), Outcome.of_runs([2.0, 2.5, 4.0])]
    errors = standard_errors(
        [Trial(n, Proposal({"x": 0.1 * n}, "user"), outcome) for n, outcome in enumerate(runs)]
    )
    assert errors is not None
    assert errors[1] > max(errors[0], errors[2])
