from __future__ import annotations

import re
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestguess.tools.objective import process
from bestguess.tools.objective.process import Watch
from bestguess.tools.trial import FEEDBACK_CHARS


def watch(*chunks: bytes, pattern: str = r"loss=(\S+)") -> Watch:
    watch = Watch(re.compile(pattern))
    for chunk in (*chunks, b""):
        watch.feed(chunk)
    return watch


@pytest.mark.parametrize(
    ("printed", "match", "tail"),
    [
        (b"loss=1\nloss=2\nbye\n", "2", "loss=1\nloss=2\nbye"),
        (b"loss=1 loss=2", "2", "loss=1 loss=2"),
        (b"\x1b[1mloss=\x1b[32m3\x1b[0m\x07\x00\r\n", "3", "loss=3"),
        (b"\x1b]0;title\x07loss=4\n", "4", "loss=4"),
        (b"10% loss=9\r50% loss=8\r99%\r\ndone\n", "8", "99%\ndone"),
        ("loss=5 \N{SNOWMAN} \u00a0.\n".encode(), "5", "loss=5 \N{SNOWMAN} \u00a0."),
        (b"\xff\xfeloss=6\n", "6", "\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}loss=6"),
        (b"", None, ""),
    ],
)
def test_a_stream_is_read_as_a_terminal_shows_it(printed: bytes, match: str | None, tail: str) -> None:
    watched = watch(printed)
    assert watched.match == match
    assert watched.tail.strip() == tail


@given(
    st.lists(st.sampled_from([b"loss=1.25", b"loss=7", b"\n", b"\r\n", b"\x1b[0m", "é".encode(), b"x y"])),
    st.integers(1, 7),
)
def test_where_the_pipe_cuts_makes_no_difference(pieces: list[bytes], size: int) -> None:
    printed = b"".join(pieces)
    whole = watch(printed)
    cut = watch(*(printed[start : start + size] for start in range(0, len(printed), size)))
    assert (cut.match, cut.tail.strip()) == (whole.match, whole.tail.strip())


def test_a_group_that_took_no_part_in_the_match_does_not_count() -> None:
    assert watch(b"loss=1\nloss\n", pattern=r"loss(?:=(\d))?").match == "1"


@pytest.mark.parametrize("ending", [b"", b"\r", b"\n"])
def test_memory_stays_bounded_whatever_ends_a_line(ending: bytes) -> None:
    chunk = (b"x" * 999 + ending) * 16
    tracemalloc.start()
    try:
        watched = watch(b"loss=1\n", *(chunk for _ in range(100)))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert watched.match == "1"
    assert len(watched.tail) <= FEEDBACK_CHARS
    assert peak < 1_000_000


def test_what_matches_lead_to_may_take_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step is written to a database, which is not the pattern's fault."""
    monkeypatch.setattr(process, "MATCH_S", 0.1)
    steps = []

    def report(number: int, _: float) -> None:
        time.sleep(0.012)
        steps.append(number)

    watched = Watch(re.compile(r"loss=(\S+)"), on_match=report)
    watched.feed(b"loss=1\n" * 5 + b"loss=2\rloss=3\r" * 3 + b"\n")
    assert steps == list(range(1, 12))
