"""From a name and its current value to a parameter: type, range around the value, log or not.

What the words in a name say is in `habits.py`; a name that says nothing gets a range from its value alone.
"""

from __future__ import annotations

import math
import re

from bestguess.tools.errors import SpaceError
from bestguess.tools.scan.exclusions import reason_against, single_words
from bestguess.tools.scan.finding import Finding, Value
from bestguess.tools.scan.habits import Habit, Shape, habit_of, is_place
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter
from bestguess.tools.words.given import is_number, shorten, shown

DOC_CHARS = 200
MAX_OPTIONS = 30

_WORD = r"['\"`]?[\w.+-]*\w['\"`]?"
_LISTS = re.compile(rf"(?:^|[(\[{{:])\s*({_WORD}(?:\s*(?:,(?: or)?|\||/| or )\s*{_WORD})+)\s*(?:$|[])}}.;])")
SMALL_SHARE = 0.05
"""Where the range of a share begins: of nothing, no model can be fitted."""


def choose_parameter(
    finding: Finding, beside: frozenset[str] = frozenset(), *, has_heads: bool = False
) -> Parameter | str:
    """Return the parameter that a finding becomes, or the reason why it is left out.

    `beside` are the words in the names of all that the script sets (see `words_of`); `has_heads` says that
    sizes are split among attention heads, so they keep a step.
    """
    words = _words(finding.name)
    if finding.note:
        return finding.note
    doc = shorten(" ".join(finding.doc.split()), DOC_CHARS)
    if reason := reason_against(words, finding.value, beside):
        return reason
    try:
        return _choose(finding, words, doc, has_heads=has_heads)
    except SpaceError as error:
        return str(error)


def words_of(finding: Finding) -> frozenset[str]:
    """Return the words in a finding's name, each in the singular."""
    return single_words(_words(finding.name))


def is_heads(finding: Finding) -> bool:
    """Whether a finding is a number of attention heads."""
    habit = habit_of(_words(finding.name))
    return habit is not None and habit.shape == "heads"


def _choose(finding: Finding, words: str, doc: str, *, has_heads: bool) -> Parameter | str:
    value = finding.value
    if isinstance(value, bool) or (value is None and finding.kind is bool):
        return Choice([True, False], default=bool(value), doc=doc)
    options: list[Value] = [one for one in finding.options if one is not None]
    if isinstance(value, str) and set(options) <= set(listed := _listed_in(finding.doc, value)):
        options = listed
    if (value is None or isinstance(value, str)) and is_place(words, any_options=bool(options)):
        return "it is a name or a place"
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
        doc = _stand_in(doc, None, value)
    assert isinstance(value, int | float)
    if abs(value) > 1e12 or not math.isfinite(value):  # a long int is no float
        return f"its value is {shown(value)}"
    real = (
        finding.kind is float or isinstance(value, float) or (finding.kind is None and habit and habit.real)
    )
    if finding.kind is int or (habit and habit.shape == "share" and isinstance(value, int) and value > 1):
        real = False
    if not real and habit and habit.real and value > habit.high:
        habit = None  # a step size of 30 epochs is no rate
    if value == 0 and real and habit and habit.zero:
        return _zero_or_magnitude(*habit.zero, finding, doc)
    if value in (0, -1) and habit and habit.typical and habit.shape in {"log", "size", "width", "count"}:
        return _beside_off(value, habit, doc, real=bool(real))
    if value == -1 and not real:
        return "-1 most likely turns it off, and the script says no other value"
    return _range(value, habit, finding, doc, real=bool(real), has_heads=has_heads)


def _stand_in(doc: str, value: Value, default: float) -> str:
    """Return the doc of a parameter whose range cannot hold the script's own value."""
    return (
        f"{doc[: DOC_CHARS - 60]}{'; ' if doc else ''}{value!r} in the script, for which {default:g} stands"
    )


def _zero_or_magnitude(low: float, high: float, finding: Finding, doc: str) -> Choice:
    """Return half decades beside the script's own 0, which trial 0 has and no logarithmic range holds."""
    most = min(high, math.inf if finding.high is None else finding.high)
    steps = range(round(2 * math.log10(high / low)) + 1)
    magnitudes = (float(f"{low * 10 ** (step / 2):.0e}") for step in steps)
    options = [0.0, *(number for number in magnitudes if number <= most)]
    return Choice(options, ordered=True, default=0.0, doc=doc)


def _beside_off(value: float, habit: Habit, doc: str, *, real: bool) -> Parameter:
    """Return a choice of values about the typical one, and the script's own, which may turn something off."""
    assert habit.typical is not None
    usual = [habit.typical * factor for factor in (1 / 3, 1, 3)]
    options = [value, *(float(f"{number:.1g}") if real else round(number) for number in usual)]
    ordered = value == 0 and habit.shape != "log"
    return Choice(options, ordered=ordered, default=value, doc=doc)


def _listed_in(doc: str, value: str) -> list[Value]:
    """Return the words that a help text lists, such as (RNN, LSTM, GRU) or sgd|adam, if `value` is one."""
    for found in _LISTS.finditer(doc):
        words = re.split(r"[\s,|/]+", found[1].replace(" or ", ","))
        if value in (bare := [word.strip("'\"`") for word in words]):
            return list(dict.fromkeys(bare))
    return []


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
    if not real and value == 1 and shape in {"unit", "share"}:
        shape = "count"
    if shape == "near one or log":
        shape = "near one" if 0.5 <= value < 1 else "log"
    if shape == "near one" and value and not 0.5 <= value < 1:
        shape = "unit" if 0 <= value <= 1 else "log"
    if shape in {"unit", "share"} and not 0 <= value <= 1:
        shape = "log"
    if value <= 0 and shape not in {"unit", "share"} and (value or shape != "near one"):
        shape = "linear"
    log, step = False, None
    match shape:
        case "near one" if value == 0:
            low, high = 0.0, 0.99
        case "near one":
            low, high = max(0.0, round(1 - 10 * (1 - value), 6)), round(1 - (1 - value) / 10, 9)
        case "unit":
            low, high = 0.0, min(1.0, max(0.5, 2 * value))
            if value > 0.5:
                low, high = round(max(0.05, value - 0.5), 2), 1.0
        case "share" if 0 < value < 1:
            low, high = min(SMALL_SHARE, value / 2), 1.0
        case "share":
            low, high = value and (habit.low if habit and habit.low > 0 else 0.5), 1.0
        case "log" | "size" | "width":
            log = True
            low, high = value / factor, value * factor
        case "odd" if not real and value % 2 == 1:
            low, high, step = 1, 2 * value + 1, 2
        case "count" | "odd":
            typical = (habit.typical or 0) if habit else 0
            low, high = (1, max(2 * value, value + 3, typical)) if value >= 1 else (0, 5)
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
        low = max(low, habit.low) if value >= habit.low else low
        high = min(max(high, value), max(habit.high, value))
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
        first = step if shape == "width" else whole_low
        return Int(first, whole_high, step=step, default=int(value), doc=doc)
    log = log and whole_low > 0 and whole_high >= 8 * whole_low
    return Int(whole_low, whole_high, log=log, default=int(value), doc=doc)


def _guess_shape(value: float, *, real: bool) -> Shape:
    if value <= 0:
        return "linear"
    if real:
        return "near one" if 0.95 <= value < 1 else "share" if SMALL_SHARE < value < 1 else "log"
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
