from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import pytest

from bestguess.agent.llm import Message, Request, request_key

SCHEMA = {"type": "object", "properties": {"x": {"type": "number", "maximum": 1}}, "required": ["x"]}
ASK = Request((Message("system", "Tune."), Message("user", "Größe?")), n=2, schema=SCHEMA, seed=3)


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
def test_whatever_the_answer_depends_on_makes_another_key(change: dict[str, Any]) -> None:
    assert request_key(replace(ASK, **change)) != request_key(ASK)


def test_the_deadline_and_the_kind_of_mapping_make_no_other_key() -> None:
    assert request_key(replace(ASK, timeout_s=1.0, schema=MappingProxyType(SCHEMA))) == request_key(ASK)
