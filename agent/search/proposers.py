"""Who may propose: the default, packs, the model (first guesses, then in the search), the GP, and chance.

Each proposer turns the state of the search into a `Proposal`, or says why it cannot. Whose turn it is,
and whether a proposal runs, is decided in `turns.py`, by `trust.py` and `verifier.py` of `tools/search/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bestguess.agent.advice.advisor import MODEL, Advice
from bestguess.agent.advice.framing import BUDGET_TOKENS, frame_proposal, frame_warm_start
from bestguess.agent.llm import Request, count_roughly
from bestguess.agent.task import Task
from bestguess.prompts import version
from bestguess.tools.search.consensus import choose_spread
from bestguess.tools.search.prior import OptimumPrior
from bestguess.tools.search.trust import earned
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.region import Region
from bestguess.tools.space.schema import reply_text
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Prediction, Proposal, Trial

FIRST_LOOKS = 4
"""How many random ones run before the surrogate takes over where nobody has an idea (NOTEBOOK 8)."""

WARM_STARTS = 3
"""Guesses run before the surrogate does: the consensus, then the two most worth trying (NOTEBOOK 15)."""

MISSES = 2
"""After so many first guesses none of which is the best so far, chance has the others (NOTEBOOK 15)."""

LEADING_SHARE = 0.5
"""Where packs know so much of the parameters, guesses of a model of 1.5B gain nothing on theirs and cost
evaluations (NOTEBOOK 15); the model then has its turns in the search only."""

WORD = re.compile(r"[^\W\d_]{2}")
"""Two letters in a row: `lr` is a word, `x1` is none."""

WARM_SAMPLES = 16
"""As many as a pool of NOTEBOOK 15 gave each seed to choose from."""

PROPOSE_SAMPLES = 4
CANDIDATES = 3
"""So many of the surrogate's own choices are shown to the model (NOTEBOOK 18)."""

AIM = 0.1
"""How far beyond the best LLAMBO aims, as a share of the range of all values."""

TOKENS_PER_PARAMETER = 24
RANDOM_TRIES = 200
NEAR = 1e-3
"""Nothing is learned from a trial that is so near to another in every column of the cube."""

APART = 0.1
"""First guesses as near to a trial in every column say what it said; chance says more (NOTEBOOK 17)."""

KNOWN_STARTS = 2
"""How many of what packs know run before the surrogate does, without a model's guesses (NOTEBOOK 13)."""

ENOUGH_KNOWN = 10
"""With more trials than that, a user's own, they say more than a pack does."""

KNOWN_DRAWS = 16
"""Of so many draws the one farthest from all trials is run; the farthest of more would be hardly believed."""


@dataclass(frozen=True, slots=True)
class State:
    """What every proposer sees: the space, the task, the history, and a verifier once there is one.

    With a `region` the `space` is its part, for proposals; the verifier and the history see the whole.
    """

    space: Space
    task: Task
    history: History
    verifier: Verifier | None
    seed: int
    number: int
    """The number of the trial to be proposed."""

    count_tokens: Callable[[str], int] = count_roughly
    context_tokens: int | None = None
    """How long a prompt and its answer may be together, where the model says so."""

    region: Region | None = None
    advice: str = ""
    """What packs say, for a model to read before its first guesses; in the search it gains nothing and takes
    12 s a turn (NOTEBOOK 24)."""

    @property
    def rng(self) -> np.random.Generator:
        """A fresh generator of this trial's own, so that a resumed study goes on as it would have."""
        return np.random.default_rng((self.seed, self.number))

    def within(self, params: dict[str, Any]) -> dict[str, Any] | None:
        """Return params of the whole, or the nearest in its region; None if constraints rule them out."""
        if self.region is not None:
            return self.region.project(params)
        return params if self.space.satisfies(params) else None

    def all_but_tried(self, params: Mapping[str, Any], *, near: float = NEAR) -> bool:
        """Whether a trial lies where these params do, as far as that can make a difference."""
        if not len(self.history):
            return False
        whole = self.region.whole if self.region else self.space
        there = whole.encode_many([trial.params for trial in self.history])
        apart = np.abs(there - whole.encode(dict(params)))
        apart[:, [kind == "categorical" for kind in whole.column_kinds]] /= NEAR  # no option is near another
        return bool((apart.max(axis=1) < near).any())

    def tried(self, params: Mapping[str, Any]) -> bool:
        """Whether a trial with these params exists."""
        return any(params == trial.params for trial in self.history)


def propose_default(state: State) -> Proposal:
    """Propose the default configuration, which every study evaluates first (arXiv 2606.21641)."""
    return Proposal(
        state.space.default(), "default", "the default configuration, to measure everything against"
    )


def packs_lead(space: Space, prior: OptimumPrior | None) -> bool:
    """Whether packs know so much of the space that a model's guesses would only delay the search."""
    return prior is not None and len(prior.names) >= LEADING_SHARE * len(space)


def words_tell(space: Space, task: Task) -> bool:
    """Whether anything says what a parameter is: its doc, its name if that is a word, or the description.

    Where nothing does, a model's first guesses are no better than chance, and cost (NOTEBOOK 20 and 22).
    """
    mentioned = set(re.findall(r"\w+", task.description))
    return any(one.doc or WORD.search(name) or name in mentioned for name, one in space.parameters.items())


def known_first(space: Space, prior: OptimumPrior | None, *, guesses: bool) -> int:
    """Return how many of what packs know come before a model's `guesses`, or before the search without."""
    return KNOWN_STARTS if packs_lead(space, prior) or not guesses else 1


def propose_knowledge(
    state: State, prior: OptimumPrior, families: Sequence[str], most: int
) -> Proposal | None:
    """Propose what packs know to work: their middle first, then draws that differ from what was tried.

    None when `most` have been tried.
    """
    said = f"what is known of {families[0]}"
    had = sum(trial.source == "knowledge" for trial in state.history)
    if had >= most:
        return None
    if had == 0:
        middle = state.within(prior.mode())
        if middle is not None and not state.all_but_tried(middle):
            return with_prediction(state, Proposal(middle, "knowledge", f"{said}: the middle of it"))
    drawn = [state.within(one) for one in prior.sample(state.rng, KNOWN_DRAWS)]
    new = [one for one in drawn if one is not None and not state.tried(one)]
    if not new:
        return None
    whole = state.region.whole if state.region else state.space
    there = whole.encode_many([trial.params for trial in state.history])
    apart = np.abs(whole.encode_many(new)[:, None] - there[None]).sum(axis=2).min(axis=1)
    params = new[int(np.argmax(apart))]
    return with_prediction(state, Proposal(params, "knowledge", f"{said}: a draw unlike the trials before"))


def propose_random(state: State, reason: str) -> Proposal:
    """Propose a random configuration that was not tried, if chance finds one."""
    # Guesses put chance's looks off and do not change them, so that runs with and without can be compared.
    guesses = sum(trial.source == "llm" for trial in state.history)
    rng = np.random.default_rng((state.seed, max(state.number - guesses, 0)))
    params = state.space.sample(rng)
    for _ in range(RANDOM_TRIES):
        if not state.tried(params):
            break
        params = state.space.sample(rng)
    return with_prediction(state, Proposal(params, "random", reason))


def propose_gp(state: State) -> Proposal:
    """Propose what the surrogate thinks most worth trying; chance, once everything has been tried."""
    assert state.verifier is not None
    choice = state.verifier.choose(state.rng, within=state.region)
    if choice is None:
        return propose_random(state, "every configuration of this space has been tried")
    prediction = state.verifier.predict(choice.params)
    incumbent = state.history.incumbent
    assert incumbent is not None
    reason = f"most expected improvement on {incumbent.value:.5g} of all candidates"
    return Proposal(choice.params, "gp", reason, prediction, "the surrogate's own choice")


def request_warm_start(state: State) -> Request:
    """Return the request for first guesses: independent samples of one configuration each.

    Independent samples, because small models asked for a list give copies of one configuration.
    """
    return Request(
        messages=frame_warm_start(state.task, state.space, advice=state.advice),
        template=version("system", "task", "warm_start"),
        n=WARM_SAMPLES,
        schema=state.space.json_schema(),
        seed=state.seed,
        max_tokens=_max_tokens(state.space),
        told=len(state.history.told),
    )


def request_proposal(state: State, *, aims: bool = False) -> Request:
    """Return the request for guesses during the search; the model sees what the surrogate believes.

    With `aims` it is asked, as LLAMBO asks, for a configuration that reaches a value a little better than the
    best, and sees nothing of the surrogate's (arXiv 2402.03921, section 6).
    """
    record = earned(state.history, "llm")
    verifier = None if aims else state.verifier
    whole = state.region.whole if state.region else state.space
    return Request(
        messages=frame_proposal(
            state.task,
            state.space,
            state.history,
            whole=whole,
            surrogate=verifier.describe() if verifier else "",
            candidates=_candidates(state) if verifier else (),
            target=_target(state.history) if aims else None,
            track_record=record.sentence("Your own guesses") + "." if record.tried and not aims else "",
            budget_tokens=_budget(state),
            count_tokens=state.count_tokens,
        ),
        template=version("system", "task", "propose"),
        n=PROPOSE_SAMPLES,
        schema=state.space.json_schema(),
        seed=state.seed + state.number,
        max_tokens=_max_tokens(state.space),
        told=len(state.history.told),
    )


def _target(history: History) -> float:
    """Return a value that lies by AIM of the values' range beyond the best."""
    losses = [history.loss(trial) for trial in history.complete]
    loss = min(losses) - AIM * (max(losses) - min(losses))
    return -loss if history.direction == "maximize" else loss


def _candidates(state: State) -> list[tuple[Mapping[str, Any], Prediction]]:
    """Return what the surrogate would try next, each as if the ones before it were under way."""
    found: list[tuple[Mapping[str, Any], Prediction]] = []
    verifier, trials = state.verifier, state.history.trials
    while verifier and len(found) < CANDIDATES:
        choice = verifier.choose(state.rng, within=state.region)
        if choice is None:
            break
        found.append((choice.params, verifier.predict(choice.params)))
        trials = (*trials, Trial(len(trials), Proposal(choice.params, "gp")))
        verifier = verifier.beside(History(state.history.direction, trials))
    return found


def propose_warm_start(state: State, pool: Advice) -> tuple[Proposal | None, str]:
    """Propose the next of the model's first guesses: their consensus, then what the surrogate makes of them.

    Without a surrogate yet, the guess that differs most from the consensus comes next. Returns None and the
    reason when every guess in `pool` has been tried.
    """
    if pool.refusal:
        return None, pool.refusal
    guesses = [one for one in pool.configurations if state.region is None or state.region.contains(one)]
    if not guesses:
        return None, "no first guess of the model lies within the limits that are set now"
    consensus, *others = choose_spread(state.space.encode_many(guesses), len(guesses))
    chosen = [(guesses[consensus], f"the model's consensus: the middle of its {len(guesses)} guesses")]
    if state.verifier is None:
        chosen += [(guesses[one], "the model's guess that differs most from those before") for one in others]
    else:
        ranked = state.verifier.rank(guesses)
        chosen += [
            (guesses[one], "of the model's guesses the one most worth trying by now") for one in ranked
        ]
    for params, reason in chosen:
        if not state.all_but_tried(params, near=APART):
            return with_prediction(state, Proposal(params, "llm", reason)), ""
    return None, "every different first guess of the model has been tried"


def propose_from_model(state: State, advice: Advice, own: Proposal, *, ranked: bool = False) -> Proposal:
    """Propose the best of the model's guesses by the surrogate's score, or the surrogate's `own` choice.

    Guesses that are `ranked` are taken in their order. Of `own` it keeps the reason why the model's turn came
    to nothing.
    """
    assert state.verifier is not None
    if advice.refusal:
        return replace(own, fallback=f"{MODEL}{advice.refusal}")
    # The model was shown that choice in words, with rounded numbers.
    shown = reply_text(state.space.to_reply(own.params))
    guesses = [one for one in advice.configurations if reply_text(state.space.to_reply(one)) != shown]
    if not guesses:
        return replace(own, verdict=f"{own.verdict}, and the model's pick")
    verdicts = [state.verifier.judge(params, own.params) for params in guesses]
    order = list(range(len(guesses))) if ranked else state.verifier.rank(guesses)
    for index in order:
        if verdicts[index].accepted:
            verdict = verdicts[index]
            by = "the model's own judgement" if ranked else "expected improvement"
            reason = f"the model's guess, the best of {len(order)} by {by}"
            return Proposal(
                guesses[index],
                "llm",
                reason,
                verdict.prediction,
                f"accepted: {verdict.sentence}",
                rival=own.prediction,
            )
    return replace(own, fallback=f"{MODEL}guess not run: {verdicts[order[0]].sentence}")


def propose_unchecked(state: State, advice: Advice, own: Proposal) -> Proposal:
    """Propose the model's first guess that is new, whatever the surrogate thinks; for experiments."""
    if advice.refusal:
        return replace(own, fallback=f"{MODEL}{advice.refusal}")
    for params in advice.configurations:
        if not state.tried(params):
            guess = Proposal(params, "llm", "the model's first guess, unchecked", rival=own.prediction)
            return with_prediction(state, guess)
    return replace(own, fallback=f"{MODEL}every guess has been tried")


def with_prediction(state: State, proposal: Proposal) -> Proposal:
    """Return the proposal with what the surrogate expects of it, where there is a surrogate."""
    if state.verifier is None:
        return replace(proposal, verdict="nothing to check it against yet")
    prediction: Prediction = state.verifier.predict(proposal.params)
    words = f"too early to judge: expected {prediction.mean:.5g} ± {prediction.sd:.2g}"
    return replace(proposal, prediction=prediction, verdict=words)


def _budget(state: State) -> int:
    """Return how long a prompt may be: as long as suits every model, or what a small context leaves."""
    if state.context_tokens is None:
        return BUDGET_TOKENS
    return min(BUDGET_TOKENS, state.context_tokens - _max_tokens(state.space))


def _max_tokens(space: Space) -> int:
    return 32 + TOKENS_PER_PARAMETER * len(space)
