"""What a unified diff changes, token by token: layout, comments, quotes and how numbers look tell nothing.

Within a hunk the removed and the added lines are compared as tokens, so that a line that was only wrapped has
no edit. Each edit has the tokens it takes out and puts in, and its anchors: the name before it (the variable
or the argument that gets the value) and the call that it stands in. They say what a bare number is for.
"""

from __future__ import annotations

import difflib
import keyword
import math
import operator
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, zip_longest

MOST_CHARS = 200_000
"""Of a diff that is read: beyond, it is no change of an idea but a new program."""

MOST_TOKENS = 4000
"""Of a hunk in which a token that is there often may begin a match; in longer ones it only prolongs one."""

MOST_STEPS = 500
"""Per token of a hunk, to compare its sides; what is left then counts as another text."""

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\n]*|//[^\n]*)
      | (?P<string>[rbfuRBFU]{0,2}(?:"[^"\\\n]*+(?:"|(?:\\.[^"\\\n]*+)++(?:"|\\?$))
                                      |'[^'\\\n]*+(?:'|(?:\\.[^'\\\n]*+)++(?:'|\\?$))))
      | (?P<number>(?:0[xX][0-9a-fA-F_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:[eE][+-]?\d+)?))
      | (?P<name>[^\W\d]\w*)
      | (?P<other>\*\*|//|[<>=!]=|->|:=|[-+*/%&|^@]=|[^\s\w])""",
    re.VERBOSE | re.MULTILINE,
)
# A string with escaped signs that has no end is one up to the line's end: else each of its quotes is tried.
_FILE = re.compile(
    r"^(diff --git|index |--- |\+\+\+ |new file|deleted file|similarity|rename|old mode|new mode)"
)
_PRODUCT = {"*": operator.mul, "/": operator.truediv, "**": operator.pow}
_LAYOUT = {",", ";", "(", ")", "[", "]", "{", "}", ":", "\\"}


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a program: `kind` is name, number, string, keyword or other."""

    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Tokens that are taken out and put in at one place, and the names that say what they are for."""

    out: tuple[Token, ...]
    put: tuple[Token, ...]
    target: str = ""
    call: str = ""


@dataclass(frozen=True, slots=True)
class Edits:
    """All edits of a diff; the names in it, context included; and of those the ones that it binds."""

    edits: tuple[Edit, ...]
    names: frozenset[str]
    bound: frozenset[str]


def read_edits(diff: str) -> Edits:
    """Return the edits of a unified diff; text that is no diff counts as all put in."""
    edits: list[Edit] = []
    names: set[str] = set()
    bound: set[str] = set()
    for before, after in _hunks(diff[:MOST_CHARS]):
        old, new = read_tokens(before), read_tokens(after)
        names |= _names(old) | _names(new)
        bound |= _bound(old) | _bound(new)
        edits += _compare(old, new)
    return Edits(tuple(edits), frozenset(names), frozenset(bound))


def read_tokens(code: str) -> tuple[Token, ...]:
    """Return the tokens of a piece of code; numbers are written one way, and products of numbers as one."""
    found: list[Token] = []
    for match in _TOKEN.finditer(code):
        kind, text = match.lastgroup or "other", match[0]
        if kind == "comment":
            continue
        if kind == "number":
            text = _number(text)
        elif kind == "string":
            text = text.lstrip("rbfuRBFU")
            text = text[1:].removesuffix(text[0])
        elif kind == "name" and (keyword.iskeyword(text) or text in ("self", "const", "let", "var")):
            kind = "keyword"
        found.append(Token(text, kind))
        while _multiply(found):
            pass
    return tuple(token for at, token in enumerate(found) if not _trails(found, at))


def _trails(tokens: list[Token], at: int) -> bool:
    """Whether a token is a comma before a closing bracket, or continues a line: layout only."""
    if tokens[at].text == "\\":
        return True
    return tokens[at].text == "," and at + 1 < len(tokens) and tokens[at + 1].text in ")]}"


def _number(text: str) -> str:
    """Return a number written one way; as it is, where no float holds it, as a key of 2048 bits."""
    digits = text.replace("_", "")
    try:
        value = float(int(digits, 16) if digits[:2].lower() == "0x" else digits)
    except (ValueError, OverflowError):
        return text
    return f"{value:.12g}" if math.isfinite(value) else text


def _multiply(tokens: list[Token]) -> bool:
    """Make a product, ratio or power of two numbers at the end of the tokens one number, if it is there."""
    size = 4 if [token.text for token in tokens[-3:-1]] == ["**", "-"] else 3
    if len(tokens) < size or tokens[-1].kind != "number" or tokens[-size].kind != "number":
        return False
    try:
        left, right = float(tokens[-size].text), float(tokens[-1].text)
        value = _PRODUCT[tokens[1 - size].text](left, right if size == 3 else -right)
    except (KeyError, ValueError, ArithmeticError):  # no such sign, or a number that no float holds
        return False
    if not math.isfinite(value):
        return False
    tokens[-size:] = [Token(f"{value:.12g}", "number")]
    return True


def _hunks(diff: str) -> Iterator[tuple[str, str]]:
    """Yield the text of each hunk before and after; all is after where there are no signs of a diff."""
    lines = diff.splitlines()
    if not any(line.startswith(("@@", "+", "-")) for line in lines):
        yield "", diff
        return
    before: list[str] = []
    after: list[str] = []
    for line in [*lines, "@@"]:
        if line.startswith("@@") or _FILE.match(line):
            if before != after:
                yield "\n".join(before), "\n".join(after)
            before, after = [], []
        elif line.startswith("+"):
            after.append(line[1:])
        elif line.startswith("-"):
            before.append(line[1:])
        elif not line.startswith("\\"):
            before.append(line[1:])
            after.append(line[1:])


def _names(tokens: tuple[Token, ...]) -> set[str]:
    """Return the names in a piece of code, but for those of the arguments in calls."""
    found: set[str] = set()
    depth = 0
    for token, following in zip_longest(tokens, tokens[1:]):
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        argument = depth > 0 and following is not None and following.text == "="
        if token.kind == "name" and not argument:
            found.add(token.text)
    return found


def _bound(tokens: tuple[Token, ...]) -> set[str]:
    """Return the names that a program chooses: what it assigns, loops over, defines, and plain variables.

    What is called, what comes after a dot, what a dot follows and the arguments in calls may be of others.
    """
    found: set[str] = set()
    depth = 0
    define = loop = False
    for at, token in enumerate(tokens):
        following = tokens[at + 1].text if at + 1 < len(tokens) else ""
        before = tokens[at - 1].text if at else ""
        depth += (token.text in ("(", "[", "{")) - (token.text in (")", "]", "}"))
        define = (define or token.text == "def") and not (token.text == ":" and depth == 0)
        loop = (loop or token.text == "for") and token.text != "in"
        argument = depth > 0 and following == "="
        variable = before != "." and following not in ("(", ".") and not argument
        assigned = depth <= 0 and following in ("=", ":=", "+=", "-=", "*=", "/=")
        given = before in ("def", "class", "as", "lambda") or loop or (define and depth > 0)
        if token.kind == "name" and (variable or assigned or given):
            found.add(token.text)
    return found


class _Matcher(difflib.SequenceMatcher[Token]):
    """One that stops in time: texts of few kinds of tokens would take the cube of their length."""

    def __init__(self, old: tuple[Token, ...], new: tuple[Token, ...]) -> None:
        super().__init__(None, old, new, autojunk=len(old) + len(new) > MOST_TOKENS)
        places: dict[Token, list[int]] = self.b2j  # type: ignore[attr-defined]
        self._steps = [*accumulate((1 + len(places.get(token, ())) for token in old), initial=0)]
        self._left = MOST_STEPS * (len(old) + len(new))

    def find_longest_match(
        self, alo: int = 0, ahi: int | None = None, blo: int = 0, bhi: int | None = None
    ) -> difflib.Match:
        """Return the longest match in the ranges; an empty one once the steps are spent."""
        self._left -= self._steps[-1 if ahi is None else ahi] - self._steps[alo]
        return (
            super().find_longest_match(alo, ahi, blo, bhi) if self._left >= 0 else difflib.Match(alo, blo, 0)
        )


def _compare(old: tuple[Token, ...], new: tuple[Token, ...]) -> Iterator[Edit]:
    matcher = _Matcher(old, new)
    for what, first, last, start, end in matcher.get_opcodes():
        if what == "equal":
            continue
        out, put = old[first:last], new[start:end]
        if all(token.text in _LAYOUT for token in (*out, *put)):
            continue
        target, call = _anchors(new if put else old, start if put else first)
        yield Edit(out, put, "" if _names_itself(put or out) else target, call)


def _names_itself(tokens: tuple[Token, ...]) -> bool:
    """Whether an edit begins with an argument or a variable that gets a value: it says what it is for."""
    words = [token for token in tokens if token.text not in _LAYOUT][:2]
    return len(words) == 2 and words[0].kind == "name" and words[1].text == "="


def _anchors(tokens: tuple[Token, ...], at: int) -> tuple[str, str]:
    """Return the name nearest before a place, and that of the call around it; nothing if there is none."""
    target = call = ""
    depth = 0
    for place in range(at - 1, max(at - 60, -1), -1):
        token = tokens[place]
        if token.text in (")", "]", "}"):
            depth += 1
        elif token.text in ("(", "[", "{"):
            depth -= 1
            if depth < 0 and not call and place and tokens[place - 1].kind == "name":
                call = tokens[place - 1].text
                break
        elif token.kind == "name" and not target and depth <= 0:
            target = token.text
    return target or call, call
