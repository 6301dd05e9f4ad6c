"""Chance proposes what was not tried, and the same again for the same seed and number."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest

import bestguess as bg
from bestguess.agent.search.chance import Chance
from bestguess.agent.search.state import SearchState
from bestguess.tools.trial import History, Outcome, Proposal, Source, Trial

SPACE = bg.Space(x=bg.Int(0, 3), y=bg.Choice(["a", "b"]))


def state(*rows: tuple[dict[str, object], Source], seed: int = 0) -> SearchState:
    trials = tuple(
        Trial(number, Proposal(params, source), Outcome(1.0)) for number, (params, source) in enumerate(rows)
    )
    return SearchState(SPACE, bg.Task(), History("minimize", trials), seed, len(trials))


def test_what_is_left_of_a_small_space_is_found() -> None:
    every = [{"x": x, "y": y} for x in range(4) for y in "ab"]
    for left in every:
        tried = [(params, "random") for params in every if params != left]
        assert Chance().propose(state(*tried)).params == left  # type: ignore[arg-type]


def test_a_seed_and_a_number_give_one_look_and_guesses_do_not_change_it() -> None:
    first = Chance().propose(state(seed=3)).params
    guess: dict[str, object] = {"x": (first["x"] + 1) % 4, "y": "a"}
    assert Chance().propose(state((guess, "llm"), seed=3)).params == first
    looks = [Chance().propose(state(seed=seed)).params for seed in range(30)]
    assert len({tuple(look.items()) for look in looks}) == 8


def test_the_reason_and_the_fallback_are_passed_on() -> None:
    offered = Chance("because", "somebody passed").propose(state())
    assert (offered.source, offered.reason, offered.fallback) == ("random", "because", "somebody passed")


def test_where_nothing_failed_a_look_is_what_chance_draws_first() -> None:
    row: tuple[dict[str, object], Source] = ({"x": 9, "y": "c"}, "default")
    offered = Chance().propose(state(row, seed=5))
    drawn = SPACE.sample(np.random.default_rng((5, 1)))
    assert (offered.params["x"], offered.params["y"] in ("a", "b")) == (drawn["x"], True)
    tried: list[tuple[dict[str, object], Source]] = [({"x": 9, "y": drawn["y"]}, "default")]
    assert Chance().propose(state(*tried, seed=5)).params["y"] != drawn["y"]


def _out_of_memory(params: Mapping[str, Any]) -> bool:
    return bool(params["batch"] * params["width"] > 600)


TOYS: list[tuple[bg.Space, Callable[[Mapping[str, Any]], bool]]] = [
    (bg.Space(batch=bg.Int(8, 1024, log=True), width=bg.Int(16, 4096, log=True)), _out_of_memory),
    (bg.Space(way=bg.Choice(list("abcdef")), x=bg.Float(0, 1)), lambda params: params["way"] != "d"),
    (
        bg.Space({f"x{i}": bg.Float(0, 1) for i in range(3)}),
        lambda params: max(params["x0"], params["x1"]) > 0.3,
    ),
]


@pytest.mark.parametrize(("space", "fails"), TOYS)
def test_first_failures_teach_before_there_are_two_values(
    space: bg.Space, fails: Callable[[Mapping[str, Any]], bool]
) -> None:
    needed = []
    for seed in range(3):
        trials: tuple[Trial, ...] = (
            Trial(0, Proposal(space.default(), "default"), Outcome.failure("killed")),
        )
        while sum(trial.state == "complete" for trial in trials) < 2:
            now = SearchState(space, bg.Task(), History("minimize", trials), seed, len(trials))
            offered = Chance().propose(now)
            outcome = Outcome.failure("killed") if fails(offered.params) else Outcome(1.0)
            trials = (*trials, Trial(len(trials), offered, outcome))
        needed.append(len(trials))
    assert fails(space.default())
    assert np.median(needed) <= 8  # chance alone takes 12 to 25


def test_looks_go_on_differing_once_something_has_a_value() -> None:
    space = TOYS[1][0]
    rows = [({"way": "a", "x": 0.5}, Outcome.failure("killed")), ({"way": "d", "x": 0.5}, Outcome(1.0))]
    trials = tuple(
        Trial(number, Proposal(params, "random"), told) for number, (params, told) in enumerate(rows)
    )
    looks = [
        Chance().propose(SearchState(space, bg.Task(), History("minimize", trials), seed, 2)).params["x"]
        for seed in range(8)
    ]
    assert np.ptp(looks) > 0.5
