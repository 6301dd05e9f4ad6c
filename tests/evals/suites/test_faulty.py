from __future__ import annotations

import numpy as np
import pytest
from tests.params import few_of

from bestguess.evals.suites.faulty import RECIPES, Suite, _pool

pytestmark = pytest.mark.slow  # what a suite holds changes with its files only


SUITE = Suite()


@pytest.mark.slow
@pytest.mark.parametrize("name", SUITE.problems)
def test_between_30_and_60_percent_of_the_space_fails(name: str) -> None:
    problem = SUITE.problem(name, 0)
    failing = [problem.evaluate(params).outcome.failed for params in _pool(name)]
    assert 0.30 <= np.mean(failing) <= 0.60


@pytest.mark.slow
def test_one_default_fails_and_the_others_do_not() -> None:
    problems = [SUITE.problem(name, 0) for name in SUITE.problems]
    failed = [one.name for one in problems if one.evaluate(one.space.default()).outcome.failed]
    assert failed == ["memory-protein"]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("memory-vehicle", "CUDA out of memory. Tried to allocate"),
        ("divergence-segment", "loss is nan at step"),
        ("timeout-phoneme", "killed after 600 s at epoch"),
    ],
)
def test_a_failure_says_what_a_person_would_see(name: str, words: str) -> None:
    problem = SUITE.problem(name, 0)
    rng = np.random.default_rng(0)
    outcomes = [problem.evaluate(problem.space.sample(rng)).outcome for _ in range(30)]
    errors = {outcome.error for outcome in outcomes if outcome.failed}
    assert errors
    assert all(words in error for error in errors)


@pytest.mark.parametrize("name", few_of(SUITE.problems))
def test_what_does_not_fail_is_never_better_than_the_reference(name: str) -> None:
    problem = SUITE.problem(name, 0)
    rng = np.random.default_rng(1)
    for _ in range(200):
        value = problem.evaluate(problem.space.sample(rng)).outcome.value
        assert value is None or problem.loss(value) >= problem.reference.best


@pytest.mark.parametrize("name", few_of(SUITE.problems))
def test_failing_depends_on_one_to_three_parameters(name: str) -> None:
    problem = SUITE.problem(name, 0)
    read: set[str] = set()

    class Watched(dict[str, object]):
        def __getitem__(self, key: str) -> object:
            read.add(key)
            return super().__getitem__(key)

    for fault in RECIPES[name].faults:
        read.clear()
        fault.strain(Watched(problem.space.default()))
        assert 1 <= len(read) <= 3
