"""Files from outside: whatever a path leads to, the answer comes at once and is text or one line."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bestguess.tools.errors import InputError, SpaceError
from bestguess.tools.words.documents import read_source, read_text


def read(path: Path | str, most_bytes: int = 1000) -> str:
    return read_text(path, "the file", "name another", most_bytes=most_bytes)


def test_a_file_is_read_as_text_with_unix_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("\ufeffä\r\nb\rc\n".encode())
    assert read(tmp_path / "a", 11) == "ä\nb\nc\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("folder", "it is a folder, not a file"),
        ("pipe", "it is a pipe, not a file"),
        ("/dev/zero", "it is a device, not a file"),
        ("huge", "it has 17179869184 bytes, more than 1000"),
        ("loop", "Too many levels of symbolic links"),
        ("nowhere", "No such file or directory"),
        ("folder/nowhere/x", "No such file or directory"),
        ("a\0b", "no path has such characters"),
        ("a\ud800b", "no path has such characters"),
        ("n" * 10_000, "File name too long"),
        ("", "it is a folder, not a file"),
    ],
)
def test_what_is_no_file_to_read_is_said_at_once(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**34)
    started = time.thread_time()
    with pytest.raises(InputError) as caught:
        read(tmp_path / name)
    assert str(caught.value) == f"the file cannot be read ({words}); name another"
    assert time.thread_time() - started < 1


def test_an_endless_file_that_says_it_is_empty_is_cut_off() -> None:
    with pytest.raises(InputError, match="more than 10"):
        read("/proc/self/status", 10)


def test_what_is_not_utf_8_is_said_as_the_error_that_was_asked_for(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"caf\xe9")
    with pytest.raises(SpaceError, match="the file is not UTF-8 text"):
        read_text(tmp_path / "a", "the file", "name another", error=SpaceError)


@pytest.mark.parametrize(
    "content",
    [
        "LR = 'ä€'\r\n".encode(),
        "\ufeffLR = 'ä€'\n".encode(),
        "# -*- coding: cp1252 -*-\nLR = 'ä€'\n".encode("cp1252"),
        "#!/usr/bin/python\n# vim: set fileencoding=iso8859-15 :\nLR = 'ä€'\n".encode("iso8859-15"),
        "# coding: gbk\nLR = '学习率'\n".encode("gbk"),
    ],
)
def test_a_script_is_read_in_the_encoding_that_it_declares(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(content)
    text = read_source(tmp_path / "a.py", "the script", "name another")
    assert text.splitlines()[-1] in {"LR = 'ä€'", "LR = '学习率'"}


@pytest.mark.parametrize(
    "content",
    [
        b"# \xe9\n",
        "LR = 1".encode("utf-16"),
        b"# coding: latin-0\n",
        b"# coding: hex\n00",
        b"# coding: undefined\n",
        b"# coding: punycode\n#-" + b"a" * 400_000,
        b"# coding: idna\n#.xn--" + b"9" * 400_000,
        b"\xef\xbb\xbf# coding: gbk",
    ],
)
def test_a_script_in_no_encoding_that_it_declares_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_bytes(content)
    with pytest.raises(
        InputError, match="the script is not UTF-8 text, nor in another encoding that it decl"
    ):
        read_source(tmp_path / "a.py", "the script", "name another")
