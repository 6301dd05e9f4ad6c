"""The default is proposed once, and first."""

from __future__ import annotations

import bestguess as bg
from bestguess.agent.search.default import Default
from bestguess.agent.search.state import Pass, SearchState
from bestguess.tools.trial import History, Outcome, Proposal, Trial

SPACE = bg.Space(x=bg.Float(0, 1, default=0.25))


def state(*proposals: Proposal) -> SearchState:
    trials = tuple(Trial(number, one, Outcome(1.0)) for number, one in enumerate(proposals))
    return SearchState(SPACE, bg.Task(), History("minimize", trials), seed=0, number=len(trials))


def test_the_default_is_proposed_before_anything_else() -> None:
    offered = Default().propose(state())
    assert isinstance(offered, Proposal)
    assert (offered.params, offered.source) == ({"x": 0.25}, "default")


def test_a_default_that_was_tried_is_passed_over_whoever_proposed_it() -> None:
    for source in ("default", "user", "random"):
        assert isinstance(Default().propose(state(Proposal({"x": 0.25}, source))), Pass)
