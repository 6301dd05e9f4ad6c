"""A model that writes a text in place of the surrogate's own choice: what rewriting and crossing share.

It answers with one text for one parameter. What it answers is a stranger's words: the text is checked
(`checking.py`), its reason is only shown, and the verifier sees the configuration before it runs.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from bestguess.agent.advice.advisor import LATER, MODEL, Advisor, Question
from bestguess.agent.llm import Message, Request
from bestguess.agent.search.guesses import NOT_RUN
from bestguess.agent.search.replies import REASON_CHARS
from bestguess.agent.search.state import Pass, SearchState
from bestguess.agent.search.texts.checking import check_text, placeholders
from bestguess.agent.search.texts.draft import Tried, Writing
from bestguess.prompts import render, version
from bestguess.tools.errors import ParamsError, ReplyError
from bestguess.tools.space.text import Text
from bestguess.tools.trial import Proposal, key_of
from bestguess.tools.words.cleaning import plain_line
from bestguess.tools.words.given import entries, shorten

SAMPLES = 2
CHARS_PER_TOKEN = 2.5
MOST_TOKENS = 4096
QUOTED_CHARS = 400
"""Of each part of an item; a text itself is shown whole."""


class ModelWriter(ABC):
    """Proposes the best of a model's texts by the verifier's score."""

    name: ClassVar[str]
    """How the reason of its trials begins, by which its record is known."""

    template: ClassVar[str]

    def __init__(self, advisor: Advisor) -> None:
        self._advisor = advisor
        self._why: dict[Any, str] = {}
        self.has_more = True
        """Whether there may be another text: it was not asked yet, is late, or had one the last time."""

    @abstractmethod
    def parents(self, writing: Writing, rng: np.random.Generator) -> list[Tried]:
        """Return the texts that a new one is made of, its own first; none where there are too few."""

    @abstractmethod
    def shown(self, writing: Writing, parents: list[Tried]) -> Mapping[str, Any]:
        """Return what the template has beside the task and the parameter."""

    def propose(self, state: SearchState) -> Proposal | Pass:
        """Return a text that the verifier accepts, if there is one yet; pass with the reason why none is."""
        self.has_more = False
        asked = self._prepare(state)
        if asked is None:
            return Pass()
        question, parent = asked
        advice = state.consultation.ask(self._advisor, question)
        if advice.refusal:
            self.has_more = advice.refusal.endswith(LATER)
            return Pass(f"{MODEL}{advice.refusal}")
        new = [dict(guess) for guess in advice.configurations if not state.tried(guess)]
        if not new:
            return Pass(f"{MODEL}{NOT_RUN}the text was tried before")
        self.has_more = True
        if state.verifier is None or state.own is None:
            return Proposal(new[0], "llm", self._reason(new[0], parent))
        ranked = [new[index] for index in state.verifier.rank(new)]
        verdicts = [state.verifier.judge(guess, state.own.params) for guess in ranked]
        for guess, verdict in zip(ranked, verdicts, strict=True):
            if verdict.accepted:
                said = f"accepted: {verdict.sentence}"
                return Proposal(guess, "llm", self._reason(guess, parent), verdict.prediction, said)
        return Pass(f"{MODEL}{NOT_RUN}{verdicts[0].sentence}")

    def _reason(self, guess: Mapping[str, Any], parent: Tried) -> str:
        why = self._why.get(key_of(guess), "")
        return f"{self.name} trial {parent.trial.number}{f': {why}' if why else ''}"

    def _prepare(self, state: SearchState) -> tuple[Question, Tried] | None:
        """Return what to ask, and the text that is changed; None where there is none yet."""
        names = [name for name in state.space.texts if not _pool(state, name)]
        if not names:
            return None
        turn = sum(trial.source == "llm" for trial in state.history.told)
        name = names[turn % len(names)]
        writing = Writing.of(state.space, state.history, name)
        told = Writing(name, writing.parameter, tuple(one for one in writing.tried if one.trial.outcome))
        rng = np.random.default_rng((state.seed, state.number, 1))
        parents = self.parents(told, rng)
        if not parents:
            return None
        base = state.within(parents[0].trial.params)
        words = render(
            self.template,
            description=state.task.description,
            aim=state.task.aim if state.task.goals else f"{state.task.direction} the {state.task.metric}",
            name=name,
            doc=plain_line(told.parameter.doc),
            max_chars=told.parameter.max_chars,
            placeholders=sorted(placeholders(told.parameter.default)),
            **self.shown(told, parents),
        )
        request = Request(
            messages=(Message("user", words),),
            template=version(self.template),
            n=SAMPLES,
            schema=_schema(name, told.parameter),
            seed=state.seed + state.number,
            max_tokens=min(int(told.parameter.max_chars / CHARS_PER_TOKEN) + 256, MOST_TOKENS),
            thought_tokens=state.reading.thought_tokens,
            told=len(state.history.told),
        )

        def read(said: Any) -> Mapping[str, Any]:
            return self._read(said, state, name, base)

        return Question(request, "propose", read), parents[0]

    def _read(self, said: Any, state: SearchState, name: str, base: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the params of an answer; raise ParamsError or ReplyError."""
        reply = entries(said)
        if reply is None or "text" not in reply:
            raise ReplyError('it has no "text"')
        # What was asked for ahead may have been another parameter's.
        meant = reply.get("parameter", name)
        if not isinstance(meant, str) or meant not in base or meant not in state.space.texts:
            raise ParamsError(f"its parameter is none of {', '.join(state.space.texts)}")
        parameter = state.space.parameters[meant]
        assert isinstance(parameter, Text)
        params = state.space.nearest({**base, meant: check_text(parameter, reply["text"])})
        if isinstance(why := reply.get("why"), str) and why:
            words = shorten(plain_line(why[: 4 * REASON_CHARS]), REASON_CHARS)
            self._why.setdefault(key_of(params), words)
        return params


def quoted(mark: str, text: str) -> str:
    """Return what others wrote as one line between marks, which it cannot leave."""
    return f"<{mark}>{shorten(plain_line(text[: 4 * QUOTED_CHARS]), QUOTED_CHARS)}</{mark}>"


def _pool(state: SearchState, name: str) -> bool:
    parameter = state.space.parameters[name]
    return isinstance(parameter, Text) and bool(parameter.pool)


def _schema(name: str, parameter: Text) -> dict[str, Any]:
    # The reason comes first, so that it is one: what is written after a choice only defends it.
    properties = {
        "why": {"type": "string", "maxLength": REASON_CHARS},
        "parameter": {"type": "string", "enum": [name]},
        "text": {"type": "string", "maxLength": parameter.max_chars},
    }
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }
