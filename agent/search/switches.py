"""Which parts of the tuner are on, so that the scoreboard can turn each off in turn.

Users need none of this: the default is everything. It does not know how the parts work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Judging = Literal["gp", "discriminative", "generative"]


@dataclass(frozen=True, slots=True)
class Switches:
    """The parts of the tuner that can be switched off.

    Args:
        knowledge: what packs know has a part in the first trials and in the search, and what messages of
            failures usually mean; `tune(knowledge=False)` leaves out the packs only.
        warm_start: the model makes the first guesses; off, they are random.
        propose: the model has turns during the search.
        trust: what its guesses earned decides how many turns, and the verifier which guess runs; off, it
            holds the most that anyone may and its first guess that is new runs unchecked.
        aim: the model is asked for a configuration that reaches a target, as LLAMBO asks, and not shown
            what the surrogate believes.
        judge: who ranks the model's guesses in the search: the surrogate, or the model itself in one of
            LLAMBO's ways; then no more than the verifier holds it back.
        explain: the model is asked why trials fail, where what they print is no usual message.
    """

    knowledge: bool = True
    warm_start: bool = True
    propose: bool = True
    trust: bool = True
    explain: bool = True
    aim: bool = False
    judge: Judging = "gp"


EVERYTHING = Switches()
