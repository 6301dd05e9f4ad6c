"""Finished runs on disk: what is written comes back, and a kill in the middle of a line costs that line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from bestguess.evals.record import Record, Results
from bestguess.tools.errors import InputError

RECORD = Record(
    suite="tables",
    problem="hpobench-kc1",
    seed=0,
    contestant="bestguess:llm=none",
    default=True,
    n_trials=4,
    values=[0.5, None, 1 / 3, 2e-7],
    started=1,
    maximize=True,
    wall_s=0.25,
    versions={"optuna": "5.0.0"},
)


def test_a_record_comes_back_as_it_was_but_for_digits_that_no_regret_shows(tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.add(RECORD)
    (read,) = results.read()
    assert read.values == [0.5, None, pytest.approx(1 / 3, rel=1e-8), 2e-7]
    assert replace(read, values=RECORD.values) == RECORD


def test_of_records_with_one_key_the_last_counts(tmp_path: Path) -> None:
    results = Results(tmp_path)
    for error in ("first", "second"):
        results.add(replace(RECORD, error=error))
    results.add(replace(RECORD, seed=1))
    assert [one.error for one in results.read()] == ["second", ""]


@pytest.mark.parametrize("kept", [1, 20, -2])
def test_a_torn_last_line_is_left_out_and_cut_off_by_the_next_record(tmp_path: Path, kept: int) -> None:
    results = Results(tmp_path)
    results.add(RECORD)
    results.add(replace(RECORD, seed=1))
    (path,) = tmp_path.glob("*/*.jsonl")
    whole = path.read_bytes()
    first = whole.index(b"\n") + 1
    path.write_bytes(whole[:first] + whole[first:][:kept])

    assert [one.seed for one in results.read()] == [0]
    results.add(replace(RECORD, seed=2))
    assert [one.seed for one in results.read()] == [0, 2]


def test_a_line_that_is_no_record_is_named(tmp_path: Path) -> None:
    (tmp_path / "tables").mkdir()
    path = tmp_path / "tables" / "random.jsonl"
    path.write_text(RECORD.to_line() + "<<<<<<< HEAD\n")
    with pytest.raises(InputError, match=r"random.jsonl line 2 is no record: b'<<<<<<< HEAD"):
        Results(tmp_path).read()


def test_who_is_absent_is_kept_until_they_are_there(tmp_path: Path) -> None:
    results = Results(tmp_path)
    results.note_absent(["hebo", "ax"], {"hebo": "no wheel", "ax": "no torch"})
    results.note_absent(["ax"], {})
    assert Results(tmp_path).absent == {"hebo": "no wheel"}
