"""What the worst model costs is measured run for run, and finished runs are kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from bestguess.evals.__main__ import main
from bestguess.evals.measures import harm
from bestguess.evals.measures.harm import ALONE, Run, measure_harm
from bestguess.tools.errors import InputError


def fake(suite: str, name: str, problem: str, seed: int) -> Run:
    """Twice the regret of the surrogate alone, whatever it is."""
    return Run(name, problem, seed, (1.0 if name == ALONE else 2.0) * (1 + seed), 0.1)


@pytest.fixture
def _faked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harm, "_play", fake)


@pytest.mark.usefixtures("_faked")
def test_the_ratio_is_that_of_means_over_shared_runs(tmp_path: Path) -> None:
    (found,) = measure_harm("tables", ["constant"], [0, 1], tmp_path / "kept.jsonl", jobs=1)
    assert (found.runs, found.ratio, found.low, found.high) == (30, 2.0, 2.0, 2.0)
    assert "constant" in found.sentence


def test_a_run_that_is_kept_is_not_played_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = tmp_path / "kept.jsonl"
    monkeypatch.setattr(harm, "_play", fake)
    first = measure_harm("tables", ["constant"], [0], kept, jobs=1)
    monkeypatch.setattr(harm, "_play", None)
    assert measure_harm("tables", ["constant"], [0], kept, jobs=1) == first


def test_an_unknown_adversary_is_named_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"'saint'.*constant"):
        measure_harm("tables", ["saint"], [0], tmp_path / "kept.jsonl", jobs=1)
    refused = CliRunner().invoke(main, ["harm", "--adversary", "saint"])
    assert refused.exit_code == 2


def test_a_dead_model_costs_nothing_on_a_real_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harm, "N_TRIALS", 14)
    alone, dead = (harm._play("bbob", name, "f01-d02", 0) for name in (ALONE, "dead"))
    assert alone.regret == dead.regret
    assert dead.late == 0.0
