"""Output streams end nothing: who reads may leave, the disk may be full, the alphabet may be small."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CODE = """
import sys
import click
from bestguess.agent.cli import Group
from bestguess.agent.commands._output import echo, echo_json
from bestguess.tools.errors import InputError

class Own(Group):
    def list_commands(self, ctx): return ["say"]
    def get_command(self, ctx, name): return say

@click.command()
@click.argument("path")
def say(path):
    for number in range(2000):
        echo(f"± {number} 世界 \\ud800 \\x1b[2J")
    sys.stdout.close()  # as an objective may
    print("plain ± print")
    open(path, "w").write("done")
    raise InputError("bad ± \\x1b[2J\\udcff value")

Own()(["say", sys.argv[1]], prog_name="x")
"""


def say(tmp_path: Path, words: str, **env: str) -> tuple[subprocess.CompletedProcess[str], bool]:
    """Run a command that says much, through a shell; return how it ended, and whether it reached its end."""
    done = tmp_path / "done"
    script = tmp_path / "say.py"
    script.write_text(CODE)
    ran = subprocess.run(
        ["bash", "-c", words, "bash", sys.executable, str(script), str(done)],
        capture_output=True,
        text=True,
        errors="replace",
        env={**os.environ, **env},
        check=False,
    )
    return ran, done.exists()


@pytest.mark.parametrize(
    "words",
    [
        '"$@" | head -1; exit ${PIPESTATUS[0]}',
        '"$@" >&-',
        '"$@" <&- >&- 2>&-',
        '"$@" 2>&1 >/dev/null | true; exit ${PIPESTATUS[0]}',
    ],
)
def test_who_reads_may_leave_and_the_command_goes_on_to_its_end(tmp_path: Path, words: str) -> None:
    ran, ended = say(tmp_path, words)
    assert ended
    assert ran.returncode == 2
    assert "Traceback" not in ran.stderr + ran.stdout


@pytest.mark.parametrize(
    "env",
    [
        {"PYTHONIOENCODING": "ascii:strict"},
        {"LC_ALL": "POSIX", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
    ],
)
def test_a_small_alphabet_gets_escapes(tmp_path: Path, env: dict[str, str]) -> None:
    ran, ended = say(tmp_path, '"$@"', **env)
    assert ended
    assert ran.returncode == 2
    assert r"\xb1 1999 \u4e16\u754c" in ran.stdout
    assert r"plain \xb1 print" in ran.stdout
    assert ran.stderr.startswith(r"error: bad \xb1")
    assert "\x1b" not in ran.stdout + ran.stderr


def test_a_full_disk_is_one_line_at_the_end(tmp_path: Path) -> None:
    ran, ended = say(tmp_path, '"$@" > /dev/full')
    assert ended
    assert "Traceback" not in ran.stderr
    assert "No space left" in ran.stderr
    assert ran.returncode != 0
