from __future__ import annotations

import pytest

from bestguess.evals.references import reference
from bestguess.evals.suites import suite

LLAMBO, SUITE = suite("llambo"), suite("llambo_default")

pytestmark = pytest.mark.usefixtures("fresh_cache")


def test_the_tasks_are_those_that_count_in_llambo() -> None:
    assert SUITE.problems == LLAMBO.headline


@pytest.mark.parametrize("name", SUITE.problems)
def test_everybody_begins_with_the_default_and_is_measured_as_in_llambo(name: str) -> None:
    problem = SUITE.problem(name, 2)
    assert problem.start == (problem.space.default(),)
    assert problem.reference == reference("llambo", name)
    assert (problem.suite, problem.name, problem.seed) == ("llambo_default", name, 2)


def test_a_default_has_a_value() -> None:
    problem = SUITE.problem("DecisionTree-iris", 0)
    assert problem.evaluate(problem.space.default()).outcome.value is not None
