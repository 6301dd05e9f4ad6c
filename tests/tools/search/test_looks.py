"""Looks show every option of a small choice, notice a stall, and find what was never tried."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
import pytest

import bestguess as bg
from bestguess.tools.search.looks import balance, newest, stalled
from bestguess.tools.trial import History, Outcome, Proposal, Source, Trial

SWITCHES = bg.Space({f"s{i}": bg.Choice(["off", "on"]) for i in range(8)} | {"x": bg.Float(0, 1)})


def history(*rows: tuple[float, Source], direction: Any = "minimize") -> History:
    return History(
        direction,
        tuple(Trial(n, Proposal({"x": n}, source), Outcome(value)) for n, (value, source) in enumerate(rows)),
    )


@pytest.mark.parametrize("seed", range(20))
def test_four_looks_show_both_sides_of_every_switch_twice_or_thrice(seed: int) -> None:
    rng = np.random.default_rng(seed)
    tried: list[dict[str, Any]] = [SWITCHES.default()]
    for _ in range(4):
        tried.append(dict(balance(SWITCHES, SWITCHES.sample(rng), tried, rng)))
    for name in SWITCHES.names[:-1]:
        on = sum(params[name] == "on" for params in tried)
        assert 2 <= on <= 3, name


def test_balance_leaves_numbers_and_large_choices_as_they_were_drawn() -> None:
    space = bg.Space(
        x=bg.Float(0, 1), n=bg.Int(1, 50), way=bg.Choice(list("abcdef")), s=bg.Choice(["a", "b"])
    )
    rng = np.random.default_rng(1)
    drawn = space.sample(rng)
    other = balance(space, drawn, [drawn], rng)
    assert other["s"] != drawn["s"]
    assert (other["n"], other["way"]) == (drawn["n"], drawn["way"])
    assert other["x"] == pytest.approx(drawn["x"])


def test_a_balanced_parent_brings_its_children_and_only_those() -> None:
    space = bg.Space(booster=bg.Choice(["tree", "dart"]), drop=bg.Float(0, 0.5, when={"booster": ["dart"]}))
    rng = np.random.default_rng(0)
    assert set(balance(space, {"booster": "tree"}, [{"booster": "tree"}], rng)) == {"booster", "drop"}
    dart = {"booster": "dart", "drop": 0.1}
    assert balance(space, dart, [dart], rng) == {"booster": "tree"}


def test_balance_breaks_no_constraint() -> None:
    space = bg.Space(a=bg.Choice([0, 1]), b=bg.Choice([0, 1]), constraints=["a + b <= 1"])
    rng = np.random.default_rng(0)
    tried: list[Any] = [{"a": 0, "b": 0}]
    for _ in range(20):
        tried.append(balance(space, space.sample(rng), tried, rng))
        assert space.satisfies(tried[-1])


def test_a_choice_that_constraints_bind_leaves_the_others_balanced() -> None:
    switches = {name: bg.Choice([0, 1]) for name in ("a", "b", "free")}
    space = bg.Space(switches, constraints=["a + b <= 1"])
    tried: list[Any] = [{"a": 0, "b": 0, "free": 0}] * 3
    drawn = {"a": 1, "b": 0, "free": 0}
    assert balance(space, drawn, tried, np.random.default_rng(0)) == {"a": 1, "b": 0, "free": 1}


def test_a_polished_plateau_is_a_stall_and_a_true_gain_ends_it() -> None:
    looks: list[tuple[float, Source]] = [(5.0, "default"), (9.0, "random"), (7.0, "random"), (6.0, "random")]
    polished: list[tuple[float, Source]] = [(5.0 - 1e-4 * step, "gp") for step in range(1, 8)]
    assert stalled(history(*looks, *polished)) == 10
    assert stalled(history(*looks, *polished, (4.0, "gp"))) == 0
    turned: list[tuple[float, Source]] = [(-value, source) for value, source in [*looks, *polished]]
    assert stalled(history(*turned, direction="maximize")) == 10


def test_what_users_ran_is_no_stall_and_nothing_told_is_none() -> None:
    users: list[tuple[float, Source]] = [(1.0, "user")] * 20
    assert stalled(history(*users)) == 0
    assert stalled(History("minimize")) == 0


def test_an_option_never_tried_goes_before_pairs_and_pairs_before_what_was_seen() -> None:
    space = bg.Space(a=bg.Choice(list("pqr")), b=bg.Choice(list("uv")), n=bg.Int(0, 9))
    tried = [{"a": "p", "b": "u", "n": 0}, {"a": "q", "b": "v", "n": 0}]
    pair, option, seen = (
        {"a": "p", "b": "v", "n": 1},
        {"a": "r", "b": "u", "n": 0},
        {"a": "p", "b": "u", "n": 9},
    )
    assert newest(space, [seen, pair, option], tried) == 2
    assert newest(space, [seen, pair], tried) == 1
    assert newest(space, [seen], tried) is None
    assert newest(space, [], tried) is None


def test_every_pair_of_switches_is_seen_within_few_looks() -> None:
    rng = np.random.default_rng(3)
    tried: list[Any] = [SWITCHES.default()]
    while (found := newest(SWITCHES, many := SWITCHES.samples(rng, 100), tried)) is not None:
        tried.append(many[found])
    assert len(tried) <= 12
    for a, b in combinations(SWITCHES.names[:-1], 2):
        assert len({(params[a], params[b]) for params in tried}) == 4


def test_spaces_without_choices_have_nothing_that_was_never_tried() -> None:
    space = bg.Space(x=bg.Float(0, 1), n=bg.Int(1, 100))
    assert newest(space, [{"x": 0.5, "n": 3}], [{"x": 0.1, "n": 1}]) is None


def test_running_and_failed_trials_count_so_that_looks_of_a_batch_take_turns() -> None:
    rows: list[tuple[float, Source]] = [(1.0, "default"), (2.0, "random"), (3.0, "gp"), (3.0, "gp")]
    trials = history(*rows).trials
    running = Trial(4, Proposal({"x": 4}, "gp"))
    failed = Trial(5, Proposal({"x": 5}, "random"), Outcome.failure("boom"))
    assert stalled(History("minimize", (*trials, running, failed))) == 5


def test_beside_a_penalty_gains_still_count() -> None:
    first: list[tuple[float, Source]] = [(1e6, "default"), (1e6, "random"), (30.0, "random"), (1e6, "random")]
    falling: list[tuple[float, Source]] = [(30.0 * 0.9**step, "gp") for step in range(1, 10)]
    assert stalled(history(*first, *falling)) == 0


def test_whole_numbers_on_a_logarithmic_scale_are_options_of_their_own() -> None:
    space = bg.Space(a=bg.Int(1, 4, log=True), b=bg.Choice(["u", "v"]))
    tried = [{"a": a, "b": b} for a in (1, 2, 4) for b in "uv"]
    assert newest(space, [{"a": 3, "b": "u"}], tried) == 0
