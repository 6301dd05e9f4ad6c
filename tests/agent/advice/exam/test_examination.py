"""The entrance exam: what is asked, how answers are marked, what is kept, and which grade that is."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from bestguess.agent.advice.advisor import Advice
from bestguess.agent.advice.exam.examination import (
    PROBLEMS,
    SAMPLES,
    estimate_tokens,
    examine,
    grade_for,
    grade_of,
    kept_of,
    mark,
    question,
)
from bestguess.agent.advice.exam.kept import Kept, Marks
from bestguess.agent.advice.exam.surfaces import read_surface
from bestguess.agent.advice.framing import frame_warm_start
from bestguess.agent.llm import Reply, Request
from bestguess.agent.llm.grades import LEAST, Grade
from bestguess.agent.llm.parsing import parse_texts
from bestguess.agent.llm.shared import share
from bestguess.agent.testing import SchemaLLM
from bestguess.tools.errors import ModelUnavailable
from bestguess.tools.space.schema import reply_text


class KnowingLLM(SchemaLLM):
    """Answers with the best of 40 random configurations of the problem that it is asked about."""

    name = "knowing"

    def __init__(self, answers: int = 1000) -> None:
        super().__init__()
        self.left = answers
        self.asked = 0

    def generate(self, request: Request) -> Reply:
        if not self.left:
            raise KeyboardInterrupt
        self.left -= 1
        self.asked += 1
        (surface,) = [one for one in map(read_surface, PROBLEMS) if one.space.json_schema() == request.schema
                      and one.task.description in request.messages[-1].content]  # fmt: skip
        some = surface.space.samples(np.random.default_rng(1), 40)
        best = max(some, key=surface.chance)
        texts = (reply_text(surface.space.to_reply(best)),) * request.n
        return Reply(texts, parse_texts(texts, request.schema), 100, 50, 0.5)


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESTGUESS_HOME", str(tmp_path))


def test_it_is_asked_with_the_prompt_and_the_schema_of_a_users_first_guesses() -> None:
    surface = read_surface("SS-M")
    asked = question(surface)
    assert asked.messages == frame_warm_start(surface.task, surface.space)
    assert asked.schema == surface.space.json_schema()
    assert (asked.n, asked.patient) == (SAMPLES, True)
    assert 5_000 < estimate_tokens() < 20_000


@pytest.mark.slow
def test_a_model_that_knows_is_able_and_one_that_guesses_at_random_fails() -> None:
    assert examine(KnowingLLM(), kept_of(share(KnowingLLM()))).word == "able"
    grade = examine(SchemaLLM(), kept_of(share(SchemaLLM())))
    assert grade.word == "failed"
    assert grade.low < 0.5 < grade.high


@pytest.mark.parametrize("name", PROBLEMS)
def test_chance_has_even_chances_and_the_best_row_beats_nearly_all(name: str) -> None:
    surface = read_surface(name)
    rng = np.random.default_rng(7)
    drawn = [surface.chance(params) for params in surface.space.samples(rng, 60)]
    assert np.mean(drawn) == pytest.approx(0.5, abs=0.12)
    assert max(drawn) > 0.9


def test_what_repeats_the_default_or_cannot_be_run_is_marked_as_chance() -> None:
    surface = read_surface("SS-M")
    default = surface.space.default()
    assert surface.chance(default) > 0.9
    assert mark(surface, Advice((default,), rejected=("no JSON",))) == (0.5, 0.5)


def test_an_exam_that_is_interrupted_goes_on_where_it_was_and_is_kept() -> None:
    kept = kept_of(share(KnowingLLM()))
    with pytest.raises(KeyboardInterrupt):
        examine(KnowingLLM(answers=3), kept)
    assert len(kept.marks) == 3
    assert grade_of(kept.marks) is None
    again = KnowingLLM()
    assert examine(again, kept).word == "able"
    assert again.asked == len(PROBLEMS) - 3
    known = grade_for(share(again))
    assert known is not None
    assert known.word == "able"
    assert again.asked == len(PROBLEMS) - 3


@pytest.mark.parametrize(
    "written", ["", "{", "[]", '{"format": "bestguess.exam/1", "model": "m", "marks": {"SS-M": 3}}']
)
def test_a_file_that_makes_no_sense_counts_as_none(written: str) -> None:
    kept = Kept("m 1", "m")
    kept.add("SS-M", Marks((0.5,)))
    kept.path.write_text(written)
    assert kept.marks == {}
    kept.add("BDBC", Marks((0.25, 1.0), 3, 0.5))
    assert kept.marks == {"BDBC": Marks((0.25, 1.0), 3, 0.5)}
    assert json.loads(kept.path.read_text())["model"] == "m"


def test_marks_that_cannot_be_kept_end_the_exam_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "grades").write_text("a file")
    with pytest.raises(ModelUnavailable, match=r"cannot be kept in .*BESTGUESS_HOME"):
        examine(KnowingLLM(), kept_of(share(KnowingLLM())))


def test_a_grade_goes_by_the_lower_end_of_its_interval() -> None:
    assert Grade((0.8, 0.85, 0.9, 0.8)).word == "able"
    assert Grade((0.5, 1.0, 0.9, 0.98)).word == "failed"  # the same mean, and nobody knows
    assert Grade((0.62, 0.66, 0.64, 0.65)).word == "fair"
    steady = Grade((0.7, 0.7))
    assert (steady.low, steady.mean, steady.high) == pytest.approx((0.7, 0.7, 0.7))
    assert LEAST["able"] > LEAST["fair"] > 0.5
