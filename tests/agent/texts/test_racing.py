"""Candidates race over items: hopeless ones are dropped early, good ones are not, and noise is told."""

from __future__ import annotations

import math

import numpy as np
import pytest

from bestguess.agent.texts import prompt_result
from bestguess.agent.texts.racing import Race, chance_better, interval

N = 40


def run(race: Race, name: str, scores: dict[int, float]) -> int:
    """Run a candidate with these scores to its end; return on how many items it was tried."""
    while items := race.next_items(name):
        race.note(name, {item: scores[item] for item in items})
    return len(race.scores[name])


def answers(
    rng: np.random.Generator, ability: float, difficulty: np.ndarray[tuple[int], np.dtype[np.float64]]
) -> dict[int, float]:
    chances = 1.0 / (1.0 + np.exp(difficulty - ability))
    return dict(enumerate((rng.random(len(difficulty)) < chances).astype(float).tolist()))


def test_the_first_candidate_is_tried_on_all_items_and_is_the_best() -> None:
    race = Race(N)
    assert run(race, "a", dict.fromkeys(range(N), 0.5)) == N
    assert race.best == "a"
    assert race.next_items("a") == []


def test_a_hopeless_candidate_is_dropped_and_a_better_one_goes_through() -> None:
    race = Race(N)
    run(race, "a", {item: float(item % 2) for item in range(N)})
    assert run(race, "none", dict.fromkeys(range(N), 0.0)) < N / 2
    assert race.best == "a"
    assert run(race, "all", dict.fromkeys(range(N), 1.0)) == N
    assert race.best == "all"
    assert run(race, "a again", {item: float(item % 2) for item in range(N)}) < N


def test_of_equals_the_first_stays_the_best() -> None:
    race = Race(N)
    scores = {item: float(item % 2) for item in range(N)}
    for name in "abc":
        run(race, name, scores)
    assert race.best == "a"


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 1.0])
def test_who_answers_as_the_best_does_is_not_tried_on_all_items(share: float) -> None:
    race = Race(N)
    scores = {item: float(item < share * N) for item in range(N)}
    run(race, "a", scores)
    assert run(race, "same", scores) <= N / 2
    assert run(race, "all", dict.fromkeys(range(N), 1.0)) == (N if share < 1.0 else 12)


def test_without_racing_everybody_has_all_items() -> None:
    race = Race(N, first=N)
    run(race, "a", dict.fromkeys(range(N), 1.0))
    assert run(race, "b", dict.fromkeys(range(N), 0.0)) == N


@pytest.mark.slow
def test_racing_costs_half_and_seldom_loses_a_clearly_better_candidate() -> None:
    rng = np.random.default_rng(0)
    lost = cost = runs = 0
    for seed in range(20):
        race = Race(N, seed=seed)
        difficulty = rng.normal(0.0, 1.5, size=N)
        run(race, "default", answers(rng, 0.0, difficulty))
        abilities = rng.normal(-0.5, 0.7, size=8)
        for number, ability in enumerate(abilities):
            cost += run(race, str(number), answers(rng, float(ability), difficulty))
            runs += 1
        good = answers(rng, 2.5, difficulty)
        assert race.best is not None
        better = np.mean(list(good.values())) > race.mean(race.best) + 0.1
        run(race, "good", good)
        lost += bool(better and race.best != "good")
    assert cost / runs < 0.55 * N
    assert lost <= 1


def test_items_are_chosen_where_candidates_differ() -> None:
    race = Race(N, seed=1)
    differ = set(range(0, N, 4))
    for number in range(6):  # all get the others right
        known = {item: float((item + number) % 8 < 4) if item in differ else 1.0 for item in range(N)}
        race.scores[str(number)] = known
        race.best = race.best or "0"
    assert race.weights()[sorted(differ)].min() > 2 * race.weights()[sorted(set(range(N)) - differ)].max()
    chosen = [
        len(differ & set(Race(N, seed=seed, scores=race.scores, best="0").next_items("new")))
        for seed in range(50)
    ]
    assert np.mean(chosen) / 6 > 2 * len(differ) / N


@pytest.mark.slow
@pytest.mark.parametrize("ability", [-0.5, 0.5, 1.5])
def test_the_estimate_of_a_candidate_is_near_its_mean_over_all_items_by_its_own_noise(
    ability: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bestguess.agent.texts.racing.LEAST_GAIN", 0.0)
    rng = np.random.default_rng(4)
    off: list[float] = []
    errors: list[float] = []
    for seed in range(50):
        difficulty = rng.normal(0.0, 1.5, size=N)
        race = Race(N, seed=seed)
        for number in range(4):
            race.note(str(number), answers(rng, 0.3 * number, difficulty))
        scores = answers(rng, ability, difficulty)
        while len(race.scores.get("new", ())) < 12:
            race.note("new", {item: scores[item] for item in race.next_items("new")})
        runs = race.runs("new")
        errors.append(float(np.std(runs, ddof=1)) / np.sqrt(len(runs)))
        off.append(float(np.mean(runs)) - float(np.mean(list(scores.values()))))
    assert abs(np.mean(off)) < 0.08  # though the items were chosen, and not by chance alone
    assert np.std(off) < np.mean(errors) < 0.2


def test_a_candidate_on_all_items_tells_its_scores() -> None:
    race = Race(4)
    run(race, "a", {0: 1.0, 1: 0.0, 2: 0.5, 3: 1.0})
    assert race.runs("a") == (1.0, 0.0, 0.5, 1.0)


def test_the_same_seed_races_over_the_same_items() -> None:
    def items(seed: int) -> list[int]:
        race = Race(N, seed=seed)
        run(race, "a", dict.fromkeys(range(N), 0.5))
        return race.next_items("b")

    assert items(3) == items(3) != items(4)


def test_the_chance_to_be_better_and_the_interval_are_those_of_the_beta_distribution() -> None:
    assert chance_better([1, 1, 1, 0, 0]) == pytest.approx(1 - 0.5**4)
    assert chance_better([0, 0]) == pytest.approx(0.5)
    assert chance_better([-1, 0]) == pytest.approx(0.25)
    low, high = interval([1.0] * 8 + [0.0] * 2)
    assert 0.5 < low < 0.8 < high < 0.96
    assert interval([1.0] * 5)[1] <= 1.0


def test_graded_scores_are_no_counts_of_wins_and_go_over_into_them() -> None:
    assert chance_better([0.05] * 40) == pytest.approx(1 - math.exp(-2) / 2, abs=0.005)
    assert chance_better([0.05]) < 0.55
    assert chance_better([1, 1, 1, 0, 1e-9]) == pytest.approx(chance_better([1, 1, 1, 0, 0]), abs=1e-4)
    low, high = interval([0.8] * 40)
    assert 0.75 < low < 0.8 < high < 0.82
    assert interval([1.0] * 8 + [1e-9] * 2) == pytest.approx(interval([1.0] * 8 + [0.0] * 2), abs=1e-4)


def test_chances_of_many_equal_scores_are_from_0_to_1_and_reckoned_once() -> None:
    assert 1.0 - 1e-6 < chance_better([0.1] * 500) <= 1.0
    assert 0.0 <= chance_better([-0.1] * 500) < 1e-6
    tested = prompt_result.Tested((0.8,) * 3000, (0.7,) * 3000)
    assert tested.interval is tested.interval
    assert tested.interval == pytest.approx((0.7995, 0.80008), abs=2e-5)


@pytest.mark.parametrize("seed", range(5))
def test_of_what_the_best_gets_right_and_wrong_the_same_share_is_tried(seed: int) -> None:
    race = Race(20, seed=seed, first=10)
    race.note("best", {item: float(item < 12) for item in range(20)})
    for name in "abc":  # they differ only where the best is right
        race.note(name, {item: float(item % 2) if item < 12 else 0.0 for item in range(20)})
    chosen = race.next_items("new")
    assert (sum(item < 12 for item in chosen), len(chosen)) == (6, 10)
