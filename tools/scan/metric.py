"""Which line of a script's output tells how good a run was.

What a call prints is rendered as far as the code says it; each number is looked for by the text before it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from bestguess.tools.goals import Direction
from bestguess.tools.scan.directions import Term, direction_of, find_term, likeliest_first, likeliness
from bestguess.tools.scan.finding import assigned_dicts, called, entries, keyword, literal_or, walk

_SOME = "\0"
# A minus belongs to a name where the text begins with it, or after a bracket or slash; else it parts metrics.
_PARTS = re.compile(rf"{_SOME}|(?<=[^\w(/])[-\u2212](?=[^\W\d_])")
_WORD = r"(?:(?<!\w)[-\u2212])?[^\W\d_][\w/@.^²-]*"
_LABEL = re.compile(
    rf"(?P<quote>[\"']?)(?P<words>(?:[\w/@.^²\u2212-]+ )*?{_WORD})(?P<aside>(?: ?\([^()]*\))?)"
    r"(?P<end>(?P=quote)\s*(?P<mark>[:=|│┃║→]|[-=]>)|(?: is| was| of)?(?=\s))\s*[\[(\"'$€£¥]*$"
)
_SHOWN = re.compile(
    r"(?P<name>[A-Za-z][\w./@-]*)(?P<mark>[\"']?\s*[:=]\s*[\"']?|\s+)[-+]?(?:\d|\.\d|nan|inf)", re.IGNORECASE
)
_NAME, _GAPS = re.compile(r"[^\W\d]\w*"), re.compile(r"[\s_-]+")
_OPENED = re.compile(r"(?:[\"'](?P<key>[^\"'{}]+)[\"']:\s*)?\{|\}")
_LABEL_CHARS = 200
_ABOVE_CHARS = 2000  # of the text before a value that are looked at
_MOST_WORDS = 6

_FINITE = r"[-\u2212+.,_$€£¥eE\d]*\d"
_ENDLESS = r"[-\u2212+]?(?i:nan|inf(?:inity)?)(?!\w)"
NUMBER = rf"({_FINITE}|{_ENDLESS})"
"""A number in the ways that people print it; `objective.reading` reads it."""

VALUE = r'(?:\S*?["-([])??' + NUMBER
"""The same, also after a bracket or quote, in `tensor(…)`, `np.float64(…)`, `[…]`.

`"-(` is the range of characters that has the single quote, which would have to be quoted in a shell.
"""


_BEFORE, _GAP = r"(?i)(?<![\w])", r"[\s_-]*"
# Gaps give nothing back, or a long one is tried in all ways. With no mark between, `24h:` and `3/10:` are
# other labels, and so is `5 CV folds:` after "of" or "at", but not `42 with params:`.
_SIGN = r"(?:[:=|│┃║→]|[-=]>)"
_COUNT = r"\s*[-#]?\d+(?:/\d+)?[a-zA-Z]*"
_NO_LABEL = rf"(?!{_COUNT}\s*[:=])"
_NO_COUNT = rf"(?!{_COUNT}(?: (?!(?:in|at|on|for|with|after)\b)[a-zA-Z-]+)*\s*[:=])"
# What stands in brackets before a mark is said of the name: `RMSE (5-fold): 3.7`, `ndcg[10] = 0.4`.
_ASIDE = rf"(?:(?:\([^()\n]{{1,80}}+\)|\[[^\[\]\n]{{1,80}}+\])\s*+(?={_SIGN})|\([a-z][^()]*\)\s*+)?+"
# A number at the end of a name is not the start of a longer one: p99.9, mAP50-95, `mAP@0.5:0.95: 0.3`.
_RANGE = rf"(?:(?<=\.\d)|(?<=\.\d\d)):\.?\d[\d.]*+[ \t]*+{_SIGN}?[ \t]*+[-+]?\.?\d"
_ENDS = rf"(?!\w|(?<=\d)(?:[.-]\d|{_RANGE}))"
_IS = rf"(?:is|was|(?:at|of){_NO_COUNT})?"
# What is printed of no number after a mark is the metric's last word, too: JSON's null, Fortran's ***.
NO_NUMBER = r"(?i:null|none|n/?a|undefined|\*{3,})"
_NONE = rf"(?<=[:=|│┃║→>\s\"']){NO_NUMBER}(?=[\"'\s]*(?:[\])}},;|│┃║]|$))"
_AFTER = (
    rf"{_ENDS}[\"']?\s*+{_ASIDE}{_IS}\s*+(?:{_SIGN}|{_NO_LABEL})\s*+"
    rf"{VALUE.removesuffix(NUMBER)}({_FINITE}|{_ENDLESS}|{_NONE})"
)


def pattern_of(metric: str) -> str:
    """Return the regular expression that finds `metric` and the number after it."""
    return _BEFORE + _GAP.join(re.escape(part) for part in re.split(r"[\s_-]+", metric)) + _AFTER


def name_of(pattern: str) -> str | None:
    """Return the name that `pattern_of` wrote a pattern of, its words joined by `_`; None of another one."""
    if not (pattern.startswith(_BEFORE) and pattern.endswith(_AFTER)):
        return None
    return re.sub(r"\\(.)", r"\1", pattern.removeprefix(_BEFORE).removesuffix(_AFTER).replace(_GAP, "_"))


_PRINTING = frozenset({"print", "pprint", "info", "echo", "log", "write", "dump"})
_DEPTH = 20
"""How deep expressions are followed that a call prints."""

_Pieces = Iterator[str | None]
"""Texts as they are printed, and None for each value that only a run knows."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A name that a script prints right before a value, and the pattern that finds the value.

    `label` is the text up to the value, and `term` what its words say of a metric, None where they say
    nothing. `said` is the name with what is said of it, by brackets and by the dictionaries that it is in,
    and `within` the pattern of what their names are before it in the line. Where `by_name` the name alone
    finds the same, as `pattern_of` reads it.
    """

    name: str
    pattern: str
    line: int
    term: Term | None
    label: str
    said: str
    within: str
    by_name: bool = False

    @property
    def direction(self) -> Direction:
        """Which way is better."""
        return self.term.direction if self.term else "minimize"


def find_metric(tree: ast.Module) -> Printed | None:
    """Return what a script prints that looks most like a result; None if nothing does.

    What a run costs, such as its time, is none where something else is printed that nobody knows, and what
    lines tell from no other of its name, as in JSON over several lines, is none either.
    """
    printed = find_printed(tree)
    known = [one for one in printed if one.term]
    best = max(known, key=lambda one: (likeliness(one.said), one.line), default=None)
    if best is None or (best.term and not best.term.is_quality and len(known) < len(printed)):
        return None
    has_twin = any(one.pattern == best.pattern and one.said != best.said for one in printed)
    if has_twin and not best.within:
        return None
    # Not the loss of "train loss", where that is printed, too.
    longer = {one.name.removesuffix(best.name) for one in printed if one.name.endswith(best.name)} - {""}
    others = "".join(f"(?<!{_escape(start)})" for start in sorted(longer))
    plain = [_GAPS.sub("", one.label).lower() for one in printed if one.pattern != best.pattern]
    by_name = (
        _NAME.fullmatch(best.name) is not None
        and not has_twin
        and not any(_GAPS.sub("", best.name).lower() in label for label in plain)
        and re.search(pattern_of(best.name) + r"\Z", f"{best.label}0.25") is not None
    )
    return replace(best, pattern=best.within * has_twin + others + best.pattern, by_name=by_name)


def find_printed(tree: ast.Module) -> list[Printed]:
    """Return the names that a script prints or logs a value after, in the order of its lines."""
    found = (_read_label(text, line) for text, line in _texts(tree))
    return sorted((one for one in found if one), key=lambda one: one.line)


def metrics_in(output: str) -> dict[str, str]:
    """Return the names that a program's output has a number after, the likeliest metric first.

    Each has the pattern that finds its number.
    """
    marks = {
        shown["name"]: shown["mark"]
        for shown in _SHOWN.finditer(output)
        if shown["mark"].strip() or names_result(shown["name"])
    }
    patterns = {name: _escape(name) + re.sub(r"\s+", r"\\s+", mark) for name, mark in marks.items()}
    return {name: rf"\b{patterns[name]}(\S+)" for name in likeliest_first(patterns)}


def names_result(name: str) -> bool:
    """Whether a name is a result's even where no colon or equals sign is between it and the number."""
    term = find_term(name)
    return term is not None and term.is_quality and term.is_last


def _read_label(text: str, line: int) -> Printed | None:
    in_line = text.rpartition("\n")[2]
    # One more, as a minus is told by what is before it.
    found = _LABEL.search(_PARTS.split(in_line[-_LABEL_CHARS - 1 :])[-1][-_LABEL_CHARS:])
    if found is None or not (found["mark"] or names_result(found["words"])):
        return None
    words = found["words"].split(" ")[-_MOST_WORDS:]
    phrase = " ".join(words)
    starts = [start for start, word in enumerate(words) if re.match(_WORD, word)]
    term = find_term(phrase + found["aside"])
    way = term and term.direction
    # Two words, and more where those do not say it: "loss after 3 epochs", "negative log likelihood".
    names = [" ".join(words[start:]) for start in reversed(starts) if start <= max(len(words) - 2, 0)]
    name = next(
        (name for name in names if find_term(name) and direction_of(name) == way),
        names[0] if names else words[-1],
    )
    quote = found["quote"] if name == found["words"] else ""
    label = _escape(f"{quote}{name}{found['aside']}{found['end']}")
    no_label = _NO_COUNT if found["end"] == " of" else _NO_LABEL
    gap = r"\s*" if found["mark"] else rf"\s+{no_label}"
    # Not the loss of val_loss.
    start_of_word = r"\b" if not quote and name[0].isalpha() else ""
    above, mark = _names_above(text), found["quote"]
    return Printed(
        name,
        f"{start_of_word}{label}{gap}{VALUE}",
        line,
        term,
        found[0],
        " ".join([*above, name, found["aside"]]),
        "".join(f"{mark}{_escape(key)}{mark}:\\s*\\{{.*?" for key in above if above == _names_above(in_line)),
    )


def _names_above(text: str) -> list[str]:
    """Return the names of the dictionaries that are still open where a text ends."""
    names: list[str] = []
    for found in _OPENED.finditer(text):
        names = names[:-1] if found[0] == "}" else [*names, found["key"] or ""]
    return [*filter(None, names)]


def _escape(text: str) -> str:
    return re.escape(text).replace(r"\ ", " ").replace(r"\-", "-")


def _texts(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield what is printed or logged before each value, with a mark for the values before it."""
    dicts = assigned_dicts(tree)
    for node in walk(tree):
        if not isinstance(node, ast.Call) or called(node) not in _PRINTING:
            continue
        text = ""
        for piece in _pieces_of_call(node, dicts):
            if piece is None:
                yield text, node.lineno
                piece = _SOME
            text = (text + piece)[-_ABOVE_CHARS:]


def _pieces_of_call(call: ast.Call, dicts: Mapping[str, ast.expr]) -> _Pieces:
    match called(call):
        case "print":
            between = literal_or(keyword(call, "sep"), " ")
            for index, argument in enumerate(call.args):
                if index:
                    yield str(between)
                yield from _pieces(argument, dicts, "'")
        case "dump":
            if len(call.args) > 1 and called(call.args[1]) == "stdout":
                yield from _json(call, dicts)
        case name:
            for argument in call.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield from _split(argument.value, r"%[-+0-9.]*[a-z]")
                    yield from () if argument is call.args[-1] else (None,)
                elif name != "log" or not isinstance(argument, ast.Dict | ast.Name):
                    # What is logged as a dictionary goes to a tracker, not to the output.
                    yield from _pieces(argument, dicts, "'")
                yield "\n"


def _pieces(node: ast.expr, dicts: Mapping[str, ast.expr], quote: str, depth: int = 0) -> _Pieces:
    """Yield what an expression is as text; `quote` is around the strings in dictionaries."""

    def go(inner: ast.expr) -> _Pieces:
        return _pieces(inner, dicts, quote, depth + 1)

    if depth > _DEPTH:
        yield None
        return
    match node:
        case ast.Constant(value=str() as text):
            yield text
        case ast.JoinedStr(values=values):
            for part in values:
                yield from go(part)
        case ast.BinOp(left=left, op=ast.Add(), right=right) if _has_text(left) or _has_text(right):
            yield from go(left)
            yield from go(right)
        case ast.BinOp(left=ast.Constant(value=str() as text), op=ast.Mod()):
            yield from _split(text, r"%[-+0-9.]*[a-z]")
        case ast.Call(func=ast.Attribute(attr="format", value=ast.Constant(value=str() as text))):
            yield from _split(text, r"\{[^}]*\}")
        case ast.Call(args=[_, *_]) if called(node) == "dumps":
            yield from _json(node, dicts, depth + 1)
        case ast.Dict() | ast.Call(args=[]) if isinstance(node, ast.Dict) or called(node) == "dict":
            yield "{"
            for name, value in entries(node):
                around = quote if _has_text(value) else ""
                yield f"{quote}{name}{quote}: {around}" if name is not None else ""
                yield from go(value)
                yield f"{around}, "
            yield "}"
        case ast.Name(id=name) if name in dicts:
            yield from go(dicts[name])
        case _:
            yield None


def _json(call: ast.Call, dicts: Mapping[str, ast.expr], depth: int = 0) -> _Pieces:
    for piece in _pieces(call.args[0], dicts, '"', depth):
        yield piece.replace("{", "{\n") if piece and keyword(call, "indent") else piece


def _has_text(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _has_text(node.left) or _has_text(node.right)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _split(text: str, placeholder: str) -> _Pieces:
    texts = re.split(placeholder, text)
    for index, part in enumerate(texts):
        yield from (None,) if index else ()
        yield part
