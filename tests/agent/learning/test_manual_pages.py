"""A manual page that others wrote shows its text, and reads nothing else of the machine."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from bestguess.agent.learning.manual_pages import is_manual_page, render, strip

HEAD = ".TH X 1\n.SH OPTIONS\nA good depth is 5.\n"
INCLUDES = (
    ".so {file}",
    "' so {file}",
    ".nx {file}",
    ".mso {file}",
    ".trf {file}",
    ".cf {file}",
    ".do so {file}",
    ".if 1 .so {file}",
    ".ds a so\n.\\*a {file}",
    "\\V[x].so {file}",
    "\\\\V[y]V[x].so {file}",
    ".cc !\n!so {file}",
    ".de X\n.so {file}\n..\n.X",
    ".B a \\\n.so {file}",
    ".Dd May 1, 2020\n.Dt X 1\n.Os\n.Sh N\n.Bd -file {file}\n.Ed",
)


@pytest.mark.parametrize("by_man", [True, False])
@pytest.mark.parametrize("line", INCLUDES)
def test_a_page_includes_no_file(
    line: str, by_man: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not by_man:
        monkeypatch.setattr(shutil, "which", lambda _: None)
    secret = tmp_path / "secret.txt"
    secret.write_text("what nobody else reads\n")
    shown = " ".join(render(HEAD + line.format(file=secret) + "\n", most_bytes=10_000).split())
    assert "A good depth is 5." in shown
    assert "nobody else" not in shown


def test_a_page_reads_no_variable_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_PLACE", "what nobody else reads")
    shown = render(f"{HEAD}\\V[MY_PLACE] \\V\\V[x][MY_PLACE] \\\\V[MY_PLACE] \\V[HOME]\n", most_bytes=10_000)
    assert "nobody else" not in shown


def test_a_page_without_an_end_is_cut_and_one_that_hides_its_text_is_none() -> None:
    assert len(render(HEAD + "word " * 5000, most_bytes=4000)) <= 4000
    assert render(HEAD + ".while 1 \\{\nspam\n.\\}\n", most_bytes=4000).count("spam") == 1
    assert "gone" not in render(HEAD + ".de X\ngone\n.ig\ngone\n", most_bytes=4000)


def test_what_a_page_is_made_of_stays() -> None:
    page = ".TH X 1\n.TP\n.BR \\-\\-depth =\\fIN\\fR\n"
    page += 'Use 5 \\(en 6\\&.  It\\*(Aqs fine.\\" no\n.PP\n.RS 4\nEnd\\[rs].\n.RE'
    assert is_manual_page(page)
    assert strip(page) == page.replace("\\*(Aq", "'").replace('\\" no', "")
