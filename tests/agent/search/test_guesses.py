"""A model's guesses in the search run only where the verifier does not find them clearly worse."""

from __future__ import annotations

import json
from dataclasses import replace

import bestguess as bg
from bestguess.agent.advice.advisor import MODEL, ModelAdvisor
from bestguess.agent.search.guesses import CANDIDATES, Guesses
from bestguess.agent.search.state import Pass, SearchState
from bestguess.agent.search.surrogate import Surrogate
from bestguess.agent.testing import DeadLLM, ScriptedLLM
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.schema import reply_text
from bestguess.tools.trial import History, Outcome, Proposal, Trial

SPACE = bg.Space(dose=bg.Float(0, 9), rods=bg.Float(0, 9))
ROWS = [(0.0, 0.0), (2.0, 8.0), (5.0, 5.0), (8.0, 1.0), (9.0, 9.0), (4.0, 2.0)]


def state() -> SearchState:
    trials = tuple(
        Trial(number, Proposal({"dose": x, "rods": y}, "random"), Outcome((x - 3) ** 2 + (y - 3) ** 2))
        for number, (x, y) in enumerate(ROWS)
    )
    history = History("minimize", trials)
    searched = SearchState(SPACE, bg.Task(), history, 0, len(ROWS), Verifier.fit(SPACE, history))
    own = Surrogate().propose(searched)
    assert isinstance(own, Proposal)
    return replace(searched, own=own)


def guesses(*texts: str) -> tuple[Guesses, ScriptedLLM]:
    llm = ScriptedLLM(texts)
    return Guesses(ModelAdvisor(llm, wait_s=5)), llm


def test_a_guess_that_is_not_clearly_worse_runs_with_the_verdict() -> None:
    searched = state()
    assert searched.own is not None
    near = {name: value + 0.2 for name, value in searched.own.params.items()}
    offered = guesses(json.dumps(near))[0].propose(searched)
    assert isinstance(offered, Proposal)
    assert (offered.source, offered.params) == ("llm", near)
    assert offered.verdict.startswith("accepted: ")
    assert offered.prediction is not None


def test_a_guess_that_is_clearly_worse_is_passed_with_the_reason() -> None:
    passed = guesses('{"dose": 8.9, "rods": 8.9}')[0].propose(state())
    assert isinstance(passed, Pass)
    assert passed.reason.startswith(f"{MODEL}guess not run: ")


def test_the_surrogates_own_choice_named_by_the_model_stays_the_surrogates() -> None:
    searched = state()
    assert searched.own is not None
    offered = guesses(reply_text(SPACE.to_reply(searched.own.params)))[0].propose(searched)
    assert isinstance(offered, Proposal)
    assert (offered.source, offered.params) == ("gp", searched.own.params)
    assert offered.verdict.endswith("and the model's pick")


def test_the_model_sees_the_surrogates_choices_and_what_it_thinks() -> None:
    proposer, llm = guesses('{"dose": 1, "rods": 1}')
    proposer.propose(state())
    words = llm.requests[0].messages[-1].content
    rows = words.split("It would try next:\n")[1].split("\n\n")[0].splitlines()
    assert len(rows) == CANDIDATES
    assert "Moves the value most" in words


def test_a_dead_model_is_passed_over() -> None:
    passed = Guesses(ModelAdvisor(DeadLLM(), wait_s=5)).propose(state())
    assert isinstance(passed, Pass)
    assert passed.reason.startswith(MODEL)
