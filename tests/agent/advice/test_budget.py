from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import bestguess as bg
from bestguess.agent.advice.budget import BudgetedLLM, Spent
from bestguess.agent.advice.journal import Journal
from bestguess.agent.llm import Message, Reply, Request
from bestguess.agent.testing import SchemaLLM
from bestguess.tools.errors import BudgetSpent

ASKED = Request((Message("user", "Guess."),))
SPACE = bg.Space(x=bg.Float(0, 1, doc="the dose"), k=bg.Choice(["a", "b"]))


class Costly(SchemaLLM):
    """A SchemaLLM each of whose answers costs a hundred tokens and two seconds."""

    def generate(self, request: Request) -> Reply:
        return Reply(super().generate(request).texts, (), 90, 10, 2.0)


@pytest.mark.parametrize(
    ("limits", "allowed", "words"),
    [
        ({"tokens": 250}, 3, "the study's budget of 250 tokens is spent (300)"),
        ({"requests": 2}, 2, "the study's budget of 2 requests is spent (2)"),
        ({"seconds": 3.5}, 2, "the study's budget of 3.5 seconds is spent (4)"),
        ({"trial_requests": 1}, 1, "a trial's budget of 1 requests is spent (1)"),
        ({"trial_tokens": 0}, 0, "a trial's budget of 0 tokens is spent (0)"),
        ({"trial_seconds": 2.0}, 1, "a trial's budget of 2 seconds is spent (2)"),
    ],
)
def test_a_limit_is_exceeded_by_one_request_at_most(limits: dict[str, Any], allowed: int, words: str) -> None:
    model = BudgetedLLM(Costly(), bg.Budget(**limits))

    for _ in range(allowed):
        model.generate(ASKED)
    with pytest.raises(BudgetSpent) as refused:
        model.generate(ASKED)

    assert str(refused.value) == words
    assert model.spent == Spent(100 * allowed, allowed, 2.0 * allowed)


@pytest.mark.parametrize(
    ("limits", "room"), [({"tokens": 2500}, [2000, 2000, 0]), ({"trial_tokens": 1999}, [0])]
)
def test_a_model_thinks_only_while_what_is_left_has_room_for_it(
    limits: dict[str, Any], room: list[int]
) -> None:
    asked: list[int] = []

    class Thinking(SchemaLLM):
        def generate(self, request: Request) -> Reply:
            asked.append(request.thought_tokens)
            return Reply(super().generate(request).texts, (), 90, 160)

    model = BudgetedLLM(Thinking(), bg.Budget(**limits))
    for _ in room:
        model.generate(replace(ASKED, thought_tokens=2000))
        model.generate(ASKED)
    assert asked[::2] == room


def test_a_trial_has_its_own_budget_anew_and_the_studys_goes_on() -> None:
    model = BudgetedLLM(Costly(), bg.Budget(requests=3, trial_requests=2), Spent(requests=1))

    model.generate(ASKED)
    model.begin_trial()
    model.generate(ASKED)
    model.begin_trial()

    with pytest.raises(BudgetSpent, match="the study's budget of 3 requests"):
        model.generate(ASKED)


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.slow
def test_a_study_stops_asking_says_why_and_remembers_across_processes(tmp_path: Path, kept: bool) -> None:
    storage = f"sqlite:///{tmp_path}/s.db"

    def go_on(n_trials: int) -> bg.History:
        journal = tmp_path / "s.journal.db" if kept else None
        with bg.Tuner(
            SPACE, llm=Costly(), storage=storage, study_name="s", seed=0, journal=journal,
            budget=bg.Budget(requests=1),
        ) as tuner:  # fmt: skip
            while len(tuner.history) < n_trials:
                trial = tuner.ask()
                tuner.tell(trial, trial.params["x"])
            return tuner.history

    go_on(8)
    history = go_on(18)

    assert len(history.complete) == 18
    reasons = [trial.proposal.fallback for trial in history if "budget" in trial.proposal.fallback]
    assert reasons
    assert "the study's budget of 1 requests is spent" in reasons[0]
    if kept:
        journal = Journal(tmp_path / "s.journal.db")
        assert len(journal.calls()) == 1
        assert journal.spent("s") == Spent(100, 1, 2.0)
