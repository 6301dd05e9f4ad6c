"""A model makes one text of two good ones, and changes something in it (EvoPrompt, arXiv 2309.08532).

It need not understand why texts fail, which is why less able models may do it, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from bestguess.agent.search.texts.draft import Tried, Writing
from bestguess.agent.search.texts.front import by_rank, choose_parent
from bestguess.agent.search.texts.model_writer import ModelWriter
from bestguess.agent.search.texts.rewriting import as_shown, value_of


class Crossing(ModelWriter):
    """Asks for a text that joins what two have."""

    name: ClassVar[str] = "crossed by the model from"
    template: ClassVar[str] = "cross"

    def parents(self, writing: Writing, rng: np.random.Generator) -> list[Tried]:
        """Return two texts: one of the front, and another that the better is the likelier."""
        if len(writing.worth) < 2:
            return []
        first = choose_parent(writing.worth, rng)
        others = [one for one in writing.worth if one.text != first.text]
        return [first, others[int(rng.choice(len(others), p=by_rank(len(others))))]]

    def shown(self, writing: Writing, parents: list[Tried]) -> Mapping[str, Any]:  # noqa: ARG002 - one form
        """Return both texts."""
        return {"texts": [{"text": as_shown(one.text), "value": value_of(one)} for one in parents]}
