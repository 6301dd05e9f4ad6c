"""Which parts of the tuner are on, so that the scoreboard can turn each off; users need none of this."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bestguess.agent.advice.advisor import Advisor
from bestguess.agent.llm import LLM
from bestguess.agent.llm.grades import Word
from bestguess.agent.search.guesses import Guesses
from bestguess.agent.search.rights import RIGHTS, Rights
from bestguess.agent.search.state import Proposer
from bestguess.tools.words.embedding import Embedder


@dataclass(frozen=True, slots=True)
class Switches:
    """The parts of the tuner that can be switched off, exchanged or added.

    Args:
        knowledge: what packs know has a part in the first trials and in the search, and what messages of
            failures usually mean; `tune(knowledge=False)` leaves out the packs only.
        first_guesses: the model makes the first guesses; off, they are random.
        propose: the model has turns during the search.
        trust: what its guesses earned decides how many turns; off, it holds the most that anyone may.
        explain: the model is asked why trials fail, where what they print is no usual message.
        guesses: what makes proposals of the model's answers in the search.
        grade: what the model's entrance exam is taken to have found; by default what it did.
        rights: what a model may say, by its grade.
        proposers: more of them, asked after the default and before all others, until they pass.
        embedder: what turns texts into vectors for the surrogate, by default n-grams; a local sentence model
            may stand here.
    """

    knowledge: bool = True
    first_guesses: bool = True
    propose: bool = True
    trust: bool = True
    explain: bool = True
    guesses: Callable[[Advisor, LLM | None], Guesses] = Guesses
    grade: Word | None = None
    rights: Mapping[Word, Rights] = field(default_factory=lambda: RIGHTS)
    proposers: tuple[Proposer, ...] = ()
    embedder: Embedder | None = None


EVERYTHING = Switches()
