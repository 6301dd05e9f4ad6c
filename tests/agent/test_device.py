"""Every door that searches takes a device, and refuses one that cannot be had before the first trial."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import optuna
import pytest
import torch
from click.testing import CliRunner
from sklearn.linear_model import Ridge

import bestguess as bg
from bestguess.agent.chat.session import Session
from bestguess.agent.cli import main
from bestguess.agent.mcp.tools import make_server
from bestguess.agent.reports.machine import examine_machine

SPACE = bg.Space(x=bg.Float(-1, 1))
X = np.random.default_rng(0).normal(size=(12, 2))


def through_sampler(device: str) -> None:
    optuna.create_study(sampler=bg.Sampler(space=SPACE, seed=0, device=device)).optimize(
        lambda trial: trial.suggest_float("x", -1, 1) ** 2, n_trials=7
    )


def through_search(device: str) -> None:
    space = {"alpha": bg.Float(1e-3, 10, log=True)}
    bg.SearchCV(Ridge(), space, n_iter=6, cv=2, random_state=0, device=device).fit(X, X[:, 0])


DOORS: dict[str, Callable[[str], object]] = {
    "tune": lambda device: bg.tune(lambda params: params["x"] ** 2, SPACE, n_trials=7, seed=0, device=device),
    "Tuner": lambda device: bg.Tuner(SPACE, device=device),
    "Sampler": through_sampler,
    "SearchCV": through_search,
    "chat": lambda device: Session(Path(), device=device).close(),
    "mcp": lambda device: make_server("sqlite:///none.db", device=device),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("device", ["tpu", pytest.param("cuda", id="a GPU that is not there")])
def test_a_device_that_cannot_be_had_is_refused_by_name(
    door: str, device: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if device == "cuda" and torch.cuda.is_available():
        pytest.skip("there is a GPU")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(bg.InputError, match=f"device is '{device}'"):
        DOORS[door](device)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("door", DOORS)
def test_torch_on_the_cpu_goes_through_every_door(
    door: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    DOORS[door]("torch:cpu")


@pytest.mark.parametrize("command", ["tune", "ask", "demo", "chat", "web", "mcp"])
def test_a_command_that_searches_refuses_a_device_that_is_none(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(main, [command, "--device", "tpu"])
    assert done.exit_code == 2
    assert "device is 'tpu'; give 'auto', 'cpu' or 'cuda'" in done.output
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("device", "words"),
    [("auto", r"numpy on the CPU \(a GPU would not pay"), ("cpu", r"numpy on the CPU \(as was asked\)"),
     ("torch:cpu", r"torch on torch:cpu \(as was asked\)")],
)  # fmt: skip
def test_the_report_says_where_was_computed_and_why(device: str, words: str) -> None:
    result = bg.tune(lambda params: params["x"], SPACE, n_trials=1, seed=0, device=device)
    assert re.search(f"Gaussian process: {words}", result.report())


def test_the_doctor_says_what_is_used_for_few_and_for_many_trials() -> None:
    (found,) = (finding for finding in examine_machine() if finding.name == "surrogate")
    assert found.detail.startswith("numpy on the CPU")
    assert "after 1001 trials" in found.detail
