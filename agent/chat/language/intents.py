"""What someone seems to want, the context in which it was said, and how a text is searched for words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from bestguess.tools.scan.directions import direction_of
from bestguess.tools.space.region import Limits
from bestguess.tools.space.space import Space

Verdict = Literal["yes", "no", "always"]

Origin = Literal["person", "outside"]
"""Who wants it: a person who said just that, or a text from outside, such as what a model read in words."""

LATER = "say"
"""The command of an intent that is understood only once those before it are done."""


@dataclass(frozen=True, slots=True)
class Intent:
    """A command that someone seems to want, with its arguments, and who that is."""

    command: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin = "outside"


@dataclass(frozen=True, slots=True)
class Context:
    """What a sentence is understood in: the space and its limits, how many trials there are."""

    space: Space | None = None
    limits: Limits = field(default_factory=Limits)
    trials: int = 0
    metric: str = ""
    best: Mapping[str, Any] = field(default_factory=dict)


def says(text: str, *patterns: str) -> bool:
    """Whether one of the patterns stands in a plain text, as whole words."""
    return any(re.search(rf"(?<![\w'])(?:{pattern})(?![\w])", text) for pattern in patterns)


def is_question(text: str) -> bool:
    """Whether a plain text asks something."""
    return text.endswith("?") or says(
        text, r"^(?:what|which|who|how|is|are|do|does|did|can|could|should|would|will|why|where)"
    )


_METRIC = r"(?:the\s+|its\s+|my\s+)?['\"`]?(?P<metric>[a-z_][\w/@^-]*)['\"`]?"
_GOALS = (
    (rf"\b(?:minimi[sz](?:e|ing)|reduc(?:e|ing)|lower|decrease)\s+{_METRIC}", "minimize"),
    (rf"\b(?:maximi[sz](?:e|ing)|increase|raise)\s+{_METRIC}", "maximize"),
    (rf"\b(?:lowest|smallest|least|minimal|minimum)\s+{_METRIC}", "minimize"),
    (rf"\b(?:highest|largest|greatest|maximal|maximum)\s+{_METRIC}", "maximize"),
    (rf"\b(?:lower|smaller|less)\s+{_METRIC}\s+is\s+better", "minimize"),
    (rf"\b(?:higher|larger|more|bigger)\s+{_METRIC}\s+is\s+better", "maximize"),
    (rf"{_METRIC}\s+(?:should be\s+)?as\s+(?:small|low|little)\s+as", "minimize"),
    (rf"{_METRIC}\s+(?:should be\s+)?as\s+(?:large|high|good|great|big)\s+as", "maximize"),
    (rf"\b(?:best|better|good|improve|optimi[sz]e|for|on)\s+{_METRIC}", ""),
    (rf"\b(?:metric|goal|objective)\b\s*(?:is|=|:|to)?\s*{_METRIC}", ""),
)
_NO_METRIC = re.compile(
    r"(?:the|an?|it|my|me|you|this|that|of|in|out|with|and|best|better"
    r"|hyperparameters|parameters|settings|values)",
    re.IGNORECASE,
)


def goal_in(text: str, script: str) -> tuple[str | None, str | None]:
    """Return the metric that a text names and which way it is better."""
    words = text if not script else text.replace(script, " ")
    for pattern, direction in _GOALS:
        for match in re.finditer(pattern, words, re.IGNORECASE):
            metric = match["metric"]
            if len(metric) > 1 and not _NO_METRIC.fullmatch(metric):
                return metric, direction or direction_of(metric)
    return None, None
