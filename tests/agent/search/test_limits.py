"""What a person may change while a study goes on, and what the study keeps of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from bestguess.agent.record.study import load
from bestguess.agent.testing import ScriptedLLM
from bestguess.agent.tuner import Tuner
from bestguess.tools.errors import InputError, StudyError
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.region import Limit, Limits
from bestguess.tools.space.space import Space

SPACE = Space(x=Float(0, 1, default=0.2, doc="the dose"), n=Int(1, 8), b=Choice(["a", "c"]))


def _play(tuner: Tuner, count: int) -> list[dict[str, object]]:
    params = []
    for _ in range(count):
        trial = tuner.ask()
        params.append(trial.params)
        tuner.tell(trial, (trial.params["x"] - 0.7) ** 2 + 0.01 * trial.params["n"])
    return params


def test_limits_take_effect_on_the_next_proposal_and_can_be_lifted() -> None:
    with Tuner(SPACE, seed=0) as tuner:
        _play(tuner, 6)
        tuner.limit(Limits({"n": Limit(options=(7,)), "x": Limit(high=0.3)}))
        limited = _play(tuner, 3)
        assert all(one["n"] == 7 and one["x"] <= 0.3 for one in limited)  # type: ignore[operator]
        tuner.limit(Limits())
        assert any(one["n"] != 7 for one in _play(tuner, 2))


def test_limits_hold_for_what_a_model_guesses() -> None:
    outside, inside = {"x": 0.9, "n": 2, "b": "a"}, {"x": 0.1, "n": 7, "b": "a"}
    llm = ScriptedLLM([json.dumps(outside), json.dumps(inside)])
    with Tuner(SPACE, llm=llm, seed=0) as tuner:
        tuner.limit(Limits({"n": Limit(options=(7,))}))
        params = _play(tuner, 5)
    assert all(one["n"] == 7 for one in params)
    assert any(trial.source == "llm" for trial in tuner.history)
    schema = llm.requests[0].schema
    assert schema is not None
    assert schema["properties"]["n"]["enum"] == ["7"]


def test_a_trial_that_was_set_aside_counts_no_more_until_the_mark_is_taken_back(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 's.db'}"
    with Tuner(SPACE, storage=storage, study_name="s", seed=0) as tuner:
        _play(tuner, 4)
        best = tuner.best
        assert best is not None
        tuner.study.set_aside(best.number)
        assert tuner.best is not None
        assert tuner.best.number != best.number
        assert best.number in {trial.number for trial in tuner.study.everything}
        assert load(storage, "s").history == tuner.history
        tuner.study.set_aside(best.number, aside=False)
        assert tuner.best == best


def test_a_remark_on_a_finished_trial_is_part_of_its_feedback_and_reaches_the_model() -> None:
    llm = ScriptedLLM([json.dumps({"x": 0.1 * number, "n": 3, "b": "a"}) for number in range(9)])
    with Tuner(SPACE, llm=llm, seed=0) as tuner:
        _play(tuner, 2)
        tuner.study.remark(0, "looked overfit")
        assert tuner.history.trials[0].feedback == "remark: looked overfit"
        assert tuner.history.trials[0].remarks == ("looked overfit",)
        _play(tuner, 14)
    assert any("looked overfit" in request.messages[-1].content for request in llm.requests)
    with pytest.raises(StudyError, match="no trial 99"):
        tuner.study.remark(99, "?")


@pytest.mark.slow
def test_a_wider_space_with_more_options_keeps_the_study(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 's.db'}"
    wider = Space(x=Float(0, 2, default=0.2, doc="the dose"), n=Int(1, 12), b=Choice(["a", "c"]))
    with Tuner(SPACE, storage=storage, study_name="s", seed=0) as tuner:
        _play(tuner, 3)
        tuner.widen(wider)
        tuner.tell(tuner.start({"n": 12, "x": 1.5}), 0.5)
        _play(tuner, 2)
    with Tuner(wider, storage=storage, study_name="s") as again:
        assert len(again.history) == 6
        with pytest.raises(StudyError, match="does not fit"):
            again.widen(SPACE)
        more = Space(x=Float(0, 2), n=Int(1, 12), b=Choice(["a", 7, "c", None]))
        again.widen(more)
        again.tell(again.start({"b": 7}), 0.3)
        again.tell(again.start({"b": None}), 0.2)
        again.widen(more)
    kept = load(storage, "s").history.trials
    assert [trial.params["b"] for trial in kept][6:] == [7, None]
    assert kept == again.history.trials
    with Tuner(more, storage=storage, study_name="s") as later:
        _play(later, 3)
        assert later.history.trials[:8] == kept


def test_the_users_own_trial_carries_what_the_surrogate_expects() -> None:
    with Tuner(SPACE, seed=0) as tuner:
        _play(tuner, 4)
        trial = tuner.start({"x": 0.5}, "a hunch")
        assert (trial.source, trial.reason, trial.params["n"]) == ("user", "a hunch", SPACE["n"].default)
        assert trial.proposal.prediction is not None


def test_a_limit_that_leaves_nothing_changes_nothing() -> None:
    with Tuner(SPACE, seed=0) as tuner:
        with pytest.raises(InputError, match="nothing is left"):
            tuner.limit(Limits({"n": Limit(low=20)}))
        assert tuner.ask().params == SPACE.default()
