from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from sklearn.ensemble import GradientBoostingRegressor

from bestguess.agent.commands import demo
from bestguess.agent.llm import LLM, Request
from bestguess.agent.llm.grades import Grade
from bestguess.agent.search.rights import HEARD
from bestguess.agent.search.switches import Switches
from bestguess.agent.testing.stand_ins import DeadLLM, GarbageLLM, SchemaLLM
from bestguess.agent.tuner import Tuner

TEXTBOOK = {
    "learning_rate": 0.03,
    "n_estimators": 200,
    "max_depth": 3,
    "min_samples_leaf": 15,
    "subsample": 0.6,
    "max_features": 0.5,
    "early_stopping": False,
}


def test_the_default_configuration_is_that_of_scikit_learn() -> None:
    ours = demo._model(demo.space().default()).get_params()
    theirs = GradientBoostingRegressor(random_state=0).get_params()
    assert ours == {**theirs, "max_features": 1.0}  # None, theirs, means all features: 1.0


def test_the_space_is_mixed_and_conditional() -> None:
    space = demo.space()
    assert {type(space[name]).__name__ for name in space} == {"Float", "Int", "Choice"}
    assert "n_iter_no_change" not in space.default()
    assert "n_iter_no_change" in space.active({**space.default(), "early_stopping": True})


@pytest.mark.slow
def test_a_textbook_configuration_beats_the_default_in_validation_and_on_the_test_split() -> None:
    default = demo.space().default()
    assert demo.objective(TEXTBOOK) < 0.95 * demo.objective(default)
    assert demo.test_score(TEXTBOOK) < 0.97 * demo.test_score(default)


def test_the_same_params_give_the_same_value() -> None:
    params = {**TEXTBOOK, "n_estimators": 20}
    assert demo.objective(params) == demo.objective(params)
    assert demo.test_score(params) == demo.test_score(params)


def test_early_stopping_changes_the_model_only_when_it_is_on() -> None:
    assert demo._model(TEXTBOOK).n_iter_no_change is None
    assert demo._model({**TEXTBOOK, "early_stopping": True, "n_iter_no_change": 7}).n_iter_no_change == 7


def test_the_search_never_sees_the_test_split(monkeypatch: pytest.MonkeyPatch) -> None:
    params = {**TEXTBOOK, "n_estimators": 20}
    split, value, task = demo._split(), demo.objective(params), demo.task()
    assert len(split.y_test) + len(split.y) == 442
    empty = split._replace(
        x_test=np.full_like(split.x_test, np.nan), y_test=np.full_like(split.y_test, np.nan)
    )
    monkeypatch.setattr(demo, "_split", lambda: empty)
    assert demo.objective(params) == value
    assert demo.task() == task


@pytest.mark.slow
def test_any_configuration_of_the_space_can_be_evaluated() -> None:
    space, rng = demo.space(), np.random.default_rng(0)
    corner = {name: space[name].low for name in space if hasattr(space[name], "low")}  # type: ignore[attr-defined]
    for params in ({**corner, "early_stopping": True}, space.sample(rng), space.sample(rng)):
        assert 40 < demo.objective(space.validate(params)) < 500


def test_the_task_tells_what_is_known_of_the_data() -> None:
    task = demo.task()
    assert task.direction == "minimize"
    assert task.facts["rows"] == len(demo._split().y) == 265
    assert task.facts["features"] == 10


def test_scikit_learn_is_left_alone_until_the_objective_runs() -> None:
    code = (
        "import sys; from bestguess.agent.commands import demo; demo.space(); print('sklearn' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


class Writer(SchemaLLM):
    """Guesses, and writes `paragraph` where it is asked for an answer; an exception is raised instead."""

    def __init__(
        self, paragraph: str | Exception = "", grade: Grade | None = None, better: str = "lower"
    ) -> None:
        super().__init__()
        self.better = better
        self.paragraph = paragraph
        self.grade = grade or Grade((0.4, 0.5))

    def texts(self, request: Request) -> list[str]:
        if "answer" not in (request.schema or {}).get("properties", {}):
            return super().texts(request)
        if isinstance(self.paragraph, Exception):
            raise self.paragraph
        claims = [{"parameter": "max_depth", "better": self.better}]
        return [json.dumps({"answer": self.paragraph, "claims": claims})]


@contextmanager
def played(llm: LLM | None, n: int = 4) -> Iterator[Tuner]:
    """Yield the demo's tuner after n trials of a cheap objective: the value is 50 + depth."""
    switches = Switches(rights=HEARD)
    with Tuner(demo.space(), demo.task(), llm=llm, seed=0, switches=switches, prefetch=False) as tuner:
        for _ in range(n):
            trial = tuner.ask()
            tuner.tell(trial, 50.0 + trial.params["max_depth"])
        yield tuner


GRADES = {"failed": Grade((0.4, 0.5)), "fair": Grade((0.6, 0.6)), "able": Grade((0.9, 0.9))}


@pytest.mark.parametrize("word", GRADES)
def test_the_models_best_guess_is_among_the_first_three_trials_whatever_its_grade(word: str) -> None:
    with played(Writer(grade=GRADES[word]), n=3) as tuner:
        guess = next(trial for trial in tuner.history if trial.source == "llm")
        told = demo.first_guess(tuner)
    assert guess.number in (1, 2)
    assert "consensus" in guess.reason or "first choice" in guess.reason
    assert f"**Trial {guess.number}** was proposed by **llm**" in told
    assert "The surrogate had nothing to check it against yet." in told
    assert "It gave RMSE" in told


def test_a_model_that_failed_has_that_one_guess_and_packs_have_what_they_have_without_it() -> None:
    with played(Writer(), n=5) as tuner, played(None, n=4) as without:
        told, alone = list(tuner.history), list(without.history)
    assert [trial.source for trial in told] == ["default", "llm", "knowledge", "knowledge", "gp"]
    assert told[2].params == alone[1].params


@pytest.mark.parametrize("word", GRADES)
def test_the_demo_says_the_grade_and_what_it_buys(word: str) -> None:
    with played(Writer(grade=GRADES[word]), n=0) as tuner:
        told = demo.introduce(tuner)
    assert GRADES[word].sentence in told
    assert ("no first guess" in told) == (word == "failed")
    assert ("5 where packs lead" in told) == (word == "able")


def test_the_demo_says_that_nobody_guesses() -> None:
    with played(None, n=0) as tuner:
        assert "No language model" in demo.introduce(tuner)
        assert demo.first_guess(tuner) == ""
        assert demo.write_learned(tuner, tuner.history) == ("", "there is none")


@pytest.mark.slow
def test_what_was_learned_stands_beside_what_the_surrogate_says_of_each_claim() -> None:
    with played(Writer("Shallow trees won over the default, which gave 53."), n=10) as tuner:
        told, why_not = demo.write_learned(tuner, tuner.history)
    assert why_not == ""
    assert told.startswith("Shallow trees won over the default, which gave 53.")
    assert "max_depth: smaller values are better, says the model; the Gaussian process agrees" in told


def test_a_paragraph_whose_claims_the_trials_contradict_is_left_out() -> None:
    with played(Writer("Deep trees won over the default, which gave 53.", better="higher"), n=10) as tuner:
        told, why_not = demo.write_learned(tuner, tuner.history)
    assert told == ""
    assert "not what the trials say" in why_not


def test_what_was_learned_ends_with_a_whole_sentence() -> None:
    with played(Writer("The default gave 53. The model used 1"), n=10) as tuner:
        told, _ = demo.write_learned(tuner, tuner.history)
    assert told.splitlines()[0] == "The default gave 53."


@pytest.mark.parametrize(
    ("llm", "why"),
    [
        (Writer("It fell to 4711."), "a number that no fact has (4711)"),
        (Writer(""), "its answer is empty"),
        (Writer(RuntimeError("the weights melted\x1b[2J")), "the weights melted"),
        (GarbageLLM(), "its answer"),
        (DeadLLM(), "this model is dead"),
    ],
    ids=["invented", "empty", "broken", "garbage", "dead"],
)
def test_the_demo_says_in_one_line_why_there_is_no_paragraph(llm: LLM, why: str) -> None:
    with played(llm, n=1) as tuner:
        told, why_not = demo.write_learned(tuner, tuner.history)
    assert told == ""
    assert why in why_not
    assert why_not.isprintable()


@pytest.mark.slow
def test_the_report_ends_with_what_was_learned_and_json_has_it_in_a_field_of_its_own() -> None:
    with played(Writer("Depth decides."), n=10) as tuner:
        added = demo.add_to_report(tuner, tuner.result(1.0))
    assert {"test_default", "test_best", "learned", "learned_note"} <= added.fields.keys()
    assert added.text.endswith(added.fields["learned"])
    assert "## The model's best guess" in added.text
    assert "is not checked" in added.text
    assert added.lines[0].startswith("Held-out test split: default ")
