"""Which line of a script's output tells how good a run was.

What a call prints is rendered as far as the code says it; each number is looked for by the text before it.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from bestguess.tools.scan.finding import assigned_dicts, called, entries, keyword, literal_or, walk

_HELD_OUT = re.compile(r"val|valid|test|dev|eval|cv|held|oof|final|best|mean", re.IGNORECASE)
_GOOD_WORDS = (
    r"acc|auc|f1|r2|score|reward|return|bleu|rouge|precision|recall|map\b|iou|psnr|ndcg|accuracy|throughput"
)
_BAD_WORDS = r"loss|err|mse|mae|mape|rmse|perplexity|ppl|bpb|nll|wer|cer|fid|deviance|regret"
_GOOD = re.compile(_GOOD_WORDS, re.IGNORECASE)
_BAD = re.compile(_BAD_WORDS, re.IGNORECASE)
_WHOLE = re.compile(
    rf"(?<![A-Za-z])(?:{_GOOD_WORDS}|{_BAD_WORDS}|error)(?![A-Za-z])|(?:loss|error|score|accuracy)$",
    re.IGNORECASE,
)

_NAME = r"(?P<name>[A-Za-z][\w/@.-]*(?: [A-Za-z][\w/@.-]*)?)"
_MARKED = re.compile(rf"(?P<label>[\"']?{_NAME}[\"']?\s*[:=])\s*(?P<opened>[\"']?)$")
_BARE = re.compile(rf"(?P<label>{_NAME})\s+$")

NUMBER = r"([-+0-9.eE]+)"

_PRINTING = frozenset({"print", "pprint", "info", "echo", "log", "write", "dump"})
_DEPTH = 20
"""How deep expressions are followed that a call prints."""

Direction = Literal["minimize", "maximize"]
_Pieces = Iterator[str | None]
"""Texts as they are printed, and None for each value that only a run knows."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A name that a script prints right before a value, and the pattern that finds the value."""

    name: str
    pattern: str
    line: int

    @property
    def direction(self) -> Direction:
        """Which way is better, by the name."""
        return "maximize" if _GOOD.search(self.name) and not _BAD.search(self.name) else "minimize"


def find_metric(tree: ast.Module) -> Printed | None:
    """Return what a script prints that looks most like a result; None if nothing does."""

    def likeliness(one: Printed) -> tuple[int, int]:
        train = re.search("train", one.name, re.IGNORECASE)
        return bool(_HELD_OUT.search(one.name)) - bool(train), one.line

    results = (one for one in find_printed(tree) if _GOOD.search(one.name) or _BAD.search(one.name))
    return max(results, key=likeliness, default=None)


def find_printed(tree: ast.Module) -> list[Printed]:
    """Return the names that a script prints or logs a value after, in the order of its lines."""
    found = (_read_label(text, line) for text, line in _texts(tree))
    return sorted((one for one in found if one), key=lambda one: one.line)


def names_result(name: str) -> bool:
    """Whether a name is a result's even where no colon or equals sign is between it and the number."""
    return _WHOLE.search(name.rpartition(" ")[2]) is not None


def _read_label(text: str, line: int) -> Printed | None:
    if found := _MARKED.search(text):
        label = re.escape(found["label"]).replace(r"\ ", " ").replace(r"\=", "=").replace(r"\"", '"')
        # The values of a dictionary that is printed as it is may be NumPy's: np.float64(0.5).
        wrapped = r"(?:np\.\w+\()?" if label.startswith("'") and not found["opened"] else ""
        pattern = rf"{label}\s*{found['opened']}{wrapped}{NUMBER}"
    elif (found := _BARE.search(text)) and names_result(found["name"]):
        pattern = re.escape(found["label"]).replace(r"\ ", " ") + rf"\s+{NUMBER}"
    else:
        return None
    # Not the loss of val_loss.
    return Printed(found["name"], rf"\b{pattern}" if pattern[0].isalpha() else pattern, line)


def _texts(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the texts right before a value that is printed or logged."""
    dicts = assigned_dicts(tree)
    for node in walk(tree):
        if not isinstance(node, ast.Call) or called(node) not in _PRINTING:
            continue
        text = ""
        for piece in _pieces_of_call(node, dicts):
            if piece is None:
                yield text, node.lineno
                text = ""
            else:
                text += piece


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
                yield from _pieces(call.args[0], dicts, '"')
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
        case ast.Call(args=[argument, *_]) if called(node) == "dumps":
            yield from _pieces(argument, dicts, '"', depth + 1)
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


def _has_text(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _has_text(node.left) or _has_text(node.right)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def _split(text: str, placeholder: str) -> _Pieces:
    texts = re.split(placeholder, text)
    for index, part in enumerate(texts):
        yield from (None,) if index else ()
        yield part
