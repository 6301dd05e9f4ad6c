"""A model is asked once a kind of failure why trials fail, and the trials judge what it says."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bestguess as bg
from bestguess.agent.advice.advisor import (
    LATER,
    Advice,
    Consultation,
    ModelAdvisor,
    Question,
    read_reply,
)
from bestguess.agent.advice.explainer import MOST_KINDS, Explainer, read_explanation, stated_claim
from bestguess.agent.advice.journal import Journal
from bestguess.agent.llm import Reply, Request
from bestguess.agent.replay import replay
from bestguess.agent.search.switches import Switches
from bestguess.agent.testing import ScriptedLLM, SlowLLM
from bestguess.tools.search.failure_rules import Claim, kind_of
from bestguess.tools.trial import History, Outcome, Proposal, Trial

SPACE = bg.Space(
    a=bg.Float(0.1, 10, log=True, doc="the flux"), b=bg.Float(0.1, 10, log=True), c=bg.Float(0, 1)
)
TASK = bg.Task("a reactor")
MELTED = "CoreError: zone 7 melted"


def said(*causes: tuple[str, str]) -> str:
    return json.dumps(
        {"why": "the flux was beyond its limit", "causes": [{"parameter": p, "was": w} for p, w in causes]}
    )


class Prepared:
    """An advisor whose advice is laid out beforehand."""

    def __init__(self, *advice: Advice) -> None:
        self.advice = list(advice)
        self.asked: list[Request] = []

    def prefetch(self, question: Question) -> None:
        pass

    def take(self, question: Question, left_s: float = 0.0) -> Advice:
        self.asked.append(question.request)
        return self.advice.pop(0)


def advice(*texts: str) -> Advice:
    return read_reply(Reply(texts), partial(read_explanation, space=SPACE))


def failed(*messages: str) -> History:
    trials = (
        Trial(i, Proposal({"a": 5.0, "b": 2.0, "c": 0.5}, "random"), Outcome.failure(one))
        for i, one in enumerate(messages)
    )
    return History("minimize", tuple(trials))


def test_samples_count_as_far_as_they_agree() -> None:
    found = advice(said(("a", "too high"), ("b", "too low")), said(("a", "too high"), ("b", "too high")))
    assert dict(stated_claim("k", found.configurations).signs) == {"a": 1.0, "b": 0.0}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (said(("z", "too high")), "names no parameter"),
        (said(("a", "fine")), "says neither"),
        ('{"why": "it was", "causes": [{"parameter": "a", "was": ["too high"]}]}', "says neither"),
        ('{"why": "who knows", "causes": []}', "names no causes"),
        ('{"why": "who knows", "causes": "a"}', "names no causes"),
        ("no idea", "no JSON object"),
    ],
)
def test_what_names_no_cause_is_turned_down_with_the_reason(text: str, words: str) -> None:
    assert words in advice(text).refusal


def test_of_a_cause_only_what_was_asked_for_is_kept() -> None:
    nested = "[" * 700 + "]" * 700
    found = advice('{"why": "?", "causes": [{"parameter": "a", "was": "too high", "more": ' + nested + "}]}")
    assert found.configurations[0]["causes"] == [{"parameter": "a", "was": "too high"}]


def test_a_kind_is_asked_about_once_and_usual_kinds_never() -> None:
    advisor = Prepared(advice(said(("a", "too high"))))
    explainer = Explainer(advisor, SPACE, TASK, 0)
    history = failed("CUDA out of memory", MELTED, "CoreError: zone 9 melted")
    usual = [Claim(kind_of("CUDA out of memory"), {})]

    explainer.listen(history, usual, Consultation())

    assert explainer.listen(history, usual, Consultation()) is None
    assert [claim.kind for claim in explainer.claims] == [kind_of(MELTED)]
    (request,) = advisor.asked
    assert "<output>CoreError: zone 7 melted</output>" in request.messages[0].content
    assert "the flux" in request.messages[0].content


def test_a_late_answer_is_waited_for_again_and_a_refusal_is_final() -> None:
    advisor = Prepared(Advice(refusal=f"no answer within 1 s{LATER}"), advice(said(("a", "too high"))))
    explainer = Explainer(advisor, SPACE, TASK, 0)
    assert explainer.listen(failed(MELTED), (), Consultation()) is not None
    assert not explainer.claims
    explainer.listen(failed(MELTED), (), Consultation())
    assert explainer.claims

    refused = Explainer(Prepared(Advice(refusal="dead")), SPACE, TASK, 0)
    refused.listen(failed(MELTED), (), Consultation())
    assert refused.listen(failed(MELTED), (), Consultation()) is None


def test_what_a_model_had_no_word_on_is_not_asked_again_by_a_study_that_goes_on() -> None:
    refused = Explainer(Prepared(advice("no idea")), SPACE, TASK, 0).listen(
        failed(MELTED), (), Consultation()
    )
    assert refused
    advisor = Prepared()
    again = Explainer(advisor, SPACE, TASK, 0, earlier=[refused])
    assert again.listen(failed(MELTED), (), Consultation()) is None
    assert not advisor.asked
    assert not again.claims


def test_whoever_fails_in_ever_new_ways_is_not_explained_for_ever() -> None:
    advisor = Prepared(*[advice(said(("a", "too high")))] * 9)
    explainer = Explainer(advisor, SPACE, TASK, 0)
    history = failed("one", "two", "three", "four", "five")
    while explainer.listen(history, (), Consultation()):
        pass
    assert len(advisor.asked) == MOST_KINDS


def melts(params: dict[str, Any]) -> bg.Outcome:
    if params["a"] * params["b"] > 1.5:
        return bg.Outcome.failure(MELTED)
    return bg.Outcome(float(np.hypot(np.log(params["a"]), np.log(params["b"]))) + params["c"])


def run(llm: bg.LLM | None, storage: str | None = None) -> bg.Tuner:
    tuner = bg.Tuner(
        SPACE, TASK, llm=llm, storage=storage, study_name="s", seed=1, switches=Switches(propose=False)
    )
    for _ in range(12):
        trial = tuner.ask()
        tuner.tell(trial, melts(trial.params))
    return tuner


@pytest.mark.slow
def test_what_was_said_is_in_the_journal_goes_on_and_replays(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/study.db"
    llm = ScriptedLLM([said(("a", "too high"), ("b", "too high"))])
    with run(llm, storage) as tuner:
        assert any(trial.state == "failed" for trial in tuner.history)
        journal = Journal(tmp_path / "study.journal.db")
        (told,) = journal.explanations("s")
        assert told.configurations[0]["kind"] == kind_of(MELTED)
        heard = journal.advice("s")
        at = next(number for number, every in heard.items() if any(one.role == "explain" for one in every))
        assert tuner.history.trials[at].proposal.tokens > 0

        assert all(one.same for one in replay(tuner.study, heard, switches=Switches(propose=False)))

    asked = len(journal.calls())
    with bg.Tuner(SPACE, TASK, llm=llm, storage=storage, study_name="s") as again:
        again.ask()
    assert [call["template"].split("@")[0] for call in journal.calls()[asked:]].count("explain") == 0


@pytest.mark.slow
def test_a_liar_about_failures_costs_nothing_once_the_trials_have_spoken() -> None:
    lie = ScriptedLLM([said(("c", "too low"), ("a", "too low"))])
    with run(lie) as lied, run(None) as alone:
        assert sum(one.state == "failed" for one in lied.history) <= 2 + sum(
            one.state == "failed" for one in alone.history
        )


def test_the_advisor_reads_explanations_too() -> None:
    llm = ScriptedLLM([said(("a", "too high"))])
    explainer = Explainer(ModelAdvisor(llm, wait_s=5), SPACE, TASK, 0)
    explainer.prefetch(failed(MELTED), ())
    explainer.listen(failed(MELTED), (), Consultation())
    assert dict(explainer.claims[0].signs) == {"a": 1.0}


@pytest.mark.slow
def test_a_model_that_stalls_on_both_questions_is_waited_for_only_once() -> None:
    with bg.Tuner(SPACE, TASK, llm=SlowLLM(seconds=60), seed=0, llm_wait_s=5.0) as tuner:
        tuner.tell(tuner.ask(), bg.Outcome.failure(MELTED))
        started = time.monotonic()
        tuner.ask()
        assert time.monotonic() - started < 10.0  # what two waits would take
