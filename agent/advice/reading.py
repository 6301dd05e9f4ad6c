"""How a language model is asked: how much it is shown, how many points one answer gives, whether it thinks.

How much it is shown goes by its room; the rest is for models that were found able, and a `Reading` says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from bestguess.agent.llm import LLM, Tokenizing

UNTOLD_CONTEXT = 4096
"""Tokens for prompt and answer where nobody says how many there may be: Ollama's default beside less than
24 GiB, which it does not tell and to which it cuts a prompt in silence."""

SPARE = 4
"""One part in so many of a context is left empty: tokens are only counted roughly before they are sent."""

MOST_TOKENS = 32_000
"""Beyond that half of the models that take more read badly (RULER, arXiv 2404.06654), and each turn pays."""

THOUGHT_TOKENS = 2048
"""What a model of 30B writes in most of the minute that a turn is waited for, at 40 tokens a second."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What is asked of a model beyond one configuration a sample, which is what anybody can do.

    Args:
        points: how many configurations one answer gives, each with its reason; 1 stands for independent
            samples of one each, of which small models give better ones (DESIGN, facts). With more than one a
            model may also advise to stop, or to fix or narrow a parameter.
        thinks: whether it has room to think before it answers, where whoever serves it can have it so.
    """

    points: int = 1
    thinks: bool = False

    @property
    def samples(self) -> int | None:
        """How many answers are drawn; None where a proposer's own number of samples is."""
        return None if self.points == 1 else 1

    @property
    def thought_tokens(self) -> int:
        """How many tokens it may think before it answers."""
        return THOUGHT_TOKENS if self.thinks else 0


SMALL = Reading()
"""How a model is asked of which nothing is known."""


def prompt_tokens(llm: LLM | None, answer_tokens: int) -> int:
    """Return how long a prompt may be, by the model's room, beside an answer of so many tokens."""
    context = llm.context_tokens if isinstance(llm, Tokenizing) else None
    affordable: int | None = getattr(llm, "affordable_tokens", None)
    if affordable is not None:
        return min(affordable, affordable if context is None else context - answer_tokens)
    context = context or UNTOLD_CONTEXT
    return min(MOST_TOKENS, context - context // SPARE - answer_tokens)
