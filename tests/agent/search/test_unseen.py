"""A search that stalls tries options, and pairs of them, that were never tried."""

from __future__ import annotations

from typing import Any

import pytest

import bestguess as bg
from bestguess.agent.search.state import Pass, SearchState
from bestguess.agent.search.unseen import EVERY, PATIENCE, Unseen
from bestguess.tools.space.region import Limit, Limits
from bestguess.tools.trial import History, Outcome, Proposal, Source, Trial

SPACE = bg.Space(x=bg.Float(0, 1), a=bg.Choice(["on", "off"]), way=bg.Choice(list("pqrst")))


def state(stalls: int, ways: str = "p") -> SearchState:
    first: list[tuple[Any, float, Source]] = [
        ({"x": 0.5, "a": "on", "way": way}, 3.0 - row, "default") for row, way in enumerate(ways)
    ]
    later: list[tuple[Any, float, Source]] = [
        ({"x": 0.01 * row, "a": "on", "way": ways[-1]}, 9.0, "gp") for row in range(stalls)
    ]
    trials = [
        Trial(number, Proposal(params, source), Outcome(value))
        for number, (params, value, source) in enumerate(first + later)
    ]
    return SearchState(SPACE, bg.Task(), History("minimize", tuple(trials)), 0, len(trials))


def test_it_passes_while_the_search_gains_and_then_has_every_second_trial() -> None:
    offered = [isinstance(Unseen().propose(state(stalls)), Proposal) for stalls in range(PATIENCE + 5)]
    assert offered == [False] * PATIENCE + [step % EVERY == 0 for step in range(5)]


def test_it_proposes_options_that_no_trial_had() -> None:
    offered = Unseen().propose(state(PATIENCE, ways="pqr"))
    assert isinstance(offered, Proposal)
    assert (offered.source, offered.params["a"]) == ("random", "off")
    assert offered.params["way"] in "st"
    assert "6 trials have gained next to nothing" in offered.reason


def test_where_there_are_only_numbers_it_leaves_the_turn_to_the_surrogate() -> None:
    trials = tuple(Trial(n, Proposal({"x": n / 100}, "gp"), Outcome(1.0)) for n in range(20))
    history = History("minimize", trials)
    for told in range(PATIENCE, 20):
        part = History("minimize", history.trials[:told])
        offered = Unseen().propose(SearchState(bg.Space(x=bg.Float(0, 1)), bg.Task(), part, 0, told))
        assert isinstance(offered, Pass)


@pytest.mark.slow
def test_a_plateau_with_one_hidden_switch_is_left_by_the_whole_search() -> None:
    space = bg.Space({f"s{i}": bg.Choice([0, 1], default=0) for i in range(5)} | {"x": bg.Float(0, 1)})

    def objective(params: dict[str, Any]) -> float:
        return float(1.0 - 0.9 * (params["s0"] * params["s3"]) + 1e-4 * params["x"])

    for seed in range(3):
        assert bg.tune(objective, space, n_trials=15, llm=None, seed=seed).best_value < 0.2


@pytest.mark.parametrize("limit", [{"x": Limit(low=0.5, high=1.0)}, {"way": Limit(options=("q", "r"))}])
def test_a_stall_within_limits_looks_within_them(limit: dict[str, Limit]) -> None:
    with bg.Tuner(SPACE, seed=0) as tuner:
        for number in range(16):
            if number == 6:
                tuner.limit(Limits(limit))
            tuner.tell(tuner.ask(), 1.0)
        late = tuner.history.trials[7:]
    assert any("gained next to nothing" in trial.reason for trial in late)
    assert all(trial.params["x"] >= 0.5 if "x" in limit else trial.params["way"] in "qr" for trial in late)


def test_looks_that_fail_and_batches_leave_the_surrogate_its_turns() -> None:
    with bg.Tuner(SPACE, seed=0) as tuner:
        for _ in range(4):
            for trial in [tuner.ask() for _ in range(5)]:
                failed = trial.source == "random" and trial.number > 6
                tuner.tell(trial, bg.Outcome.failure("boom") if failed else 1.0)
        sources = [trial.source for trial in tuner.history][8:]
    assert {"gp", "random"} == set(sources)
    assert sources.count("gp") >= 5
