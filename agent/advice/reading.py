"""How a language model is asked: how much it is shown, how many points one answer gives, whether it thinks.

How much it is shown goes by its room; the rest is for models that were found able, and a `Reading` says so.
"""

from __future__ import annotations

from dataclasses import dataclass


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


SMALL = Reading()
"""How a model is asked of which nothing is known."""
