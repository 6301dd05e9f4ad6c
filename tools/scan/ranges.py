"""From a name and its current value to a parameter: type, range around the value, log or not.

What the words in a name say is in `habits.py`; a name that says nothing gets a range from its value alone.
"""

from __future__ import annotations

import math
import re

from bestguess.tools.errors import SpaceError
from bestguess.tools.scan.finding import Finding, Value
from bestguess.tools.scan.habits import Habit, Shape, habit_of, is_place, reason_against
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter
from bestguess.tools.words.given import is_number, shorten

DOC_CHARS = 200
MAX_OPTIONS = 30
SMALL_SHARE = 0.05
"""Where the range of a share begins: of nothing, no model can be fitted."""


def choose_parameter(finding: Finding, *, has_heads: bool = False) -> Parameter | str:
    """Return the parameter that a finding becomes, or the reason why it is left out.

    `has_heads` says that sizes are split among attention heads, so they keep a step.
    """
    words = _words(finding.name)
    if finding.note:
        return finding.note
    doc = shorten(" ".join(finding.doc.split()), DOC_CHARS)
    try:
        return _choose(finding, words, doc, has_heads=has_heads)
    except SpaceError as error:
        return str(error)


def is_heads(finding: Finding) -> bool:
    """Whether a finding is a number of attention heads."""
    habit = habit_of(_words(finding.name))
    return habit is not None and habit.shape == "heads"


def _choose(finding: Finding, words: str, doc: str, *, has_heads: bool) -> Parameter | str:
    value = finding.value
    if reason := reason_against(words):
        return reason
    if (value is None or isinstance(value, str)) and is_place(words) and not finding.options:
        return "it is a name or a place"
    if isinstance(value, bool) or (value is None and finding.kind is bool):
        return Choice([True, False], default=bool(value), doc=doc)
    options: list[Value] = [one for one in finding.options if one is not None]
    if isinstance(value, str) or (options and not all(map(is_number, options))):
        return _choose_text(value, options, doc)
    if options:
        default = value if value in options else options[len(options) // 2]
        if len(options) == 1 or len(options) > MAX_OPTIONS:
            return f"it has {len(options)} values"
        return Choice(sorted(options), ordered=True, default=default, doc=doc)  # type: ignore[type-var]
    habit = habit_of(words)
    if value is None:
        if finding.kind not in (int, float) or habit is None or habit.typical is None:
            return "it has no value to start from"
        value = int(habit.typical) if finding.kind is int else habit.typical
    assert isinstance(value, int | float)
    if not math.isfinite(value) or abs(value) > 1e12:
        return f"its value is {value!r}"
    real = (
        finding.kind is float or isinstance(value, float) or (finding.kind is None and habit and habit.real)
    )
    if finding.kind is int or (habit and habit.shape == "share" and isinstance(value, int) and value > 1):
        real = False
    return _range(value, habit, finding, doc, real=bool(real), has_heads=has_heads)


def _choose_text(value: Value, options: list[Value], doc: str) -> Parameter | str:
    if isinstance(value, str) and value not in options:
        options = [value, *options] if options else []
    if len(options) < 2:
        return "it is text, and the script names no other value for it"
    if len(options) > MAX_OPTIONS:
        return f"it has {len(options)} values"
    default = value if value is not None else options[0]
    return Choice(options, default=default, doc=doc)


def _range(
    value: float, habit: Habit | None, finding: Finding, doc: str, *, real: bool, has_heads: bool
) -> Parameter:
    shape: Shape = habit.shape if habit else "any"
    factor = habit.factor if habit else 10.0
    if shape == "any" or (shape == "heads" and (real or value < 1)):
        shape = _guess_shape(value, real=real)
    if shape == "near one or log":
        shape = "near one" if 0.5 <= value < 1 else "log"
    if shape == "near one" and not 0.5 <= value < 1:
        shape = "unit" if 0 <= value <= 1 and value != 0 else "log"
    if shape in {"unit", "share"} and not 0 <= value <= 1:
        shape = "log"
    if value <= 0 and shape not in {"unit", "share"}:
        shape = "linear"
    log, step = False, None
    match shape:
        case "near one":
            low, high = max(0.0, round(1 - 10 * (1 - value), 6)), round(1 - (1 - value) / 10, 9)
        case "unit":
            low, high = 0.0, min(1.0, max(0.5, 2 * value))
            if value > 0.5:
                low, high = round(max(0.05, value - 0.5), 2), 1.0
        case "share" if 0 < value < 1:
            low, high = min(SMALL_SHARE, value / 2), 1.0
        case "share":
            low, high = 0.5 * value, 1.0
        case "log" | "size" | "width":
            log = True
            low, high = value / factor, value * factor
        case "count":
            low, high = (1, max(2 * value, value + 3)) if value >= 1 else (0, 5)
        case "heads":
            # A width divides by these most likely.
            near = {2**power for power in range(6) if value / 4 <= 2**power <= value * 4} | {int(value)}
            return Choice(sorted(near), ordered=True, default=int(value), doc=doc)
        case _ if value == 0:
            low, high = 0.0, 0.1 if habit is not None and habit.shape == "log" else 1.0
        case _:
            low, high = min(0.0, 2 * value), max(0.0, 2 * value)
    if shape == "width" and has_heads and not real and value >= 32 and int(value) % 4 == 0:
        log, step = False, int(value) // 4
    if habit:
        low, high = max(low, habit.low), min(max(high, value), max(habit.high, value))
    least = -math.inf if finding.low is None else finding.low
    most = math.inf if finding.high is None else finding.high
    low, high = max(low, least), min(high, most)
    if real:
        low, high = max(_tidy(low, value, up=False), least), min(_tidy(high, value, up=True), most)
        return Float(low, high, log=log and low > 0, default=float(value), doc=doc)
    floor = 1 if value >= 1 else min(0, int(value))
    whole_low, whole_high = max(floor, math.floor(low)), max(math.ceil(high), int(value) + 1)
    if finding.high is not None:
        whole_high = min(whole_high, int(finding.high))
    if step is not None:
        return Int(step, whole_high, step=step, default=int(value), doc=doc)
    log = log and whole_low > 0 and whole_high >= 8 * whole_low
    return Int(whole_low, whole_high, log=log, default=int(value), doc=doc)


def _guess_shape(value: float, *, real: bool) -> Shape:
    if value <= 0:
        return "linear"
    if real:
        return "share" if SMALL_SHARE < value < 1 else "log"
    return "count" if value <= 16 else "size"


def _tidy(bound: float, value: float, *, up: bool) -> float:
    """Return the bound in two digits, unless that leaves the value out."""
    if bound == 0 or 0.9 < bound < 1:
        return bound if bound == 0 else float(f"{bound:.6g}")
    short = float(f"{bound:.2g}")
    return short if (short >= value) == up or short == value else bound


def _words(name: str) -> str:
    """Return the last part of a dotted name in lower-case words: optimizer.baseLR is base_lr."""
    last = name.rpartition(".")[2]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last).lower().replace("-", "_").strip("_")
