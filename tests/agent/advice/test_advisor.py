from __future__ import annotations

import json
import random
import threading
import time
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import bestguess as bg
from bestguess.agent.advice.advisor import (
    MAX_FAILURES,
    MODEL,
    MOST_LATE,
    PROBE_EVERY,
    Consultation,
    ModelAdvisor,
    Patience,
    Question,
    read_reply,
)
from bestguess.agent.testing import ScriptedLLM
from bestguess.tools.trial import History, Proposal, Trial

SPACE = bg.Space(lr=bg.Float(1e-5, 1e-1, log=True, default=1e-3), depth=bg.Int(1, 8, default=3))
GOOD = json.dumps({"lr": 0.01, "depth": 5})
ASK = bg.Request((bg.Message("user", "guess"),))
QUESTION = Question(ASK, "propose", SPACE.from_reply)


def question(**fields: Any) -> Question:
    return replace(QUESTION, request=replace(ASK, **fields))


class Answers:
    """A model that gives what it was handed, one answer a call; the last one for ever."""

    name = "answers"

    def __init__(self, *answers: str | Exception, wait: threading.Event | None = None) -> None:
        self.answers = list(answers)
        self.calls = 0
        self.wait = wait

    def generate(self, request: bg.Request) -> bg.Reply:
        self.calls += 1
        if self.wait:
            self.wait.wait()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return bg.Reply((answer,), prompt_tokens=10, completion_tokens=5, seconds=0.5)

    def close(self) -> None:
        if self.wait:
            self.wait.set()


def test_a_good_answer_is_checked_counted_and_handed_over() -> None:
    advice = ModelAdvisor(Answers(GOOD), wait_s=5).take(QUESTION)
    assert advice.configurations == ({"lr": 0.01, "depth": 5},)
    assert (advice.tokens, advice.seconds, advice.refusal) == (15, 0.5, "")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ("", "empty"),
        ("I would try a smaller learning rate.", "no JSON object"),
        ('{"lr": 0.01, "depth": 5', "not JSON"),
        ('{"lr": 0.01, "depth": 5,,}', "not JSON"),
        ('{"lr": 1.5, "depth": 5}', "lr"),
        ('{"lr": 0.01}', "depth"),
        ('{"lr": 0.01, "dpth": 5}', "did you mean 'depth'"),
        ('{"lr": NaN, "depth": 5}', "lr"),
        ('{"lr": 0.01, "depth": 5, "depth": 6}', "'depth' stands twice"),
        ('{"lr": 0.01, "depth": ' + "9" * 4000 + "}", "a whole number of 4000 digits"),
        ('{"lr": 1e999, "depth": 5}', "beyond the largest number"),
        ('{"lr": 0.01, "depth": ' + "[" * 100_000 + "]" * 100_000 + "}", "not JSON"),
        ("[1, 2]", "no JSON object"),
    ],
)
def test_an_answer_that_cannot_be_used_says_why_in_short(answer: str, words: str) -> None:
    advice = ModelAdvisor(Answers(answer), wait_s=5).take(QUESTION)
    assert advice.configurations == ()
    assert words in advice.refusal
    assert len(advice.refusal) < 400
    assert advice.tokens == 15


def test_json_in_a_fence_or_in_prose_is_found() -> None:
    advice = read_reply(bg.Reply((f"Sure!\n```json\n{GOOD}\n```",)), SPACE.from_reply)
    assert advice.configurations == ({"lr": 0.01, "depth": 5},)


@pytest.mark.parametrize(
    "text",
    [
        GOOD + GOOD,
        f"```json\n{GOOD}\n```\nAgain: {GOOD}",
        GOOD[:-1] + ",}",
        GOOD[:-1] + " // don't go higher\n}",
        "{'lr': 0.01, depth: 5, # deep\n}",
        f'<think>{{"lr": 1}}? No.</think>{GOOD}',
        f"For {{lr}} and {{depth}}: {GOOD}",
    ],
)
def test_an_object_is_read_however_loosely_it_is_written(text: str) -> None:
    assert read_reply(bg.Reply((text,)), SPACE.from_reply).configurations == ({"lr": 0.01, "depth": 5},)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (GOOD + GOOD.replace("5", "6"), "2 objects that differ"),
        ("{'lr': 0.01, 'lr': 0.02, 'depth': 5}", "'lr' stands twice"),
        ("{'lr': NaN, 'depth': 5}", "NaN is not JSON"),
        ('{"lr": 0.01, "dep', "Unterminated string"),
        ("{" * 1_000_000, "not JSON"),
        ("{'" + "\\'" * 100_000, "not JSON"),
    ],
)
def test_an_answer_that_readers_would_not_read_alike_is_none(text: str, words: str) -> None:
    assert words in read_reply(bg.Reply((text,)), SPACE.from_reply).refusal


def test_good_answers_are_kept_beside_bad_ones_and_repeats_too() -> None:
    advice = read_reply(bg.Reply((GOOD, "no", GOOD)), SPACE.from_reply)
    assert len(advice.configurations) == 2


def test_whatever_a_model_raises_becomes_a_refusal() -> None:
    for error in (bg.ModelError("refused"), RuntimeError("boom"), MemoryError()):
        advice = ModelAdvisor(Answers(error), wait_s=5).take(QUESTION)
        assert advice.configurations == ()
        assert str(error) in advice.refusal


def test_a_slow_answer_is_not_waited_for_and_used_at_the_next_turn() -> None:
    gate = threading.Event()
    llm = Answers(GOOD, wait=gate)
    advisor = ModelAdvisor(llm, wait_s=0.05)
    late = advisor.take(QUESTION)
    assert "no answer within 0.05 s" in late.refusal
    gate.set()
    advisor.wait_s = 5
    assert advisor.take(QUESTION).configurations == ({"lr": 0.01, "depth": 5},)
    assert llm.calls == 1


@pytest.mark.parametrize(("late", "used"), [(MOST_LATE - 1, True), (MOST_LATE, False)])
def test_an_answer_to_a_history_that_is_long_gone_is_dropped_and_says_so(late: int, used: bool) -> None:
    llm = Answers(GOOD)
    advisor = ModelAdvisor(llm, wait_s=5)

    advisor.prefetch(question(told=7))
    advice = advisor.take(question(told=7 + late))

    assert bool(advice.configurations) == used
    assert used or f"it knew of {late} outcomes fewer" in advice.refusal
    assert advisor.failures == 0
    assert advisor.take(question(told=7 + late)).configurations
    assert llm.calls == 2


def test_a_prefetched_answer_is_the_one_that_is_taken() -> None:
    llm = Answers(GOOD)
    advisor = ModelAdvisor(llm, wait_s=5)
    advisor.prefetch(QUESTION)
    advisor.prefetch(QUESTION)
    assert advisor.take(QUESTION).configurations
    assert llm.calls == 1


def test_what_was_fetched_ahead_does_not_answer_another_question() -> None:
    model = ScriptedLLM([GOOD])
    advisor = ModelAdvisor(model, wait_s=5)
    advisor.prefetch(question(template="warm_start"))
    assert advisor.take(question(template="propose")).configurations
    assert {request.template for request in model.requests} == {"warm_start", "propose"}


def test_a_model_that_keeps_failing_is_left_alone_and_probed_now_and_then() -> None:
    llm = Answers("nonsense")
    advisor = ModelAdvisor(llm, wait_s=5)
    refusals = [advisor.take(QUESTION).refusal for _ in range(MAX_FAILURES + PROBE_EVERY)]
    assert llm.calls == MAX_FAILURES + 1
    assert all(refusals)
    assert "left alone after 3 failures" in refusals[MAX_FAILURES]
    assert "nonsense" in refusals[MAX_FAILURES]


def test_a_model_that_hangs_costs_three_full_waits_and_is_used_again_once_it_answers() -> None:
    gate = threading.Event()
    llm = Answers(GOOD, wait=gate)
    advisor = ModelAdvisor(llm, wait_s=0.2)

    started = time.monotonic()
    refusals = [advisor.take(QUESTION).refusal for _ in range(40)]
    assert 0.6 < time.monotonic() - started < 8.0  # what forty waits would take
    assert all("no answer within 0.2 s" in one for one in refusals[:MAX_FAILURES])
    assert all(one.startswith("left alone") for one in refusals[MAX_FAILURES:])

    gate.set()
    while not advisor.take(QUESTION).configurations:
        time.sleep(0.01)
    assert llm.calls == 1
    assert advisor.take(QUESTION).configurations


@pytest.mark.slow
def test_advisors_of_one_consultation_wait_together_no_longer_than_one_of_them_may() -> None:
    patience, gate = Patience(), threading.Event()
    llm = Answers(GOOD, wait=gate)
    advisors = [ModelAdvisor(llm, wait_s=2.0, patience=patience) for _ in range(3)]
    for turn in range(5):
        started = time.monotonic()
        consultation = Consultation(2.0)
        assert all(consultation.ask(advisor, QUESTION).refusal for advisor in advisors)
        assert time.monotonic() - started < (6.0 if turn < MAX_FAILURES else 2.0)
    gate.set()


@pytest.mark.parametrize(
    ("said", "in_vain"),
    [
        ("", 0),
        ("vv", 2),
        ("vvgv", 3),
        ("vvvlll", 3),
        ("vvvllll", 2),  # the fifth is a probe
        ("vvvllllv", 4),
        ("vvvllllvllll", 4),
        ("vvvllllvlllllllll", 2),  # the next is the tenth
        ("vvvm", 0),
        ("vvvr", 0),
    ],
)
def test_how_long_a_model_hung_is_known_from_the_trials_of_other_processes(said: str, in_vain: int) -> None:
    words = {
        "v": Proposal({}, "gp", fallback=f"{MODEL}no answer within 60 s"),
        "l": Proposal({}, "gp", fallback=f"{MODEL}left alone: waited for 3 times in vain"),
        "r": Proposal({}, "gp", fallback=f"{MODEL}none of 4 answers can be used"),
        "g": Proposal({}, "gp"),
        "m": Proposal({}, "llm"),
    }
    trials = [Trial(number, words[one]) for number, one in enumerate(said)]
    assert Patience.after(History("minimize", tuple(trials))).in_vain == in_vain


def test_a_probe_that_succeeds_brings_the_model_back() -> None:
    llm = Answers(*["nonsense"] * MAX_FAILURES, GOOD)
    advisor = ModelAdvisor(llm, wait_s=5)
    for _ in range(MAX_FAILURES + PROBE_EVERY - 1):
        advisor.take(QUESTION)
    assert [bool(advisor.take(QUESTION).configurations) for _ in range(3)] == [True, True, True]


class Unheld(ScriptedLLM):
    """A scripted model whose server holds it to no schema."""

    def generate(self, request: bg.Request) -> bg.Reply:
        return replace(super().generate(request), held_to_schema=False, prompt_tokens=10)


def test_an_answer_that_nothing_held_to_the_schema_is_asked_for_once_more_with_the_error() -> None:
    model = Unheld(["x should be small", '{"x": 0.25}'])

    asked = Question(ASK, "propose", bg.Space(x=bg.Float(0, 1)).from_reply)
    advice = ModelAdvisor(model, wait_s=10).take(asked)

    assert advice.configurations == ({"x": 0.25},)
    assert advice.tokens >= 20
    first, second = model.requests
    assert [turn.role for turn in second.messages[len(first.messages) :]] == ["assistant", "user"]
    assert second.messages[-2].content == "x should be small"
    assert "no JSON object" in second.messages[-1].content


def test_there_is_one_second_try_and_none_where_the_schema_held() -> None:
    hopeless, held = Unheld(["no"]), ScriptedLLM(["no"])

    assert ModelAdvisor(hopeless, wait_s=10).take(QUESTION).refusal
    assert ModelAdvisor(held, wait_s=10).take(QUESTION).refusal

    assert (len(hopeless.requests), len(held.requests)) == (2, 1)


@pytest.mark.slow
def test_a_hundred_thousand_spoilt_replies_give_valid_configurations_or_a_reason() -> None:
    space = bg.Space(
        lr=bg.Float(1e-5, 1e-1, log=True),
        depth=bg.Int(1, 8),
        kind=bg.Choice(["a", "b", None, 3, True]),
        note=bg.Text(default="x", max_chars=20),
        extra=bg.Float(0, 1, when={"kind": ["b"]}),
    )
    luck = random.Random(0)
    noise = [
        '"',
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "NaN",
        "1e999",
        "-",
        "null",
        "\\u0000",
        "\x1b",
        "lr",
        " ",
        "9" * 400,
    ]
    usable = 0
    for count in range(100_000):
        text = json.dumps(space.sample(np.random.default_rng(count)))
        for _ in range(luck.randrange(4)):
            at, cut = luck.randrange(len(text) + 1), luck.choice((0, 0, 1, 3, 8))
            text = text[:at] + luck.choice(noise) + text[at + cut :]
        advice = read_reply(bg.Reply((text,)), space.from_reply)
        assert bool(advice.configurations) != bool(advice.refusal)
        for params in advice.configurations:
            assert space.validate(params) == params
            usable += 1
    assert 10_000 < usable < 90_000


def test_an_answer_nested_too_deep_is_turned_down() -> None:
    deep = '{"lr": ' + "[" * 900 + "]" * 900 + ', "depth": 3}'
    assert read_reply(bg.Reply((deep, GOOD)), SPACE.from_reply).configurations
    assert read_reply(bg.Reply((deep,)), SPACE.from_reply).refusal
