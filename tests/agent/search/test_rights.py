"""What a model may say by its grade: first guesses, their place, its part in the search."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest

import bestguess as bg
from bestguess.agent.advice.advisor import Advice, Question
from bestguess.agent.advice.knowledge import Knowledge
from bestguess.agent.llm.grades import Word
from bestguess.agent.search.rights import RIGHTS
from bestguess.agent.search.switches import EVERYTHING, Switches
from bestguess.agent.search.turns import Advisors, Turns
from bestguess.tools.search.prior import Interval
from bestguess.tools.trial import History, Outcome, Trial

SPACE = bg.Space(
    width=bg.Float(0, 1, default=0.9), height=bg.Float(0, 1, default=0.9), kind=bg.Choice(["a", "b", "c"])
)
KNOWN = Knowledge(("packs",), {"width": Interval(0.2, 0.4), "height": Interval(0.2, 0.4)})
POOL = tuple(
    SPACE.complete({"width": width, "height": 0.3, "kind": kind})
    for width, kind in ((0.3, "b"), (0.5, "b"), (0.1, "a"), (0.7, "c"), (0.35, "a"), (0.6, "b"))
)


class Said:
    """An advisor that gives the pool, and of all else nothing."""

    def prefetch(self, question: Question) -> None:
        pass

    def take(self, question: Question, left_s: float = math.inf) -> Advice:
        if question.role == "warm_start":
            return Advice(POOL, tokens=10, role=question.role)
        return Advice(refusal="it has nothing to say", role=question.role)


def play(
    n: int,
    grade: Word | Callable[[], Word] | None,
    knowledge: Knowledge | None = None,
    goal: float = 0.3,
    switches: Switches = EVERYTHING,
) -> list[Trial]:
    """Return n trials; without a grade there is no model. The optimum has the width `goal`."""
    said = Said()
    word = grade if callable(grade) else (lambda: grade or "failed")
    advisors = Advisors(said, grade=lambda _wait_s: word()) if grade else None
    turns = Turns(SPACE, bg.Task(), 5, advisors=advisors, knowledge=knowledge, switches=switches)
    history = History()
    for number in range(n):
        proposal = turns.propose(history)
        value = abs(proposal.params["width"] - goal) + (proposal.params["kind"] != "b")
        history = history.including(Trial(number, proposal, Outcome(value)))
    return list(history)


def sources(trials: list[Trial]) -> str:
    return "".join(trial.source[0] for trial in trials)


@pytest.mark.parametrize("knowledge", [None, KNOWN], ids=["strange", "known"])
def test_a_model_that_failed_leaves_every_proposal_as_it_is_without_a_model(
    knowledge: Knowledge | None,
) -> None:
    with_model, without = play(12, "failed", knowledge), play(12, None, knowledge)
    assert [trial.params for trial in with_model] == [trial.params for trial in without]
    assert sources(with_model) == sources(without)
    said = [trial.proposal.fallback for trial in with_model if trial.proposal.fallback]
    assert bool(said) == (knowledge is None)  # where packs lead nobody would have asked a fair one either
    assert all("entrance exam was failed, or not taken yet" in words for words in said)


@pytest.mark.parametrize("knowledge", [None, KNOWN], ids=["strange", "known"])
def test_an_able_model_guesses_before_all_others(knowledge: Knowledge | None) -> None:
    most = RIGHTS["able"].known if knowledge else RIGHTS["able"].strange
    assert sources(play(most + 1, "able", knowledge)) == "d" + most * "l"


def test_a_fair_model_guesses_in_a_strange_space_and_not_where_packs_lead() -> None:
    assert "l" in sources(play(5, "fair"))
    assert "l" not in sources(play(5, "fair", KNOWN))


def test_a_grade_that_comes_while_the_study_goes_on_counts_from_then_on() -> None:
    grades: Iterator[Word] = iter(("failed", "failed", "able", "able", "able"))
    assert sources(play(5, lambda: next(grades))) == "drrll"


def test_a_model_that_is_gone_leaves_an_able_ones_study_to_the_others() -> None:
    turns = Turns(SPACE, bg.Task(), 5, advisors=Advisors(Gone(), grade=lambda _wait_s: "able"))
    history = History()
    for number in range(9):
        proposal = turns.propose(history)
        history = history.including(Trial(number, proposal, Outcome(proposal.params["width"])))
    assert sources(list(history)) == sources(play(9, None))
    assert "gone" in history.trials[1].proposal.fallback


class Gone(Said):
    def take(self, question: Question, left_s: float = math.inf) -> Advice:
        return Advice(refusal="gone", role=question.role)


def test_the_rights_grow_with_the_grade() -> None:
    failed, fair, able = RIGHTS["failed"], RIGHTS["fair"], RIGHTS["able"]
    for name in ("known", "partly", "strange", "credit"):
        assert getattr(failed, name) <= getattr(fair, name) <= getattr(able, name)
    assert failed.strange == failed.known == 0


def test_the_switches_may_give_other_rights() -> None:
    given = Switches(rights={"failed": RIGHTS["able"]})
    assert sources(play(3, "failed", switches=given)) == "dll"
    assert sources(play(3, "failed", switches=Switches(grade="able"))) == "dll"
