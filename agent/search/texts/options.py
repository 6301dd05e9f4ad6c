"""The texts that the user wrote down: the default and the examples."""

from __future__ import annotations

import numpy as np

from bestguess.agent.search.texts.draft import Draft, Writing


class Options:
    """Gives those that were not tried yet, in their order; later the surrogate chooses among all of them."""

    def write(self, writing: Writing, count: int, rng: np.random.Generator) -> list[Draft]:  # noqa: ARG002
        """Return the first `count` that were not tried."""
        tried = {one.text for one in writing.tried}
        new = [text for text in writing.parameter.known if text not in tried]
        return [Draft(text, "one of the texts that the user gave") for text in new[:count]]
