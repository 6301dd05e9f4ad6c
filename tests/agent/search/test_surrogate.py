"""The surrogate's own choice, and when there is none."""

from __future__ import annotations

import bestguess as bg
from bestguess.agent.search.state import Pass, SearchState
from bestguess.agent.search.surrogate import Surrogate
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.trial import History, Outcome, Proposal, Trial


def state(space: bg.Space, xs: list[float]) -> SearchState:
    trials = tuple(
        Trial(number, Proposal({"x": x}, "random"), Outcome((x - 3) ** 2)) for number, x in enumerate(xs)
    )
    history = History("minimize", trials)
    return SearchState(space, bg.Task(), history, 0, len(xs), Verifier.fit(space, history))


def test_with_fewer_than_two_values_it_passes() -> None:
    assert isinstance(Surrogate().propose(state(bg.Space(x=bg.Float(0, 9)), [1.0])), Pass)


def test_on_a_bowl_it_chooses_near_the_bottom_and_says_what_it_expects() -> None:
    offered = Surrogate().propose(state(bg.Space(x=bg.Float(0, 9)), [0.0, 2.0, 5.0, 7.0, 9.0]))
    assert isinstance(offered, Proposal)
    assert 2.0 < offered.params["x"] < 5.0
    assert offered.source == "gp"
    assert offered.prediction is not None
    assert offered.prediction.median < 4.0


def test_once_everything_was_tried_it_passes() -> None:
    assert isinstance(Surrogate().propose(state(bg.Space(x=bg.Int(1, 3)), [1, 2, 3])), Pass)
