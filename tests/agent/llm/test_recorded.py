from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest

from bestguess.agent.llm import Message, Request
from bestguess.agent.llm.recorded import RecordedLLM, RecordingLLM
from bestguess.agent.testing import DeadLLM, SchemaLLM, ScriptedLLM, check_llm
from bestguess.tools.errors import ModelSpecError, ModelUnavailable

SCHEMA = {"type": "object", "properties": {"x": {"type": "number", "maximum": 1}}, "required": ["x"]}
ASK = Request((Message("system", "Tune."), Message("user", "Größe?")), n=2, schema=SCHEMA, seed=3)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.jsonl"


def test_what_was_recorded_is_replayed_to_the_letter(path: Path) -> None:
    replies = [RecordingLLM(SchemaLLM(), path).generate(replace(ASK, n=n)) for n in (1, 2)]
    recorded = RecordedLLM(path)
    assert [recorded.generate(replace(ASK, n=n)) for n in (1, 2)] == replies
    assert recorded.skipped == ()


def test_a_recorder_keeps_the_promises_of_the_protocol(path: Path) -> None:
    check_llm(RecordingLLM(SchemaLLM(), path))


def test_so_does_a_recording_of_what_it_was_asked(path: Path) -> None:
    check_llm(RecordingLLM(SchemaLLM(), path))
    check_llm(RecordedLLM(path))


@pytest.mark.parametrize(
    "change",
    [
        {"messages": (Message("user", "Größe?"),)},
        {"n": 3},
        {"schema": None},
        {"schema": {**SCHEMA, "additionalProperties": False}},
        {"schema": dict(reversed(SCHEMA.items()))},
        {"temperature": 0.5},
        {"seed": None},
        {"max_tokens": 9},
    ],
    ids=str,
)
def test_a_request_that_was_never_recorded_is_refused(path: Path, change: dict[str, Any]) -> None:
    RecordingLLM(SchemaLLM(), path).generate(ASK)
    with pytest.raises(ModelUnavailable, match="never asked"):
        RecordedLLM(path).generate(replace(ASK, **change))


def test_the_deadline_and_the_kind_of_mapping_make_no_other_request(path: Path) -> None:
    reply = RecordingLLM(SchemaLLM(), path).generate(ASK)
    other = replace(ASK, timeout_s=1.0, schema=MappingProxyType(SCHEMA))
    assert RecordedLLM(path).generate(other) == reply


def test_a_question_asked_again_gets_its_replies_in_order_and_then_the_last(path: Path) -> None:
    recorder = RecordingLLM(ScriptedLLM(["1", "2"]), path)
    for _ in range(2):
        recorder.generate(Request(()))
    recorded = RecordedLLM(path)
    assert [recorded.generate(Request(())).texts[0] for _ in range(3)] == ["1", "2", "2"]


def test_a_call_that_failed_is_not_recorded(path: Path) -> None:
    with pytest.raises(ModelUnavailable):
        RecordingLLM(DeadLLM(), path).generate(ASK)
    assert not path.exists()


def test_a_torn_line_is_skipped_with_a_reason_and_spoils_no_later_one(path: Path) -> None:
    replies = [RecordingLLM(SchemaLLM(), path).generate(ASK)]
    with path.open("a") as file:
        file.write('{"key": "abc", "req')
    assert RecordedLLM(path).generate(ASK) == replies[0]
    replies.append(RecordingLLM(SchemaLLM(), path).generate(replace(ASK, n=5)))
    recorded = RecordedLLM(path)
    assert [recorded.generate(replace(ASK, n=n)) for n in (2, 5)] == replies
    assert len(recorded.skipped) == 1
    assert recorded.skipped[0].startswith("line 2: JSONDecodeError")


def test_any_text_survives(path: Path) -> None:
    texts = ["\ud800 \x00 \u2028 \r\n", "", '{"x": NaN}']
    RecordingLLM(ScriptedLLM(texts), path).generate(replace(ASK, n=3))
    reply = RecordedLLM(path).generate(replace(ASK, n=3))
    assert list(reply.texts) == texts
    assert reply.parsed == (None, None, None)
    assert path.read_bytes().count(b"\n") == 1


@pytest.mark.parametrize("content", ["not json", json.dumps({"key": "k"}), "[1]"])
def test_a_file_of_another_kind_is_no_model(path: Path, content: str) -> None:
    path.write_text(content)
    with pytest.raises(ModelSpecError, match="is no recording"):
        RecordedLLM(path)


def test_a_file_that_is_not_there_is_no_model(path: Path) -> None:
    with pytest.raises(ModelSpecError, match=r"the recording .* cannot be read .No such file"):
        RecordedLLM(path)


def test_the_names_tell_recorder_and_recording_apart(path: Path) -> None:
    recorder = RecordingLLM(SchemaLLM(), path)
    recorder.generate(ASK)
    assert (recorder.name, RecordedLLM(path).name) == ("uniform", "recorded:calls.jsonl")
    assert RecordedLLM(path, name="qwen").name == "qwen"
