"""A repository that is not trusted is read, and runs nothing."""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from tests.agent.experiments.conftest import git

from bestguess.agent.experiments.git import _SET, MOST_BYTES, read_commit
from bestguess.tools.errors import InputError


def test_a_commit_has_its_hash_subject_parent_and_diff(repository: Path) -> None:
    head, root = read_commit(repository, "HEAD"), read_commit(repository, "HEAD~1")
    assert head.hash == git(repository, "rev-parse", "HEAD")
    assert (head.subject, head.parent, root.parent) == ("lower the learning rate", root.hash, "")
    assert "-LR = 0.1\n+LR = 0.01\n" in head.diff
    assert "+WIDTH = 64" in root.diff


@pytest.mark.parametrize(
    "revision",
    ["--output=written", "-h", "", "a\nb", "HEAD\0", "x" * 300, "nowhere", "HEAD:train.py", "..", "@{-9}"],
)
def test_what_is_no_revision_is_refused_and_is_never_an_option(repository: Path, revision: str) -> None:
    before = sorted(repository.rglob("*"))
    with pytest.raises(InputError, match="give"):
        read_commit(repository, revision)
    assert sorted(repository.rglob("*")) == before


def test_nothing_that_a_repository_has_set_is_run(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    program = tmp_path / "program"
    program.write_text(f"#!/bin/sh\ntouch {ran}\ncat\n")
    program.chmod(0o755)
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q")
    (folder / ".gitattributes").write_text("* diff=evil filter=evil\n")
    (folder / "train.py").write_text("LR = 0.1\n")
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "baseline")
    programs = (
        "core.fsmonitor core.pager core.editor core.sshCommand diff.external gpg.program pager.diff-tree"
    )
    drivers = "diff.evil.command diff.evil.textconv filter.evil.smudge filter.evil.clean"
    for name in (*programs.split(), *drivers.split()):
        git(folder, "config", name, str(program))
    git(folder, "config", "log.showSignature", "true")
    git(folder, "config", "core.hooksPath", str(tmp_path))
    files = sorted(path for path in folder.rglob("*"))
    times = [path.stat().st_mtime_ns for path in files]
    assert "+LR = 0.1" in read_commit(folder, "HEAD").diff
    assert not ran.exists()
    assert sorted(folder.rglob("*")) == files
    assert [path.stat().st_mtime_ns for path in files] == times


def test_an_object_that_is_missing_is_fetched_by_no_program(
    repository: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(_SET, "GIT_NO_LAZY_FETCH")  # as older versions of git read it: not at all
    ran = tmp_path / "ran"
    clone = shutil.copytree(repository, tmp_path / "clone")
    blob = git(clone, "rev-parse", "HEAD:train.py")
    for name, value in (
        ("core.repositoryFormatVersion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", f"ext::touch {ran}"),
        ("protocol.ext.allow", "always"),
    ):
        git(clone, "config", name, value)
    (clone / ".git" / "objects" / blob[:2] / blob[2:]).unlink()
    with suppress(InputError):
        read_commit(clone, "HEAD")
    assert not ran.exists()


def test_a_huge_commit_is_cut_and_the_environment_points_nowhere_else(
    tmp_path: Path, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    git(tmp_path, "init", "-q")
    (tmp_path / "big.txt").write_text("x = 1\n" * MOST_BYTES)
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-qm", "big")
    monkeypatch.setenv("GIT_DIR", str(repository / ".git"))
    monkeypatch.setenv("GIT_EXTERNAL_DIFF", "false")
    commit = read_commit(tmp_path, "HEAD")
    assert commit.subject == "big"
    assert len(commit.diff) <= MOST_BYTES


def test_without_a_repository_a_hash_stands_for_itself_and_a_name_is_refused(tmp_path: Path) -> None:
    assert read_commit(tmp_path, "0123abc").hash == "0123abc"
    with pytest.raises(InputError, match="in no git repository; give a diff or a description"):
        read_commit(tmp_path, "HEAD")


def test_without_git_a_description_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", os.devnull)
    with pytest.raises(InputError, match=r"git cannot be run .* give a diff or a description"):
        read_commit(tmp_path, "HEAD")
