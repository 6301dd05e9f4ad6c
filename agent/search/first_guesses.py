"""A language model's first guesses: their consensus, then those most worth trying (LLAMBO's warm start).

Independent samples of one configuration each, because small models asked for a list give copies of one
configuration; of a model that is able, one answer of several points with a reason each.
"""

from __future__ import annotations

import re

import numpy as np

from bestguess.agent.advice.advisor import LATER, MODEL, Advice, Advisor, Question
from bestguess.agent.advice.framing import answer_tokens, frame_warm_start
from bestguess.agent.llm import Request
from bestguess.agent.search.chance import LIKELY
from bestguess.agent.search.replies import Replies
from bestguess.agent.search.state import Pass, SearchState
from bestguess.agent.task import Task
from bestguess.prompts import version
from bestguess.tools.search.consensus import choose_spread
from bestguess.tools.search.guesses import GuessDensity
from bestguess.tools.search.prior import LogDensity
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Proposal

STARTS = 3
"""Guesses run before the surrogate does: the consensus, then the two most worth trying (NOTEBOOK 15)."""

SAMPLES = 16
"""As many as a pool of NOTEBOOK 15 gave each seed to choose from."""

APART = 0.1
"""First guesses as near to a trial in every column say what it said; chance says more (NOTEBOOK 17)."""

TEMPLATES = ("system", "task", "warm_start")

WORD = re.compile(r"[^\W\d_]{2}")
"""Two letters in a row: `lr` is a word, `x1` is none."""

NO_WORDS = f"{MODEL}not asked for first guesses: no word says what a parameter is"
NOT_ALLOWED = f"{MODEL}not asked for first guesses: its entrance exam was failed, or not taken yet"


class FirstGuesses:
    """Proposes from one pool of a model's samples; the owner of that pool.

    `packs_say` is what packs know, for the model to read before it guesses; in the search it gains nothing
    and takes 12 s a turn (NOTEBOOK 24).
    """

    def __init__(self, advisor: Advisor, *, pool: Advice | None = None, packs_say: str = "") -> None:
        self.pool = pool
        self._advisor = advisor
        self._packs_say = packs_say
        self.has_more = True
        """Whether there may be another guess: it was not asked yet, is late, or had one the last time."""

        self._density: GuessDensity | None = None
        self._replies: Replies | None = None

    def propose(self, state: SearchState) -> Proposal | Pass:
        """Return the first guess of the pool that says something new."""
        pool = self.ask(state)
        self.has_more = False
        if pool.refusal:
            self.has_more = pool.refusal.endswith(LATER)
            return Pass(f"{MODEL}{pool.refusal}")
        guesses = [
            guess for guess in pool.configurations if state.region is None or state.region.contains(guess)
        ]
        if not guesses:
            return Pass(f"{MODEL}no first guess of the model lies within the limits that are set now")
        if 1 < state.reading.points >= len(guesses):  # one answer, in the model's own order
            consensus, *others = range(len(guesses))
            middle, reason = "the model's first choice", "the model's next choice"
        else:
            consensus, *others = choose_spread(state.space.encode_many(guesses), len(guesses))
            middle = f"the model's consensus: the middle of its {len(guesses)} guesses"
            reason = "the model's guess that differs most from those before"
        if state.verifier is not None:
            others = state.verifier.rank(guesses)
            reason = "of the model's guesses the one most worth trying by now"
        likely = state.likely(guesses)
        order = [(consensus, middle), *((other, reason) for other in others)]
        # What is likely to fail comes last, in the order that it had.
        for guess, why in sorted(order, key=lambda one: bool(likely[one[0]] < LIKELY * likely.max())):
            if not state.is_near_duplicate(guesses[guess], near=APART):
                noted = self._replies.note(guesses[guess]) if self._replies else ""
                self.has_more = True
                return Proposal(guesses[guess], "llm", why + noted)
        return Pass(f"{MODEL}every different first guess of the model has been tried")

    def ask(self, state: SearchState) -> Advice:
        """Return the pool; the model is asked if there is none."""
        if self.pool:
            return self.pool
        question = self.question(state)
        assert self._replies is not None
        advice = state.consultation.ask(self._advisor, question, mark=self._replies.mark)
        if not advice.refusal:
            self.pool = advice
        return advice

    def prefetch(self, state: SearchState) -> None:
        """Have the model think."""
        self._advisor.prefetch(self.question(state))

    def question(self, state: SearchState) -> Question:
        """Return the question for the pool."""
        reading = state.reading
        self._replies = Replies(state.space, reading.points)
        request = Request(
            messages=frame_warm_start(state.task, state.space, advice=self._packs_say, points=reading.points),
            template=version(*TEMPLATES),
            n=reading.samples or SAMPLES,
            schema=self._replies.schema,
            seed=state.seed,
            max_tokens=answer_tokens(state.space, reading.points),
            thought_tokens=reading.thought_tokens,
            told=len(state.history.told),
        )
        return Question(request, "warm_start", self._replies.read, self._replies.split)

    def density(self, space: Space, prior: LogDensity | None) -> LogDensity | None:
        """Return what `prior` and the pool say together of where the optimum lies."""
        if self.pool is None or not self.pool.configurations:
            return prior
        if self._density is None or self._density.known is not prior:
            guesses = self.pool.configurations
            self._density = GuessDensity(
                space.encode_many(guesses),
                prior,
                active=np.array([space.active_mask(guess) for guess in guesses]),
                options=[
                    parameter.grid_size if parameter.kind == "categorical" else None
                    for parameter in space.parameters.values()
                ],
            )
        return self._density

    def widen(self) -> None:
        """Forget what was worked out for a space that is left for a wider one."""
        self._density = None


def words_tell(space: Space, task: Task) -> bool:
    """Whether anything says what a parameter is: its doc, its name if that is a word, or the description.

    Where nothing does, a model's first guesses are no better than chance, and cost (NOTEBOOK 20 and 22).
    """
    mentioned = set(re.findall(r"\w+", task.description))
    return any(
        parameter.doc or WORD.search(name) or name in mentioned
        for name, parameter in space.parameters.items()
    )
