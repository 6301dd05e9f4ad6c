"""A language model's guesses during the search, each verified against the surrogate's own choice.

The model sees the history and what the surrogate makes of it (Centaur, arXiv 2603.24647); what it answers
runs only if the verifier finds it not clearly worse than `SearchState.own`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from bestguess.agent.advice.advisor import MODEL, Advisor, Question
from bestguess.agent.advice.framing import answer_tokens, frame_proposal
from bestguess.agent.advice.reading import prompt_tokens
from bestguess.agent.advice.rows import configuration
from bestguess.agent.llm import LLM, Request, Tokenizing, count_roughly
from bestguess.agent.search.replies import Replies
from bestguess.agent.search.state import Pass, SearchState
from bestguess.prompts import version
from bestguess.tools.search.trust import earned
from bestguess.tools.space.schema import reply_text
from bestguess.tools.trial import History, Prediction, Proposal, Trial
from bestguess.tools.words.cleaning import plain_line

SAMPLES = 4
NOT_RUN = "guess not run: "
CANDIDATES = 3
"""So many of the surrogate's own choices are shown to the model (NOTEBOOK 18)."""


class Guesses:
    """Proposes the best of a model's guesses by the verifier's score; the prompt has the room of `llm`."""

    name: ClassVar[str] = "the model's guess"
    """How the reason of its trials begins."""

    def __init__(self, advisor: Advisor, llm: LLM | None = None) -> None:
        self._advisor = advisor
        self._llm = llm
        self._replies: Replies | None = None
        self._refused = ""
        """The last guess that was not run, as the model is shown it."""

    def propose(self, state: SearchState) -> Proposal | Pass:
        """Return a guess that the verifier accepts; pass with the reason why none is."""
        assert state.verifier is not None
        assert state.own is not None
        question = self.question(state)
        assert self._replies is not None
        advice = state.consultation.ask(self._advisor, question, mark=self._replies.mark)
        self._refused = ""
        if advice.refusal:
            return Pass(f"{MODEL}{advice.refusal}")
        # The model was shown that choice in words, with rounded numbers.
        shown = reply_text(state.space.to_reply(state.own.params))
        guesses = [
            guess for guess in advice.configurations if reply_text(state.space.to_reply(guess)) != shown
        ]
        if not guesses:
            return replace(state.own, verdict=f"{state.own.verdict}, and the model's pick")
        ranked = [guesses[index] for index in state.verifier.rank(guesses)]
        verdicts = [state.verifier.judge(guess, state.own.params) for guess in ranked]
        for guess, verdict in zip(ranked, verdicts, strict=True):
            if verdict.accepted:
                reason = f"{self.name}, the best of {len(ranked)} by expected improvement"
                reason += self._replies.note(guess)
                said = f"accepted: {verdict.sentence}"
                return Proposal(dict(guess), "llm", reason, verdict.prediction, said)
        self._refused = configuration(state.space, ranked[0])
        return Pass(f"{MODEL}{NOT_RUN}{verdicts[0].sentence}")

    def prefetch(self, state: SearchState) -> None:
        """Have the model think about the next turn."""
        self._advisor.prefetch(self.question(state))

    def question(self, state: SearchState) -> Question:
        """Return the question for the next guesses."""
        record, reading, llm = earned(state.history, "llm"), state.reading, self._llm
        self._replies = Replies(state.space, reading.points, advises=True)
        answer = answer_tokens(state.space, reading.points)
        messages = frame_proposal(
            state.task,
            state.space,
            state.history,
            whole=state.whole,
            left=state.left,
            refused=_why_refused(state.history, self._refused),
            points=reading.points,
            budget_tokens=prompt_tokens(llm, answer + reading.thought_tokens),
            count_tokens=llm.count_tokens if isinstance(llm, Tokenizing) else count_roughly,
            surrogate=state.verifier.describe() if state.verifier else "",
            candidates=_candidates(state),
            track_record=f"{record.sentence('Your own guesses', state.task.goals)}." if record.tried else "",
        )
        request = Request(
            messages=messages,
            template=version("system", "task", "propose"),
            n=reading.samples or SAMPLES,
            schema=self._replies.schema,
            seed=state.seed + state.number,
            max_tokens=answer,
            thought_tokens=reading.thought_tokens,
            told=len(state.history.told),
        )
        return Question(request, "propose", self._replies.read, self._replies.split)


def _why_refused(history: History, guess: str) -> str:
    """Return why the last guess was not run, if the model's last turn ended so; `guess` is that, if known."""
    turns = [trial for trial in history if trial.proposal.rival]
    fallback = turns[-1].proposal.fallback.removeprefix(MODEL) if turns else ""
    if not fallback.startswith(NOT_RUN):
        return ""
    # Before that the verdict says what is expected, which newer trials have changed.
    gate = fallback.removeprefix(NOT_RUN).rpartition("; ")[2]
    shown = f", {guess}," if guess else ""
    return f"Your last guess{shown} was not run before trial {turns[-1].number}: {plain_line(gate)}."


def _candidates(state: SearchState) -> list[tuple[Mapping[str, Any], Prediction, str]]:
    """Return what the surrogate would try next, each as if the ones before it were under way."""
    found: list[tuple[Mapping[str, Any], Prediction, str]] = []
    verifier, trials = state.verifier, state.history.trials
    while verifier and len(found) < CANDIDATES:
        if state.own and not found:
            params: Mapping[str, Any] = state.own.params
        elif choice := verifier.choose(state.rng(), within=state.region):
            params = choice
        else:
            break
        found.append((params, verifier.predict(params), verifier.aside(params)))
        trials = (*trials, Trial(len(trials), Proposal(dict(params), "gp")))
        verifier = verifier.beside(replace(state.history, trials=trials))
    return found
