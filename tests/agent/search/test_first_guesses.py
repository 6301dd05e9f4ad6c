"""First guesses: the consensus of independent samples, then the most different; asked for once."""

from __future__ import annotations

import json

import bestguess as bg
from bestguess.agent.advice.advisor import MODEL, Advice, ModelAdvisor
from bestguess.agent.search.first_guesses import SAMPLES, FirstGuesses
from bestguess.agent.search.state import Pass, SearchState
from bestguess.agent.testing import DeadLLM, ScriptedLLM
from bestguess.tools.space.region import Limit, Limits, Region
from bestguess.tools.trial import History, Outcome, Proposal, Trial

SPACE = bg.Space(dose=bg.Float(0, 1, default=0.9))
NEAR, FAR = {"dose": 0.5}, {"dose": 0.1}


def replies(*guesses: dict[str, float]) -> ScriptedLLM:
    return ScriptedLLM([json.dumps(guess) for guess in guesses])


def state(*proposals: Proposal, region: Region | None = None) -> SearchState:
    trials = tuple(Trial(number, one, Outcome(1.0)) for number, one in enumerate(proposals))
    space = region.space if region else SPACE
    return SearchState(
        space, bg.Task(), History("minimize", trials), seed=0, number=len(trials), region=region
    )


def test_the_consensus_comes_first_then_what_differs_and_the_model_is_asked_once() -> None:
    llm = replies(NEAR, NEAR, NEAR, FAR)
    first = FirstGuesses(ModelAdvisor(llm, wait_s=5))
    start = Proposal(SPACE.default(), "default")
    consensus = first.propose(state(start))
    assert isinstance(consensus, Proposal)
    assert consensus.params == NEAR
    other = first.propose(state(start, consensus))
    assert isinstance(other, Proposal)
    assert other.params == FAR
    done = first.propose(state(start, consensus, other))
    assert isinstance(done, Pass)
    assert "has been tried" in done.reason
    assert [request.n for request in llm.requests] == [SAMPLES]


def test_a_model_that_fails_is_passed_over_with_its_reason_and_asked_again_later() -> None:
    first = FirstGuesses(ModelAdvisor(DeadLLM(), wait_s=5))
    passed = first.propose(state())
    assert isinstance(passed, Pass)
    assert passed.reason.startswith(MODEL)
    assert first.pool is None


def test_guesses_outside_the_limits_are_not_run() -> None:
    first = FirstGuesses(ModelAdvisor(replies(NEAR), wait_s=5), pool=Advice((NEAR, FAR)))
    region = Region(SPACE, Limits({"dose": Limit(low=0.4)}))
    offered = first.propose(state(region=region))
    assert isinstance(offered, Proposal)
    assert offered.params == NEAR
    passed = first.propose(state(region=Region(SPACE, Limits({"dose": Limit(low=0.7)}))))
    assert isinstance(passed, Pass)
    assert "within the limits" in passed.reason
