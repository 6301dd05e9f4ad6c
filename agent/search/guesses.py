"""A language model's guesses during the search, each verified against the surrogate's own choice.

The model sees the history and what the surrogate makes of it (Centaur, arXiv 2603.24647); what it answers
runs only if the verifier finds it not clearly worse than `SearchState.own`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bestguess.agent.advice.advisor import MODEL, Advisor, Question
from bestguess.agent.advice.framing import BUDGET_TOKENS, answer_tokens, frame_proposal
from bestguess.agent.llm import LLM, Request, Tokenizing, count_roughly
from bestguess.agent.search.replies import Replies
from bestguess.agent.search.state import Pass, SearchState
from bestguess.prompts import version
from bestguess.tools.search.trust import earned
from bestguess.tools.space.schema import reply_text
from bestguess.tools.trial import History, Prediction, Proposal, Trial

SAMPLES = 4
CANDIDATES = 3
"""So many of the surrogate's own choices are shown to the model (NOTEBOOK 18)."""


class Guesses:
    """Proposes the best of a model's guesses by the verifier's score; `llm` counts the prompt's tokens."""

    def __init__(self, advisor: Advisor, llm: LLM | None = None) -> None:
        self._advisor = advisor
        self._tokenizing = llm if isinstance(llm, Tokenizing) else None
        self._replies: Replies | None = None

    def propose(self, state: SearchState) -> Proposal | Pass:
        """Return a guess that the verifier accepts; pass with the reason why none is."""
        assert state.verifier is not None
        assert state.own is not None
        advice = state.consultation.ask(self._advisor, self.question(state))
        if advice.refusal:
            return Pass(f"{MODEL}{advice.refusal}")
        # The model was shown that choice in words, with rounded numbers.
        shown = reply_text(state.space.to_reply(state.own.params))
        guesses = [
            guess for guess in advice.configurations if reply_text(state.space.to_reply(guess)) != shown
        ]
        if not guesses:
            return replace(state.own, verdict=f"{state.own.verdict}, and the model's pick")
        ranked, by = self.rank(state, guesses)
        verdicts = [state.verifier.judge(guess, state.own.params) for guess in ranked]
        for guess, verdict in zip(ranked, verdicts, strict=True):
            if verdict.accepted:
                reason = f"the model's guess, the best of {len(ranked)} by {by}"
                reason += self._replies.note(guess) if self._replies else ""
                said = f"accepted: {verdict.sentence}"
                return Proposal(dict(guess), "llm", reason, verdict.prediction, said)
        return Pass(f"{MODEL}guess not run: {verdicts[0].sentence}")

    def rank(
        self, state: SearchState, guesses: Sequence[Mapping[str, Any]]
    ) -> tuple[list[Mapping[str, Any]], str]:
        """Return the guesses, the most promising first, and what that was judged by."""
        assert state.verifier is not None
        return [guesses[index] for index in state.verifier.rank(guesses)], "expected improvement"

    def prefetch(self, state: SearchState) -> None:
        """Have the model think about the next turn."""
        self._advisor.prefetch(self.question(state))

    def question(self, state: SearchState) -> Question:
        """Return the question for the next guesses."""
        record = earned(state.history, "llm")
        return self.ask(
            state,
            surrogate=state.verifier.describe() if state.verifier else "",
            candidates=_candidates(state),
            track_record=f"{record.sentence('Your own guesses')}." if record.tried else "",
        )

    def ask(self, state: SearchState, **words: Any) -> Question:
        """Return the question for guesses that is made of the history and these `words`."""
        room = answer_tokens(state.space)
        known = self._tokenizing
        budget_tokens = BUDGET_TOKENS
        if known and known.context_tokens is not None:
            budget_tokens = min(budget_tokens, known.context_tokens - room)
        messages = frame_proposal(
            state.task,
            state.space,
            state.history,
            whole=state.whole,
            budget_tokens=budget_tokens,
            count_tokens=known.count_tokens if known else count_roughly,
            **words,
        )
        request = Request(
            messages=messages,
            template=version("system", "task", "propose"),
            n=SAMPLES,
            schema=state.space.json_schema(),
            seed=state.seed + state.number,
            max_tokens=room,
            told=len(state.history.told),
        )
        self._replies = Replies(state.space)
        return Question(request, "propose", self._replies.read)


def _candidates(state: SearchState) -> list[tuple[Mapping[str, Any], Prediction]]:
    """Return what the surrogate would try next, each as if the ones before it were under way."""
    found: list[tuple[Mapping[str, Any], Prediction]] = []
    verifier, trials = state.verifier, state.history.trials
    while verifier and len(found) < CANDIDATES:
        if state.own and not found:
            params: Mapping[str, Any] = state.own.params
        elif choice := verifier.choose(state.rng(), within=state.region):
            params = choice
        else:
            break
        found.append((params, verifier.predict(params)))
        trials = (*trials, Trial(len(trials), Proposal(dict(params), "gp")))
        verifier = verifier.beside(History(state.history.direction, trials))
    return found
