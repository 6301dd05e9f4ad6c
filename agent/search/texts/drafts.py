"""Drafts of new texts without a model: candidates of the surrogate, and looks before there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bestguess.agent.search.chance import Chance
from bestguess.agent.search.state import SearchState
from bestguess.agent.search.texts.draft import Draft, Writer, Writing
from bestguess.agent.search.texts.exemplars import Exemplars
from bestguess.agent.search.texts.recombination import Recombination
from bestguess.tools.space.parameters import Text
from bestguess.tools.trial import Proposal

WRITERS: tuple[Writer, ...] = (Recombination(), Exemplars())
"""Those whose drafts the surrogate chooses among; what the user gave is always among its candidates."""

DRAFTS = 32
"""So many of each writer's are made for a turn, and for each parameter."""


def drafts_of(
    state: SearchState, writers: Sequence[Writer] = WRITERS, count: int = DRAFTS
) -> dict[str, list[Draft]]:
    """Return new texts for each parameter that may have any one, by its name."""
    found: dict[str, list[Draft]] = {}
    for column, name in enumerate(state.space.names):
        if isinstance(state.space.parameters[name], Text):  # limits may have made a choice of it
            writing = Writing.of(state.whole, state.history, name)
            rng = np.random.default_rng((state.seed, state.number, 2, column))
            found[name] = [draft for writer in writers for draft in writer.write(writing, count, rng)]
    return found


class Options:
    """Gives those that were not tried yet, in their order; later the surrogate chooses among all of them."""

    def write(self, writing: Writing, count: int, rng: np.random.Generator) -> list[Draft]:  # noqa: ARG002
        """Return the first `count` that were not tried."""
        tried = {one.text for one in writing.tried}
        new = [text for text in writing.parameter.known if text not in tried]
        return [Draft(text, "one of the texts that the user gave") for text in new[:count]]


@dataclass(frozen=True, slots=True)
class TextLooks:
    """Proposes what chance does, with texts that were not tried: the user's first, then pieces drawn anew.

    Options of choices that were not tried come in the user's order, too. Sentences are only put together
    anew where all else was tried: what is left out may be what is to be done.
    """

    chance: Chance

    def propose(self, state: SearchState) -> Proposal:
        """Return a look; it never passes."""
        look = replace(self.chance, in_order=True).propose(state)
        params, words = dict(look.params), [look.reason]
        for writers in ((Options(), Exemplars()), (Recombination(),)):
            for name, drafts in drafts_of(state, writers, 1).items():
                if drafts and name in params:
                    params[name] = drafts[0].text
                    words.append(f"{name} is {drafts[0].words}")
            if not state.tried(params):
                break
        if not state.space.satisfies(params):
            return look
        return replace(look, params=params, reason="; ".join(words))
