"""How large the next run is: rates, costs, and when a whole run is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from bestguess.tools.search.sizes import Cost, choose_size, is_due, log_rate, useful_sizes
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.parameters import Fidelity, Float
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Outcome, Proposal, Trial

SPACE = Space(x=Float(0, 1), epochs=Fidelity(1, 27))


def history_of(*runs: tuple[float, int, float]) -> History:
    """Return a history of (x, epochs, value)."""
    trials = [
        Trial(number, Proposal(params, "random"), Outcome(value, partial=SPACE.partial(params)))
        for number, (x, epochs, value) in enumerate(runs)
        for params in ({"x": x, "epochs": epochs},)
    ]
    return History(trials=tuple(trials))


def test_a_run_that_says_nothing_is_worth_less_than_the_whole_one_at_once() -> None:
    assert log_rate(0.0, 1.0, 0.0, 0.0, cost=0.1) == pytest.approx(-np.log(1.1), abs=1e-4)


def test_the_more_a_small_run_says_and_the_less_it_costs_the_more_it_is_worth() -> None:
    rates = [log_rate(0.5, 1.0, move, 0.0, cost=0.1) for move in (0.2, 0.6, 0.95, 1.0)]
    assert rates == sorted(rates)
    assert rates[-1] > 0.0
    cheap = [log_rate(0.5, 1.0, 0.9, 0.0, cost=cost) for cost in (0.5, 0.1, 0.01)]
    assert cheap == sorted(cheap)


@pytest.mark.parametrize("mean", [-30.0, 5.0, 60.0])
def test_a_rate_is_finite_however_likely_or_unlikely_a_gain_is(mean: float) -> None:
    assert np.isfinite(log_rate(mean, 1.0, 0.9, 0.0, cost=0.04))


def told_in(seconds: Sequence[tuple[int, float | None]]) -> History:
    trials = [
        Trial(number, Proposal({"x": 0.5, "epochs": epochs}, "gp"), Outcome(1.0, seconds=took))
        for number, (epochs, took) in enumerate(seconds)
    ]
    return History(trials=tuple(trials))


def test_the_cost_of_a_run_is_learned_from_seconds_with_what_its_start_takes() -> None:
    cost = Cost.fit(told_in([(1, 12.0), (9, 28.0), (27, 64.0)]), "epochs")
    assert [cost.start, cost.each] == pytest.approx([10.0, 2.0])
    assert cost.of(3) == pytest.approx(16.0)


@pytest.mark.parametrize("seconds", [[], [(9, None)], [(9, 3.0), (9, 4.0)]])
def test_without_seconds_that_tell_sizes_apart_a_run_costs_as_much_as_it_is_large(
    seconds: list[tuple[int, float | None]],
) -> None:
    cost = Cost.fit(told_in(seconds), "epochs")
    assert cost.of(27) == 27 * cost.of(1)


def test_a_whole_run_is_due_once_small_ones_cost_as_much_or_were_many() -> None:
    whole, small, middle = (0.5, 27, 1.0), (0.5, 1, 1.0), (0.5, 9, 1.0)
    assert not is_due(history_of(), "epochs", 27)
    assert not is_due(history_of(whole, small, small), "epochs", 27)
    assert is_due(history_of(whole, middle, middle, middle), "epochs", 27)
    assert is_due(history_of(whole, *[small] * 8), "epochs", 27)
    assert not is_due(history_of(*[small] * 8, whole), "epochs", 27)


def chosen(history: History, *, whole: bool = False) -> tuple[int, int | None]:
    verifier = Verifier.fit(SPACE, history)
    assert verifier is not None
    sized = choose_size(verifier, history, {"x": 0.93, "epochs": 27}, rivals=True, whole=whole)
    return sized.params["epochs"], sized.smaller


def test_where_small_runs_rank_as_whole_ones_do_the_next_is_small_or_the_best_of_them_again() -> None:
    alike = [(x, e, (x - 0.4) ** 2 + (e < 27)) for x in (0.1, 0.7, 0.95) for e in (1, 27)]
    epochs, smaller = chosen(history_of(*alike, (0.42, 1, 1.0)))
    assert (epochs < 27, smaller) in ((True, None), (True, 6), (False, 6))
    assert chosen(history_of(*alike, (0.42, 1, 1.0)), whole=True)[0] == 27


def test_where_small_runs_say_nothing_whole_ones_are_left() -> None:
    rng = np.random.default_rng(0)
    noise = [
        (x, e, (x - 0.4) ** 2 if e == 27 else rng.normal()) for x in np.arange(0.05, 1, 0.1) for e in (1, 27)
    ]
    assert chosen(history_of(*noise))[0] == 27


def test_sizes_of_which_all_runs_failed_are_passed_over_up_to_the_whole() -> None:
    def useful(*runs: tuple[int, bool]) -> list[int]:
        told = history_of(*((0.5, size, 1.0) for size, _ in runs))
        failed = Outcome.failure("too small")
        trials = (
            replace(trial, outcome=failed) if fails else trial
            for trial, (_, fails) in zip(told, runs, strict=True)
        )
        resource = SPACE.parameters["epochs"]
        assert isinstance(resource, Fidelity)
        return useful_sizes(resource, "epochs", replace(told, trials=tuple(trials)))

    assert useful((1, True))[0] == 1
    assert useful((1, True), (1, True))[0] > 1
    assert useful((1, True), (1, True), (1, False))[0] == 1
    assert useful(*[(1, False)] * 3, (27, True), (27, True))[0] == 1
    assert useful((1, False), (9, True), (9, True), (27, False))[0] == 1
