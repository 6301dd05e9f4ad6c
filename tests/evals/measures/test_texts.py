"""Objectives over texts whose best value is known, and what is shown of runs on them."""

from __future__ import annotations

import numpy as np
import pytest

from bestguess.evals.measures import texts
from bestguess.evals.measures.texts import CONTESTANTS, PROBLEMS, Equality, measure_texts, run


@pytest.mark.parametrize("make", PROBLEMS, ids=lambda make: make.__name__)
def test_nothing_in_reach_is_worth_more_than_the_best(make: texts.Make) -> None:
    problem = make(np.random.default_rng(0))
    values = [problem.value(params) for params in problem.space.samples(np.random.default_rng(1), 50)]

    assert max(values) <= problem.best + 1e-12
    assert problem.usual < problem.best


def test_texts_that_are_not_equal_have_nothing_in_common_by_equality() -> None:
    vectors = Equality().embed(["Be brief.", "Be brief!", "Be brief."])

    assert vectors[0] @ vectors[2] == pytest.approx(1.0)
    assert abs(vectors[0] @ vectors[1]) < 0.2


def test_a_run_never_gets_worse_and_every_contestant_has_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "TRIALS", 6)
    monkeypatch.setattr(texts, "SHOWN", (3, 6))
    monkeypatch.setattr(texts, "PROBLEMS", (texts.writing,))

    so_far = run(texts.writing(np.random.default_rng(2)), CONTESTANTS["words"], 2)
    lines = list(measure_texts([2]))

    assert (np.diff(so_far) >= 0).all()
    assert len(lines) == 1 + len(CONTESTANTS)
    assert f"after 6: {so_far[-1]:.2f}" in lines[1]
