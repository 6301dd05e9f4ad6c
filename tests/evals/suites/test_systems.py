"""The measured systems: what a row of a table is worth, and which settings a row is."""

from __future__ import annotations

import csv
import gzip

import numpy as np
import pytest

from bestguess.evals.suites import suite
from bestguess.evals.suites.systems import CHOOSING, FOLDER, REPORTED, read_table

SUITE = suite("systems")


def test_constants_are_chosen_on_one_half_and_the_headline_is_the_other() -> None:
    assert set(CHOOSING).isdisjoint(REPORTED)
    assert set(SUITE.problems) == {*CHOOSING, *REPORTED}
    assert SUITE.headline == REPORTED
    assert "SS-W" not in SUITE.problems


def test_the_task_says_the_direction_in_words_and_as_a_field() -> None:
    for name, words, direction in (("SS-D", "higher is better", "maximize"), ("SS-C", "lower", "minimize")):
        task = SUITE.problem(name, 0).task
        assert words in task.description
        assert task.direction == direction


def test_the_default_is_in_the_table_and_has_the_value_of_its_row() -> None:
    problem = SUITE.problem("SS-D", 0)
    with gzip.open(FOLDER / "SS-D.csv.gz", "rt") as file:
        (row,) = [
            row
            for row in csv.DictReader(file)
            if (row["Max_spout"], row["Spliters"], row["Counters"]) == ("1.00E+06", "1", "1")
        ]

    assert problem.start == ({"Max_spout": 1000000, "Spliters": 1, "Counters": 1},)
    assert problem.evaluate(dict(problem.start[0])).outcome.value == float(row["Throughput+"])


def test_rows_of_equal_settings_are_averaged() -> None:
    problem = SUITE.problem("dconvert", 0)
    setting = {
        "platform": "web", "format": "jpeg", "rounding": "floor", "scaleIsHeightDp": "off",
        "antiAliasing": "off", "skipUpscaling": "off", "threads": 90,
    }  # fmt: skip
    with gzip.open(FOLDER / "dconvert.csv.gz", "rt") as file:
        times = [
            float(row["Time-"])
            for row in csv.DictReader(file)
            if {name for name, cell in row.items() if cell == "1"} - {"Time-"} == {"web", "jpeg", "floor"}
            and row["threads"] == "90"
        ]

    assert len(times) > 1
    assert problem.evaluate(setting).outcome.value == pytest.approx(np.mean(times))


def test_where_a_parameter_does_not_exist_the_row_without_it_is_read() -> None:
    problem = SUITE.problem("SS-V", 0)
    with gzip.open(FOLDER / "SS-V.csv.gz", "rt") as file:
        row = next(csv.DictReader(file))  # no journal, no compression, no checks
    setting = {
        "journal": "off", "networkCompression": "none", "dataCompression": "none", "ssl": "off",
        "wireObjectCheck": "off", "indexPrefixCompression": "off", "CacheSize": 0.256,
    }  # fmt: skip

    assert problem.evaluate(problem.space.validate(setting)).outcome.value == float(row["Performance-"])


def test_a_setting_that_was_not_measured_is_answered_by_the_row_with_the_fewest_settings_changed() -> None:
    table = read_table("SQL_AllMeasurements")
    params = table.space.sample(np.random.default_rng(0))
    sought = [one.values().index(params[name]) for name, one in table.space.parameters.items()]
    changed = (table.settings != np.array(sought, dtype=float)).sum(axis=1)

    assert changed.min() > 0
    assert table.value(params) == table.values[changed == changed.min()][0]


@pytest.mark.slow
@pytest.mark.parametrize("name", SUITE.problems)
def test_the_frozen_reference_is_what_the_whole_table_gives(name: str) -> None:
    problem, table = SUITE.problem(name, 0), read_table(name)
    sign = -1.0 if problem.task.direction == "maximize" else 1.0

    assert SUITE.measure(name)[""] == problem.reference
    assert problem.reference.best == min(sign * table.values)
    assert len(np.unique(table.settings, axis=0)) == len(table.settings)
