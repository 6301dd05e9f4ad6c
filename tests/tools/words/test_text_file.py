"""Text files from outside: whatever a path leads to, the answer comes at once and is text or an OSError."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from bestguess.tools.words.text_file import read_text


def test_a_file_is_read_as_text_with_unix_line_ends(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes("ä\r\nb\rc\n".encode())
    assert read_text(tmp_path / "a", most_bytes=8) == "ä\nb\nc\n"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("folder", "it is a folder"),
        ("pipe", "it is a pipe"),
        ("/dev/zero", "it is a device"),
        ("huge", "it has 17179869184 bytes, more than 1000"),
        ("loop", "Too many levels of symbolic links"),
        ("nowhere", "No such file"),
        ("folder/nowhere/x", "No such file"),
        ("a\0b", "no path has such characters"),
        ("a\ud800b", "no path has such characters"),
        ("n" * 10_000, "File name too long"),
        ("", "it is a folder"),
    ],
)
def test_what_is_no_file_to_read_is_said_at_once(name: str, words: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "loop").symlink_to("loop")
    with (tmp_path / "huge").open("wb") as file:
        file.truncate(2**34)
    started = time.perf_counter()
    with pytest.raises(OSError, match=words):
        read_text(tmp_path / name, most_bytes=1000)
    assert time.perf_counter() - started < 1


def test_an_endless_file_that_says_it_is_empty_is_cut_off(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="more than 10"):
        read_text("/proc/self/status", most_bytes=10)


def test_what_is_not_utf_8_is_a_decoding_error(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"caf\xe9")
    with pytest.raises(UnicodeDecodeError):
        read_text(tmp_path / "a", most_bytes=1000)
