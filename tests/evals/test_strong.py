"""A strong model's answers, written down once: found by the problem's own words, in their order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import bestguess as bg
from bestguess.agent.llm import Request
from bestguess.evals.contestants import Spec
from bestguess.evals.protocol import Brief
from bestguess.evals.strong import FILE, VARIABLE, StrongLLM
from bestguess.evals.suites import suite
from bestguess.tools.errors import InputError, ModelUnavailable

BRIEF = Brief.of(suite("systems").problem("SS-D", 3))
FIRST, SECOND = {"Max_spout": 10000, "Spliters": 6, "Counters": 18}, {"Max_spout": 100, "Spliters": 3}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    other = {"params": {"Spout_wait": 10}, "reason": ""}
    ours = [{"params": params, "reason": ""} for params in (FIRST, {**SECOND, "Counters": 9})]
    (tmp_path / FILE).write_text(json.dumps({"systems/SS-C": [other], "systems/SS-D": ours}))
    monkeypatch.setenv(VARIABLE, str(tmp_path))
    return tmp_path


def test_a_problem_gets_its_own_guesses_whatever_the_seed() -> None:
    reply = StrongLLM(BRIEF).generate(Request((), n=16, template="warm_start@1"))
    assert BRIEF.space.from_reply(json.loads(reply.texts[0])) == FIRST
    assert len(reply.texts) == 2
    assert reply.tokens == 0


def test_of_all_else_it_says_that_there_is_nothing() -> None:
    with pytest.raises(ModelUnavailable, match="first guesses only"):
        StrongLLM(BRIEF).generate(Request((), template="propose@1"))


def test_a_problem_without_guesses_and_a_missing_file_are_named(folder: Path) -> None:
    with pytest.raises(InputError, match="no guesses for this problem"):
        StrongLLM(Brief(bg.Space(x=bg.Float(0, 1)), bg.Task(), 3, 0))
    (folder / FILE).unlink()
    with pytest.raises(InputError, match=rf"{FILE}.*{VARIABLE}"):
        StrongLLM(Brief(bg.Space(y=bg.Float(0, 1)), bg.Task(), 3, 0))


def test_the_contestant_has_its_first_guesses_and_no_turn_in_the_search() -> None:
    contestant = Spec.parse("bestguess:llm=strong").start(BRIEF)
    sources = []
    for trial in range(9):
        params = dict(contestant.ask())
        sources.append(contestant.cost.source)
        contestant.tell(params, bg.Outcome(float(trial)))
    contestant.close()
    assert sources[:2] == ["default", "llm"]
    assert sources.count("llm") == 2
    assert contestant.cost.requests == 1
