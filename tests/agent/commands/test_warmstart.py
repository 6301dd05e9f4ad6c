from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from click.testing import CliRunner, Result

from bestguess.agent.adapters import __all__ as tuners
from bestguess.agent.adapters import csv
from bestguess.agent.cli import main
from bestguess.agent.tuner import Tuner
from bestguess.agent.warm_start import WarmStart
from bestguess.tools.space.parameters import Choice, Float
from bestguess.tools.space.space import Space

SPACE = """
task: {description: A bowl, metric: loss}
parameters:
  lr: {type: float, low: 1e-4, high: 1, log: true}
  booster: {type: choice, options: [gbtree, dart], default: dart}
"""
THEIRS = """
from optuna.distributions import FloatDistribution
space = {"lr": FloatDistribution(1e-4, 1.0, log=True)}
number = 7
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs the command in a folder with a space of ours and one of Optuna's."""
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "theirs.py").write_text(THEIRS)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setattr(sys, "path", sys.path[:])
    monkeypatch.delitem(sys.modules, "theirs", raising=False)
    return lambda *arguments: CliRunner().invoke(main, ["warmstart", *arguments], catch_exceptions=False)


@pytest.mark.parametrize("tuner", tuners)
def test_every_tuner_can_be_asked_for_without_its_library(run: Run, tuner: str) -> None:
    done = run("--space", "space.yaml", "--for", tuner, "--n", "3", "--json")
    document = json.loads(done.stdout.splitlines()[-1])
    assert document["for"]["tuner"] == tuner
    assert len(document["for"]["points"]) == 3
    assert document["task"]["metric"] == "loss"


def test_the_points_are_as_the_tuner_writes_them(run: Run) -> None:
    done = run("--space", "space.yaml", "--for", "hyperopt", "--n", "1")
    assert '{"lr": 0.01, "booster": 1}' in done.stdout
    assert "fmin(..., points_to_evaluate=points)" in done.stdout


def test_the_tuners_own_space_can_be_named(run: Run) -> None:
    done = run("--space", "theirs:space", "--for", "optuna", "--n", "2", "--json")
    assert [set(point) for point in json.loads(done.stdout)["for"]["points"]] == [{"lr"}, {"lr"}]


def test_the_file_loads_again(run: Run, tmp_path: Path) -> None:
    done = run("--space", "space.yaml", "--out", "out.json", "--llm", "bestguess.agent.testing:SchemaLLM")
    assert "Written to out.json" in done.stdout
    made = WarmStart.load(tmp_path / "out.json")
    assert [point.source for point in made.points] == ["default"] + 4 * ["llm"]


def test_csv_goes_to_stdout_or_to_a_file(run: Run, tmp_path: Path) -> None:
    done = run("--space", "space.yaml", "--for", "csv", "--n", "2")
    assert done.stdout.splitlines()[:2] == ["lr,booster", "0.01,dart"]
    run("--space", "space.yaml", "--for", "csv", "--n", "2", "--out", "out.csv")
    assert csv.load((tmp_path / "out.csv").read_text(), SpaceOf(tmp_path)) == csv.load(
        done.stdout, SpaceOf(tmp_path)
    )


def SpaceOf(folder: Path) -> object:
    from bestguess.tools.space.space import Space

    return Space.from_yaml(folder / "space.yaml")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--space", "theirs:number", "--for", "optuna"), "the space is 7; give a dictionary of Optuna's"),
        (("--space", "space.yaml", "--n", "0"), "n is 0"),
        (("--space", "missing.yaml"), "missing.yaml"),
        (("--space", "space.yaml", "--llm", "nobody"), "'nobody' names no language model"),
        (("--space", "space.yaml", "--out", "no/such/folder.json"), "cannot be written"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(run: Run, arguments: tuple[str, ...], words: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("tuner", "space", "out"),
    [
        ("optuna", "space.yaml", "first.json"),
        ("optuna", "theirs:space", "first.json"),
        ("optuna", "theirs:space", "first.csv"),
        ("optuna", "space.yaml", "first.csv"),
        ("json", "space.yaml", "first.json"),
        ("json", "space.yaml", "first.csv"),
        ("csv", "space.yaml", "first.csv"),
        ("csv", "space.yaml", "first.json"),
    ],
)
def test_the_code_that_is_shown_runs_and_gives_the_points(run: Run, tuner: str, space: str, out: str) -> None:
    sys.path.insert(0, ".")
    queue: list[object] = []
    study = SimpleNamespace(enqueue_trial=queue.append)

    done = run("--space", space, "--for", tuner, "--n", "3", "--out", out)

    code = done.stdout.partition("in Python\n")[2]
    names: dict[str, Any] = {"study": study}
    exec(textwrap.dedent(code), names)
    assert out in code
    assert len(queue or list(names.get("points") or names["rows"])) == 3


@pytest.mark.parametrize("tuner", tuners)
def test_what_is_handed_over_comes_from_somewhere(run: Run, tuner: str) -> None:
    if tuner == "csv":
        return
    said = run("--space", "space.yaml", "--for", tuner, "--n", "1").stdout
    assert "--out warmstart.json, then" in said
    *before, last = textwrap.dedent(said.partition("in Python\n")[2]).splitlines()
    name = "warm_start" if "warm_start" in last else "points"
    assert any(line.startswith(f"{name} = ") for line in [*before, last])


def test_a_file_that_is_there_is_kept_unless_forced(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out.json").write_text("mine")
    refused = run("--space", "space.yaml", "--out", "out.json")
    assert refused.exit_code == 2
    assert "--force" in refused.stderr
    assert (tmp_path / "out.json").read_text() == "mine"
    run("--space", "space.yaml", "--out", "out.json", "--force")
    assert len(WarmStart.load(tmp_path / "out.json").points) == 5


def test_the_reader_is_written_beside_the_document_where_it_is_asked_for(run: Run, tmp_path: Path) -> None:
    words = ("--space", "space.yaml", "--for", "hyperopt", "--n", "2")
    done = run(*words, "--out", "out.json")
    assert "--reader writes bestguess_points.py beside it" in done.stdout
    assert not (tmp_path / "bestguess_points.py").exists()
    done = run(*words, "--out", "again.json", "--reader")
    assert "bestguess_points.py reads it: points = load('again.json')" in done.stdout
    names: dict[str, Any] = {"__name__": "bestguess_points"}
    exec((tmp_path / "bestguess_points.py").read_text(), names)
    assert names["load"]("again.json", "hyperopt")[0] == {"lr": 0.01, "booster": 1}
    assert "trials=generate_trials_to_calculate(points)" in names["hand_over"]("again.json")
    assert run(*words, "--out", "third.json", "--reader").exit_code == 0
    (tmp_path / "bestguess_points.py").write_text("mine")
    refused = run(*words, "--out", "fourth.json", "--reader")
    assert (refused.exit_code, "bestguess_points.py is there already" in refused.stderr) == (2, True)
    for refused in (run(*words, "--reader"), run(*words, "--reader", "--out", "out.csv")):
        assert refused.exit_code == 2
        assert "--reader goes with a document; give --out FILE.json" in refused.stderr


def test_what_is_known_can_be_left_out(run: Run) -> None:
    words = ("--space", "space.yaml", "--task", "an XGBoost classifier", "--json")
    sources = [
        [point["source"] for point in json.loads(run(*words, "--knowledge", given).stdout)["points"]]
        for given in ("on", "off")
    ]
    assert "knowledge" in sources[0]
    assert "knowledge" not in sources[1]


def test_a_point_is_on_one_line_in_a_pipe(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    said = run("--space", "space.yaml", "--for", "optuna").stdout
    assert "the default configuration, to measure everything against" in said


@pytest.mark.slow
def test_the_first_points_are_what_earlier_studies_of_a_storage_came_to_unless_told_not_to(run: Run) -> None:
    space = Space(lr=Float(1e-4, 1, log=True), booster=Choice(["gbtree", "dart"], default="dart"))
    with Tuner(space, storage="sqlite:///old.db", study_name="old", seed=0) as tuner:
        for lr in (1e-3, 1e-2, 0.5):
            tuner.tell({"lr": lr, "booster": "gbtree"}, lr)

    def second(*options: str) -> str:
        done = run("--space", "space.yaml", "--n", "2", "--json", *options)
        return str(json.loads(done.stdout.splitlines()[-1])["points"][1]["source"])

    assert second() == second("--storage", "sqlite:///old.db", "--no-earlier") == "random"
    assert second("--storage", "sqlite:///old.db") == second("--earlier", "sqlite:///old.db") == "knowledge"
