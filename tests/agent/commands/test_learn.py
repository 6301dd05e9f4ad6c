"""The command that drafts packs: seen, accepted, written, used in one step."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from bestguess.agent.cli import main

SPACE = """
task: {description: A bowl, metric: loss}
parameters:
  lr: {type: float, low: 1e-4, high: 1, log: true}
  booster: {type: choice, options: [gbtree, dart], default: dart}
"""

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    (tmp_path / "space.yaml").write_text(SPACE)
    (tmp_path / "notes.md").write_text("An lr of 0.01 to 0.1 is recommended.\n")
    monkeypatch.chdir(tmp_path)
    return lambda *arguments, **given: CliRunner().invoke(main, ["learn", *arguments], **given)


def test_nothing_is_written_before_it_is_accepted(run: Run) -> None:
    done = run("notes.md", "--space", "space.yaml")
    assert "+  lr: {float: [0.01, 0.1]}" in done.stdout
    assert "(notes.md, line 1)" in done.stdout
    assert "Nothing is written; give --yes to write packs/a-bowl.md" in done.stderr
    assert "--llm embedded reads them" in done.stderr
    assert not Path("packs").exists()


def test_an_accepted_pack_is_used_as_the_last_line_says(run: Run) -> None:
    done = run("notes.md", "--space", "space.yaml", "--yes")
    assert done.exit_code == 0
    assert (
        done.stdout.splitlines()[-1]
        == "Use it: bestguess tune --space space.yaml --knowledge packs/a-bowl.md …"
    )
    used = CliRunner().invoke(
        main, ["warmstart", "--space", "space.yaml", "--n", "2", "--knowledge", "packs"]
    )
    assert "what is known of A bowl" in " ".join(used.stdout.split())
    again = run("notes.md", "--space", "space.yaml", "--yes")
    assert again.exit_code == 2
    assert "--force" in again.stderr
    assert run("notes.md", "--space", "space.yaml", "--yes", "--force").exit_code == 0


def test_json_has_the_lines_and_writes_only_with_yes(run: Run) -> None:
    record = json.loads(run("notes.md", "--space", "space.yaml", "--json").stdout.splitlines()[-1])
    assert record["found"][0]["lines"] == [1]
    assert record["found"][0]["quote"] == "An lr of 0.01 to 0.1 is recommended."
    assert record["written"] is None
    assert not Path("packs").exists()
    record = json.loads(
        run("-", "--space", "space.yaml", "--json", "--yes", input="Use lr 0.5.").stdout.splitlines()[-1]
    )
    assert record["parameters"] == {"lr": {"float": [0.5, 0.5]}}
    assert Path(record["written"]).is_file()


def test_what_the_last_line_names_is_used_whatever_the_pack_is_called(run: Run) -> None:
    done = run(
        "notes.md", "--space", "space.yaml", "--family", "our oven", "--output", "own/oven.md", "--yes"
    )
    assert "--knowledge own/oven.md" in done.stdout
    used = CliRunner().invoke(
        main, ["warmstart", "--space", "space.yaml", "--n", "2", "--knowledge", "own/oven.md"]
    )
    assert "what is known of our oven" in " ".join(used.stdout.split())


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ((), "no document is named"), (("notes.md",), "--space is missing"),
        (("missing.md", "--space", "space.yaml"), "No such file"),
        (("notes.md", "--from-studies", "sqlite:///x.db"), "reads no documents"),
        (("--from-studies", "sqlite:///x.db"), "has no finished study"),
        (("notes.md", "--space", "space.yaml", "--llm", "nonsense!"), "names no language model"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_with_the_mend(run: Run, words: tuple[str, ...], why: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert why in done.stderr
