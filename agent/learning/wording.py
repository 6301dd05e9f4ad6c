"""Words beside a value that say what a text makes of it: advised, the default, possible, advised against.

The lists are by hand, from documents that packages ship (`evals/documents`).
"""

from __future__ import annotations

import re

ADVISED, AVOIDED = "advised", "avoid"
VERDICTS = ("other", "allowed", "default", AVOIDED, ADVISED)
UNCLEAR = "unclear"
"""Of a value beside which no words judge it."""

WINDOW = 90
"""So many characters before and after a value the words count that judge it."""


def _any_of(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


ADVISES = _any_of(
    r"recommend", r"suggest", r"advis", r"prefer", r"reasonabl", r"sensibl", r"\btypical", r"\bideal",
    r"optimal",
    r"\bgood (?:value|choice|start|default|range|set)", r"best (?:value|result)", r"highest performing",
    r"useful range", r"\bconsider (?!when|for|in|at|as)", r"rule of thumb", r"sweet spot", r"most users",
    r"production",
)  # fmt: skip
"""Words that make advice of a value beside them, or below them."""

_GOOD = _any_of(
    r"usually", r"usual (?:value|range|choice)", r"normally", r"generally", r"in general", r"commonly",
    r"in practice",
    r"\bgood", r"\bbest", r"\bbetter",
    r"\buseful\b(?! to (?!set|use|try|choose|raise|lower|increase|reduce))",
    r"\bshould", r"works? well", r"\bsafe", r"\bimproves?\b",
    r"start(?:ing)? (?:with|value|point|at)", r"enough", r"sufficient", r"compromise", r"not very sensitive",
)  # fmt: skip
_BAD = _any_of(
    r"not (?:be )?(?:recommended|advis|sensible)", r"not (?:be )?(?:an? )?(?:good|useful)", r"\bnever\b",
    r"\bavoid",
    r"useless", r"unlikely to help", r"dubious", r"quickly increasing", r"\bslow\b", r"should (?:\w+ )?not",
    r"shouldn't", r"do not", r"don't", r"n't make (?:much )?sense", r"makes? (?:no|little) sense",
    r"too (?:low|high|small|large)",
)  # fmt: skip
_POSSIBLE = _any_of(
    r"\bmust\b", r"for example", r"e\.g\.", r"\bmeans?\b", r"\bmeaning\b", r"disables?\b", r"\bdefaults? to\b"
)
_BOUND = _any_of(r"\b(?:min|max)imum\b(?: values?)?(?: is|:)")
_IMPERATIVE = _any_of(
    r"(?:\A|[,;:(] ?|\b(?:or|and|then|to|please|also|could|can) )"
    r"(?:use|try|test|set|choose|pick|keep|leave|start with)\b[^.;,]{0,30}\Z"
)
_CONDITION = _any_of(r"\b(?:if|when|unless|where)\b[^,.;:]{0,40}\Z", r"\bthan (?:the )?\Z")
_DEFAULT = _any_of(r"\b(?:defaults?|development|initial)\b,?[^.;,]{0,30}\Z")
_KEEP = _any_of(r"(?:use|leav(?:e|ing)|keep(?:ing)?|stick|recommend|suggest)[^.;,]{0,40}\Z")
_AND_IS = re.compile(r"\W*+(?!and\b)(?:\w+ ){0,2}.{0,20}")
_OF_SOMETHING_ELSE = _any_of(
    r"\W*(?:or (?:more|less) )?(?:physical )?(?:cores?|cpus?|processors?|bits?|hits?|boxes|machines?)\b",
    r"\W*(?:for|to have|to get) no\b",
)
_LISTED = _any_of(r"\W{0,2}\s?=\s?[A-Za-z]")
_CLAUSE = _any_of(
    r";\s", r",?\s(?:but|however|although|whereas|while)\s", r"\s-{2}\s", r"\s\u2013\s", r",\s(?=[\"'])"
)


def judge_by_words(sentence: str, start: int, end: int, lead: str = "") -> str:
    """Return one of VERDICTS on what stands from `start` to `end` of a sentence, or UNCLEAR.

    What counts are the words near it in its own part of the sentence, and those that lead to the sentence.
    """
    cuts = [(match.start(), match.end()) for match in _CLAUSE.finditer(sentence)]
    before = sentence[max((last for _, last in cuts if last <= start), default=0) : start][-WINDOW:]
    after = sentence[end : min((first for first, _ in cuts if first >= end), default=len(sentence))][:WINDOW]
    near = f"{before} {after}"  # an option may itself be called best or safe
    if _CONDITION.search(before) or _OF_SOMETHING_ELSE.match(after) or _LISTED.match(after):
        return "other"
    # A warning holds as far as the next comma: "start with 128, never more than 1024".
    if _BAD.search(f"{before.rpartition(', ')[2]}{sentence[start:end]}{after.partition(', ')[0]}"):
        return AVOIDED
    if default := _DEFAULT.search(before):
        follows = found[0] if (found := _AND_IS.match(after)) else ""
        if not (_KEEP.search(before[: default.start()]) or ADVISES.search(follows) or _GOOD.search(follows)):
            return "default"
    if ADVISES.search(near) or ADVISES.search(lead):
        return ADVISED
    if _BOUND.search(f"{before}{sentence[start:end]}") or _POSSIBLE.search(near):
        return "allowed"
    return ADVISED if _GOOD.search(near) or _IMPERATIVE.search(before) else UNCLEAR
