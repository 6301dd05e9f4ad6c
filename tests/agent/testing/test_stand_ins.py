from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import bestguess as bg
from bestguess.agent.advice.advisor import read_reply
from bestguess.agent.llm import LLM, Message, Reply, Request
from bestguess.agent.testing import DeadLLM, GarbageLLM, SchemaLLM, ScriptedLLM, SlowLLM, check_llm
from bestguess.agent.testing.stand_ins import SPOILED
from bestguess.tools.errors import ModelUnavailable, ReplyError

SPACE = bg.Space(
    lr=bg.Float(1e-5, 1e-1, log=True, default=1e-3),
    depth=bg.Int(1, 8, default=3),
    booster=bg.Choice(["gbtree", "dart"]),
    rate_drop=bg.Float(0, 0.5, when={"booster": ["dart"]}),
    note=bg.Text(default="", max_chars=20),
)
ASK = Request((Message("user", "guess"),), n=30, schema=SPACE.json_schema(), seed=1)


@pytest.mark.parametrize(
    "llm",
    [SchemaLLM(), GarbageLLM(), SlowLLM(0.01), ScriptedLLM(["{}"])],
    ids=lambda llm: llm.name,
)
def test_the_stand_ins_keep_the_promises_of_the_protocol(llm: LLM) -> None:
    check_llm(llm)


def test_a_script_is_read_a_sample_at_a_time_and_again_from_the_start() -> None:
    llm = ScriptedLLM(["1", lambda request: str(request.n)])
    reply = llm.generate(Request((), n=3, schema={}))
    assert reply.texts == ("1", "3", "1")
    assert reply.parsed == (1, 3, 1)
    assert [request.n for request in llm.requests] == [3]


def test_a_script_may_raise_and_may_end() -> None:
    llm = ScriptedLLM([ReplyError("nonsense"), "{}"], repeat=False)
    with pytest.raises(ReplyError, match="nonsense"):
        llm.generate(Request(()))
    assert llm.generate(Request(())).texts == ("{}",)
    with pytest.raises(ModelUnavailable, match="the script has ended"):
        llm.generate(Request(()))


def test_an_empty_script_has_ended_before_it_began() -> None:
    with pytest.raises(ModelUnavailable, match="ended"):
        ScriptedLLM([]).generate(Request(()))


def test_a_dead_model_never_answers() -> None:
    with pytest.raises(ModelUnavailable, match="dead"):
        DeadLLM().generate(ASK)


def test_closing_wakes_a_slow_model() -> None:
    llm = SlowLLM(60)
    threading.Timer(0.05, llm.close).start()
    started = time.monotonic()
    with pytest.raises(ModelUnavailable, match="closed"):
        llm.generate(ASK)
    assert time.monotonic() - started < 30


def test_a_slow_model_keeps_to_the_deadline() -> None:
    with pytest.raises(ModelUnavailable, match=r"within 0\.01 s"):
        SlowLLM(60).generate(Request((), timeout_s=0.01))


@given(st.integers(), st.integers())
def test_a_uniform_guess_fits_the_space_and_follows_from_the_seeds(seed: int, request_seed: int) -> None:
    ask = Request(ASK.messages, n=5, schema=ASK.schema, seed=request_seed)
    reply = SchemaLLM(seed).generate(ask)
    assert len(read_reply(reply, SPACE.from_reply).configurations) == 5
    assert SchemaLLM(seed).generate(ask).texts == reply.texts


def test_uniform_guesses_fill_the_bounds_and_take_every_branch() -> None:
    guesses = SchemaLLM().generate(ASK).parsed
    assert {guess["depth"] for guess in guesses} == set(range(1, 9))
    assert {"rate_drop" in guess for guess in guesses} == {True, False}


def test_without_a_seed_a_uniform_guesser_goes_on() -> None:
    llm = SchemaLLM()
    ask = Request((), schema={"type": "number"})
    assert llm.generate(ask).texts != llm.generate(ask).texts


def test_a_uniform_guesser_says_which_schema_it_does_not_understand() -> None:
    with pytest.raises(ReplyError, match='"type": "array"'):
        SchemaLLM().generate(Request((), schema={"type": "array"}))


@given(st.integers())
def test_no_answer_of_a_garbage_model_is_usable(seed: int) -> None:
    advice = read_reply(
        GarbageLLM().generate(Request((), n=len(SPOILED), schema=ASK.schema, seed=seed)), SPACE.from_reply
    )
    assert advice.configurations == ()


def test_garbage_answers_are_of_every_kind() -> None:
    texts = GarbageLLM(5).generate(Request((), n=len(SPOILED), schema=ASK.schema)).texts
    assert len(set(texts)) == len(SPOILED)
    assert "" in texts
    assert max(map(len, texts)) == 2**20


class Broken:
    """A backend that breaks one promise at a time."""

    name = "broken"

    def __init__(self, change: dict[str, Any]) -> None:
        self.change = change
        self.calls = 0

    def generate(self, request: Request) -> Reply:
        self.calls += 1
        if error := self.change.get("raises"):
            raise error
        text = json.dumps({"call": self.calls if self.change.get("drifts") else 0})
        return Reply(
            texts=(text,) * (request.n - self.change.get("missing", 0)),
            parsed=self.change.get("parsed", ()),
            prompt_tokens=self.change.get("prompt_tokens", 0),
            seconds=self.change.get("seconds", 0.0),
        )

    def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("change", "promise"),
    [
        ({"missing": 1}, "0 texts, not n"),
        ({"drifts": True}, "equal seeds give equal texts"),
        ({"parsed": ({"x": 2},)}, "parsed is what the texts are"),
        ({"prompt_tokens": -1}, "no count is negative"),
        ({"seconds": -1.0}, "seconds are not negative"),
        ({"raises": ModelUnavailable("down")}, "it answers: ModelUnavailable: down"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_broken_promise_is_named(change: dict[str, Any], promise: str) -> None:
    with pytest.raises(AssertionError, match=promise):
        check_llm(Broken(change))


def test_a_backend_that_claims_no_determinism_is_not_held_to_it() -> None:
    check_llm(Broken({"drifts": True}), seeded=False)
