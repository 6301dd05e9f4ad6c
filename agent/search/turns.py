"""Whose turn it is: the default, what packs know, a model's first guesses, then the model or the surrogate.

A `Turns` turns a history into the next proposal, whether the history is happening now or is being replayed.
What it keeps between turns saves work or is what the model said: first guesses, and why trials fail; all else
follows from the history.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from bestguess.agent.advice.advisor import Advice, Advisor, Consultation
from bestguess.agent.advice.explainer import Explainer
from bestguess.agent.advice.failures import common_claims
from bestguess.agent.advice.knowledge import Knowledge
from bestguess.agent.llm import LLM
from bestguess.agent.llm.grades import Word
from bestguess.agent.search import chance, first_guesses
from bestguess.agent.search.chance import FIRST_LOOK, Chance
from bestguess.agent.search.default import Default
from bestguess.agent.search.first_guesses import FirstGuesses, words_tell
from bestguess.agent.search.guesses import Guesses
from bestguess.agent.search.packs import STARTS, Packs
from bestguess.agent.search.rights import Rights
from bestguess.agent.search.sizes import SmallDefault, in_size
from bestguess.agent.search.state import Pass, Proposer, SearchState
from bestguess.agent.search.surrogate import ALL_TRIED, NOTHING_TO_FIT, Surrogate
from bestguess.agent.search.switches import EVERYTHING, Switches
from bestguess.agent.search.texts.crossing import Crossing
from bestguess.agent.search.texts.drafts import TextLooks
from bestguess.agent.search.texts.model_writer import ModelWriter
from bestguess.agent.search.texts.rewriting import Rewriting
from bestguess.agent.search.texts.turns import ModelWriters, only_texts, resemblances
from bestguess.agent.search.unseen import Unseen
from bestguess.agent.task import Task
from bestguess.tools.search.earlier import EarlierStudies, EarlierStudy
from bestguess.tools.search.failure_rules import Claim
from bestguess.tools.search.front import fit_verifier
from bestguess.tools.search.prior import LogDensity
from bestguess.tools.search.trust import MAX_SHARE, earned, has_turn
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.region import Region
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.device import AUTO
from bestguess.tools.trial import History, Proposal

MISSED = "a first look at the space, as no first guess of the model's was the best so far"

OUTSIDE = 5, 8
OUTSIDE_WORDS = "a look at all of the space, to test what is known beforehand"
"""Such looks: a belief that nothing was tried against cannot be found wrong (NOTEBOOK 30)."""

ENOUGH_KNOWN = 10
"""With more trials than that, a user's own, they say more than a pack does."""


@dataclass(frozen=True, slots=True)
class Advisors:
    """A language model as the search sees it: who is asked for guesses, and who why trials fail.

    `first_guesses` and `explanations` are what it said before the study was gone on with; `llm` counts
    tokens. `grade` tells the present grade of its entrance exam, which may come while the study is under way,
    after at most so many seconds as it is given.
    """

    guesses: Advisor
    reasons: Advisor | None = None
    llm: LLM | None = None
    first_guesses: Advice | None = None
    explanations: Sequence[Advice] = ()
    grade: Callable[[float], Word] = lambda _wait_s: "failed"


class Turns:
    """Decides who proposes next; without `advisors` there is no model."""

    def __init__(
        self,
        space: Space,
        task: Task,
        seed: int,
        *,
        advisors: Advisors | None = None,
        knowledge: Knowledge | None = None,
        earlier: Sequence[EarlierStudy] = (),
        switches: Switches = EVERYTHING,
        device: str = AUTO,
    ) -> None:
        space.check_room()
        self.space = space
        self.task = task
        self.seed = seed
        self.region: Region | None = None
        """The part of the space that proposals come from; None for all of it."""

        self.n_trials: int | None = None
        """How many trials there are to be, where somebody knows."""

        self.grade: Word = "failed"
        """The model's grade, as it was when the latest trial was proposed."""

        self._grade = advisors.grade if advisors else None
        self._switches = switches
        self._device = device
        self._knowledge = knowledge if switches.knowledge else None
        self._packs = Packs.of(space, self._knowledge, EarlierStudies.of(space, earlier))
        self._earlier = earlier
        self._first: FirstGuesses | None = None
        self._guesses: Guesses | None = None
        self._writers: ModelWriters | None = None
        self._explainer: Explainer | None = None
        if advisors:
            said = self._knowledge.advice if self._knowledge else ""
            self._first = FirstGuesses(advisors.guesses, pool=advisors.first_guesses, packs_say=said)
            self._guesses = switches.guesses(advisors.guesses, advisors.llm)
            rewriting, crossing = Rewriting(advisors.guesses), Crossing(advisors.guesses)
            self._writers = ModelWriters(self._guesses, rewriting, crossing)
            if advisors.reasons and switches.explain:
                self._explainer = Explainer(
                    advisors.reasons, space, task, seed, earlier=advisors.explanations
                )
        self._verifier: Verifier | None = None

    def propose(
        self,
        history: History,
        number: int | None = None,
        *,
        consultation: Consultation | None = None,
        may_guess: bool = True,
    ) -> Proposal:
        """Return what is to run next, as trial `number`; by default it follows on the history.

        The model is asked through the `consultation`, in the search only if it `may_guess` there.
        """
        consultation = consultation or Consultation()
        if self._grade and len(history):  # the default runs first, whoever guesses
            started = time.monotonic()
            self.grade = self._switches.grade or self._grade(consultation.left_s)
            consultation.left_s = max(consultation.left_s - (time.monotonic() - started), 0.0)
        usual = self._usual_claims(history)
        if self._explainer:
            self._explainer.listen(history, usual, consultation)
        state = self._state(history, number, usual, consultation)
        fallback = ""
        for proposer in self._order(state):
            offered = proposer.propose(state)
            if isinstance(offered, Proposal):
                break
            fallback = offered.reason or fallback
        assert isinstance(offered, Proposal), "chance never passes"
        if offered.source == "gp" and may_guess and self._model_has_turn(history):
            offered = self._guess_in_place_of(offered, state)
        if fallback and not offered.fallback:
            offered = replace(offered, fallback=fallback)
        offered = in_size(state, offered, searched=not self._is_warming_up(history))
        return self._completed(state, offered)

    def _order(self, state: SearchState) -> Iterator[Proposer]:
        """Yield the proposers in the order in which they may propose; the last one never passes."""
        yield Default()
        yield SmallDefault()
        yield from self._switches.proposers
        if not self._is_warming_up(state.history):
            if len(state.history) in OUTSIDE and self._needs_test(state.history):
                yield self._look(OUTSIDE_WORDS)
            if not (self.task.goals and self.task.goals.several):  # what stalls there is no one number
                yield Unseen()
            yield Surrogate()
            yield Chance(ALL_TRIED if state.verifier else NOTHING_TO_FIT)
            return
        sources = [trial.source for trial in state.history]
        guessed = sources.count("llm")
        if self.rights.before and (opening := self._opening) and guessed < self._most_guesses:
            yield opening
        configurations = self._packs.first(guesses=self.guesses_first) if self._packs else 0
        if self._packs and sources.count("knowledge") < configurations:
            yield self._packs
        if self._first and not self.rights.before and self._may_guess_first:
            if not words_tell(self.space, self.task):
                yield self._look(fallback=first_guesses.NO_WORDS)
            if guessed >= self.rights.misses and not self._model_leads(state.history):
                yield self._look(MISSED)
            yield self._first
        if self._first and self._switches.first_guesses and not (self._allowed or self._packs_lead):
            yield self._look(fallback=first_guesses.NOT_ALLOWED)
        yield self._look()

    def _look(self, reason: str = FIRST_LOOK, fallback: str = "") -> Proposer:
        """Return who proposes a look by chance; it never passes."""
        look = Chance(reason, fallback)
        return TextLooks(look) if self.space.texts else look

    @property
    def _opening(self) -> FirstGuesses | Rewriting | None:
        """What an able model begins with: of texts alone it says more once it has seen what went wrong."""
        if self._writers and self.rights.rewrites and only_texts(self.space):
            return self._writers.rewriting
        return self._first

    def _way(self, history: History) -> Guesses | ModelWriter:
        """Return in which way the model proposes in the search."""
        assert self._guesses is not None
        if self._writers is None or self.grade == "failed" or not self.space.texts:
            return self._guesses
        return self._writers.turn(self.space, history, able=self.rights.rewrites)

    def _guess_in_place_of(self, own: Proposal, state: SearchState) -> Proposal:
        """Return a guess of the model's, or the surrogate's `own` choice and the reason why there is none."""
        offered = self._way(state.history).propose(replace(state, own=own))
        if isinstance(offered, Pass):
            offered = replace(own, fallback=offered.reason)
        if any(advice.role == "propose" and advice.answered for advice in state.consultation.advice):
            # It answered, so it has had the turn, whatever came of it: a guess that is not run costs as much.
            offered = replace(offered, rival=own.prediction)
            if self.task.goals and state.verifier:
                offered = replace(offered, rival_chance=state.verifier.chance_of_best(own.params))
        return offered

    def _completed(self, state: SearchState, proposal: Proposal) -> Proposal:
        """Return the proposal with what its texts are like, what is expected of it, and the model's cost."""
        like = resemblances(self.space, state.history, proposal.params)
        if like and proposal.source != "default":
            proposal = replace(proposal, reason=f"{proposal.reason}; {like}" if proposal.reason else like)
        if proposal.verdict or proposal.source == "default":  # which runs whatever is expected of it
            pass
        elif state.verifier is None:
            proposal = replace(proposal, verdict="nothing to check it against yet")
        else:
            expected = state.verifier.predict(proposal.params)
            words = f"too early to judge: expected {expected.words}"
            proposal = replace(proposal, prediction=expected, verdict=words)
        asked = state.consultation
        if not asked.advice:
            return proposal
        return replace(proposal, tokens=asked.tokens, seconds=asked.seconds, suggestion=asked.suggestion)

    def check(self, history: History, proposal: Proposal) -> Proposal:
        """Return a proposal of someone else's with what the surrogate expects of it."""
        state = self._state(history, None, self._usual_claims(history), Consultation())
        return self._completed(state, proposal)

    def prefetch(self, history: History, number: int | None = None, *, may_guess: bool = True) -> None:
        """Have the model think while the objective runs, if the next turn is likely to be its own."""
        usual = self._usual_claims(history)
        if self._grade:
            self.grade = self._switches.grade or self._grade(0.0)
        if self._explainer:
            self._explainer.prefetch(history, usual)
        asked: FirstGuesses | Guesses | ModelWriter | None = None
        if self._is_warming_up(history):
            asked = self._opening if self.guesses_first else None
            asked = None if asked is self._first and self._first and self._first.pool else asked
        elif may_guess and self._model_has_turn(history):
            asked = self._way(history)
        # Who rewrites learns most from the trial that is under way.
        if asked and not isinstance(asked, ModelWriter):
            asked.prefetch(self._state(history, number, usual, Consultation()))

    def widen(self, space: Space) -> None:
        """Go on in another space, which holds all that the present one does."""
        self.space, self.region, self._verifier = space, None, None
        self._packs = Packs.of(space, self._knowledge, EarlierStudies.of(space, self._earlier))
        if self._first:
            self._first.widen()

    @property
    def rights(self) -> Rights:
        """What the model may say by its grade."""
        return self._switches.rights[self.grade]

    @property
    def guesses_first(self) -> bool:
        """Whether the model is asked for first guesses."""
        return self._may_guess_first and words_tell(self.space, self.task)

    @property
    def _may_guess_first(self) -> bool:
        return self._first is not None and self._switches.first_guesses and self._allowed > 0

    @property
    def _most_guesses(self) -> int:
        return self._allowed if self.guesses_first else 0

    @property
    def _allowed(self) -> int:
        """How many first guesses the model's grade allows here."""
        if self._packs is None:
            return self.rights.strange
        return self.rights.known if self._packs.lead else self.rights.partly

    @property
    def _packs_lead(self) -> bool:
        return self._packs is not None and self._packs.lead

    def _state(
        self, history: History, number: int | None, usual: Sequence[Claim], consultation: Consultation
    ) -> SearchState:
        """Return the state of the search, with the verifier fitted to the history."""
        claims = (*usual, *(self._explainer.claims if self._explainer else ()))
        self._verifier = fit_verifier(
            self.space,
            history,
            noisy=self.task.noisy,
            earlier=self._verifier,
            prior=self._belief(history),
            claims=claims,
            device=self._device,
            embedder=self._switches.embedder,
        )
        return SearchState(
            self.region.space if self.region else self.space,
            self.task,
            history,
            self.seed,
            len(history) if number is None else number,
            self._verifier,
            self.region,
            consultation=consultation,
            reading=self.rights.reading,
            left=None if self.n_trials is None else max(self.n_trials - len(history), 1),
            claims=claims,
        )

    def _belief(self, history: History) -> LogDensity | None:
        """Return where the optimum is believed to lie: by packs, and by first guesses that have led."""
        prior = self._packs.belief(history) if self._packs else None
        if self._first is None or not self._allowed or not self._model_leads(history):
            return prior
        return self._first.density(self.space, prior)

    def _usual_claims(self, history: History) -> tuple[Claim, ...]:
        return common_claims(self.space, history) if self._switches.knowledge else ()

    def _model_leads(self, history: History) -> bool:
        """Whether the best so far is a guess of the model's: concentration is bought with evidence.

        Of several metrics it is if most of the front is.
        """
        if history.goals:
            front = [trial.source == "llm" for trial in history.front]
            return 2 * sum(front) > len(front)
        guessed = [history.loss(trial) for trial in history.complete if trial.source == "llm"]
        others = [trial for trial in history.told if trial.source != "llm"]
        losses = [history.loss(trial) for trial in others if trial.value is not None]
        return bool(guessed and others) and min(guessed) < min(losses, default=math.inf)

    def _is_warming_up(self, history: History) -> bool:
        sources = [trial.source for trial in history]
        guessed = self.guesses_first and "llm" in sources
        if not (self._packs and self._packs.says) and not guessed:
            # Without a pack, a model of 1.5B guesses worse than the surrogate after five trials of the user's
            # (NOTEBOOK 15). What misses is no look.
            misses = self._packs.misses(history) if self._packs else 0
            return len(history) - misses <= chance.FIRST_LOOKS
        # Where a pack or a model has said where to look, chance need not; users' own trials do not stand in.
        if "gp" in sources:
            return False
        looks = len(sources) - sources.count("default") - sources.count("user")
        if guessed and self.rights.before:
            others = looks - sources.count("llm")
            most = (
                min(self.rights.packs, self._packs.first(guesses=True)) if self._packs else self.rights.looks
            )
            more = (
                sources.count("llm") < self._most_guesses
                and self._opening is not None
                and self._opening.has_more
            )
            return (more or others < most) and len(history) <= ENOUGH_KNOWN
        most = self._packs.first(guesses=self.guesses_first) + self.guesses_first if self._packs else STARTS
        if guessed and self._model_leads(history):
            most = first_guesses.STARTS
        elif guessed:
            # Guesses that miss are no looks: with fewer of chance's the search ends worse (NOTEBOOK 8, 22).
            most = chance.FIRST_LOOKS + sources.count("llm")
        return looks < most and len(history) <= ENOUGH_KNOWN

    def _needs_test(self, history: History) -> bool:
        """Whether something is believed beforehand that too few random looks have been made against."""
        if self._packs is None:
            return False
        looks = sum(trial.source == "random" for trial in history)
        return self._packs.says or looks < len(OUTSIDE)

    def _model_has_turn(self, history: History) -> bool:
        """Whether the model may guess in the search, by what its earlier guesses have earned."""
        if self._guesses is None or not self._switches.propose:
            return False
        search = history.trials[first_guesses.STARTS + 1 :]
        turns = [index for index, trial in enumerate(search) if trial.proposal.rival]
        if not self._switches.trust:
            return len(turns) < MAX_SHARE * (len(search) + 1)
        waited = len(search) - turns[-1] - 1 if turns else len(search)
        trust = earned(history, "llm", credit=self.rights.credit, least=self.rights.least)
        return has_turn(trust, waited, first=not turns)
