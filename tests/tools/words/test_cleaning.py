"""Others' text is shown without what steers a terminal or hides what stands there."""

from __future__ import annotations

import time
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from bestguess.tools.words.cleaning import clean, clean_line, inert, is_seen, spell_out


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\x1b]52;c;ZXZpbA==\x07b\x1b]0;pwned\x1b\\c", "abc"),
        ("a\x9d52;c;ZXZpbA==\x9cb\x9b2Jc", "abc"),
        ("a\x1bP+q544e\x1b\\b\x1b_Gf=100\x1b\\c\x1bXhidden\x07", "abc"),
        ("\x1b[31mred\x1b[0m \x1b[?1049h\x1bc\x1b(0", "red "),
        ("a\x1b]52;c;never ends", "a52;c;never ends"),
        ("pay \u202e001\u202c to \u2066x\u2069\u200f\u061c", "pay 001 to x"),
        ("se\u200bcr\u00adet\ufeff\u2060\U000e0041\u3164", "secret"),
        ("n\u115fo\u180b \u180fmar\U000e0101k\uffa0", "no mark"),  # printable, Python says
        ("half \ud800, whole 😀", "half \ufffd, whole 😀"),
        ("keep\tthis\nand this", "keep\tthis\nand this"),
        ("50 %\rdone\r\nnext\u2028last", "50 %\ndone\nnext\nlast"),
        ("Grüße, 世界, ±, …, e\u0301", "Grüße, 世界, ±, …, e\u0301"),
    ],
)
def test_a_sequence_goes_as_a_whole_and_what_people_write_stays(text: str, shown: str) -> None:
    assert clean(text) == shown


def test_what_shows_nothing_is_spelled_out_where_a_person_decides() -> None:
    visible = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD}  # before numbers
    formats = {one for one in range(0x110000) if unicodedata.category(chr(one)) == "Cf"} - visible
    selectors = {0x2800, 0x1D159, *range(0xFE00, 0xFE10), *range(0xFFF0, 0xFFF9)}
    for one in map(chr, formats | selectors):
        assert not is_seen(one)
        assert spell_out(f"a{one}b") == f"a{ascii(one)[1:-1]}b"
        assert clean(f"a{one}b") == (f"a{one}b" if one in "\u2800\ufe0f" else "ab")


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("`if a<b: x[0](1)` and `` <pad> ``", "`if a<b: x[0](1)` and `` <pad> ``"),
        ("```python\nv[0](x<y)\n```\n<b>", "```python\nv[0](x<y)\n```\n&lt;b>"),
        ("[a][b]\n[b]: x", "[a]\\[b]\n[b]\\: x"),
    ],
)
def test_code_stays_as_it_is_where_markdown_is_made_inert(text: str, written: str) -> None:
    assert inert(text) == written


@given(
    st.lists(
        st.sampled_from(
            ["`", "``", "```", "~~~", "\n", "\n\n", "<b>", "|", "\\", ">", "-", "a", "  ", "    "]
        )
    ).map("".join)
)
def test_nothing_is_html_that_only_looks_as_if_it_were_code(text: str) -> None:
    assert "<b>" not in MarkdownIt("commonmark").enable("table").render(inert(text))


def test_one_line_is_one_line() -> None:
    assert clean_line(" a\nb\r\nc\x0bd\u2029\x85 e\t\x1b[2Jf ") == "a b c" + "d e f"


@given(st.text(st.characters() | st.sampled_from("\x1b\x9b\x9d\x90\x07\\[];\r\n\u202e\ud800mJ")))
def test_nothing_that_a_terminal_obeys_is_left_of_any_text(text: str) -> None:
    left = clean(text)
    assert not {one for one in left if unicodedata.category(one) in ("Cc", "Cs")} - {"\n", "\t"}
    assert not set(left) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u200b"
    )
    left.encode()
    assert clean(left) == left
    assert "\n" not in clean_line(text)


@pytest.mark.parametrize("piece", ["\x1b]", "\x9d", "\x1b[1", "\x1b[ ", "\x1b ", "\x90a", "\r", "\ud800"])
def test_no_text_takes_long_to_clean(piece: str) -> None:
    started = time.thread_time()
    clean(piece * 300_000)
    assert time.thread_time() - started < 3


def test_what_is_printed_after_a_move_of_the_cursor_stands_apart() -> None:
    assert clean("loss: 0.5\x1b[3C7 \x1b[31m8\x1b[0m9") == "loss: 0.5 7 89"
