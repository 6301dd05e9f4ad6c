"""One smoke test a door, as somebody who installed the package comes in.

`make test` leaves out the slow ones, whose parts other tests try; `.ci/run` runs all of them on the wheel.
"""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import optuna
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client
from sklearn.linear_model import Ridge
from tests.agent.mcp.client import call

import bestguess as bg

BESTGUESS = str(Path(sys.executable).with_name("bestguess"))
SPACE = bg.Space(x=bg.Float(-2, 2, default=1.5), n=bg.Int(1, 6))
TASK = bg.Task("A bowl", metric="loss")
SPACE_YAML = """
task: {description: A bowl, metric: loss}
parameters:
  x: {type: float, low: -2, high: 2, default: 1.5}
  n: {type: int, low: 1, high: 6}
"""
TRAIN = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float, default=1.5)
parser.add_argument("--n", type=int, default=3)
args = parser.parse_args()
print(f"loss={args.x ** 2 + 0.1 * (args.n - 4) ** 2}")
"""


def bowl(params: dict[str, Any]) -> float:
    return float(params["x"] ** 2 + 0.1 * (params["n"] - 4) ** 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a space and a script, in which nothing else lies."""
    (tmp_path / "space.yaml").write_text(SPACE_YAML)
    (tmp_path / "train.py").write_text(TRAIN)
    return tmp_path


def bestguess(folder: Path, *words: str, said: str = "") -> str:
    """Run the installed command and return what it printed."""
    env = {**os.environ, "BESTGUESS_HOME": str(folder / "home")}
    done = subprocess.run(
        [BESTGUESS, *words], cwd=folder, env=env, input=said, capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_tune() -> None:
    result = bg.tune(bowl, SPACE, task=TASK, n_trials=7, seed=0)
    assert result.trials[0].params == SPACE.default()
    assert result.best_value == bowl(result.best_params) < bowl(SPACE.default())
    assert "Best loss" in result.report()


def test_ask_and_tell(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    with bg.Tuner(SPACE, TASK, storage=storage, study_name="bowl", seed=0) as tuner:
        for _ in range(3):
            trial = tuner.ask()
            tuner.tell(trial, bowl(trial.params))
        tuner.tell({"x": 0.0, "n": 4}, 0.0)
    assert optuna.load_study(study_name="bowl", storage=storage).best_value == 0.0


def test_the_sampler() -> None:
    study = optuna.create_study(sampler=bg.Sampler(seed=0))
    study.optimize(lambda trial: trial.suggest_float("x", -2, 2) ** 2, n_trials=6)
    assert study.best_value < 1.0
    assert len(study.get_trials(states=[optuna.trial.TrialState.COMPLETE])) == 6


def test_the_search_of_scikit_learn() -> None:
    x = np.random.default_rng(0).normal(size=(30, 2))
    search = bg.SearchCV(Ridge(), {"alpha": bg.Float(1e-3, 10, log=True)}, n_iter=5, cv=3, random_state=0)
    search.fit(x, x[:, 0])
    assert len(search.cv_results_["params"]) == 5
    assert search.predict(x).shape == (30,)


def test_the_warm_start() -> None:
    points = bg.warm_start(SPACE, TASK, n=3, seed=0)
    assert points[0].params == SPACE.default()
    study = optuna.create_study()
    bg.adapters.optuna.hand_over(points, SPACE, study)
    assert study.ask(SPACE.to_optuna()).params == SPACE.default()


@pytest.mark.slow
def test_the_command_line(folder: Path) -> None:
    command = ["--metric", r"loss=(\S+)", "--", sys.executable, "train.py", "--x", "{x}", "--n={n}"]
    tuned = bestguess(folder, "tune", "--space", "space.yaml", "--n-trials", "6", "--json", *command)
    record = json.loads(tuned.splitlines()[-1])
    assert [trial["number"] for trial in record["trials"]] == list(range(6))
    assert record["best_value"] < record["default_value"]

    shown = json.loads(bestguess(folder, "show", "--json").splitlines()[-1])

    assert shown["trials"] == record["trials"]


@pytest.mark.slow
def test_a_word_that_the_command_line_cannot_take_ends_it_with_2(folder: Path) -> None:
    words = ["tune", "--space", "space.yaml", "--storage", "sqlite:///nowhere/study.db", "builtins:len"]
    done = subprocess.run([BESTGUESS, *words], cwd=folder, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: the folder of the storage does not exist")
    assert sorted(path.name for path in folder.iterdir()) == ["space.yaml", "train.py"]


@pytest.mark.slow
def test_the_chat_through_a_pipe(folder: Path) -> None:
    text = bestguess(folder, "chat", "--seed", "0", said="tune train.py\nyes\nrun 2\nyes\nbest\n")
    assert "trial 2" in text
    assert "> best" in text
    assert (folder / "bestguess.db").exists()


@pytest.mark.slow
def test_the_web_page(folder: Path) -> None:
    pytest.importorskip("fastapi", reason="the extra `web` is not installed")
    page = subprocess.Popen([BESTGUESS, "web"], cwd=folder, stdout=subprocess.PIPE, text=True)
    try:
        assert page.stdout
        (url,) = re.findall(r"Open (\S+)", page.stdout.readline())
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        with urllib.request.build_opener(cookies).open(url, timeout=30) as answer:
            assert answer.status == 200
            assert "<html" in answer.read().decode()
    finally:
        page.terminate()
        page.communicate(timeout=30)
    assert page.returncode == 130


@pytest.mark.slow
def test_mcp_over_stdio(folder: Path) -> None:
    async def converse() -> None:
        server = StdioServerParameters(command=BESTGUESS, args=["mcp"], cwd=folder, env=dict(os.environ))
        with (folder / "server.log").open("w") as log:
            async with Client(stdio_client(server, errlog=log)) as client:
                await call(client, "create_study", study_name="bowl", space=SPACE.to_dict())
                (trial,) = (await call(client, "ask"))["trials"]
                await call(client, "tell", number=trial["number"], value=bowl(trial["params"]))
                assert (await call(client, "history"))["total"] == 1

    anyio.run(converse)
