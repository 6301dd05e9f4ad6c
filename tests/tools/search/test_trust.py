"""What a source earned is reckoned against what the surrogate expected of its own choices."""

from __future__ import annotations

import math

import numpy as np
import pytest
from tests.predictions import normal

from bestguess.tools.goals import Bound, Goals
from bestguess.tools.search.trust import LEAST_SHARE, MAX_SHARE, WINDOW, Trust, earned, has_turn
from bestguess.tools.trial import Direction, History, Outcome, Prediction, Proposal, Source, Trial

RIVAL = normal(0.5, 0.1)


def history(
    *trials: tuple[Source, float | None], rival: Prediction | None = RIVAL, direction: Direction = "minimize"
) -> History:
    return History(
        direction,
        tuple(
            Trial(
                number,
                Proposal({}, source, rival=rival if source == "llm" else None),
                Outcome.failure("x") if value is None else Outcome(value),
            )
            for number, (source, value) in enumerate(trials)
        ),
    )


def test_hits_are_new_bests_and_a_failed_trial_is_worse_than_its_rival() -> None:
    trust = earned(history(("default", 0.6), ("llm", 0.5), ("gp", 0.4), ("llm", 0.45), ("llm", None)), "llm")
    assert (trust.tried, trust.hits) == (3, 1)
    assert trust.better == pytest.approx(0.5 + _cdf(0.5) + 0.0)
    assert trust.expected == pytest.approx(_cdf(1.0) + 2 * _cdf(-1.0))
    assert trust.gain == pytest.approx(0.1)


def test_the_record_is_the_same_when_the_objective_is_turned_round() -> None:
    rows: list[tuple[Source, float | None]] = [("default", 0.6), ("llm", 0.5), ("llm", 0.7)]
    turned = [(source, None if value is None else -value) for source, value in rows]
    other = history(*turned, rival=normal(-0.5, 0.1), direction="maximize")
    assert earned(other, "llm") == earned(history(*rows), "llm")


def test_the_rivals_gain_is_the_expected_improvement_with_its_deviation() -> None:
    trust = earned(history(("default", 0.55), ("llm", 0.9)), "llm")
    gains = np.maximum(0.55 - np.random.default_rng(0).normal(0.5, 0.1, 400_000), 0.0)
    assert trust.rival_gain == pytest.approx(gains.mean(), rel=0.01)
    assert trust.sd == pytest.approx(gains.std(), rel=0.01)


@pytest.mark.parametrize("best", [0.45, 0.6])
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_each_side_of_a_skewed_rival_has_its_own_deviation(best: float, direction: Direction) -> None:
    sign = -1.0 if direction == "maximize" else 1.0
    low, high = sorted((sign * 0.4, sign * 2.5))
    rival = normal(sign * 0.5, 5.0, (low, sign * 0.5, high))

    trust = earned(
        history(("default", sign * best), ("llm", sign * 0.9), rival=rival, direction=direction), "llm"
    )

    standard = np.random.default_rng(0).normal(size=400_000)
    values = 0.5 + np.where(standard < 0, 0.1, 2.0) * standard
    gains = np.maximum(best - values, 0.0)
    assert trust.expected == pytest.approx((values < best).mean(), abs=0.003)
    assert trust.rival_gain == pytest.approx(gains.mean(), rel=0.01)
    assert trust.sd == pytest.approx(gains.std(), rel=0.01)
    assert trust.better == pytest.approx((values > 0.9).mean(), abs=0.003)


def test_a_trial_without_a_rival_is_no_evidence_against_the_surrogate() -> None:
    trust = earned(history(("default", 1.0), ("llm", 0.2), rival=None), "llm")
    assert trust == Trust(first_hits=1, first_expected=0.5)


def test_only_the_latest_tries_count() -> None:
    told = history(("default", 1.0), ("llm", 0.1), *(("llm", 9.5) for _ in range(WINDOW)))
    assert earned(told, "llm").hits == 0
    assert earned(told, "llm", window=None).hits == 1


def test_trust_needs_good_values_and_new_bests_alike() -> None:
    good_values_without_bests = Trust(tried=8, hits=0, better=6.0, expected=3.0)
    bests_by_luck_and_bad_values = Trust(tried=8, hits=2, better=1.0, expected=2.0)
    both = Trust(tried=8, hits=4, better=6.0, expected=3.0)
    assert both.rate == 1.0
    assert good_values_without_bests.rate < 0.5
    assert bests_by_luck_and_bad_values.rate < 0.5


def test_the_share_is_a_minority_and_never_zero() -> None:
    assert Trust(8, 8, 8.0, 2.0).share == MAX_SHARE < 0.5
    assert Trust(8, 0, 0.0, 4.0).share == LEAST_SHARE > 0
    assert Trust().share == LEAST_SHARE


def test_only_a_new_best_earns_more_than_probes() -> None:
    assert Trust(tried=1, hits=0, better=1.0, expected=0.1).share == LEAST_SHARE
    assert Trust(tried=1, hits=1, better=1.0, expected=0.1).share == MAX_SHARE


def test_turns_are_handed_out_by_share() -> None:
    trusted = Trust(8, 8, 8.0, 2.0)
    turns: list[int] = []
    for trial in range(12):
        waited = trial - turns[-1] - 1 if turns else trial
        if has_turn(trusted, waited, first=not turns):
            turns.append(trial)
    assert turns == [1, 4, 7, 10]


def test_turns_are_neither_saved_up_nor_owed() -> None:
    trusted, unknown = Trust(8, 8, 8.0, 2.0), Trust()
    assert [has_turn(trusted, waited, first=False) for waited in range(4)] == [False, False, True, True]
    assert not has_turn(unknown, 18, first=False)
    assert has_turn(unknown, 19, first=False)


def test_nobody_unknown_has_the_first_turn_of_the_search() -> None:
    assert not any(has_turn(Trust(), waited, first=True) for waited in range(9))
    assert has_turn(Trust(), 9, first=True)


def _cdf(z: float) -> float:
    return math.erfc(-z / math.sqrt(2)) / 2


def test_first_guesses_are_evidence_against_chance() -> None:
    def first(*values: float | None) -> Trust:
        return earned(history(("default", 0.5), *(("llm", value) for value in values), rival=None), "llm")

    none, good, bad = earned(history(("default", 0.5)), "llm"), first(0.4, 0.3), first(0.6, None, 0.7)
    assert (good.first_hits, bad.first_hits) == (2, 0)
    assert good.first_expected == pytest.approx(1 / 2 + 1 / 3)
    assert bad.rate < none.rate < good.rate
    assert (good.tried, good.hits, good.expected) == (0, 0, 0.0)  # against the surrogate nothing is known yet


def test_what_a_source_is_credited_with_beforehand_is_its_trust_until_it_is_tried() -> None:
    told = history(("default", 0.5), ("gp", 0.4))
    assert earned(told, "llm", credit=1.0).share == pytest.approx(MAX_SHARE)
    assert has_turn(earned(told, "llm", credit=1.0), 1, first=True)
    assert not has_turn(earned(told, "llm"), 1, first=True)
    misses: list[tuple[Source, float | None]] = [("llm", 0.9)] * WINDOW
    lost = history(("default", 0.5), *misses)
    assert earned(lost, "llm", credit=1.0).share < MAX_SHARE / 4


def test_first_guesses_leave_the_window_as_the_search_goes_on() -> None:
    rows: list[tuple[Source, float | None]] = [("default", 0.9)]
    trials = history(*rows, ("llm", 0.8), rival=None).trials
    search = tuple(
        Trial(number, Proposal({}, "llm", rival=RIVAL), Outcome(0.95)) for number in range(2, 2 + WINDOW)
    )
    assert earned(History("minimize", trials), "llm").first_hits == 1
    assert earned(History("minimize", (*trials, *search)), "llm").first_hits == 0


Row = tuple[Source, tuple[float, float, float], float]


def told_by_front(*rows: Row) -> History:
    """Return a history of two metrics, the second with a limit, each trial with its rival's chance."""
    goals = Goals({"a": "minimize", "b": "maximize"}, {"c": Bound("<=", 1.0)})
    trials = []
    for number, (source, values, chance) in enumerate(rows):
        rival = RIVAL if source == "llm" and chance else None
        proposal = Proposal({}, source, rival=rival, rival_chance=chance)
        trials.append(
            Trial(number, proposal, Outcome(values[0], values=dict(zip("abc", values, strict=True))))
        )
    return History("minimize", tuple(trials), goals)


def test_of_several_metrics_a_hit_is_what_joins_the_front_against_the_rivals_chance_to() -> None:
    trust = earned(
        told_by_front(
            ("default", (1, 1, 0), 0),
            ("llm", (2, 2, 0), 0.5),  # joins it by b
            ("llm", (2, 1, 0), 0.25),  # is worse than both
            ("llm", (0, 9, 2), 0.25),  # breaks the limit
        ),
        "llm",
    )
    assert (trust.tried, trust.hits, trust.expected) == (3, 1, 1.0)
    assert trust.better == 0.75 + 0.375 + 0.375
    assert (trust.gain, trust.rival_gain) == (1, 1.0)
    assert "joined the front" in trust.sentence("It", told_by_front().goals)


def test_a_guesser_as_good_as_its_rivals_keeps_its_turns_with_several_metrics() -> None:
    rows: list[Row] = [("llm", (1.0 - i / 9, 1.0, 0.0), 0.999) for i in range(9)]
    assert earned(told_by_front(("default", (2, 0, 0), 0), *rows), "llm").rate > 0.8
    worse: list[Row] = [("llm", (3.0, 0.0, 0.0), 0.5) for _ in range(9)]
    assert earned(told_by_front(("default", (2, 0, 0), 0), *worse), "llm").rate < 0.1


def test_first_guesses_join_the_front_of_two_metrics_more_often_by_chance_than_one() -> None:
    guesses: list[Row] = [("llm", (1.0, 1.0, 0.0), 0)] * 3
    trust = earned(told_by_front(("default", (1, 1, 0), 0), *guesses), "llm")
    assert trust.first_hits == 0
    h2, h3, h4 = 1 + 1 / 2, 1 + 1 / 2 + 1 / 3, 1 + 1 / 2 + 1 / 3 + 1 / 4
    assert trust.first_expected == pytest.approx(h2 / 2 + h3 / 3 + h4 / 4)
