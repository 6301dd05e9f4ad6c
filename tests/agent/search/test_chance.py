"""Chance proposes what was not tried, and the same again for the same seed and number."""

from __future__ import annotations

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
