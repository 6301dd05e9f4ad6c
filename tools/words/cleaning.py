"""Text that others wrote, made fit to be shown: nothing in it can steer a terminal or hide what stands there.

It is removed that a terminal would obey (escape sequences as a whole, control characters) or that shows
nothing and so hides something (turned direction of reading, characters without width); half a surrogate pair,
which no stream can write, becomes U+FFFD.
"""

from __future__ import annotations

import re

_SEQUENCES_AND_CONTROLS = re.compile(
    # OSC, DCS, SOS, PM, APC: titles, links, the clipboard. A part without its end is text of its own.
    r"(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x80-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor movements
    r"|\x1b[ -/]*[0-~]"  # all other escape sequences
    r"|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
    # Unicode's Default_Ignorable_Code_Point and Bidi_Control, and marks of notation that show nothing either.
    r"|[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164"
    r"\ufe00-\ufe0e\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001343f\U0001bca0-\U0001bca3"
    r"\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_MOVES = re.compile(r"(?:\x1b\[|\x9b)[\d;]*[CGHaf]")
"""What is printed after the cursor moved, along a line or to another, stands apart."""

_ONLY_IN_PROSE = "\u2800\ufe0f"
"""A blank of Braille, with which plots are drawn, and what makes a sign an emoji: neither shows anything."""

_BREAKS = re.compile(r"\r\n?|[\u2028\u2029]")
_HALF_PAIRS = re.compile(r"[\ud800-\udfff]")
_LIVE = {"<": "&lt;", "![": "!\\[", "]": "]\\"}
_MARKS = re.compile(r"<(?=[a-z/!?])|!\[|\](?=[(\[:])", re.IGNORECASE)
# Code by any reading of Markdown, where no other ticks are about: a fence, or a span in one line and cell.
_CODE = re.compile(
    r"(\\.|^```\w*\n(?:(?!```|~~~)[\s\S])*^```$|(?<!`)(?:`[^`|\n]+`|``[^`|\n]+``)(?!`))", re.MULTILINE
)


def clean(text: str) -> str:
    """Return the text without what a terminal would obey and what hides text; line breaks and tabs stay."""
    if text.isascii() and text.isprintable():  # to Python, some letters that show nothing are printable
        return text
    text = _MOVES.sub(" ", _BREAKS.sub("\n", text))
    return _HALF_PAIRS.sub("\ufffd", _SEQUENCES_AND_CONTROLS.sub("", text))


def clean_line(text: str) -> str:
    """Return the cleaned text on one line, each run of white space as one space."""
    return " ".join(clean(text).split())


def is_seen(one: str) -> bool:
    """Whether a character shows anything, and steers nothing."""
    return clean(one) == one and one not in _ONLY_IN_PROSE


def spell_out(text: str) -> str:
    """Return text on one line, all of it: line breaks and what could not be seen are spelled out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(one if is_seen(one) and one not in "\n\t" else ascii(one)[1:-1] for one in text)


def plain_line(text: str) -> str:
    """Return text that is not ours as one line, without control characters and marks (`<`, `>`)."""
    return clean_line(text).replace("<", "[").replace(">", "]")


def inert(text: str) -> str:
    """Return Markdown for a file, in which others' words are no HTML, image or link by another name."""
    text = clean(text)
    parts = _CODE.split(text)
    if any("`" in part or "~~~" in part for part in parts[::2]):
        parts = [text]
    parts[::2] = [_MARKS.sub(lambda mark: _LIVE[mark[0]], part) for part in parts[::2]]
    return "".join(parts)


def tail(text: str, chars: int) -> str:
    """Return the last `chars` characters, the first of them an ellipsis when something was cut."""
    return text if len(text) <= chars else "…" + text[len(text) - chars + 1 :]
