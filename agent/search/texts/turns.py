"""Which way a model proposes in, in a search over texts; and which earlier text a new one is like.

The way goes first whose own record is best, by the same trust as between the model and the surrogate; one
that was never tried counts as good.
"""

from __future__ import annotations

from bestguess.agent.search.guesses import Guesses
from bestguess.agent.search.texts.crossing import Crossing
from bestguess.agent.search.texts.model_writer import ModelWriter
from bestguess.agent.search.texts.rewriting import Rewriting
from bestguess.tools.search.trust import earned
from bestguess.tools.space.parameters import Fidelity, Text
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Params
from bestguess.tools.words.embedding import nearest
from bestguess.tools.words.given import shorten


class ModelWriters:
    """The ways in which a model proposes in a search over texts; its usual guesses are one of them."""

    def __init__(self, guesses: Guesses, rewriting: Rewriting, crossing: Crossing) -> None:
        self.guesses = guesses
        self.rewriting = rewriting
        self.crossing = crossing

    def turn(self, space: Space, history: History, *, able: bool) -> Guesses | ModelWriter:
        """Return who has the model's next turn in the search."""
        ways: list[Guesses | ModelWriter] = [self.rewriting, self.crossing] if able else [self.crossing]
        if not (able and only_texts(space)):
            ways.append(self.guesses)
        if len({trial.params.get(name) for trial in history.complete for name in space.texts}) < 2:
            ways.remove(self.crossing)  # there are no two texts to cross
        trusts = {way: earned(history, "llm", of=way.name) for way in ways}
        return max(ways, key=lambda way: (trusts[way].rate, -trusts[way].tried))


def only_texts(space: Space) -> bool:
    """Whether nothing else is searched than texts."""
    return all(isinstance(one, Text | Fidelity) for one in space.parameters.values())


def resemblances(space: Space, history: History, params: Params) -> str:
    """Return which trial's text each new text is most like, and what that gave, in words; nothing without."""
    words = []
    for name in space.texts:
        # Of several trials of a text the first counts.
        tried = {one.params[name]: one for one in reversed(history.complete) if name in one.params}
        if name not in params or params[name] in tried or not tried:
            continue
        like = list(tried.values())[nearest(params[name], list(tried))]
        words.append(f"its {shorten(name, 40)} is most like that of trial {like.number} ({like.value:.5g})")
    return "; ".join(words)
