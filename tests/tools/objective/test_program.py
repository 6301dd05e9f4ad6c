from __future__ import annotations

import os
import stat
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from bestguess.tools.errors import CommandError
from bestguess.tools.objective.command import CommandTemplate
from bestguess.tools.objective.run import CommandObjective

TEXT = "prompt"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with scripts, a program, an environment, and links to others' programs."""
    (tmp_path / "pack").mkdir()
    (tmp_path / "env/bin").mkdir(parents=True)
    (tmp_path / "env/pyvenv.cfg").touch()
    for name in ("train.py", "run.sh", "train", "env/bin/train"):
        (tmp_path / name).touch(mode=0o755)
    (tmp_path / "mine").symlink_to("train")
    (tmp_path / "shell").symlink_to("/bin/sh")
    (tmp_path / "wrapper").symlink_to("/usr/bin/env")
    (tmp_path / "timer.py").symlink_to(f"{sysconfig.get_path('stdlib')}/timeit.py")
    return tmp_path


@pytest.mark.parametrize(
    "words",
    [
        "python train.py {prompt}",
        "python3.12 -W ignore -X dev -O train.py -- {prompt}",
        f"{sys.executable} train.py {{prompt}}",
        "python -m pack.train {prompt}",
        "python -m a_package_that_nobody_installed {prompt}",
        "python -m bestguess.tools.objective.override train.py --set lr=1 -- {prompt}",
        "bash -euo pipefail run.sh {prompt}",
        "/bin/sh -x run.sh {prompt}",
        "./shell run.sh {prompt}",
        "perl -w train.pl {prompt}",
        "node train.js {prompt}",
        "Rscript --vanilla train.R {prompt}",
        "java -Xmx1g -jar train.jar {prompt}",
        "./train {prompt}",
        "./mine {prompt}",
        "python train.py --prompt-file={prompt:file}",
        "python train.py {prompt:stdin}",
        "python train.py {prompt:.100}",
    ],
)
def test_a_text_may_go_to_a_file_of_program_text_and_to_a_program_of_this_folder(
    words: str, folder: Path
) -> None:
    CommandTemplate(words.split(), [TEXT], [TEXT], folder)


@pytest.mark.parametrize(
    "words",
    [
        ["bash", "-c", "echo {prompt}"],
        ["bash", "-c", 'eval "$1"', "x", "{prompt}"],
        ["bash", "-euo", "pipefail", "-c", "true", "x", "{prompt}"],
        ["bash", "--rcfile", "rc", "-i", "{prompt}"],
        ["bash", "-O", "extglob", "-c", "true", "{prompt}"],
        ["bash", "{prompt}"],
        ["bash", "{prompt:file}"],
        ["bash", "{prompt:stdin}"],
        ["bash", "-s", "{prompt:stdin}"],
        ["bash", "/dev/stdin", "{prompt:stdin}"],
        ["bash", "run{prompt}.sh"],
        ["bash", "env", "{prompt}"],
        ["node", "inspect", "{prompt}"],
        ["java", "@words", "{prompt}"],
        ["./shell", "-c", "true", "{prompt}"],
        ["python", "-uc", "pass", "{prompt}"],
        ["python", "-W", "ignore", "-c", "pass", "{prompt}"],
        ["python", "-i", "train.py", "{prompt}"],
        ["python", "-", "{prompt:stdin}"],
        ["python", "-m", "timeit", "{prompt}"],
        ["python", "-m", "pip", "install", "{prompt}"],
        ["python", "-m", "torch.distributed.run", "{prompt}"],
        ["python", "-m", "{prompt}"],
        ["python", "-X", "dev", "{prompt}"],
        ["perl", "-ne", "print", "{prompt}"],
        ["node", "--require", "x.js", "{prompt}"],
        ["Rscript", "-e", "1", "{prompt}"],
        ["julia", "-e", "1", "{prompt}"],
        ["awk", 'BEGIN{{x="{prompt}"}}'],
        ["env", "python", "train.py", "{prompt}"],
        ["./wrapper", "bash", "-c", "true", "{prompt}"],
        ["xargs", "-I", "X", "sh", "-c", "X", "{prompt}"],
        ["ssh", "host", "{prompt}"],
        ["git", "-c", "alias.x=!{prompt}", "x"],
        ["psql", "-c", "{prompt}"],
        ["train", "{prompt}"],
        ["./env/bin/train", "{prompt}"],
        ["/usr/bin/git", "log", "{prompt}"],
        ["../train", "{prompt}"],
        ["python", "-m", "bestguess.tools.objective.override", "{prompt}"],
        ["python", "-m", "bestguess.tools.objective.override", "{prompt:file}"],
        ["python", f"{sysconfig.get_path('stdlib')}/timeit.py", "{prompt}"],
        ["python", "timer.py", "{prompt}"],
        ["python", "env/bin/train", "-c", "{prompt}"],
        ["perl", "/usr/bin/prove", "-e", "{prompt}"],
    ],
    ids=" ".join,
)
def test_a_text_goes_nowhere_else(words: list[str], folder: Path) -> None:
    with pytest.raises(CommandError, match=r"the text of \{prompt\} would be run as code in"):
        CommandTemplate(words, [TEXT], [TEXT], folder)


@pytest.mark.parametrize("word", ["--prompt={prompt}", "x{prompt}", "{prompt} {lr}", "{prompt}{prompt}"])
def test_a_text_shares_its_argument_with_nothing(word: str) -> None:
    with pytest.raises(CommandError, match=r"make \{prompt\} an argument of its own, or .*\{prompt:file\}"):
        CommandTemplate(["python", "train.py", word, "{lr}"], [TEXT, "lr"], [TEXT])


@pytest.mark.parametrize("before", [[], ["--prompt"], ["--fast"]])
def test_a_text_that_begins_with_a_dash_is_no_option(before: list[str]) -> None:
    template = CommandTemplate(["python", "train.py", *before, "{prompt}"], [TEXT], [TEXT])
    with pytest.raises(CommandError, match="begins with '-' and would be read as an option; put -- before"):
        template.render({TEXT: "--out=/etc/passwd"})
    with pytest.raises(CommandError, match="would be read as an option"):
        CommandTemplate(["python", "train.py", "{prompt:->9}"], [TEXT], [TEXT]).render({TEXT: "x"})


def test_a_text_that_begins_with_a_dash_may_stand_after_the_end_of_the_options() -> None:
    words = ["python", "train.py", "--", "{prompt}"]
    assert CommandTemplate(words, [TEXT], [TEXT]).render({TEXT: "--out=x"})[-1] == "--out=x"
    with pytest.raises(CommandError, match="would be read as an option"):  # that -- was the shell's
        CommandTemplate(["bash", "--", "run.sh", "{prompt}"], [TEXT], [TEXT]).render({TEXT: "--out=x"})


@pytest.mark.parametrize(
    "words",
    [
        ["env", "-i", "bash", "-c", "echo {optimizer}"],
        ["timeout", "9", "bash", "-o", "pipefail", "-c", "echo {optimizer}"],
        ["perl", "-l", "-e", "print '{optimizer}'"],
        ["awk", 'BEGIN{{x="{optimizer}"}}'],
    ],
    ids=" ".join,
)
def test_an_option_in_code_is_one_plain_word(words: list[str]) -> None:
    template = CommandTemplate(words, ["optimizer"], [])
    assert "adam-w" in template.render({"optimizer": "adam-w"})[-1]
    assert "-0.5" in template.render({"optimizer": -0.5})[-1]
    with pytest.raises(CommandError, match="would be run as code"):
        template.render({"optimizer": "1; rm -r ."})


@pytest.mark.parametrize(
    "words",
    [
        ["python", "train.py", "-c", "x.yaml", "--loss={loss}"],
        ["timeout", "9", "python", "train.py", "--loss={loss}"],
        ["python", "-m", "torch.distributed.run", "train.py", "--loss={loss}"],
        ["bash", "-c", 'python train.py "$1"', "x", "{loss}"],
        ["solver", "--loss={loss}"],
    ],
    ids=" ".join,
)
def test_an_option_may_be_any_words_of_the_users_where_nothing_runs_it(words: list[str]) -> None:
    assert (
        "the user's; own words"
        in CommandTemplate(words, ["loss"], []).render({"loss": "the user's; own words"})[-1]
    )


@pytest.mark.parametrize(
    ("words", "value"),
    [
        (["bash", "-euo", "pipefail", "-c", "echo loss=1; echo {prompt}"], "$(touch pwned)"),
        (["bash", "-c", 'eval "$1"; echo loss=1', "x", "{prompt}"], "touch pwned"),
        (["python", "train.py", "--prompt={prompt}"], "two words"),
        (["python", "train.py", "{prompt}"], "--out=/etc/passwd"),
    ],
)
def test_where_nobody_says_what_is_text_what_is_no_plain_word_counts_as_text(
    words: list[str], value: str, tmp_path: Path
) -> None:
    objective = CommandObjective(words, metric="loss=(.)", space_names=[TEXT], cwd=tmp_path)
    assert objective({TEXT: value}).error.startswith("cannot write the command: ")
    assert not (tmp_path / "pwned").exists()


READER = """
import json, os, sys
path, text = sys.argv[1], sys.stdin.read()
told = json.loads(os.environ["BESTGUESS_PARAMS"])
same = open(path, encoding="utf-8", newline="").read() == told["by_file"] and text == told["by_stdin"]
print(f"same={same:d}", f"mode={os.stat(path).st_mode & 0o777:o}", f"path={path}")
"""


def test_a_text_arrives_whole_by_file_and_by_standard_input_and_nothing_stays(tmp_path: Path) -> None:
    (tmp_path / "reader.py").write_text(READER)
    names = ["by_file", "by_stdin"]
    objective = CommandObjective(
        [sys.executable, "reader.py", "{by_file:file}", "{by_stdin:stdin}"],
        metric=r"same=(\d)",
        space_names=names,
        text_names=names,
        cwd=tmp_path,
    )
    outcome = objective({"by_file": "--x\n$(touch pwned) 'é", "by_stdin": "- y\n" * 10_000})
    assert outcome.value == 1
    assert "mode=600" in outcome.feedback
    assert not Path(outcome.feedback.partition("path=")[2].strip()).exists()
    assert sorted(os.listdir(tmp_path)) == ["reader.py"]


def test_a_script_of_the_users_gets_a_hostile_text_as_one_argument(tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text('#!/bin/sh\n[ "$#" = 1 ] && printf %s "$1" >got && echo loss=1\n')
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    text = "x'; touch pwned; $(touch pwned) `touch pwned` \"\n"
    for words in (["./run.sh", "{prompt}"], ["sh", "run.sh", "{prompt}"]):
        objective = CommandObjective(
            words, metric="loss=(.)", space_names=[TEXT], text_names=[TEXT], cwd=tmp_path
        )
        assert objective({TEXT: text}).value == 1
        assert (tmp_path / "got").read_text() == text
        assert not (tmp_path / "pwned").exists()


def test_a_file_that_only_a_run_has_cannot_be_exported() -> None:
    template = CommandTemplate(["python", "train.py", "{prompt:file}"], [TEXT], [TEXT])
    with pytest.raises(CommandError, match="is a file that only a run has"):
        template.render({TEXT: "x"})


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["python", "train.py", "--in={prompt:stdin}"], r"\{name:stdin\} is an argument of its own"),
        (["python", "train.py", "{prompt:stdin}", "{lr:stdin}"], "there is one standard input"),
    ],
)
def test_standard_input_is_one_argument_and_one_value(words: list[str], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        CommandTemplate(words, [TEXT, "lr"], [TEXT])


@pytest.mark.slow
def test_a_text_in_code_is_refused_before_anything_runs(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text("parameters: {prompt: {type: text, default: hello}}\n")
    tune = [
        sys.executable,
        "-m",
        "bestguess.agent.cli",
        "tune",
        "--space",
        "space.yaml",
        "--metric",
        "loss=(.)",
    ]
    done = subprocess.run(
        [*tune, "--", "bash", "-euo", "pipefail", "-c", 'echo "{prompt}"; echo loss=1'],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert done.stderr.startswith("error: the text of {prompt} would be run as code in")
    assert os.listdir(tmp_path) == ["space.yaml"]
