"""Other ways to make proposals of a model's answers, for comparison: unchecked, and LLAMBO's.

LLAMBO (arXiv 2402.03921) aims at a target and has the model itself rank its candidates:

| `judge`          | asked of each configuration     | score                                         |
| ---------------- | ------------------------------- | --------------------------------------------- |
| `discriminative` | its value                       | expected improvement, of mean and spread      |
| `generative`     | whether it is of a good quarter | the share of the samples that says so         |

Samples stand in for the probabilities of tokens, which few servers give (sections 5.1, 5.2 and 6 there).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Literal

import numpy as np

from bestguess.agent.advice.advisor import MODEL, Advisor, ModelAdvisor, Question
from bestguess.agent.advice.framing import frame
from bestguess.agent.llm import LLM, Request
from bestguess.agent.search.guesses import Guesses
from bestguess.agent.search.state import Pass, SearchState
from bestguess.prompts import render, version
from bestguess.tools.errors import ReplyError
from bestguess.tools.search.acquisition import log_expected_improvement
from bestguess.tools.space.schema import reply_text
from bestguess.tools.trial import History, Proposal

Judging = Literal["gp", "discriminative", "generative"]

SAMPLES = 5
QUARTER = 0.25
"""LLAMBO's share of good configurations."""

LEAST_SPREAD = 0.05
"""Of the values' own: samples that all agree are not certain."""

AIM = 0.1
"""How far beyond the best LLAMBO aims, as a share of the range of all values."""

JUDGED_ROWS = 12
MAX_TOKENS = 32
WAIT_S = 600.0


class OtherGuesses(Guesses):
    """Guesses with LLAMBO's parts: with `aims` its target, with a `judge` its ranking; else unchecked.

    With `checked` the verifier has the last word, as it has over ours.
    """

    def __init__(
        self, advisor: Advisor, llm: LLM | None, *, aims: bool, judge: Judging, checked: bool
    ) -> None:
        super().__init__(advisor, llm)
        self._aims = aims
        self._judge = judge
        self._checked = checked
        self._judging = ModelAdvisor(llm, wait_s=WAIT_S) if llm else advisor

    def propose(self, state: SearchState) -> Proposal | Pass:
        """Return a guess by these rules."""
        if self._checked:
            return super().propose(state)
        advice = state.consultation.ask(self._advisor, self.question(state))
        if advice.refusal:
            return Pass(f"{MODEL}{advice.refusal}")
        guesses: Sequence[Mapping[str, Any]] = advice.configurations
        if self._judge != "gp":
            guesses, _ = self.rank(state, guesses)
        for guess in guesses:
            if not state.tried(guess):
                return Proposal(dict(guess), "llm", "the model's first guess, unchecked")
        return Pass(f"{MODEL}every guess has been tried")

    def question(self, state: SearchState) -> Question:
        """Return the question for guesses; one that aims shows nothing of the surrogate's."""
        if not self._aims:
            return super().question(state)
        losses = [state.history.loss(trial) for trial in state.history.complete]
        loss = min(losses) - AIM * (max(losses) - min(losses))
        target = -loss if state.history.direction == "maximize" else loss
        goal = f"Give one new configuration that gives a {state.task.metric} of {target:.5g}."
        return self.ask(state, goal=goal)

    def rank(
        self, state: SearchState, guesses: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Mapping[str, Any]], str]:
        """Return the guesses in the order of the judge."""
        if self._judge == "gp":
            return super().rank(state, guesses)
        scores = []
        for guess in guesses:
            question = judgement(state, guess, self._judge)
            advice = state.consultation.ask(self._judging, question)
            said = [answer["value"] for answer in advice.configurations]
            scores.append(score(state.history, said, self._judge) if said else -math.inf)
        order = np.argsort(-np.array(scores), kind="stable")
        return [guesses[index] for index in order], "the model's own judgement"


def other_guesses(*, aims: bool, judge: Judging, checked: bool) -> Any:
    """Return what `Switches.guesses` takes, for guesses by other rules than ours."""
    return partial(OtherGuesses, aims=aims, judge=judge, checked=checked)


def score(history: History, said: Sequence[float], judge: Judging) -> float:
    """Return the score of a configuration of which the samples `said` so much; more is better."""
    if judge == "generative":
        return float(np.mean(said))
    sign = -1.0 if history.direction == "maximize" else 1.0
    losses = [history.loss(trial) for trial in history.complete]
    spread = max(float(np.std(said)), LEAST_SPREAD * float(np.std(losses)), 1e-12)
    mean, sd = np.array([sign * np.mean(said)]), np.array([spread])
    return float(log_expected_improvement(mean, sd, min(losses))[0])


def judgement(state: SearchState, params: Mapping[str, Any], judge: Judging) -> Question:
    """Return the question what to expect of `params`: a value, or whether it is of the good quarter."""
    history, good = state.history, None
    schema: dict[str, Any] = {"type": "number"}
    if judge == "generative":
        sign = -1.0 if history.direction == "maximize" else 1.0
        good = sign * float(np.quantile([history.loss(trial) for trial in history.complete], QUARTER))
        schema = {"enum": ["good", "bad"]}
    ranked = sorted(history.complete, key=history.loss)[:JUDGED_ROWS]
    words = render(
        "judge",
        metric=state.task.metric,
        rows=[
            f"{state.task.metric} {trial.value:.5g}: {reply_text(state.space.to_reply(trial.params))}"
            for trial in ranked
        ],
        good=None if good is None else f"{good:.5g}",
        configuration=reply_text(state.space.to_reply(params)),
    )
    request = Request(
        messages=frame(state.task, state.space, words)[1:],
        template=version("task", "judge"),
        n=SAMPLES,
        schema={
            "type": "object",
            "properties": {"value": schema},
            "required": ["value"],
            "additionalProperties": False,
        },
        seed=state.seed + len(history),
        max_tokens=MAX_TOKENS,
        told=len(history.told),
    )
    return Question(request, "propose", read_judgement)


def read_judgement(said: Any) -> Mapping[str, Any]:
    """Return the value in an answer: a number as it is, good as 1 and bad as 0; raise ReplyError for none."""
    value = said.get("value") if isinstance(said, Mapping) else None
    value = {"good": 1.0, "bad": 0.0}.get(value, value) if isinstance(value, str) else value
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ReplyError(f"{value!r} is no judgement")
    return {"value": float(value)}
