"""Which line of a script's output tells how good a run was."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from bestguess.tools.scan.finding import called

_HELD_OUT = re.compile(r"val|valid|test|dev|eval|cv|held|oof|final|best|mean", re.IGNORECASE)
_GOOD = re.compile(
    r"acc|auc|f1|r2|score|reward|return|bleu|rouge|precision|recall|map\b|iou|psnr|ndcg|accuracy|throughput",
    re.IGNORECASE,
)
_BAD = re.compile(r"loss|err|mse|mae|rmse|perplexity|ppl|bpb|nll|wer|cer|fid|deviance|regret", re.IGNORECASE)
_ENDING = re.compile(r"([A-Za-z][\w/@.-]*(?: [A-Za-z][\w/@.-]*)?\s*[:=]\s*)$")

NUMBER = r"([-+0-9.eE]+)"


@dataclass(frozen=True, slots=True)
class Metric:
    """A pattern that finds the value in the output, the value's name, and which way is better."""

    pattern: str
    name: str
    direction: Literal["minimize", "maximize"]
    line: int


def find_metric(tree: ast.Module) -> Metric | None:
    """Return what a script prints that looks most like a result; None if nothing does."""
    best: tuple[tuple[int, int], Metric] | None = None
    for text, line in _labels(tree):
        found = _ENDING.search(text)
        if not found:
            continue
        label = found[1]
        name = label.rstrip(" :=")
        good, bad = bool(_GOOD.search(name)), bool(_BAD.search(name))
        if not good and not bad:
            continue
        held_out = bool(_HELD_OUT.search(name)) - bool(re.search("train", name, re.IGNORECASE))
        pattern = re.escape(label.rstrip()).replace(r"\ ", " ").replace(r"\=", "=") + r"\s*" + NUMBER
        direction: Literal["minimize", "maximize"] = "maximize" if good and not bad else "minimize"
        metric = Metric(pattern, name, direction, line)
        if best is None or (held_out, line) > best[0]:
            best = (held_out, line), metric
    return best[1] if best else None


def _labels(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield the texts right before a value that is printed or logged."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or called(node) not in {"print", "info", "echo", "log", "write"}:
            continue
        for argument in node.args:
            if isinstance(argument, ast.JoinedStr):
                before = ""
                for part in argument.values:
                    if isinstance(part, ast.Constant):
                        before = str(part.value)
                    else:
                        yield before, node.lineno
                        before = ""
            elif isinstance(argument, ast.BinOp) and isinstance(argument.op, ast.Mod):
                if isinstance(argument.left, ast.Constant):
                    yield from _pieces(str(argument.left.value), r"%[-+0-9.]*[a-z]", node.lineno)
            elif isinstance(argument, ast.Call) and called(argument) == "format":
                if isinstance(argument.func, ast.Attribute) and isinstance(argument.func.value, ast.Constant):
                    yield from _pieces(str(argument.func.value.value), r"\{[^}]*\}", node.lineno)
            elif isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                yield from _pieces(argument.value, r"%[-+0-9.]*[a-z]", node.lineno)
                if argument is not node.args[-1]:
                    yield argument.value, node.lineno


def _pieces(text: str, placeholder: str, line: int) -> Iterator[tuple[str, int]]:
    for found in re.finditer(placeholder, text):
        yield text[: found.start()], line
