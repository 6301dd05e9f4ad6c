from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import spaces

import bestguess as bg
from bestguess.agent.llm.grades import Grade
from bestguess.agent.testing import DeadLLM, SchemaLLM, ScriptedLLM, SlowLLM
from bestguess.agent.warm_start import FORMAT, WarmStart
from bestguess.tools.errors import InputError
from bestguess.tools.search.consensus import choose_spread

SPACE = bg.Space(
    lr=bg.Float(1e-5, 1e-1, log=True, default=1e-3),
    depth=bg.Int(1, 8, default=3),
    booster=bg.Choice(["gbtree", "dart"]),
    rate_drop=bg.Float(0, 0.5, when={"booster": ["dart"]}),
)
TASK = bg.Task("Boosting", metric="error")


def replies(*configurations: dict[str, Any]) -> ScriptedLLM:
    return ScriptedLLM([json.dumps(one) for one in configurations])


def test_the_default_comes_first_then_the_models_consensus_and_spread() -> None:
    points = bg.warm_start(SPACE, TASK, knowledge=False, n=4, llm=SchemaLLM(seed=3), seed=0)
    assert [point.source for point in points] == ["default", "llm", "llm", "llm"]
    assert points[0].params == SPACE.default()
    assert "consensus" in points[1].reason
    assert "differs most" in points[2].reason
    assert points[1].tokens > 0


def test_the_guesses_begin_as_a_study_of_our_own_would_before_it_learns_from_outcomes() -> None:
    points = bg.warm_start(SPACE, TASK, n=3, llm=SchemaLLM(seed=3), seed=0)
    tuner = bg.Tuner(SPACE, TASK, llm=SchemaLLM(seed=3), seed=0)
    asked = []
    for _ in range(3):
        asked.append(tuner.ask())
        tuner.tell(asked[-1], 1.0)
    assert [point.params for point in points] == [trial.params for trial in asked]


def test_an_able_models_guesses_come_before_what_is_known() -> None:
    space = bg.Space(
        learning_rate=bg.Float(0.001, 1, log=True, default=0.3), max_depth=bg.Int(1, 12, default=6)
    )
    llm = SchemaLLM(seed=3)
    llm.grade = Grade((0.9, 0.9))
    able = bg.warm_start(space, bg.Task("Tune XGBoost"), n=4, llm=llm)
    fair = bg.warm_start(space, bg.Task("Tune XGBoost"), n=4, llm=SchemaLLM(seed=3))
    assert [point.source for point in able] == ["default", "llm", "llm", "llm"]
    assert fair[1].source == "knowledge"


def test_a_model_that_guesses_the_default_costs_no_point() -> None:
    default = SPACE.default()
    others = [{**default, "depth": depth} for depth in (1, 8)]
    points = bg.warm_start(SPACE, TASK, knowledge=False, n=3, llm=replies(default, default, *others))
    assert [point.source for point in points] == ["default", "llm", "llm"]


def test_too_few_different_guesses_are_filled_up_and_say_so() -> None:
    points = bg.warm_start(SPACE, TASK, knowledge=False, n=5, llm=replies({**SPACE.default(), "depth": 8}))
    assert [point.source for point in points] == ["default", "llm", "random", "random", "random"]
    assert "every different first guess of the model has been tried" in points[2].fallback


def test_a_dead_model_is_replaced_and_says_why() -> None:
    made = WarmStart.guess(SPACE, TASK, 3, llm=DeadLLM(), knowledge=False)
    assert [point.source for point in made.points] == ["default", "random", "random"]
    assert "this model is dead" in made.refusal
    assert all("this model is dead" in point.fallback for point in made.points[1:])


def test_a_model_that_is_too_slow_is_not_waited_for() -> None:
    made = WarmStart.guess(SPACE, TASK, 4, llm=SlowLLM(30), llm_wait_s=0.05)
    assert made.refusal == "no answer within 0.05 s"


def test_a_budget_that_is_spent_is_kept_to() -> None:
    made = WarmStart.guess(SPACE, TASK, 4, llm=SchemaLLM(), budget=bg.Budget(requests=0))
    assert "budget of 0 requests is spent" in made.refusal


def test_without_a_model_the_points_fill_the_space_and_repeat() -> None:
    points = bg.warm_start(SPACE, n=5, knowledge=False, seed=7)
    assert [point.source for point in points] == ["default"] + 4 * ["random"]
    assert points == bg.warm_start(SPACE, n=5, knowledge=False, seed=7)
    assert points != bg.warm_start(SPACE, n=5, knowledge=False, seed=8)
    assert all("Sobol" in point.reason and not point.fallback for point in points[1:])


def test_without_a_model_what_is_known_of_the_task_comes_before_chance() -> None:
    space = bg.Space(max_features=bg.Float(0.05, 1.0, default=1.0), max_depth=bg.Int(1, 64))
    task = bg.Task("Tune a random forest", facts={"rows": 1000, "features": 20})
    sources = [point.source for point in bg.warm_start(space, task, n=3)]
    assert sources == ["default", "knowledge", "knowledge"]
    assert "random" in {point.source for point in bg.warm_start(space, task, n=3, knowledge=False)}


def test_a_space_with_fewer_configurations_gives_fewer_points() -> None:
    points = bg.warm_start(bg.Space(x=bg.Choice(["a", "b", "c"])), n=9)
    assert sorted(point.params["x"] for point in points) == ["a", "b", "c"]


@pytest.mark.slow
@given(spaces(), st.integers(1, 6))
def test_whatever_the_space_the_points_are_valid_and_different_and_survive_the_document(
    space: bg.Space, n: int
) -> None:
    made = WarmStart.guess(space, TASK, n)
    assert 1 <= len(made.points) <= n
    params = [space.validate(point.params) for point in made.points]
    assert all(one not in params[:place] for place, one in enumerate(params))
    assert WarmStart.from_dict(json.loads(json.dumps(made.to_dict()))) == made


def test_the_document_says_what_it_rests_on(tmp_path: Path) -> None:
    made = WarmStart.guess(SPACE, TASK, 4, llm=SchemaLLM())
    made.save(tmp_path / "warmstart.json")
    document = json.loads((tmp_path / "warmstart.json").read_text())
    assert document["format"] == FORMAT
    assert document["model"] == SchemaLLM().name
    assert document["prompts"].startswith("system+task+warm_start@")
    assert document["points"][0]["source"] == "default"
    assert WarmStart.load(tmp_path / "warmstart.json") == made


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": "bestguess.warmstart/2"}, "'bestguess.warmstart/2'; give one of format"),
        ({"points": [{"params": {"lr": 7.0}, "source": "llm"}]}, "out of bounds"),
        ({"points": [{"params": SPACE.default(), "source": "oracle"}]}, "source is 'oracle'"),
        ({"points": [{}]}, "incomplete|a point.s source is None"),
        ({"space": {"parameters": {}}}, "no parameters"),
    ],
)
def test_a_document_that_is_wrong_is_refused_with_the_reason(change: dict[str, Any], words: str) -> None:
    document = {**WarmStart.guess(SPACE, TASK, 2).to_dict(), **change}
    with pytest.raises(InputError, match=words):
        WarmStart.from_dict(document)


def test_a_file_that_is_no_document_is_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"the warm start .*missing\.json cannot be read"):
        WarmStart.load(tmp_path / "missing.json")
    with pytest.raises(InputError, match="cannot be written"):
        WarmStart.guess(SPACE, TASK, 2).save(tmp_path / "nowhere" / "file.json")


@pytest.mark.parametrize("n", [0, -1, 2.5, True])
def test_a_number_of_points_that_is_none_is_refused(n: Any) -> None:
    with pytest.raises(InputError, match="give a whole number from 1"):
        bg.warm_start(SPACE, n=n)


def test_the_points_of_five_are_the_spread_of_four() -> None:
    x = SPACE.encode_many([{**SPACE.default(), "depth": depth} for depth in range(1, 9)])
    assert choose_spread(x, 5)[:4] == choose_spread(x, 4)


def test_a_warm_start_begins_with_what_earlier_studies_of_a_storage_came_to(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    space = bg.Space(lr=bg.Float(1e-5, 1e-1, log=True), depth=bg.Int(1, 8))
    with bg.Tuner(space, storage=url, study_name="old", seed=0) as tuner:
        for depth in range(1, 8):
            tuner.tell({"lr": 3e-2, "depth": depth}, abs(depth - 6))
        named = bg.warm_start(space, earlier=tuner.study)
    found = bg.warm_start(space, storage=url)
    assert [point.params for point in named] == [point.params for point in found]
    assert found[0].source == "default"
    assert (found[1].params, found[1].source) == ({"lr": 3e-2, "depth": 6}, "knowledge")
    assert "best of study old" in found[1].reason
    without = bg.warm_start(space)
    assert bg.warm_start(space, storage=url, earlier=False) == without
    assert bg.warm_start(space, storage=f"sqlite:///{tmp_path}/none.db") == without
    assert not (tmp_path / "none.db").exists()
    with pytest.raises(InputError, match="earlier is 3"):
        bg.warm_start(space, earlier=3)
