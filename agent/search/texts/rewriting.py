"""A model rewrites a text from what went wrong with it: items that failed, with traces and feedback.

After OPTO (arXiv 2406.16218) and GEPA (arXiv 2507.19457): reflect, then propose; the text that is changed
comes from the front over items. It takes an able model: what one of 0.5B makes of failures is worth
nothing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from bestguess.agent.advice.rows import value_text
from bestguess.agent.search.texts.draft import Tried, Writing
from bestguess.agent.search.texts.front import choose_parent
from bestguess.agent.search.texts.model_writer import ModelWriter, quoted
from bestguess.tools.trace import Step
from bestguess.tools.trial import Trial

FAILING = 4
RIGHT = 1
"""So many items are shown that went wrong, and so many that went right and should stay so."""

OTHERS = 2
"""So many other texts are shown, the best."""


class Rewriting(ModelWriter):
    """Asks for a text that mends what went wrong with one of the front."""

    name: ClassVar[str] = "rewritten from what went wrong in"
    template: ClassVar[str] = "rewrite"

    def parents(self, writing: Writing, rng: np.random.Generator) -> list[Tried]:
        """Return one text; before any has a value, one that failed: its error says what to mend."""
        return [choose_parent(writing.worth or writing.tried, rng)] if writing.tried else []

    def shown(self, writing: Writing, parents: list[Tried]) -> Mapping[str, Any]:
        """Return the text, what came of it item by item, and the best of the others."""
        (parent,) = parents
        steps = _steps_of(parent.trial, writing.name)
        wrong = [step for step in steps if step.error]
        right = [step for step in steps if not step.error]
        others = [one for one in writing.worth if one.text != parent.text][:OTHERS]
        return {
            "text": as_shown(parent.text),
            "value": value_of(parent),
            "wrong": [_item(step) for step in wrong[:FAILING]],
            "right": [_item(step) for step in right[:RIGHT]],
            "counts": f"{len(wrong)} of {len(steps)}" if steps else "",
            "said": quoted("output", parent.trial.said) if parent.trial.said else "",
            "others": [{"text": as_shown(one.text), "value": value_of(one)} for one in others],
        }


def as_shown(text: str) -> str:
    """Return a text as one line of JSON in which nothing looks like a mark."""
    return json.dumps(text, ensure_ascii=False).replace("<", "\\u003c")


def _steps_of(trial: Trial, name: str) -> list[Step]:
    """Return the steps of a trial's trace; where some are called as the parameter is, those alone."""
    trace = list(trial.outcome.trace) if trial.outcome else []
    return [step for step in trace if step.name == name] or trace


def _item(step: Step) -> str:
    parts = (("input", step.input), ("output", step.output), ("wrong", step.error))
    return " ".join(quoted(mark, text) for mark, text in parts if text)


def value_of(one: Tried) -> str:
    """Return what came of a text, as a model reads it."""
    return "failed" if one.trial.value is None else value_text(one.trial.value)
