from __future__ import annotations

import pytest

from bestguess.evals.suites import suite

LLAMBO, SUITE = suite("llambo"), suite("llambo_default")


def test_the_tasks_are_those_that_count_in_llambo() -> None:
    assert SUITE.problems == LLAMBO.headline


@pytest.mark.parametrize("name", SUITE.problems)
def test_everybody_begins_with_the_default_and_is_measured_as_in_llambo(name: str) -> None:
    original, problem = LLAMBO.problem(name, 2), SUITE.problem(name, 2)
    assert problem.start == (original.space.default(),)
    assert (problem.space, problem.task, problem.reference) == (
        original.space,
        original.task,
        original.reference,
    )
    assert (problem.suite, problem.name, problem.seed) == ("llambo_default", name, 2)
