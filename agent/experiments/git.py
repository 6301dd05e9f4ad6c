"""Reads a commit of a repository that is not trusted: git is asked for objects only, and writes nothing.

Of the repository's own settings none may run a program: no hook, pager, monitor, external diff or filter, no
signature is checked, nothing is fetched. The files of the working tree are not read. Whose repository it is,
is for git to judge (`safe.directory`).
"""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from bestguess.tools.errors import InputError
from bestguess.tools.words.given import shorten, shown, text_problem

MOST_BYTES = 200_000
MOST_READ = 20_000_000
FOLDERS = (b"40000", b"160000")
"""The modes of a folder, and of another repository, whose hash says all that is in it."""

CODE = (b".py", b".yaml", b".yml")
"""The ends of names of files that are part of a program; another, such as a log, may change."""

TIMEOUT_S = 10.0
REVISION_CHARS = 200

_SAFE = (
    *("-c", "core.fsmonitor=false"),
    *("-c", "core.hooksPath=/dev/null"),
    *("-c", "core.pager=cat"),
    *("-c", "safe.bareRepository=explicit"),  # nor is one taken that somebody put among the files
    *("-c", "log.showSignature=false"),
    "--no-pager",
)
_SET = {
    "GIT_OPTIONAL_LOCKS": "0",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_NO_LAZY_FETCH": "1",  # an object that is missing is not fetched
    "GIT_ALLOW_PROTOCOL": "",  # nor by a git that knows not that, whatever the repository's protocol.*.allow
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


@dataclass(frozen=True, slots=True)
class Version:
    """A file at a commit, and what else of code the repository has there: levels, names and hashes."""

    text: str
    beside: frozenset[tuple[int, bytes]]


def read_versions(folder: Path, name: str, commits: Iterable[str]) -> dict[str, Version]:
    """Return the versions of a file of a folder at `HEAD` and at some commits, by commit, where it was there.

    One process answers for all, up to `MOST_READ` bytes. What is beside the file is that in its folder and in
    each folder around it, up to the repository's own.
    """
    asked = ["HEAD", *(commit for commit in commits if _HASH.fullmatch(commit))]
    around = (folder, *folder.parents)
    top = next((at for at, outer in enumerate(around) if (outer / ".git").exists()), None)
    if len(asked) == 1 or top is None or {"/", "\n"} & {*name}:
        return {}
    own = [os.fsencode(name), *(os.fsencode(inner.name) for inner in around[:top])]
    places = [name, *("../" * level for level in range(top + 1))]
    with tempfile.TemporaryFile() as given:  # a pipe would fill up while nobody reads what comes
        for commit in asked:
            given.write(b"".join(os.fsencode(f"{commit}:./{place}\n") for place in places))
        given.seek(0)
        objects = _objects(_ask(folder, "cat-file", "--batch", given=given, most=MOST_READ))
    entry = rb"((\d+) ([^\0]+)\0.{%d})" % (len(asked[-1]) // 2)  # mode, name, hash
    found: dict[str, Version] = {}
    for commit in asked:
        file, *trees = (next(objects, None) for _ in places)
        if file is not None and None not in trees:
            beside = {
                (level, whole)
                for level, tree in enumerate(trees)
                for whole, mode, its in re.findall(entry, tree or b"", re.DOTALL)
                if its != own[level] and (mode in FOLDERS or its.endswith(CODE))
            }
            found[commit] = Version(file.decode(errors="replace"), frozenset(beside))
    return found


def _objects(out: bytes) -> Iterator[bytes | None]:
    """Yield the objects that git printed, None for one that is not there; what was cut off is none."""
    while out:
        head, _, out = out.partition(b"\n")
        words = re.fullmatch(rb"[0-9a-f]+ (?:blob|tree) (\d+)", head)
        size = int(words[1]) if words else -1
        yield out[:size] if 0 <= size < len(out) else None
        out = out[size + 1 :]


def _git(folder: Path, *words: str) -> str:
    """Return what a command of git prints, cut; nothing where it finds nothing."""
    return _ask(folder, *words).decode(errors="replace")


def _ask(folder: Path, *words: str, given: IO[bytes] | None = None, most: int = MOST_BYTES) -> bytes:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        process = subprocess.Popen(  # noqa: S603  # no shell; a revision comes behind --end-of-options
            ["git", *_SAFE, *words],  # noqa: S607  # the user's git, as on their PATH
            cwd=folder,
            env=kept | _SET,
            stdin=given or subprocess.DEVNULL,
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
        out = process.stdout.read(most)
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
    return out
