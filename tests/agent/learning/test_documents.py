"""What can be read: files, folders, packed and manual pages, docstrings that are never executed."""

from __future__ import annotations

import gzip
import io
import sys
from pathlib import Path

import pytest

from bestguess.agent.learning.documents import read_documents
from bestguess.tools.errors import InputError

PAGE = ".TH X 5\n.SH OPTIONS\n.TP\n.B max\\-depth\nA good value is\n.I 5\nor \\fB6\\fR.\n"


def text_of(source: str | Path) -> str:
    (document,) = read_documents(source)
    return document.text


def test_a_folder_is_read_file_by_file_and_nothing_hidden_linked_or_binary(tmp_path: Path) -> None:
    (tmp_path / "wiki").mkdir()
    (tmp_path / "wiki" / "a.md").write_text("a")
    (tmp_path / "wiki" / ".b.md").write_text("b")
    (tmp_path / "wiki" / "c.png").write_bytes(b"c")
    (tmp_path / "wiki" / "d.txt").write_bytes(b"\0d")
    (tmp_path / "e.md").write_text("e")
    (tmp_path / "wiki" / "f.md").symlink_to(tmp_path / "e.md")
    assert [document.text for document in read_documents(tmp_path / "wiki")] == ["a"]


def test_a_packed_manual_page_is_read_as_people_see_it(tmp_path: Path) -> None:
    (tmp_path / "x.5.gz").write_bytes(gzip.compress(PAGE.encode()))
    assert "A good value is 5 or 6." in " ".join(text_of(tmp_path / "x.5.gz").split())
    assert "max-depth" in text_of(tmp_path / "x.5.gz")


def test_what_is_packed_too_well_is_refused(tmp_path: Path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"a" * 3_000_000))
    with pytest.raises(InputError, match="more than 2000000 bytes"):
        text_of(tmp_path / "x.gz")
    (tmp_path / "y.gz").write_bytes(gzip.compress(b"abc" * 1000)[:20])
    with pytest.raises(InputError, match="cannot be unpacked"):
        text_of(tmp_path / "y.gz")

    (tmp_path / "z.gz").write_bytes(gzip.compress(gzip.compress(b"abc")))
    with pytest.raises(InputError, match="packed twice"):
        text_of(tmp_path / "z.gz")


def test_stdin_is_cleaned_and_what_was_struck_over_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("B\bBo\bold \x1b[31mred sk-abcdefghijklmnopqrstuvwx"))
    assert text_of("-") == "Bold red ***"


def test_a_docstring_is_found_through_imports_and_nothing_is_executed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "learned_pkg"
    package.mkdir()
    (package / "__init__.py").write_text("from ._inner import Model as Net\nraise SystemExit('executed')\n")
    (package / "_inner.py").write_text(
        'raise SystemExit("executed")\n'
        'class Model:\n    """Of a model."""\n    def __init__(self):\n        """Depth."""\n'
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert text_of("learned_pkg:Net") == "Of a model.\n\nDepth."
    assert "learned_pkg" not in sys.modules
    for spec, why in (
        ("learned_pkg:Other", "not found"),
        ("no_such:x", "no module"),
        ("sys:path", "no module sys"),
    ):
        with pytest.raises(InputError, match=why):
            text_of(spec)


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("missing.md", "No such file"),
        ("", "give a text file"),
        ("a\0b", "give a text file"),
        ("/dev/zero", "a device"),
    ],
)
def test_what_cannot_be_read_is_an_error_with_the_mend(source: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        text_of(source)
