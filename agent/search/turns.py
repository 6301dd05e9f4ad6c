"""Whose turn it is: the default, what packs know, the model's first guesses, then the model or the surrogate.

A `Turns` turns a history into the next proposal. It knows no storage and no objective, and does not know
whether the history is happening now or is being replayed. What it keeps between turns saves work or
is what the model said: first guesses, and why trials fail; all else follows from the history.
"""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np

from bestguess.agent.advice.advisor import LATER, MODEL, Advice, Line
from bestguess.agent.advice.explainer import Explainer
from bestguess.agent.advice.failures import common_claims
from bestguess.agent.advice.journal import Heard, Role
from bestguess.agent.advice.knowledge import Knowledge
from bestguess.agent.llm import LLM, Request, Tokenizing
from bestguess.agent.search import proposers
from bestguess.agent.search.judge import Judge
from bestguess.agent.search.switches import Switches
from bestguess.agent.task import Task
from bestguess.tools.search.failure_rules import Claim
from bestguess.tools.search.guesses import GuessDensity
from bestguess.tools.search.prior import LogDensity, OptimumPrior
from bestguess.tools.search.trust import MAX_SHARE, earned, has_turn
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.region import Region
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Proposal


class Turns:
    """Decides who proposes next; `line` is None without a model, `pool` its first guesses if known."""

    def __init__(
        self,
        space: Space,
        task: Task,
        seed: int,
        *,
        line: Line | None,
        explainer: Explainer | None = None,
        judge: Judge | None = None,
        switches: Switches,
        pool: Advice | None = None,
        llm: LLM | None = None,
        knowledge: Knowledge | None = None,
    ) -> None:
        self.space = space
        self.task = task
        self.seed = seed
        self.line = line
        self.switches = switches
        self.heard: tuple[Heard, ...] = ()
        """What the model said when the last proposal was made; nothing if it was not asked."""

        self.region: Region | None = None
        """The part of the space that proposals come from; None for all of it."""

        self._knowledge = knowledge if switches.knowledge else None
        self._prior = OptimumPrior(space, self._knowledge.beliefs) if self._knowledge else None
        self._guesses: GuessDensity | None = None
        self._pool = pool
        self._judge = judge
        self._explainer = explainer if switches.explain else None
        self._tokenizing = llm if isinstance(llm, Tokenizing) else None
        self._verifier: Verifier | None = None

    def propose(self, history: History, number: int | None = None) -> Proposal:
        """Return what is to run next, as trial `number`; by default it follows on the history."""
        self.heard = ()
        started = time.monotonic()
        if self._explainer and (said := self._explainer.listen(history, self._usual_claims(history))):
            self.heard = (Heard(said, "explain"),)
        proposal = self._propose(history, number)
        if not self.heard:
            return proposal
        # What is still under way costs its seconds where it arrives.
        waits = any(one.advice.refusal.endswith(LATER) for one in self.heard)
        seconds = sum(one.advice.seconds for one in self.heard)
        seconds = seconds if seconds or waits else time.monotonic() - started
        return replace(proposal, tokens=sum(one.advice.tokens for one in self.heard), seconds=seconds)

    def _propose(self, history: History, number: int | None) -> Proposal:
        state = self._state(history, number)
        if history.default is None and not state.tried(state.space.default()):
            return proposers.propose_default(state)
        if self._is_warming_up(history):
            return self._propose_first(state)
        if state.verifier is None:
            return proposers.propose_random(
                state, "fewer than two trials have a value, so there is nothing to fit"
            )
        own = proposers.propose_gp(state)
        if self.line is None or not self._model_has_turn(history):
            return own
        advice = self._hear(self._request_proposal(state), "propose")
        ranked = self._judge is not None
        if self._judge and advice.configurations:
            judged = self._judge.rank(history, advice.configurations)
            tokens, seconds = advice.tokens + judged.tokens, advice.seconds + judged.seconds
            advice = replace(judged, key=advice.key, tokens=tokens, seconds=seconds)
            self.heard = (*self.heard[:-1], Heard(advice, "propose"))
        if self.switches.trust:
            proposal = proposers.propose_from_model(state, advice, own, ranked=ranked)
        else:
            proposal = proposers.propose_unchecked(state, advice, own)
        if advice.tokens or advice.configurations or advice.rejected:
            # It answered, so it has had the turn, whatever came of it: a guess that is not run costs as much.
            proposal = replace(proposal, rival=own.prediction)
        return proposal

    def widen(self, space: Space) -> None:
        """Go on in another space, which holds all that the present one does."""
        self.space, self.region, self._verifier, self._guesses = space, None, None, None
        self._prior = OptimumPrior(space, self._knowledge.beliefs) if self._knowledge else None

    def check(self, history: History, proposal: Proposal) -> Proposal:
        """Return a proposal of someone else's with what the surrogate expects of it."""
        return proposers.with_prediction(self._state(history, None), proposal)

    def prefetch(self, history: History, number: int | None = None) -> None:
        """Have the model think while the objective runs, if the next turn is likely to be its own."""
        if self._explainer:
            self._explainer.prefetch(history, self._usual_claims(history))
        if self.line is None:
            return
        if self._is_warming_up(history):
            if self._pool is None and self.model_starts:
                self.line.prefetch(proposers.request_warm_start(self._state(history, number)))
        elif self._model_has_turn(history):
            self.line.prefetch(self._request_proposal(self._state(history, number)))

    def _request_proposal(self, state: proposers.State) -> Request:
        return proposers.request_proposal(state, aims=self.switches.aim)

    def _state(self, history: History, number: int | None) -> proposers.State:
        prior = self._prior if self._packs_lead or not self._model_has_shown(history) else self._believed()
        self._verifier = Verifier.fit(
            self.space,
            history,
            noisy=self.task.noisy,
            earlier=self._verifier,
            prior=prior,
            claims=(*self._usual_claims(history), *(self._explainer.claims if self._explainer else ())),
        )
        number = len(history) if number is None else number
        space = self.region.space if self.region else self.space
        advice = self._knowledge.advice if self._knowledge else ""
        state = proposers.State(
            space, self.task, history, self._verifier, self.seed, number, region=self.region, advice=advice
        )
        if self._tokenizing is None:
            return state
        known = self._tokenizing
        return replace(state, count_tokens=known.count_tokens, context_tokens=known.context_tokens)

    def _propose_first(self, state: proposers.State) -> Proposal:
        """Return what is known to work, one of the model's first guesses, or a random one with the reason."""
        known = self._propose_known(state)
        if known is not None:
            return known
        if self.line is None or not self.model_starts:
            looked = proposers.propose_random(state, "a first look at the space")
            if self.line is None or self._words_tell:
                return looked
            return replace(
                looked, fallback=f"{MODEL}not asked for first guesses: no word says what a parameter is"
            )
        tries = sum(trial.source == "llm" for trial in state.history)
        if tries >= proposers.MISSES and not self._model_has_shown(state.history):
            reason = "a first look at the space, as no first guess of the model's was the best so far"
            return proposers.propose_random(state, reason)
        advice = Advice()
        if self._pool is None:
            advice = self._hear(proposers.request_warm_start(state), "warm_start")
            if advice.configurations:
                self._pool = advice
        proposal, refusal = proposers.propose_warm_start(state, self._pool or advice)
        if proposal is None:
            looked = proposers.propose_random(state, "a first look at the space")
            return replace(looked, fallback=f"{MODEL}{refusal}")
        return proposal

    def _hear(self, request: Request, role: Role) -> Advice:
        assert self.line is not None
        advice = self.line.take(request)
        self.heard = (*self.heard, Heard(advice, role))
        return advice

    def _usual_claims(self, history: History) -> tuple[Claim, ...]:
        return common_claims(self.space, history) if self.switches.knowledge else ()

    def _propose_known(self, state: proposers.State) -> Proposal | None:
        if self._prior is None or self._knowledge is None:
            return None
        most = proposers.known_first(self.space, self._prior, guesses=self.model_starts)
        return proposers.propose_knowledge(state, self._prior, self._knowledge.families, most)

    @property
    def _packs_lead(self) -> bool:
        return proposers.packs_lead(self.space, self._prior)

    @property
    def model_starts(self) -> bool:
        """Whether the model is asked for first guesses."""
        asked = self.line is not None and self.switches.warm_start
        return asked and self._words_tell and not self._packs_lead

    @property
    def _words_tell(self) -> bool:
        return proposers.words_tell(self.space, self.task)

    def _model_has_shown(self, history: History) -> bool:
        """Whether the best so far is a guess of the model's: concentration is bought with evidence."""
        guessed = [history.loss(trial) for trial in history.complete if trial.source == "llm"]
        others = [trial for trial in history.told if trial.source != "llm"]
        losses = [history.loss(trial) for trial in others if trial.value is not None]
        return bool(guessed and others) and min(guessed) < min(losses, default=math.inf)

    def _believed(self) -> LogDensity | None:
        """Return what packs and the model's first guesses say together of where the optimum lies."""
        if self._pool is None or not self._pool.configurations:
            return self._prior
        if self._guesses is None:
            space, guesses = self.space, self._pool.configurations
            self._guesses = GuessDensity(
                space.encode_many(guesses),
                self._prior,
                active=np.array([space.active_mask(one) for one in guesses]),
                options=[
                    one.grid_size if one.kind == "categorical" else None for one in space.parameters.values()
                ],
            )
        return self._guesses

    def _is_warming_up(self, history: History) -> bool:
        sources = [trial.source for trial in history]
        guessed = self.model_starts and "llm" in sources
        if self._prior is None and not guessed:
            # Without a pack, a model of 1.5B guesses worse than the surrogate after five trials of the user's
            # (NOTEBOOK 15).
            return len(history) <= proposers.FIRST_LOOKS
        # Where a pack or a model has said where to look, chance need not; users' own trials do not stand in.
        if "gp" in sources:
            return False
        looks = len(sources) - sources.count("default") - sources.count("user")
        most = proposers.KNOWN_STARTS
        if guessed and self._model_has_shown(history):
            most = proposers.WARM_STARTS
        elif guessed:
            # Guesses that miss are no looks: with fewer of chance's the search ends worse (NOTEBOOK 8, 22).
            most = proposers.FIRST_LOOKS + sources.count("llm")
        return looks < most and len(history) <= proposers.ENOUGH_KNOWN

    def _model_has_turn(self, history: History) -> bool:
        if not self.switches.propose:
            return False
        search = history.trials[proposers.WARM_STARTS + 1 :]
        turns = [index for index, trial in enumerate(search) if trial.proposal.rival]
        if not self.switches.trust:
            return len(turns) < MAX_SHARE * (len(search) + 1)
        waited = len(search) - turns[-1] - 1 if turns else len(search)
        return has_turn(earned(history, "llm"), waited, first=not turns)
