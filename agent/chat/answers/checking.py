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

from bestguess.agent.chat.answers.wording import agreement
from bestguess.agent.reports.insight import Insight
from bestguess.tools.trial import Direction
from bestguess.tools.words.given import shorten

_NUMBER = re.compile(r"(?<![\w.])[-+\u2212]?(\d+(?:\.\d+)?(?:e[-+]?\d+)?)(\s?%)?", re.IGNORECASE)
_MARKER = re.compile(r"^\s*(?:\d+[.)]|[-*])\s+")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z*`_])")
_MORE, _LESS = r"higher|larger|bigger|greater|more|increas\w+", r"lower|smaller|less|fewer|decreas\w+"
_GOOD = r"better|best|helps?|improves?|preferred"
_NONE = re.compile(
    r"\b(?:does not|doesn't|do not|don't|hardly|barely) (?:matter|change)|no (?:real )?effect|matters? little"
)


def keep_supported(text: str, known: Iterable[str]) -> tuple[str, list[str]]:
    """Return the sentences whose numbers all stand in what is `known`, and the numbers of the others."""
    facts = [fact for words in known for fact in _facts_in(words)]
    kept, strange = [], []
    for line in text.splitlines():
        marker = _MARKER.match(line)
        head = marker[0] if marker else ""
        sentences = []
        for sentence in _SENTENCE.split(line[len(head) :]):
            if missing := [found[0] for found in _NUMBER.finditer(sentence) if not _stands(found, facts)]:
                strange += missing
            else:
                sentences.append(sentence)
        if sentences:
            kept.append(head + " ".join(sentences))
    return "\n".join(kept).strip(), strange


@lru_cache(maxsize=256)  # an answer is checked again with each word that is written
def _facts_in(words: str) -> tuple[float, ...]:
    return tuple(float(found[1]) for found in _NUMBER.finditer(words.replace("\u2212", "-")))


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
    exact = not percent and "." not in digits and not exponent
    for fact in facts:
        if abs(fact - value) <= (1e-9 if exact and fact.is_integer() else reach * 1.0001):
            return True
        if percent and abs(100 * fact - value) <= reach * 1.0001:
            return True
    return False
