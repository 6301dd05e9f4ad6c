"""Evaluations are computed once, by whoever comes first, and come back as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bestguess.evals.cache import EvaluationCache
from bestguess.evals.protocol import Evaluation
from bestguess.tools.trial import Outcome


def test_what_was_evaluated_comes_from_the_file_next_time(tmp_path: Path) -> None:
    calls: list[dict[str, Any]] = []

    def evaluate(params: dict[str, Any]) -> Evaluation:
        calls.append(params)
        return Evaluation(Outcome(params["x"] / 3, feedback="warm"), test=0.25)

    first = EvaluationCache(tmp_path / "cache.db").get("task", "1", {"x": 0.1, "b": True}, evaluate)
    again = EvaluationCache(tmp_path / "cache.db").get("task", "1", {"b": True, "x": 0.1}, evaluate)

    assert first == again == Evaluation(Outcome(0.1 / 3, feedback="warm"), test=0.25)
    assert len(calls) == 1


def test_another_version_another_task_and_other_params_are_evaluated_anew(tmp_path: Path) -> None:
    cache = EvaluationCache(tmp_path / "cache.db")
    given = [("a", "1", 1), ("a", "2", 1), ("b", "1", 1), ("a", "1", 2), ("a", "1", True)]
    calls = []

    def evaluate(params: dict[str, Any]) -> Evaluation:
        calls.append(params)
        return Evaluation(Outcome(len(calls)))

    found = [cache.get(task, version, {"x": x}, evaluate).outcome.value for task, version, x in given]
    assert found == [1.0, 2.0, 3.0, 4.0, 5.0]


def test_a_failure_is_kept_with_its_words(tmp_path: Path) -> None:
    cache = EvaluationCache(tmp_path / "cache.db")
    for _ in range(2):
        found = cache.get("a", "1", {}, lambda _: Evaluation(Outcome.failure("no memory")))
        assert found.outcome.error == "no memory"
