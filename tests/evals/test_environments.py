"""Environments of peers: pinned by file, made once, and remembered when they cannot be made."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from bestguess.evals.contestants import Spec, contestant_names
from bestguess.evals.environments import PINS, Environment, environment, make_environments

PEERS = [name for name in contestant_names() if Spec.parse(name).contestant.requires]


@pytest.mark.parametrize("name", PEERS)
def test_what_a_peer_asks_for_is_pinned_with_all_it_needs(name: str) -> None:
    lines = (PINS / f"{name}.txt").read_text().splitlines()
    pins = {Requirement(line).name.lower(): line for line in lines}
    for required in Spec.parse(name).contestant.requires:
        assert pins[Requirement(required).name.lower()].lower() == required.lower()
    assert all("==" in line and "+" not in line for line in lines)


def test_who_needs_nothing_runs_beside_bestguess() -> None:
    assert environment("random").ready
    assert environment("random").python == Path(sys.executable)


@pytest.mark.slow
def test_an_environment_that_cannot_be_made_says_why_and_is_tried_again(tmp_path: Path) -> None:
    one = Environment("nobody", ("./no/such/folder",), tmp_path / "nobody")
    assert one.absence == "not installed; run: make evals-setup"
    one.make()
    assert not one.ready
    assert one.absence.startswith("did not install: ")
    assert "no/such/folder" in one.absence


def test_only_what_is_missing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESTGUESS_EVALS_ENVS", str(tmp_path))
    assert list(make_environments(("random", "optuna"))) == []
    one = environment("hyperopt")
    one.folder.mkdir(parents=True)
    one._stamp.write_text(one._fingerprint)
    assert [done for _, done in make_environments(("hyperopt",))] == [False, True]
    assert one.ready
