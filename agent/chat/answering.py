"""What words answer to an open question, beside a bare yes or no: either with more, or another number.

None of it does anything by itself: what else is said is understood as ever, and another number makes another
card.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bestguess.agent.chat.language.intents import Intent
from bestguess.agent.chat.language.slots import number_of, plain
from bestguess.agent.chat.language.words import NUMBER
from bestguess.tools.words.given import is_number

MOST_CHARS = 100
"""Of words that are nothing but another number."""

_NO_FIRST = re.compile(
    r"(?:(?:ok|okay|hm+|oh|sorry|well|actually),? +)?(?:no+|nope|nah|neither|none of (?:them|these|those))"
    r"(?: *[,.;:!]+ *| +-+ +"
    r"| +(?=(?:wait|i|don'?t|do not|not|just|make|let'?s|rather|instead|leave|keep|better)\b))"
    r"(?P<rest>.+)",
    re.IGNORECASE,
)
_YES_FIRST = re.compile(
    r"(?:yes+|yep|yup|yeah|sure) *,? +(?:and(?: then)?|then|afterwards),? +(?P<rest>.+)", re.IGNORECASE
)
_LEADS = (
    r"yes|yeah|ok|okay|no+|nope|nah|hm+|oh|wait|but|sorry|actually|well|please|only|just|rather|better|say|do|use"
    r"|take|with|more like|make (?:it|that)|let'?s (?:do|say|make it|use)|i (?:mean|meant|said)|it should be"
)
_NUMBER_ONLY = re.compile(
    rf"(?:(?:{_LEADS})[ ,.:-]+)*(?P<number>{NUMBER})"
    r"(?: (?:trials?|runs?|times|more|only|please|pls|instead|then|rather|(?:is|are) enough|will do|i mean))*"
    r"[.!]?"
)


def after_no(text: str) -> str:
    """Return what is said after a no; nothing where the words do not begin with one."""
    found = _NO_FIRST.fullmatch(text)
    return found["rest"] if found else ""


def after_yes(text: str) -> str:
    """Return what is said after a yes that goes on with "and", or "then"; nothing where there is none."""
    found = _YES_FIRST.fullmatch(text)
    return found["rest"] if found else ""


def with_other_number(text: str, intent: Intent) -> Intent | None:
    """Return what is asked about with the number that the words are, if it has one number only: "no, 5"."""
    found = _NUMBER_ONLY.fullmatch(plain(text)) if len(text) <= MOST_CHARS else None
    if found is None:
        return None
    value = number_of(found["number"])
    given = dict(intent.arguments)
    inner: Mapping[str, Any] = given.get("values") or {}
    places = [(name, False) for name in _numbers(given)] + [(name, True) for name in _numbers(inner)]
    if intent.command == "run" and not places:
        places = [("n", False)]
    if len(places) != 1:
        return None
    ((name, is_inner),) = places
    return replace(
        intent, arguments={**given, "values": {**inner, name: value}} if is_inner else {**given, name: value}
    )


def _numbers(given: Mapping[str, Any]) -> list[str]:
    return [name for name, one in given.items() if is_number(one)]
