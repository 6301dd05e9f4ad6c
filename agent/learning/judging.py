"""Which statements of a document are advice: as a language model reads them, or by the words beside them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from bestguess.agent.advice.advisor import read_reply
from bestguess.agent.advice.budget import Budget, BudgetedLLM
from bestguess.agent.learning.statements import Statement
from bestguess.agent.llm import LLM, Message, Request
from bestguess.prompts import render, version
from bestguess.tools.errors import ModelError, ReplyError
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import shorten

ADVISED, AVOIDED = "advised", "avoid"
VERDICTS = (ADVISED, "default", "allowed", AVOIDED, "other")

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
        """Yield each statement with one of VERDICTS."""
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


class WordJudge:
    """Goes by words such as "recommended" in the statement's own sentence; needs no model."""

    def __init__(self) -> None:
        self.name = "no model, but words such as 'recommended'"
        self.tokens = 0
        self.notes: list[str] = []

    def judge(self, statements: Sequence[Statement]) -> Iterator[tuple[Statement, str]]:
        """Yield each statement with the verdict on it."""
        for statement in statements:
            yield statement, by_words(statement)


class ModelJudge:
    """Asks a language model of each piece; what it does not say of one is gone by words, and noted."""

    def __init__(
        self, llm: LLM, *, budget: Budget | None, timeout_s: float, progress: Callable[[str], None] = lambda _: None
    ) -> None:
        self.name = llm.name
        self.tokens = 0
        self.notes: list[str] = []
        self._llm = BudgetedLLM(llm, budget) if budget else llm
        self._timeout_s = timeout_s
        self._progress = progress

    def judge(self, statements: Sequence[Statement]) -> Iterator[tuple[Statement, str]]:
        """Yield each statement with the verdict on it."""
        pieces = list(cut(statements))
        missed, why = 0, ""
        for number, piece in enumerate(pieces, 1):
            self._progress(f"piece {number} of {len(pieces)}: {piece.statements[0].place}")
            verdicts: dict[str, Any] = {}
            try:
                reply = self._llm.generate(ask(piece, self._timeout_s))
                self.tokens += reply.tokens
                advice = read_reply(reply, lambda said, asked=len(piece.statements): read_verdicts(said, asked))
                verdicts, why = dict(*advice.configurations[:1]), advice.refusal or why
            except ModelError as error:
                why = str(error)
            for place, statement in enumerate(piece.statements, 1):
                missed += str(place) not in verdicts
                yield statement, verdicts.get(str(place)) or by_words(statement)
        if missed:
            self.notes.append(
                f"{missed} of {len(statements)} statements were judged by words such as 'recommended', and not by "
                f"{self.name}: {shorten(clean_line(why), 200)}"
            )


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


_STRONG = re.compile(
    r"recommend|suggest|reasonabl|sensibl|\btypical|rule of thumb|\bgood (?:value|choice|start|default|range|set)|useful range"
    r"|\bconsider |\bideal|optimal|sweet spot|most users|production|advis|prefer|highest performing|best (?:value|result)",
    re.IGNORECASE,
)
_GOOD = re.compile(
    r"usually|usual (?:value|range|choice)|normally|generally|in general|commonly|in practice|\bgood|\bbest|\bbetter|\buseful"
    r"|\bshould|works? well|start(?:ing)? (?:with|value|point|at)|enough|sufficient|compromise|\bsafe|not very sensitive"
    r"|\bimproves?\b",
    re.IGNORECASE,
)
_IMPERATIVE = re.compile(
    r"(?:\A|[,;:(] ?|\b(?:or|and|then|to|please|also|could|can) )(?:use|try|test|set|choose|pick|keep|leave|start with)\b[^.;,]{0,30}\Z", re.IGNORECASE
)
_BAD = re.compile(
    r"not (?:be )?(?:recommended|advis|sensible)|not (?:be )?(?:an? )?(?:good|useful)|\bnever\b|\bavoid|useless|unlikely to help"
    r"|dubious|quickly increasing|\bslow\b|should (?:\w+ )?not|shouldn't|do not|don't|too (?:low|high|small|large)",
    re.IGNORECASE,
)
_NEITHER = re.compile(r"\bmust\b|for example|e\.g\.|\bmeans?\b|\bmeaning\b|disables?\b|\bdefaults? to\b", re.IGNORECASE)
_CONDITION = re.compile(r"\b(?:if|when|unless|where)\b[^,.;:]{0,40}\Z|\bthan (?:the )?\Z", re.IGNORECASE)
_DEFAULT = re.compile(r"\b(?:defaults?|development|initial)\b,?[^.;,]{0,30}\Z", re.IGNORECASE)
_KEEP = re.compile(r"(?:use|leav(?:e|ing)|keep(?:ing)?|stick|recommend|suggest)[^.;,]{0,40}\Z", re.IGNORECASE)
_BOUND = re.compile(r"\b(?:min|max)imum\b(?: values?)?(?: is|:)", re.IGNORECASE)
_OF_SOMETHING_ELSE = re.compile(r"\W*(?:or (?:more|less) )?(?:physical )?(?:cores?|cpus?|processors?|bits?|hits?|boxes|machines?)\b", re.IGNORECASE)
_LISTED = re.compile(r"\W{0,2}\s?=\s?[A-Za-z]")
_CLAUSE = re.compile(r";\s|,?\s(?:but|however|although|whereas|while)\s|\s-{2}\s|\s\u2013\s", re.IGNORECASE)
WINDOW = 90
"""So many characters before and after a value the words count that judge it."""


def by_words(statement: Statement) -> str:
    """Return the verdict that words near the value give, in its own part of the sentence or what leads to it."""
    start, end = statement.span
    text = statement.sentence
    cuts = [(match.start(), match.end()) for match in _CLAUSE.finditer(text)]
    before = text[max((last for _, last in cuts if last <= start), default=0) : start][-WINDOW:]
    after = text[end : min((first for first, _ in cuts if first >= end), default=len(text))][:WINDOW]
    near = f"{before}{text[start:end]}{after}"
    if _CONDITION.search(before) or _OF_SOMETHING_ELSE.match(after) or _LISTED.match(after):
        return "other"
    if _BAD.search(near):
        return AVOIDED
    if default := _DEFAULT.search(before):
        is_good = re.match(r"\W*(?!and\b)(?:\w+ ){0,2}", after)
        follows = after[is_good.start() : is_good.end() + 20] if is_good else ""
        if not (_KEEP.search(before[: default.start()]) or _STRONG.search(follows) or _GOOD.search(follows)):
            return "default"
    if _STRONG.search(near) or _STRONG.search(statement.lead):
        return ADVISED
    if _BOUND.match(statement.written) or _BOUND.search(before):
        return "allowed"
    if _NEITHER.search(near):
        return "allowed"
    return ADVISED if _GOOD.search(near) or _IMPERATIVE.search(before) else "other"
