"""What a language model may say in a study, by the grade of its entrance exam: one table.

A model of which nothing is known has the rights of one that failed. Whatever its grade, it never holds more
than a third of the search, the verifier sees each of its guesses there, and trust moves on outcomes only.
Looks were compared on the choosing half of `systems`, the others not yet (NOTEBOOK 34).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from bestguess.agent.advice.reading import SMALL, Reading
from bestguess.agent.llm.grades import Word
from bestguess.agent.search import chance
from bestguess.agent.search.packs import STARTS
from bestguess.tools.search.trust import LEAST_SHARE, PRIOR_HITS, RARE_SHARE


@dataclass(frozen=True, slots=True)
class Rights:
    """How many first guesses run, and what else a grade decides.

    Args:
        known: so many where packs know half of the parameters or more.
        partly: so many where packs know less.
        strange: so many where no pack knows anything.
        before: they come before what packs know; else after it.
        misses: after so many none of which is the best so far, chance has the others.
        packs: so many of the packs' configurations run where guesses came before them.
        looks: so many looks of chance follow on guesses in a strange space.
        credit: so many new bests are held to have been found by it beforehand, where one was expected.
        least: the share of the search that it never loses.
        reading: how it is asked.
        rewrites: whether it rewrites texts from what went wrong with them; less able ones cross two at most.
    """

    known: int = 0
    partly: int = 0
    strange: int = 0
    before: bool = False
    misses: int = 2
    packs: int = 0
    looks: int = chance.FIRST_LOOKS
    credit: float = PRIOR_HITS
    least: float = RARE_SHARE
    reading: Reading = SMALL
    rewrites: bool = False

    @property
    def words(self) -> str:
        """What that buys a model, for people."""
        where = {"known": "where packs lead", "partly": "where they know less", "strange": "where none knows"}
        counts = {words: count for name, words in where.items() if (count := getattr(self, name))}
        first = "no first guess"
        if counts:
            given = ", ".join(f"{count} {words}" for words, count in counts.items())
            first = f"first guesses {'before' if self.before else 'after'} what packs know ({given})"
        more = "; prompts with room to think" if self.reading.thinks else ""
        return f"{first}; in the search the turns that its record earns, never more than a third{more}"


RIGHTS: Mapping[Word, Rights] = {
    "failed": Rights(),
    "fair": Rights(partly=3, strange=3, least=LEAST_SHARE),
    "able": Rights(
        known=5,
        partly=5,
        strange=5,
        before=True,
        misses=5,
        packs=2,
        looks=1,
        credit=1.0,
        least=LEAST_SHARE,
        reading=Reading(points=5, thinks=True),
        rewrites=True,
    ),
}

HEARD: Mapping[Word, Rights] = {
    word: replace(
        rights,
        known=max(rights.known, 1),
        partly=max(rights.partly, 1),
        strange=max(rights.strange, 1),
        before=True,
        packs=max(rights.packs, STARTS),
    )
    for word, rights in RIGHTS.items()
}
"""The same, but a first guess comes before all others whatever the grade: to show what a model is about."""
