"""Reads a commit of a repository that is not trusted: git is asked for objects only, and writes nothing.

Of the repository's own settings none may run a program: no hook, pager, monitor, external diff or filter, no
signature is checked, nothing is fetched. The files of the working tree are not read. Whose repository it is,
is for git to judge (`safe.directory`).
"""

from __future__ import annotations

import os
import re
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

from bestguess.tools.errors import InputError
from bestguess.tools.words.given import shorten, shown, text_problem

MOST_BYTES = 200_000
TIMEOUT_S = 10.0
REVISION_CHARS = 200

_SAFE = (
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.pager=cat"),
    *("-c", "protocol.allow=never"),  # an object that is missing is not fetched
    *("-c", "safe.bareRepository=explicit"),  # nor is one taken that somebody put among the files
    *("-c", "log.showSignature=false"),
    "--no-pager",
)
_SET = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_ATTR_NOSYSTEM": "1",
    "LC_ALL": "C",
}
_HASH = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_LIKE_A_HASH = re.compile(r"[0-9a-f]{7,64}")


class NoRepositoryError(InputError):
    """The folder is in no repository that git reads."""


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit: its hash and its parent's, the first line of its message, what it changes (`MOST_BYTES`)."""

    hash: str
    parent: str = ""
    subject: str = ""
    diff: str = ""


def read_commit(folder: Path, revision: str) -> Commit:
    """Return the commit that a revision names, as HEAD; where no repository is, a hash stands for itself.

    Raises:
        InputError: the revision is none, there is no such commit, or git is not installed.
    """
    if (
        not 0 < len(revision) <= REVISION_CHARS
        or revision.startswith("-")
        or not revision.isprintable()
        or text_problem(revision)
    ):
        raise InputError(f"the commit is {shown(revision)}; give a hash, or a name such as HEAD")
    try:
        found = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    except NoRepositoryError:
        if _LIKE_A_HASH.fullmatch(revision):
            return Commit(revision)
        raise
    name = found.strip()
    if not _HASH.fullmatch(name):
        raise InputError(f"there is no commit {shown(revision)} in {folder}; see git log, or give a diff")
    head, _, message = _git(folder, "cat-file", "commit", name).partition("\n\n")
    parents = [line.split()[1] for line in head.splitlines() if line.startswith("parent ")]
    diff = _git(
        folder,
        *("diff-tree", "-p", "--root", "--no-commit-id", "--diff-merges=first-parent", "--no-color"),
        *("--no-ext-diff", "--no-textconv", "--no-renames", "--end-of-options", name),
    )
    return Commit(name, next(iter(parents), ""), message.strip().partition("\n")[0], diff)


def _git(folder: Path, *words: str) -> str:
    """Return what a command of git prints, cut; nothing where it finds nothing."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        process = subprocess.Popen(  # noqa: S603  # no shell; a revision comes behind --end-of-options
            ["git", *_SAFE, *words],  # noqa: S607  # the user's git, as on their PATH
            cwd=folder,
            env=kept | _SET,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
    except OSError as error:
        raise NoRepositoryError(
            f"git cannot be run in {folder} ({error.strerror}); give a diff or a description"
        ) from error
    timer = threading.Timer(TIMEOUT_S, process.kill)
    timer.start()
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        out = process.stdout.read(MOST_BYTES)
        process.stdout.close()  # what is more than that ends it
        problem = process.stderr.read(2000).decode(errors="replace")
        process.stderr.close()
        code = process.wait()
    finally:
        timer.cancel()
        process.kill()
        process.wait()
    if code > 0 and problem:
        said = shorten(" ".join(problem.split()), 300)
        if "not a git repository" in problem:
            raise NoRepositoryError(f"{folder} is in no git repository; give a diff or a description")
        raise InputError(f"git cannot read {folder}: {said}")
    return out.decode(errors="replace")
