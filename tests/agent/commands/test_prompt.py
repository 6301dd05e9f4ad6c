"""`bestguess prompt`: from a file of items to a template, at the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.agent.texts.answering import rows

from bestguess.agent.cli import main

MODEL = "tests.agent.texts.answering:make_shown"


def prompt(folder: Path, *words: str, items: str = "items.jsonl") -> Result:
    path = folder / items
    if not path.exists() and items == "items.jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows()))
    storage = f"sqlite:///{folder}/s.db"
    return CliRunner().invoke(main, ["prompt", str(path), "--model", MODEL, "--storage", storage, *words])


def test_a_prompt_is_tuned_written_and_gone_on_with(tmp_path: Path) -> None:
    out = tmp_path / "prompt.txt"
    first = prompt(tmp_path, "--calls", "60", "--out", str(out), "--json")
    assert first.exit_code == 0, first.output
    assert out.stat().st_mode & 0o077 == 0
    record = json.loads(first.stdout.splitlines()[-1])
    assert record["template"] == out.read_text()
    assert "{input}" in record["template"]
    assert record["calls"] <= 60
    assert record["test"]["items"] == 5
    assert "calls left" in first.stderr
    again = prompt(tmp_path, "--calls", "60", "--resume")
    assert again.exit_code == 0, again.output
    assert f"with {record['calls']} calls of the model" in again.stdout
    assert "calls left" not in again.stderr
    refused = prompt(tmp_path, "--calls", "60")
    assert refused.exit_code == 2
    assert "--resume" in refused.stderr or "resume" in refused.stderr
    assert prompt(tmp_path, "--out", str(out)).exit_code == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--score", "nowhere:score"], "there is no module 'nowhere'"),
        (["--score", "exakt"], "score is 'exakt'"),
        (["--template", "{inputs}"], "did you mean 'input'?"),
        (["--calls", "10"], "calls is 10"),
        (["--model", "nothing"], "names no language model"),
        (["--shots", "99"], "99"),
        (["--instruction", " "], "the instruction is ' '"),
        (["--out", "nowhere/prompt.txt"], "there is no folder nowhere"),
    ],
)
def test_a_wrong_option_is_named_and_nothing_is_written(tmp_path: Path, words: list[str], said: str) -> None:
    result = prompt(tmp_path, *words)
    assert result.exit_code == 2
    assert said in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["items.jsonl"]


def test_a_line_that_is_no_item_is_named(tmp_path: Path) -> None:
    (tmp_path / "odd.jsonl").write_text('{"input": "x", "output": "y"}\n{"input": "x"}\n')
    result = prompt(tmp_path, items="odd.jsonl")
    assert result.exit_code == 2
    assert "odd.jsonl:2: there is no 'output' in it" in result.stderr
    assert prompt(tmp_path, items="nowhere.jsonl").exit_code == 2


@pytest.mark.parametrize(
    ("model", "code", "said"),
    [
        ("make_interrupted", 130, "interrupted"),
        ("make_dying", 1, "the model is gone"),
        ("make_refusing", 1, "the model gave no answer; "),
    ],
)
def test_where_a_run_ends_early_it_says_how_to_go_on(
    tmp_path: Path, model: str, code: int, said: str
) -> None:
    ended = prompt(tmp_path, "--calls", "60", "--model", MODEL.replace("make_shown", model))
    assert ended.exit_code == code
    assert said in ended.stderr
    assert "go on with --resume --storage sqlite:///" in ended.stderr
    again = prompt(tmp_path, "--calls", "60", "--resume", "--json")
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout.splitlines()[-1])["calls"] <= 60
