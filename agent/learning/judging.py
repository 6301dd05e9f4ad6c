"""Which statements of a document are advice: by words beside them, and where there are none, by a model.

Words such as "recommended", "default" or "minimum" near a value settle most of it, and better than a model of
1.5B does; so it is asked only where they find nothing on a parameter.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

from bestguess.agent.advice.advisor import read_reply
from bestguess.agent.advice.budget import Budget, BudgetedLLM
from bestguess.agent.learning.exam import ADVISED as EXPECTED
from bestguess.agent.learning.exam import LEAST_RIGHT, exam
from bestguess.agent.learning.statements import Statement
from bestguess.agent.learning.wording import ADVISED, UNCLEAR, VERDICTS, judge_by_words
from bestguess.agent.llm import LLM, Message, Request
from bestguess.prompts import render, version
from bestguess.tools.errors import ModelError, ReplyError
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import shorten

MOST_STATEMENTS = 6
"""Of one request: a model of 1.5B loses count of more."""

MOST_CHARS = 1600
SAID_CHARS = 200
_MARK = re.compile(r"<(?=/?document>)")


class Judge(Protocol):
    """Whoever says which statements are advice; `notes` is what there is to know of how it went."""

    name: str
    notes: list[str]
    tokens: int

    def judge(self, statements: Sequence[Statement]) -> Iterator[tuple[Statement, str]]:
        """Yield each statement with one of VERDICTS, or UNCLEAR; some of these again, with a better one."""
        ...


@dataclass(frozen=True, slots=True)
class Piece:
    """Statements that stand close together, and the text around them."""

    statements: tuple[Statement, ...]

    @property
    def text(self) -> str:
        """What the model reads."""
        contexts = dict.fromkeys(statement.context for statement in self.statements)
        return "\n\n".join(shorten(context, MOST_CHARS) for context in contexts)


def cut(statements: Sequence[Statement]) -> Iterator[Piece]:
    """Yield the statements in pieces small enough to be read at once."""
    piece: list[Statement] = []
    for statement in statements:
        if piece and (len(piece) >= MOST_STATEMENTS or len(Piece((*piece, statement)).text) > MOST_CHARS):
            yield Piece(tuple(piece))
            piece = []
        piece.append(statement)
    if piece:
        yield Piece(tuple(piece))


def by_words(statement: Statement) -> str:
    """Return what the words near the statement's value say of it."""
    return judge_by_words(statement.sentence, *statement.span, statement.lead)


class WordJudge:
    """Goes by words such as "recommended" in the statement's own sentence; needs no model."""

    def __init__(self) -> None:
        self.name = "words such as 'recommended', and no model"
        self.tokens = 0
        self.notes: list[str] = []

    def judge(self, statements: Sequence[Statement]) -> Iterator[tuple[Statement, str]]:
        """Yield each statement with the verdict on it."""
        for statement in statements:
            yield statement, by_words(statement)


class ModelJudge:
    """Goes by words, and asks a language model of the parameters on which they find no advice.

    It is told the text and the values beside which no words stand, and says what the text makes of each, if
    it can: an exam comes first.
    """

    def __init__(
        self,
        llm: LLM,
        *,
        budget: Budget | None,
        timeout_s: float,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.name = f"words such as 'recommended', and {llm.name}"
        self.tokens = 0
        self.notes: list[str] = []
        self._llm = BudgetedLLM(llm, budget) if budget else llm
        self._timeout_s = timeout_s
        self._progress = progress
        self._refusal = ""

    def judge(self, statements: Sequence[Statement]) -> Iterator[tuple[Statement, str]]:
        """Yield each statement with the verdict on it."""
        judged = [(statement, by_words(statement)) for statement in statements]
        yield from judged
        plain = {one.parameter for one, verdict in judged if verdict == ADVISED and not one.problem}
        unclear = [
            one
            for one, verdict in judged
            if verdict == UNCLEAR and not one.problem and one.parameter not in plain
        ]
        if not unclear:
            return
        answers = dict(self._ask_all(exam()))
        right = sum((verdict == ADVISED) == EXPECTED[one.parameter] for one, verdict in answers.items())
        if right < LEAST_RIGHT:
            said = f"; {self._refusal}" if self._refusal else ""
            self.notes.append(
                f"{self._llm.name} told {right} of {len(EXPECTED)} values of an exam right, so it is not "
                f"asked what {len(unclear)} values are that no plain words judge{said}"
            )
            return
        yield from self._ask_all(unclear)

    def _ask_all(self, statements: Sequence[Statement]) -> Iterator[tuple[Statement, str]]:
        """Yield each statement of which the model says something, with that; it ends where a call fails."""
        pieces = list(cut(statements))
        for number, piece in enumerate(pieces, 1):
            self._progress(
                f"{self._llm.name} reads piece {number} of {len(pieces)}: {piece.statements[0].place}"
            )
            try:
                reply = self._llm.generate(ask(piece, self._timeout_s))
            except ModelError as error:
                self._refusal = shorten(clean_line(str(error)), 200)
                return
            self.tokens += reply.tokens
            advice = read_reply(reply, partial(read_verdicts, asked=len(piece.statements)))
            verdicts: dict[str, Any] = dict(*advice.configurations[:1])
            self._refusal = advice.refusal or self._refusal
            for place, statement in enumerate(piece.statements, 1):
                if str(place) in verdicts:
                    yield statement, verdicts[str(place)]


def ask(piece: Piece, timeout_s: float) -> Request:
    """Return the request that asks what a text makes of each statement."""
    numbers = [str(number) for number in range(1, len(piece.statements) + 1)]
    told = [
        {"words": clean_line(one.words), "said": shorten(clean_line(one.sentence), SAID_CHARS)}
        for one in piece.statements
    ]
    return Request(
        (Message("user", render("learn", text=_MARK.sub("(", piece.text), statements=told)),),
        schema={
            "type": "object",
            "properties": {number: {"enum": list(VERDICTS)} for number in numbers},
            "required": numbers,
            "additionalProperties": False,
        },
        temperature=0.0,
        seed=0,
        max_tokens=8 + 10 * len(numbers),
        timeout_s=timeout_s,
        template=version("learn"),
    )


def read_verdicts(said: Any, asked: int) -> dict[str, Any]:
    """Return the verdicts in an answer; raise ReplyError where one is none."""
    if not isinstance(said, dict) or not said:
        raise ReplyError("it gives no verdicts")
    for number, verdict in said.items():
        if number not in map(str, range(1, asked + 1)) or verdict not in VERDICTS:
            raise ReplyError(f"{number!r:.40}: {verdict!r:.40} is no verdict on a statement")
    return said
