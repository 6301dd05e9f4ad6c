"""Hyperopt: an `hp` expression; points by label, a choice by the index of its option.

`fmin` drops `points_to_evaluate`, without a word, where it is given `trials`: `trials` of this module makes a
`Trials` in which the points wait, or puts them into one, and takes the place of both. `fmin` does not count
these points among its `max_evals`. Nested choices become conditions. What a quantized
distribution can draw just outside its range is left out, and an unbounded one is searched within three
standard deviations.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from itertools import product
from typing import Any

from bestguess.agent.adapters._translation import (
    Draft,
    Points,
    Translation,
    label,
    needs,
    numeric,
    quantized,
    rowwise,
    unbounded,
)
from bestguess.tools.errors import SpaceError
from bestguess.tools.space.parameter import Value
from bestguess.tools.space.parameters import Choice
from bestguess.tools.space.space import Space

DISTRIBUTION = "hyperopt"
HAND_OVER = (
    "fmin(..., points_to_evaluate=points)  # fmin drops them where trials= is given; then "
    "from hyperopt.fmin import generate_trials_to_calculate; trials=generate_trials_to_calculate(points)"
)

_Conditions = tuple[tuple[str, int], ...]
"""The choices, by label, on the way to a part of an expression, and the index of the option each took."""


def read(native: Any) -> Translation:
    """Return what an `hp` expression (or a dictionary or list of them), or a space of ours, means.

    Raises SpaceError, naming the label.
    """
    if isinstance(native, Space):
        indices = {
            name: parameter.options.index
            for name, parameter in native.parameters.items()
            if isinstance(parameter, Choice)
        }
        return Translation(native, indices)
    with needs(DISTRIBUTION):
        from hyperopt.pyll import as_apply

    expression = as_apply(native)
    found: dict[str, tuple[Any, set[_Conditions]]] = {}
    _walk(expression, (), found)
    labels = _labels(expression)

    def add(draft: Draft, name: str, part: tuple[Any, set[_Conditions]]) -> None:
        node, alternatives = part
        _add(draft, name, node, labels, _when(alternatives, labels))

    return Draft.read(found.items(), add, flat=False)


from_native, to_native = rowwise(read)


def trials(points: Points, native: Any, trials: Any = None) -> Any:
    """Return a `Trials` of which `fmin` evaluates the points first: a new one, or `trials` with them in it.

    Give it to `fmin` as `trials`. Raises ParamsError for points outside the space.
    """
    with needs(DISTRIBUTION):
        from hyperopt import Trials
        from hyperopt.fmin import generate_trial

    rows = to_native(points, native)
    waiting = Trials() if trials is None else trials
    numbers = waiting.new_trial_ids(len(rows))
    documents = [generate_trial(number, row) for number, row in zip(numbers, rows, strict=True)]
    waiting.insert_trial_docs([{**each, "exp_key": waiting._exp_key} for each in documents])
    waiting.refresh()
    return waiting


def _labels(expression: Any) -> dict[str, list[Value]]:
    """Return, for the label of each choice, what its options may be called."""
    from hyperopt.pyll import dfs

    return {
        node.pos_args[0].arg["label"].obj: label(
            [_option(index, one) for index, one in enumerate(node.pos_args[1:])]
        )
        for node in dfs(expression)
        if node.name == "switch" and node.pos_args[0].name == "hyperopt_param"
    }


def _option(index: int, node: Any) -> Any:
    """Return a literal option, or of a nested space the first text in it, its type or its name as a rule."""
    if node.name == "literal":
        return node.obj
    inner = [one.obj for one in node.inputs() if one.name == "literal" and isinstance(one.obj, str)]
    return inner[0] if inner else f"option {index}"


def _walk(node: Any, conditions: _Conditions, found: dict[str, tuple[Any, set[_Conditions]]]) -> None:
    """Find what a label stands for, and all ways to it.

    Hyperopt's own `expr_to_config` does the same, but breaks on `hp.pchoice` (0.3.0).
    """
    if node.name == "hyperopt_param":
        found.setdefault(node.arg["label"].obj, (node.arg["obj"], set()))[1].add(conditions)
    elif node.name == "switch" and node.pos_args[0].name == "hyperopt_param":
        chooser, *options = node.pos_args
        _walk(chooser, conditions, found)
        for index, option in enumerate(options):
            _walk(option, (*conditions, (chooser.arg["label"].obj, index)), found)
    else:
        for each in node.inputs():
            _walk(each, conditions, found)


def _when(alternatives: Iterable[_Conditions], labels: Mapping[str, list[Value]]) -> dict[str, list[Value]]:
    """Return the values of each parent that activate a parameter."""
    several = [dict(conditions) for conditions in alternatives]
    if {} in several:
        return {}
    parents = list(several[0])
    allowed = {parent: sorted({one[parent] for one in several if parent in one}) for parent in parents}
    every = [dict(zip(parents, values, strict=True)) for values in product(*allowed.values())]
    if len(every) != len(several) or any(one not in every for one in several):
        raise SpaceError("its label is used in places that no one condition describes; give it two labels")
    return {
        parent: [labels[parent][index] if parent in labels else index for index in indices]
        for parent, indices in allowed.items()
    }


def _add(
    draft: Draft, name: str, node: Any, labels: Mapping[str, list[Value]], when: Mapping[str, Any]
) -> None:
    if name in labels:
        names = labels[name]
        draft.add_choice(name, names, labels=names, spelled=range(len(names)), when=when)
        return
    argument = {key: one.obj for key, one in node.arg.items() if hasattr(one, "obj")}
    if node.name == "randint":
        low, high = (argument["low"], argument["high"]) if "high" in argument else (0, argument["low"])
        draft.add(name, numeric(low, high - 1, integer=True, when=when))
        return
    kind, log = node.name.removeprefix("q"), node.name.removeprefix("q").startswith("log")
    if kind not in ("uniform", "loguniform", "normal", "lognormal"):
        raise SpaceError(f"the distribution {node.name!r} has no counterpart; use uniform, normal or choice")
    low, high = (
        unbounded(argument["mu"], argument["sigma"])
        if kind.endswith("normal")
        else (argument["low"], argument["high"])
    )
    if log:
        low, high = math.exp(low), math.exp(high)
    if node.name.startswith("q"):
        draft.add(name, *quantized(low, high, argument["q"], log=log, when=when))
    else:
        draft.add(name, numeric(low, high, log=log, when=when))
