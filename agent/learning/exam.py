"""Whether a model can tell advice from the rest where no plain words help: eight values of which it is known.

A model of 1.5B cannot: it took 8 of 27 values for advice that ten documents give as examples, limits and
defaults. What such a model says is not taken.
"""

from __future__ import annotations

from collections.abc import Mapping

from bestguess.agent.learning.names import Names
from bestguess.agent.learning.statements import Statement, find_statements
from bestguess.tools.space.numeric import Int
from bestguess.tools.space.space import Space

NOTES = """Since we went to a cache of 512, pages come in under a second.
Jobs have finished on time ever since workers became 12.
batch 64 kept all machines busy.
Nobody has complained about a timeout of 45.
retries 9 brought the whole site down.
depth 3 is what comes out of the box.
With level 0 nothing is written at all.
The talk on rate began at 14 and was well attended.
"""
ADVISED: Mapping[str, bool] = {
    "cache": True, "workers": True, "batch": True, "timeout": True,
    "retries": False, "depth": False, "level": False, "rate": False,
}  # fmt: skip
"""By the name in the notes, whether a person would take the value for advice."""

LEAST_RIGHT = 7


def exam() -> list[Statement]:
    """Return the values that a model is asked of first."""
    space = Space({name: Int(0, 4096) for name in ADVISED})
    return list(find_statements(NOTES, space, Names(space), "exam"))
