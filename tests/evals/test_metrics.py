"""Figures against closed forms, on boards small enough to work out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from bestguess.evals.metrics import Board, boards, bootstrap, expenses, kind_of
from bestguess.evals.record import Record
from bestguess.evals.references import reference


def record(contestant: str, problem: str, seed: int, regrets: list[float | None], **more: object) -> Record:
    """Return a run whose values have these regrets on the frozen scale."""
    scale = reference("tables", problem)
    values = [None if r is None else -(scale.best + r * (scale.median - scale.best)) for r in regrets]
    fields = {"default": True, "n_trials": len(regrets), "started": 1, "maximize": True, **more}
    return Record("tables", problem, seed, contestant, values=values, **fields)  # type: ignore[arg-type]


KC1, CAR = "hpobench-kc1", "hpobench-car"
RECORDS = [
    record("random", KC1, 0, [0.9, 0.7]),
    record("random", CAR, 0, [0.8, 0.6]),
    record("optuna:sampler=gp", KC1, 0, [0.9, 0.1]),
    record("optuna:sampler=gp", CAR, 0, [0.8, 0.5]),
    record("bestguess:llm=none", KC1, 0, [0.9, 0.3]),
    record("bestguess:llm=none", CAR, 0, [0.8, 0.2]),
    record("hebo", KC1, 0, [0.9, 0.0]),
]
BOARD = Board.of("tables", RECORDS)


def test_means_are_over_cells_and_ours_come_first() -> None:
    assert BOARD.contestants[0] == "bestguess:llm=none"
    assert BOARD.mean("random") == pytest.approx([0.85, 0.65])
    assert BOARD.mean("bestguess:llm=none") == pytest.approx([0.85, 0.25])


def test_who_missed_a_cell_is_not_complete_nor_ranked_and_is_compared_on_what_is_shared() -> None:
    assert "hebo" not in BOARD.complete
    assert BOARD.ranks() == {"bestguess:llm=none": 1.5, "optuna:sampler=gp": 1.5, "random": 3.0}
    assert BOARD.best("peer") == "optuna:sampler=gp"
    assert BOARD.difference("hebo", "bestguess:llm=none").mean == pytest.approx(-0.3)


def test_a_difference_is_paired_and_says_level_when_the_interval_holds_0() -> None:
    gap = BOARD.difference("bestguess:llm=none", "optuna:sampler=gp")
    assert gap.verdict == "level"
    assert gap.mean == pytest.approx(-0.05)
    assert gap.low == pytest.approx(-0.3)
    assert gap.high == pytest.approx(0.2)
    assert BOARD.difference("random", "optuna:sampler=gp").verdict == "worse"


def test_the_bootstrap_covers_the_spread_of_a_mean_as_the_normal_theory_has_it() -> None:
    gaps = np.random.default_rng(0).normal(0.3, 1.0, 400)
    gap = bootstrap([[one] for one in gaps])
    error = gaps.std() / 20
    assert gap.low == pytest.approx(gaps.mean() - 1.96 * error, abs=0.3 * error)
    assert gap.high == pytest.approx(gaps.mean() + 1.96 * error, abs=0.3 * error)


def test_the_bootstrap_draws_seeds_within_a_problem_too() -> None:
    same = bootstrap([[0.0, 0.0], [0.0, 0.0]])
    within = bootstrap([[-1.0, 1.0], [-1.0, 1.0]])
    assert same.low == same.high == 0.0
    assert within.low == -1.0


def test_the_spread_is_over_seeds_of_the_mean_over_problems() -> None:
    records = [record("random", name, seed, [r]) for seed, r in ((0, 0.2), (1, 0.4)) for name in (KC1, CAR)]
    assert Board.of("tables", records).spread("random") == pytest.approx([np.std([0.2, 0.4], ddof=1)])


def test_a_mean_does_not_hide_the_runs_that_end_badly() -> None:
    finals = [0.0] * 8 + [0.3, 0.31, 1.0]
    board = Board.of("tables", [record("random", KC1, seed, [r]) for seed, r in enumerate(finals)])
    assert board.bad_share("random") == pytest.approx(2 / 11)
    assert board.worst_tenth("random") == pytest.approx((0.31 + 1.0) / 2)


def test_seeds_count_only_for_who_ran_on_every_problem_with_each() -> None:
    assert BOARD.seeds("random") == 1
    assert BOARD.seeds("hebo") == 0
    more = [*RECORDS, record("random", KC1, 1, [0.9, 0.7])]
    assert Board.of("tables", more).seeds("random") == 0
    assert Board.of("tables", more).seeds("optuna:sampler=gp") == 1


def test_a_run_that_ended_early_keeps_its_last_regret() -> None:
    short = record("random", KC1, 0, [0.9, 0.4], n_trials=4, error="killed")
    assert Board.of("tables", [short]).mean("random") == pytest.approx([0.9, 0.4, 0.4, 0.4])


def test_published_values_stand_beside_ours_on_the_same_scale() -> None:
    scale = reference("tables", KC1)
    published = {"LLAMBO": {(KC1, 0): [-scale.median, None]}}
    board = Board.of("tables", [record("random", KC1, 0, [0.9, 0.7])], published)
    assert board.mean("LLAMBO") == pytest.approx([1.0, 1.0])
    assert kind_of("LLAMBO") == "published"
    longer = {"LLAMBO": {(KC1, 0): [-scale.median] * 9}}
    assert Board.of("tables", [record("random", KC1, 0, [0.9, 0.7])], longer).mean("LLAMBO").shape == (2,)
    assert board.difference("random", "LLAMBO").mean == pytest.approx(-0.3)


def test_records_of_different_length_or_start_never_share_a_board() -> None:
    several = [*RECORDS, record("random", KC1, 0, [0.5]), record("random", KC1, 0, [0.5], default=False)]
    assert [(one.default, one.n_trials) for one in boards(several)] == [(True, 1), (True, 2), (False, 1)]


def test_expenses_are_per_trial_that_was_asked_for() -> None:
    runs = [record("random", KC1, seed, [0.9, None, 0.5], cpu_s=0.5, tokens=600) for seed in (0, 1)]
    spent = expenses(runs)
    assert spent["cpu_ms"] == pytest.approx(250.0)
    assert spent["tokens"] == pytest.approx(300.0)
    assert spent["failed"] == pytest.approx(0.5)
