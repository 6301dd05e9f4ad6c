"""The command line: what it lists, what it refuses, and what it writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bestguess.evals.__main__ import main
from bestguess.evals.commands._options import CONTESTANTS
from bestguess.evals.contestants import Spec, contestant_names
from bestguess.evals.record import Results
from bestguess.tools.errors import InputError


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


def test_everything_is_listed_and_every_contestant_has_a_place() -> None:
    listed = json.loads(invoke("list", "--json").stdout)
    assert set(listed["suites"]) == {
        "bbob",
        "faulty",
        "hpob",
        "llambo",
        "llambo_default",
        "real",
        "renamed",
        "systems",
        "tables",
    }
    assert list(listed["contestants"]) == list(CONTESTANTS)
    assert {Spec.parse(label).name for label in CONTESTANTS} == set(contestant_names())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--suite", "tabels"), "no suite is called 'tabels'; did you mean 'tables'"),
        (("--contestant", "optuna:samplr=gp"), "optuna has no option 'samplr'; did you mean 'sampler'"),
        (("--contestant", "optna"), "no contestant is called 'optna'; did you mean 'optuna'"),
        (("--contestant", "jitter:0.1"), "'0.1' is no option; write name:option=value"),
        (("--suite", "bbob", "--problem", "g*"), "no problem is like g*"),
    ],
)
def test_bad_input_is_one_line_with_exit_code_2(
    tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = invoke("run", "--results", str(tmp_path), *arguments)
    assert done.exit_code == 2
    assert message in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.glob("*/*"))


@pytest.mark.slow
def test_a_run_says_how_far_it_is_and_what_is_there(tmp_path: Path) -> None:
    arguments = ["run", "--suite", "bbob", "--problem", "f01-d02", "--contestant", "random"]
    arguments += ["--seeds", "1", "--n-trials", "4", "--results", str(tmp_path)]
    assert "1 runs played, 0 were there" in invoke(*arguments).stderr
    assert "0 runs played, 1 were there" in invoke(*arguments).stderr
    assert len(Results(tmp_path).read()) == 1
    assert invoke("report", "--results", str(tmp_path)).exit_code == 0
    assert (tmp_path / "report.html").exists()


def test_a_suite_whose_source_is_missing_is_left_out_and_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BESTGUESS_LLAMBO", str(tmp_path / "nowhere.json"))
    done = invoke("run", "--problem", "f01-d02", "--contestant", "default", "--seeds", "1", "--n-trials", "2",
                  "--results", str(tmp_path))  # fmt: skip
    assert done.exit_code == 0
    assert "left out: suite llambo" in done.stderr
    assert "clone github.com/tennisonliu/LLAMBO" in Results(tmp_path).absent["suite llambo"]
    named = invoke("run", "--suite", "llambo", "--contestant", "default", "--results", str(tmp_path))
    assert named.exit_code == 2


def test_every_command_has_help() -> None:
    assert "python -m bestguess.evals smoke" in invoke("--help").stdout
    for command in main.commands:
        assert invoke(command, "--help").exit_code == 0


def test_an_option_without_a_value_is_refused() -> None:
    with pytest.raises(InputError, match="write name:option=value"):
        Spec.parse("bestguess:llm=")
