"""What of a model's words holds: numbers against what tools returned, claims against the surrogate.

A sentence with a number that nothing has is left out, and that is said; a claim stands beside what the
Gaussian process says of it. Numbers may be rounded, and be shares written in per cent; what was computed from
others cannot be checked, so it is left out, too.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache

from bestguess.agent.reports.insight import Insight
from bestguess.tools.trial import Direction
from bestguess.tools.words.given import shorten

_NUMBER = re.compile(r"(?<![\w.])([-+]?(?:\d+(?:\.\d+)?|\.\d+)(?:e[-+]?\d+)?)(\s?%)?", re.IGNORECASE)
_POWER = re.compile(r"(?<![\w.^])(?:(\d+(?:\.\d+)?)\s?[\u00d7x*\u00b7]\s?)?10(?:\^|\*\*)\(?([-+]?\d+)\)?")
_RAISED = re.compile("10([\u207a\u207b]?[\u2070\u00b9\u00b2\u00b3\u2074-\u2079]+)")
_DIGITS = str.maketrans(
    "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207a\u207b\u2212", "0123456789+--"
)
_MARKER = re.compile(r"^\s*(?:(\d+)[.)]|[-*])\s+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z*`_])")
_MORE, _LESS = r"higher|larger|bigger|greater|more|increas\w+", r"lower|smaller|less|fewer|decreas\w+"
_GOOD = r"better|best|helps?|improves?|preferred"
_NONE = re.compile(
    r"\b(?:does not|doesn't|do not|don't|hardly|barely) (?:matter|change)|no (?:real )?effect|matters? little"
)


def keep_supported(text: str, known: Iterable[str]) -> tuple[str, list[str]]:
    """Return the sentences whose numbers all stand in what is `known`, and the numbers of the others."""
    facts = [fact for words in known for fact in _facts_in(words)]
    kept, strange, listed = [], [], {0}
    for line in text.splitlines():
        marker = _MARKER.match(line)
        if marker and marker[1]:
            number = int(marker[1][:9])
            if number - 1 in listed:
                listed.add(number)
            else:
                marker = None  # it does not number a list, so it says something
        head = marker[0] if marker else ""
        sentences = []
        for sentence in _SENTENCE.split(line[len(head) :]):
            if missing := _strange_in(sentence, facts):
                strange += missing
            else:
                sentences.append(sentence)
        if sentences:
            kept.append(head + " ".join(sentences))
    return "\n".join(kept).strip(), strange


def strange_numbers(text: str, known: Iterable[str]) -> list[str]:
    """Return the numbers of a text that do not stand in what is `known`."""
    return _strange_in(text, [fact for words in known for fact in _facts_in(words)])


def _strange_in(text: str, facts: Sequence[float]) -> list[str]:
    return [found[0] for found in _numbers_in(text) if not _stands(found, facts)]


@lru_cache(maxsize=256)  # an answer is checked again with each word that is written
def _facts_in(words: str) -> tuple[float, ...]:
    return tuple(float(found[1]) for found in _numbers_in(words))


def _numbers_in(text: str) -> Iterator[re.Match[str]]:
    """Yield the numbers of a text, powers of ten as 1e-5, however they are written."""
    text = _RAISED.sub(lambda found: f"10^{found[1]}", text).translate(_DIGITS)
    return _NUMBER.finditer(_POWER.sub(lambda found: f"{found[1] or 1}e{found[2]}", text))


def claims_in(text: str, names: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what a text claims of single parameters: its name, and which values are better, or none."""
    for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
        named = [name for name in names if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", sentence)]
        if len(named) != 1:
            continue
        if _NONE.search(sentence):
            yield named[0], "none"
        elif re.search(rf"\b(?:{_GOOD})\b", sentence) and not re.search(r"\b(?:not|no|n't|than)\b", sentence):
            more, less = (bool(re.search(rf"\b(?:{words})\b", sentence)) for words in (_MORE, _LESS))
            if more != less:
                yield named[0], "higher" if more else "lower"


def check_words(text: str, known: Sequence[str], insights: Sequence[Insight], direction: Direction) -> str:
    """Return what of a model's answer holds, with what was left out, and what is said of its claims."""
    kept, strange = keep_supported(text, known)
    by_name = {insight.importance.name: insight for insight in insights}
    judged = [
        agreement(better, by_name[name], direction)[0] for name, better in claims_in(kept, list(by_name))
    ]
    lines = [f"- {words}" for words in dict.fromkeys(judged)]
    if strange and not kept:
        kept = "Nothing of the model's answer holds."
    if strange:
        shown = shorten(", ".join(dict.fromkeys(strange)), 80)
        lines.append(f"- *left out, as no result has it:* what was said with {shown}")
    return "\n\n".join(filter(None, (kept, "\n".join(lines))))


def agreement(claimed: str, insight: Insight, direction: Direction) -> tuple[str, bool]:
    """Return a claim about a parameter with what the surrogate says of it, and whether it agrees."""
    effect, name = insight.effect, insight.importance.name
    best = insight.ranked(direction)[0]
    rises = bool(effect.median[-1] > effect.median[0]) == (direction == "maximize")
    end = -1 if rises else 0
    # Larger or smaller values are better where that end may as well be the best, and the other cannot.
    near, far = (
        effect.low[best] <= effect.high[at] and effect.low[at] <= effect.high[best] for at in (end, -1 - end)
    )
    better = "one"
    if not insight.apart:
        better = "none"
    elif not insight.categorical and near and not far:
        better = "higher" if rises else "lower"
    words = {
        "higher": "larger values are better",
        "lower": "smaller values are better",
        "none": "it matters little",
        "one": "it matters" if insight.categorical else "it matters, but not in one direction",
    }
    spread = f"best, {insight.place(0, direction)}; worst, {insight.place(-1, direction)}"
    verdict = "agrees" if claimed == better else f"does not: it says that {words[better]}"
    told = f"{name}: {words.get(claimed, claimed)}, says the model; the Gaussian process {verdict} ({spread})"
    return told, claimed == better


def _stands(found: re.Match[str], facts: Sequence[float]) -> bool:
    digits, percent = found[1].lower(), found[2]
    value = float(digits)
    if not math.isfinite(value):
        return False
    mantissa, _, exponent = digits.partition("e")
    # Half a unit of the last digit that is given; no power of ten makes nothing anything.
    reach = float(f"0.5e{exponent if exponent and float(mantissa) else 0}") * 10.0 ** -len(
        mantissa.partition(".")[2]
    )
    whole = "." not in digits and not exponent
    # Of one digit everything is a rounding: a rate of 0.91 would be the 1 of "1 run failed".
    single = whole and len(mantissa.lstrip("+-")) < 2
    for fact in facts:
        exact = single or (whole and not percent and fact.is_integer())
        if abs(fact - value) <= (1e-9 if exact else reach * 1.0001):
            return True
        if percent and abs(100 * fact - value) <= reach * 1.0001:
            return True
    return False
