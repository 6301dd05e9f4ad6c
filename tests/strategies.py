"""Hypothesis strategies for spaces and for params of a space, nested conditions included.

    @given(st.data())
    def test_it(data):
        space = data.draw(spaces())
        params = data.draw(params_of(space))

Spaces keep to what every format can hold: six significant digits in bounds, no Choice that mixes booleans
with numbers. Params are any the space allows.
"""

from __future__ import annotations

import math
from typing import Any

from hypothesis import strategies as st

from bestguess.tools.space.parameters import Choice, Float, Int, Parameter, Text
from bestguess.tools.space.space import Space

NAMES = st.one_of(
    st.from_regex(r"[a-z][a-z0-9_]{0,5}", fullmatch=True),
    st.sampled_from(
        ["batch-size", "optimizer.lr", "lambda", "größe", "a b", "10%", "x:y", "null", "é\u200b"]
    ),
)
WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8)
NUMBERS = st.one_of(st.integers(-1000, 1000), st.floats(-1000, 1000).map(lambda number: _six(number) + 0.0))


@st.composite
def floats(draw: st.DrawFn) -> Float:
    """Draw a Float: linear, logarithmic or with a step."""
    scale = draw(st.sampled_from(["linear", "log", "step"]))
    if scale == "step":
        step = draw(st.sampled_from([0.001, 0.05, 0.1, 0.25, 0.3, 2.0, 1000.0]))
        first, count = draw(st.integers(-30, 30)), draw(st.integers(1, 40))
        low, high = (float(f"{step * index:.6g}") for index in (first, first + count))
        return Float(low, high, step=step, doc=draw(WORDS))
    if scale == "log":
        low = _six(10 ** draw(st.floats(-5.9, 3)))
        high = _six(low * 10 ** draw(st.floats(0.1, 6)))
    else:
        low = _six(draw(st.floats(-1e6, 1e6)))
        high = _six(low + 10 ** draw(st.floats(math.log10(abs(low) + 0.01) - 2, 6)))
    default = draw(st.none() | st.floats(low, high))
    if default is None:
        return Float(low, high, log=scale == "log", doc=draw(WORDS))
    return Float(low, high, log=scale == "log", default=default, doc=draw(WORDS))


@st.composite
def ints(draw: st.DrawFn) -> Int:
    """Draw an Int: linear, logarithmic or with a step, small or large."""
    log = draw(st.booleans())
    low = draw(st.integers(1, 100) if log else st.integers(-100, 100))
    high = low + draw(st.integers(1, 20) | st.integers(1, 10**9))
    step = 1 if log else draw(st.integers(1, min(high - low, 7)))
    return Int(low, high, log=log, step=step)


@st.composite
def choices(draw: st.DrawFn) -> Choice:
    """Draw a Choice among strings, None, and either numbers or booleans."""
    words = st.one_of(WORDS, st.none(), draw(st.sampled_from([NUMBERS, st.booleans()])))
    options = draw(st.lists(words, min_size=1, max_size=6, unique_by=(str, lambda option: option)))
    return Choice(options, ordered=draw(st.booleans()), default=draw(st.sampled_from(options)))


@st.composite
def texts(draw: st.DrawFn) -> Text:
    """Draw a Text with up to three examples."""
    default, *examples = draw(st.lists(WORDS, min_size=1, max_size=4))
    return Text(default=default, examples=examples, max_chars=draw(st.integers(8, 40)))


def parameters() -> st.SearchStrategy[Parameter]:
    """Draw a parameter of any kind, unconditional."""
    return st.one_of(floats(), ints(), choices(), texts())


@st.composite
def spaces(draw: st.DrawFn, max_size: int = 6) -> Space:
    """Draw a space; any parameter may hang on up to two others, which may hang on others again."""
    names = draw(st.lists(NAMES, min_size=1, max_size=max_size, unique=True))
    drawn: dict[str, Parameter] = {}
    for name in names:
        parents = [each for each, one in drawn.items() if isinstance(one, Choice | Int)]
        several = st.lists(st.sampled_from(parents), max_size=2, unique=True)
        chosen = draw(several) if parents else []
        when = {parent: draw(st.lists(values_of(drawn[parent]), min_size=1, max_size=3)) for parent in chosen}
        drawn[name] = _with_conditions(draw(parameters()), when)
    ordered = {name: drawn[name] for name in draw(st.permutations(names))}
    bounded = [name for name, one in drawn.items() if isinstance(one, Float | Int)]
    constraints: list[str] = []
    if draw(st.booleans()) and bounded:
        name = draw(st.sampled_from(bounded))
        constraints = [f"`{name}` <= {max(drawn[name].default, drawn[name].decode(0.5))!r}"]
    return Space(ordered, constraints=constraints)


def values_of(parameter: Parameter) -> st.SearchStrategy[Any]:
    """Draw an allowed value."""
    if isinstance(parameter, Int):
        indices = st.integers(0, parameter.grid_size - 1)
        return indices.map(lambda index: parameter.low + index * parameter.step)
    if isinstance(parameter, Float) and parameter.step is None:
        return st.floats(parameter.low, parameter.high).map(lambda value: value + 0.0)
    if isinstance(parameter, Text):
        alphabet = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
        return st.sampled_from(parameter.known) | st.text(alphabet, max_size=parameter.max_chars)
    return st.sampled_from(parameter.values())


@st.composite
def params_of(draw: st.DrawFn, space: Space) -> dict[str, Any]:
    """Draw valid params."""

    def active(values: dict[str, Any]) -> dict[str, Any]:
        return {name: values[name] for name in space.active(values)}

    everything = st.fixed_dictionaries({name: values_of(one) for name, one in space.parameters.items()})
    return draw(everything.map(active).filter(space.satisfies))


def _six(number: float) -> float:
    return float(f"{number:.6g}") if abs(number) > 1e-6 else 0.0


def _with_conditions(parameter: Parameter, when: dict[str, list[Any]]) -> Parameter:
    fields = {name: value for name, value in parameter.definition().items() if name != "type"}
    return type(parameter)(**{**fields, "when": when})
