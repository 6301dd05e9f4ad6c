"""A search that stalls tries options, and pairs of them, that were never tried."""

from __future__ import annotations

from typing import Any

import bestguess as bg
from bestguess.agent.search.state import Pass, SearchState
from bestguess.agent.search.unseen import EVERY, LONG, PATIENCE, Unseen
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


def test_where_there_are_only_numbers_it_waits_longer_and_looks_anywhere() -> None:
    space = bg.Space(x=bg.Float(0, 1))

    def offered(stalls: int) -> Proposal | Pass:
        trials = tuple(
            Trial(n, Proposal({"x": n / 100}, "gp" if n else "default"), Outcome(1.0))
            for n in range(stalls + 1)
        )
        return Unseen().propose(SearchState(space, bg.Task(), History("minimize", trials), 0, len(trials)))

    found = [isinstance(offered(stalls), Proposal) for stalls in range(LONG + 4)]
    assert found == [False] * LONG + [True, False, True, False]


def test_a_plateau_with_one_hidden_switch_is_left_by_the_whole_search() -> None:
    space = bg.Space({f"s{i}": bg.Choice([0, 1], default=0) for i in range(5)} | {"x": bg.Float(0, 1)})

    def objective(params: dict[str, Any]) -> float:
        return float(1.0 - 0.9 * (params["s0"] * params["s3"]) + 1e-4 * params["x"])

    for seed in range(3):
        assert bg.tune(objective, space, n_trials=15, llm=None, seed=seed).best_value < 0.2
