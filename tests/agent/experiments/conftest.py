"""A repository with two commits, made once; git of this machine reads nothing of its user's."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

SCRIPT = 'LR = {}\nWIDTH = 64  # units\nprint("loss", LR * WIDTH)\n'


def git(folder: Path, *words: str) -> str:
    """Run git in a folder, as the author of its commits."""
    who = ("-c", "user.name=n", "-c", "user.email=n@n", "-c", "init.defaultBranch=main")
    done = subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository whose script is written, and then changed."""
    folder = tmp_path_factory.mktemp("repository")
    git(folder, "init", "-q")
    for number, words in ((0.1, "baseline"), (0.01, "lower the learning rate\n\nmore words")):
        (folder / "train.py").write_text(SCRIPT.format(number))
        git(folder, "add", ".")
        git(folder, "commit", "-qm", words)
    return folder
