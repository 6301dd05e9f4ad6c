"""What a problem scores, and what a contestant gets to see of it."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestguess.evals.protocol import Brief, Reference
from bestguess.evals.references import reference, reference_of_pool
from bestguess.evals.suites import suite
from bestguess.tools.errors import InputError

SUITES = ("tables", "bbob", "faulty")
"""Those whose objectives cost nothing."""


def test_the_optimum_has_regret_0_the_median_1_and_a_run_without_a_value_1() -> None:
    scale = Reference(best=-2.0, median=6.0, chance=0.7)
    assert [scale.regret(loss) for loss in (-2.0, 0.0, 6.0, 99.0, math.inf)] == [0.0, 0.25, 1.0, 1.0, 1.0]


@given(st.lists(st.one_of(st.none(), st.floats(-10, 10)), min_size=1))
def test_regret_never_rises_and_turning_the_sign_changes_nothing(values: list[float | None]) -> None:
    scale = Reference(-5.0, 5.0, 0.7)
    regrets = scale.regrets(values, maximize=False)
    negated = [None if value is None else -value for value in values]
    assert regrets == scale.regrets(negated, maximize=True)
    assert regrets == sorted(regrets, reverse=True)
    assert all(0 <= regret <= 1 for regret in regrets)


def test_a_failed_configuration_of_the_pool_counts_as_regret_1_in_what_chance_gives() -> None:
    one = reference_of_pool([0.0, 2.0, 4.0, math.nan])
    assert one == Reference(best=0.0, median=2.0, chance=(0 + 1 + 1 + 1) / 4)


@pytest.mark.parametrize("name", [pytest.param("tables", marks=pytest.mark.slow), *SUITES[1:]])
def test_the_first_random_configuration_has_the_regret_that_the_reference_implies(name: str) -> None:
    rng = np.random.default_rng(7)
    first, implied = [], []
    for problem in (suite(name).problem(each, seed=1) for each in suite(name).problems):
        for _ in range(60):
            value = problem.evaluate(problem.space.sample(rng)).outcome.value
            maximize = problem.task.direction == "maximize"
            first.append(problem.reference.regrets([value], maximize=maximize)[0])
            implied.append(problem.reference.chance)
    error = np.std(first) / math.sqrt(len(first))
    assert abs(np.mean(first) - np.mean(implied)) < 4 * error


@pytest.mark.parametrize("name", SUITES)
def test_the_brief_carries_no_name_no_reference_and_no_optimum(name: str) -> None:
    for each in suite(name).problems:
        problem = suite(name).problem(each, seed=0)
        fields = Brief.of(problem).to_dict()
        assert set(fields) == {"space", "task", "n_trials", "seed"}
        text = json.dumps(fields)
        assert each not in text
        assert repr(problem.reference.best) not in text
        assert repr(problem.reference.median) not in text


@pytest.mark.parametrize("name", SUITES)
def test_a_brief_survives_the_pipe(name: str) -> None:
    for each in suite(name).smoke:
        brief = Brief.of(suite(name).problem(each, seed=2))
        assert Brief.from_dict(json.loads(json.dumps(brief.to_dict()))) == brief


def test_without_the_default_the_space_keeps_its_values_and_names_no_default() -> None:
    problem = suite("tables").problem("hpobench-vehicle", 0)
    bare = problem.without_default()
    assert bare.start == ()
    assert bare.space.default() != problem.space.default()
    assert [one.values() for one in bare.space.parameters.values()] == [
        one.values() for one in problem.space.parameters.values()
    ]


def test_a_problem_without_a_frozen_reference_says_how_to_make_it() -> None:
    with pytest.raises(InputError, match=r"no frozen reference for 'nope'.*evals freeze tables"):
        reference("tables", "nope")


def test_a_suite_that_does_not_exist_is_named_with_its_neighbour() -> None:
    with pytest.raises(InputError, match="no suite is called 'table'; did you mean 'tables'"):
        suite("table")
