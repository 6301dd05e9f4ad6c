"""The sentences of a document, and the name that each stands under.

Read are prose and Markdown, docstrings and manual pages (a name, and under it, further in, what is said of
it), and configuration files, whose comments speak of the setting below them, or before them on the line.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

_MARK = re.compile(r"^(?P<before>\s*)(?P<mark>#+|;+|//+)(?P<after>\s*)")
_NAME = r"[A-Za-z_][\w.-]*"
_SETTING = re.compile(
    rf"^\s*(?P<name>{_NAME})(?P<is>\s*+[:=]\s*+|\s++)(?P<value>\S+(?:\s++[^\s#]\S*)?)\s*+(?:;\s*+)?(?P<said>#.*|\Z)"
)
_HEADING = re.compile(
    rf"^\s*(?:[-*•+·]\s+|\d+[.)]\s+|\|\s*)?[`*\"']*(?::param\s+)?(?:-\w,?\s+)?-{{0,2}}(?P<name>{_NAME}?)[`*\"']*"
    rf"(?P<rest>\s*\Z|\s*[:=(\[|].*|\s+[-\u2013\u2014]{{1,2}}>?\s.*|\s*<\w.*)\Z"
)
_TYPES = re.compile(
    r"\s*+(?:\Z|:\s*\{|\W*+(?:int|float|str|bool|string|integer|number|list|dict|callable|array|object|optional"
    r"|None|type|units?|default)\b)",
    re.IGNORECASE,
)
_BULLET = re.compile(r"^\s*(?:[-*•+·]\s+|\(?\d+[.)]\s+|\||[-+]?[\d.]+\s*[:=]\s|\S+\s+[-=]+>\s|[*•])")
_EXAMPLE = re.compile(r"\s*(?:>>>|\.\.\. )")
_PAIR = re.compile(r"^\s*[A-Z][\w ]{0,30}:\s+\S.{0,40}\Z")
_LABEL = re.compile(rf"^\s*[`*\"']*(?P<name>{_NAME})[`*\"']*(?:[ =]\S+){{1,3}}(?<![.:;,])\Z")
_RULE = re.compile(r"^\s*([=~^\"-])\1{2,}\s*$")
_END = re.compile(
    r"(?<=[.!?])(?<!e\.g\.)(?<!i\.e\.)(?<!\beg\.)(?<!etc\.)(?<!vs\.)(?<!approx\.)\)?[\"']?\s+(?=[A-Z(\"'`\[*-]|\d|[a-z]+[-_=]\w)"
)
_SOFT = re.compile(
    r"(?<!\S)\*(?=\w)|(?<=\w)\*(?![\w*(])|(?<![\w)])\*\*|\*\*(?![\w(-])|`|(?<!\w)_(?=[A-Za-z])|(?<=\w)_(?!\w)"
)
_VALUE = re.compile(r"[-\d\"'<\[/]|(?:yes|no|on|off|true|false)\Z")

Known = Callable[[str], bool]

HYPHEN = "\u2010 "
CONTINUED = 8
"""A comment that begins so much further in than the setting above it goes on with what stands after that."""

COMMENTED = 0.3
"""A document with so many lines of comment is a configuration file."""

MOST_CHARS = 1500
"""What goes on for longer is no sentence, and is cut."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line without marks of comments and emphasis: its number from 1, its text, how far in that begins."""

    number: int
    text: str
    indent: int
    comment: bool
    column: int
    setting: str = ""
    heading: str = ""
    is_bare: bool = False
    level: int = 0
    """How many marks stand before it, of a heading in Markdown."""

    is_set: bool = False
    """Whether it is a setting of a configuration file, which need not be advice."""

    @property
    def plain(self) -> str:
        """Its text with single blanks."""
        return " ".join(self.text.split())

    @property
    def blank(self) -> bool:
        """Whether nothing stands in it."""
        return not self.text.strip()


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence on one line, the name that it stands under, and on which line each part of it stands."""

    text: str
    owner: str
    starts: tuple[tuple[int, int], ...]
    """Where in the text a line begins, and its number."""

    is_setting: bool = False
    lead: str = ""
    """What leads to it: a sentence before it that ends with a colon, and the heading in Markdown above."""

    def line_at(self, place: int) -> int:
        """Return the number of the line that a place in the text stands on."""
        return next(number for start, number in reversed(self.starts) if start <= place)


def read_lines(text: str, known: Known) -> list[Line]:
    """Return the lines of a document; `known` says whether a name is that of a parameter."""
    raw = text.expandtabs().split("\n")
    filled = [line for line in raw if line.strip()]
    # A heading in Markdown has more marks than one, or an empty line after it.
    comments = [
        line
        for line, below in pairwise([*raw, ""])
        if (mark := _MARK.match(line)) and (len(mark["mark"]) == 1 or mark["mark"] == "//") and below.strip()
    ]
    is_configuration = len(comments) > COMMENTED * len(filled)
    lines = [
        _read_line(number, line, raw, known, is_configuration=is_configuration)
        for number, line in enumerate(raw, 1)
    ]
    return [_with_heading(line, below, known) for line, below in pairwise([*lines, Line(0, "", 0, False, 0)])]


def _with_heading(line: Line, below: Line, known: Known) -> Line:
    if line.setting or line.level:
        return line
    if line.heading and _heads(line, below, known):
        return line
    label = _LABEL.match(line.text)
    if label and known(label["name"]) and not below.blank and below.indent > line.indent:
        return replace(line, heading=label["name"], is_bare=True)
    return replace(line, heading="", is_bare=False)


def _heads(line: Line, below: Line, known: Known) -> bool:
    """Whether a name that a line begins with stands over what follows, and is no word of a sentence."""
    rest = line.text.strip().strip("`*\"'|").strip()
    if known(line.heading) or re.search(r"[_=]", line.heading):
        return True
    if rest == line.heading:
        return not below.blank and below.indent > line.indent
    return re.match(rf"\W*(?:param )?{re.escape(line.heading)}\W*(?:[:=|]|-)", line.text.strip()) is not None


def _read_line(number: int, raw: str, lines: Sequence[str], known: Known, *, is_configuration: bool) -> Line:
    mark = _MARK.match(raw)
    if _EXAMPLE.match(raw):
        raw = ""
    text = raw if mark is None else " " * mark.end("mark") + raw[mark.end("mark") :]
    column = len(raw) - len(raw.lstrip())
    text = _SOFT.sub(lambda found: " " * len(found[0]), text)
    indent = len(text) - len(text.lstrip())
    below = lines[number] if number < len(lines) else ""
    if mark and not is_configuration:
        return Line(number, text.strip(), 0, False, 0, level=len(mark["mark"]))
    if not mark and _RULE.match(below) and not _RULE.match(raw) and text.strip():
        return Line(number, text.strip(), indent, False, column, level=1)
    if _RULE.match(raw):
        text = ""
    setting = (
        _setting(text, known, is_commented=mark is not None)
        if is_configuration
        else _bare_setting(text, known)
    )
    heading = None if setting else _HEADING.match(text)
    name, rest = (heading["name"], heading["rest"]) if heading else ("", "")
    bare = bool(heading and _TYPES.match(rest))
    is_set = bool(setting) and is_configuration
    return Line(number, text, indent, mark is not None, column, setting, name, bare, is_set=is_set)


def _setting(text: str, known: Known, *, is_commented: bool) -> str:
    """Return the name that a line of a configuration file sets; a comment may be one that is left out."""
    found = _SETTING.match(text)
    if found is None or _RULE.match(text):
        return ""
    name, sign = found["name"], found["is"].strip()
    if is_commented and not known(name):
        if len(found["value"].split()) > 1 and sign != "=":
            return ""
        if not (sign or _VALUE.match(found["value"])) or (sign != "=" and not re.search(r"[-_.]", name)):
            return ""
    return name


def _bare_setting(text: str, known: Known) -> str:
    """Return the name that a line outside of a configuration file sets, where nothing else stands in it."""
    found = _SETTING.match(text)
    if found is None or not re.match(r"[-\d\"']|(?:yes|no|on|off|true|false)\Z", found["value"]):
        return ""
    name = found["name"]
    return name if found["is"].strip() == "=" or known(name) or "_" in name else ""


def find_sentences(lines: Sequence[Line], known: Known) -> Iterator[Sentence]:
    """Yield the sentences, in their order."""
    owners = _owners(lines, known)
    section = lead = header = ""
    block, led = 0, 0  # what leads to something leads to the rest of its block, and to the next
    last = 0
    for run in _runs(lines):
        block += run[0].number > last + 1
        last = run[-1].number
        if run[0].level:
            section, lead = run[0].plain, ""
        for sentence in _split(run, owners[run[0].number]):
            if run[0].is_bare:
                continue
            # What stands at the head of a table leads to its rows.
            header = (header or sentence.text) if sentence.text.startswith("|") else ""
            leads = (section, lead if block <= led + 1 else "", header)
            yield replace(sentence, lead=": ".join(filter(None, leads)))
            if sentence.text.endswith(":"):
                lead, led = sentence.text, block


def _runs(lines: Sequence[Line]) -> Iterator[list[Line]]:
    """Yield the lines that go on from one to the next."""
    run: list[Line] = []
    for line in lines:
        if run and _breaks(run[-1], run[0], line):
            yield run
            run = []
        if not line.blank:
            run.append(line)
    if run:
        yield run


def _breaks(last: Line, first: Line, line: Line) -> bool:
    return (
        line.blank
        or line.comment != last.comment
        or bool(line.setting or last.setting)
        or bool(line.level or last.level or line.is_bare or last.is_bare)
        or bool(_BULLET.match(line.text))
        or bool(_PAIR.match(line.text) and _PAIR.match(last.text))
        or (bool(line.heading) and line.indent <= first.indent)
        or line.indent < min(first.indent, last.indent)
    )


def _split(run: Sequence[Line], owner: str) -> Iterator[Sentence]:
    text, starts = "", []
    for line in run:
        starts.append((len(text), line.number))
        text += line.plain + " "
        if text.endswith(HYPHEN):  # as manual pages break words
            text = text.removesuffix(HYPHEN)
    ends = [*(match.end() for match in _END.finditer(text)), len(text)]
    ends += [
        place for begin, end in pairwise([0, *ends]) for place in range(begin + MOST_CHARS, end, MOST_CHARS)
    ]
    places = [start for start, _ in starts]
    for begin, end in pairwise([0, *sorted(ends)]):
        last = bisect_left(places, end)
        first = min(bisect_right(places, begin), last) - 1  # the line in whose middle it may begin
        within = tuple((max(start - begin, 0), number) for start, number in starts[first:last])
        yield Sentence(text[begin:end].rstrip(), owner, within, run[0].is_set)


def _owners(lines: Sequence[Line], known: Known) -> dict[int, str]:
    """Return the name that each line stands under, by its number."""
    owners: dict[int, str] = {}
    above: dict[bool, list[Line]] = {False: [], True: []}
    section = ""
    beside: Line | None = None  # the setting on whose line a comment may have begun
    continued: set[int] = set()
    for line in lines:
        if line.level:
            section = line.text
            above[False].clear()
        owners[line.number] = ""
        if line.blank:
            beside = None
            continue
        stack = above[line.comment]
        while stack and stack[-1].indent >= line.indent:
            stack.pop()
        owner = stack[-1].heading if stack else "" if line.comment else section
        if line.setting:
            owner, beside = line.setting, line
        elif line.comment and beside and line.column >= beside.column + CONTINUED:
            owner = beside.setting
            continued.add(line.number)
        elif line.heading and not (stack and known(stack[-1].heading) and not known(line.heading)):
            owner = line.heading
            stack.append(line)
        owners[line.number] = owner
    below, last = "", None
    for line in reversed(lines):
        if line.setting:
            below = line.setting
        elif not line.comment:  # a setting may stand alone after one empty line
            below = below if line.blank and last and last.setting else ""
        elif below and line.number not in continued:
            owners[line.number] = below
        last = line
    return owners
