"""`report`, `export`, `importance` and `plot`: a study that is there, for people and for programs."""

from __future__ import annotations

import csv
import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

import bestguess as bg
from bestguess.agent.cli import main
from bestguess.agent.export import export_study

SPACE = bg.Space(x=bg.Float(-2, 2, default=1.5), kind=bg.Choice(["a", "b"]))

Run = Callable[..., Result]


def bowl(params: dict[str, Any]) -> float:
    if params["x"] < -1.8:
        raise ValueError("=1+1 is a formula")
    return float(params["x"] ** 2 + 0.1)


@pytest.fixture(scope="module")
def storage(tmp_path_factory: pytest.TempPathFactory) -> str:
    url = f"sqlite:///{tmp_path_factory.mktemp('study') / 'study.db'}"
    with bg.Tuner(SPACE, bg.Task("A bowl", metric="loss"), storage=url, study_name="s", seed=0) as tuner:
        for x in (1.5, 0.5, -1.9, 0.1):
            params = {"x": x, "kind": "b"}
            outcome = bg.Outcome.failure("=1+1 fails <b>") if x < -1.8 else bg.Outcome(bowl(params))
            tuner.tell(params, outcome)
    return url


@pytest.fixture
def run(storage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)

    def command(*words: str, code: int = 0) -> Result:
        done = CliRunner().invoke(main, [*words, "--storage", storage], catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done

    return command


def test_the_report_has_the_best_and_what_moves_the_value(run: Run) -> None:
    text = run("report").stdout
    assert "Best loss: **0.11** (trial 3, user)" in text
    assert "## What moves the value" in text
    record = json.loads(run("report", "--out", "report.md", "--json").stdout)
    assert record["report"].replace("<b>", "&lt;b>") + "\n" == Path("report.md").read_text()
    assert "=1+1 fails <b>" in text
    assert "report.md is there already" in run("report", "--out", "report.md", code=2).stderr
    assert "Wrote report.md" in run("report", "--out", "report.md", "--force").stdout


def test_the_csv_has_a_row_a_trial_and_no_cell_that_is_a_formula(run: Run) -> None:
    rows = list(csv.DictReader(io.StringIO(run("export").stdout)))
    assert [row["state"] for row in rows] == ["complete", "complete", "failed", "complete"]
    assert [row["params_x"] for row in rows] == ["1.5", "0.5", "-1.9", "0.1"]
    assert rows[2]["value"] == ""
    assert rows[2]["error"] == "'=1+1 fails <b>"


def test_a_carriage_return_in_an_option_ends_no_row_of_the_csv() -> None:
    with bg.Tuner(bg.Space(kind=bg.Choice(["a\r=1+1", "b"])), seed=0) as tuner:
        tuner.tell(tuner.ask(), 1.0)
        text = export_study(tuner.study, "csv")
    (row,) = csv.DictReader(io.StringIO(text, newline=""))
    assert row["params_kind"] == "a\r=1+1"


def test_the_json_has_the_space_and_the_trials(run: Run) -> None:
    said = json.loads(run("export", "--format", "json", "--out", "study.json", "--json").stdout)
    assert (said["trials"], said["out"]) == (4, "study.json")
    record = json.loads(Path("study.json").read_text())
    assert bg.Space.from_dict(record["space"]) == SPACE
    assert record["best_params"]["x"] == 0.1
    assert len(record["trials"]) == 4


def test_a_result_that_was_exported_is_loaded_in_python(run: Run) -> None:
    run("export", "--format", "result", "--out", "result.json")
    assert bg.Result.load("result.json").best_params == {"x": 0.1, "kind": "b"}


def test_importance_has_a_row_a_parameter_and_the_same_as_numbers(run: Run) -> None:
    lines = run("importance").stdout.splitlines()
    record = json.loads(run("importance", "--json").stdout)
    assert lines[0].split() == ["parameter", "importance", "loss"]
    assert [line.split()[0] for line in lines[1:]] == [one["name"] for one in record["parameters"]]
    assert record["parameters"][0]["name"] == "x"
    assert len(record["parameters"][0]["effect"]["median"]) > 2


@pytest.mark.slow
def test_a_chart_is_drawn_in_the_terminal_and_its_numbers_are_told(run: Run) -> None:
    assert "best so far" in run("plot").stdout
    assert "loss by x" in run("plot", "x").stdout
    record = json.loads(run("plot", "kind", "--json").stdout)
    assert record["x_labels"] == ["a", "b"]
    assert {line["name"] for line in record["series"]} == {"typical", "90 % low", "90 % high", "trials"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("plot", "y"), "there is no parameter 'y'; there are x, kind"),
        (("plot", "--kind", "contour"), "--kind contour is drawn as a page only; give --out contour.html"),
        (("export", "--out", "no/such/folder/x.csv"), "cannot be written"),
        (("report", "--study-name", "t"), "there is no study 't'"),
        (("importance", "--study-name", ""), "study_name is ''"),
    ],
)
def test_what_cannot_be_done_is_one_line_and_2(run: Run, words: tuple[str, ...], said: str) -> None:
    done = run(*words, code=2)
    assert said in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("words", [("plot", "x"), ("plot",), ("plot", "--kind", "importance")])
def test_a_page_loads_nothing_from_elsewhere(run: Run, words: tuple[str, ...]) -> None:
    pytest.importorskip("plotly", reason="the extra `plot` is not installed")
    run(*words, "--out", "figure.html")
    page = Path("figure.html").read_text(encoding="utf-8")
    assert "Plotly.newPlot" in page
    assert '<script src="http' not in page


def test_without_plotly_a_page_is_refused_with_the_extras_name(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "plotly.graph_objects", None)
    assert "pip install 'bestguess[plot]'" in run("plot", "--out", "figure.html", code=2).stderr
    assert not Path("figure.html").exists()


@pytest.mark.parametrize("name", ["report", "export", "importance", "plot"])
def test_a_study_without_a_value_is_told_so(tmp_path: Path, name: str) -> None:
    url = f"sqlite:///{tmp_path / 'e.db'}"
    with bg.Tuner(SPACE, storage=url, study_name="e", seed=0) as tuner:
        tuner.tell({"x": 0.0, "kind": "a"}, bg.Outcome.failure("no"))
    done = CliRunner().invoke(main, [name, "--storage", url])
    assert done.exit_code == (2 if name == "plot" else 0)
    said = {
        "report": "No trial of 1 gave a value",
        "export": "failed",
        "importance": "Nothing is known",
        "plot": "nothing to plot",
    }
    assert said[name] in done.output


def test_a_study_of_no_trial_has_the_columns_and_no_chart(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 'study.db'}"
    bg.Tuner(bg.Space(lr=bg.Float(0, 1)), storage=storage, study_name="s").close()
    run = CliRunner()
    said = run.invoke(main, ["export", "--storage", storage, "--study-name", "s"])
    assert said.output.startswith("number,state,value,sd,params_lr,source")
    page = tmp_path / "slice.html"
    said = run.invoke(
        main, ["plot", "--kind", "slice", "--out", str(page), "--storage", storage, "--study-name", "s"]
    )
    assert (said.exit_code, page.exists()) == (2, False)
    assert "nothing to plot" in said.output
