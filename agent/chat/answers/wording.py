"""The language model's part in an answer: it words facts that were computed, shown while it writes.

What it writes is text from outside: no control characters, no number that the facts do not have, and each
claim about a parameter beside what the surrogate says of it.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Sequence
from typing import Any

from bestguess.agent.chat.answers.checking import agreement, strange_numbers
from bestguess.agent.chat.events import Answer
from bestguess.agent.chat.model_call import (
    TIMEOUT_S,
    ask_model,
    quote,
    read_object,
)
from bestguess.agent.llm import LLM
from bestguess.agent.reports.insight import Insight
from bestguess.tools.errors import ModelError, ReplyError
from bestguess.tools.space.schema import object_schema
from bestguess.tools.trial import Direction
from bestguess.tools.words.cleaning import clean
from bestguess.tools.words.given import shorten

MAX_TOKENS = 300
STOPPED = " … *(stopped)*"

_GOES_ON = re.compile(r"(?:^|\s)\S*\d(?:\s*[\u00d7x*\u00b7](?:\s*10\S*)?)?\s*$")
"""A number at the end of what is written so far, which may go on with a power or a per cent."""

_ANSWER = re.compile(r'"answer"\s*:\s*"(?P<text>(?:[^"\\]|\\u[0-9a-fA-F]{4}|\\[^u])*)(?P<end>"?)')


def word_answer(
    question: str,
    facts: str,
    insights: Sequence[Insight],
    direction: Direction,
    llm: LLM,
    *,
    are_shown: bool,
    stop: threading.Event,
    show: Callable[[str], None],
) -> Answer:
    """Return the model's answer as `check_answer` does; where there is none, why, and the facts.

    They are not said twice where they `are_shown`.
    """
    try:
        return check_answer(question, facts, insights, direction, llm, stop=stop, show=show)
    except ModelError as error:
        stands = "what is known stands above." if are_shown else f"the facts are:\n\n{facts}"
        return Answer(f"The model could not answer ({shorten(str(error), 120)}); {stands}")


def check_answer(
    question: str,
    facts: str,
    insights: Sequence[Insight],
    direction: Direction,
    llm: LLM,
    *,
    stop: threading.Event,
    show: Callable[[str], object] = lambda _: None,
    timeout_s: float = TIMEOUT_S,
) -> Answer:
    """Return the model's answer to a question from facts, each of its claims beside what the surrogate says.

    `show` gets what is written so far, word by word; after `stop` the answer is what was shown. An answer
    with a number that the facts do not have ends there. Raises ReplyError for that and for one that cannot be
    read, and what `generate` raises.
    """
    by_name = {insight.importance.name: insight for insight in insights}
    # What a program printed is among the facts: no line of it is to be a heading.
    variables = {"facts": re.sub(r"(?m)^(\s*)#", r"\1\\#", facts), "question": quote(question)}
    known = (facts, question)
    shown = ""

    def show_more(text: str) -> bool:
        nonlocal shown
        words = _GOES_ON.sub("", said_so_far(text))
        if strange_numbers(words, known):
            return False
        if words != shown:
            shown = words
            show(words)
        return True

    try:
        text = ask_model(
            llm, "answer", variables,
            schema=_schema(list(by_name)), max_tokens=MAX_TOKENS, stop=stop, show=show_more,
            timeout_s=timeout_s,
        )  # fmt: skip
        if stop.is_set():
            return Answer(shown + STOPPED, partial=True) if shown else Answer("")
        if invented := strange_numbers(said_so_far(text), known):
            raise ReplyError(f"its answer held a number that no fact has ({invented[0]})")
        reply = read_object(text)
        answer = clean(str(reply["answer"])).strip()
        if ended := re.match(r".*[.!?](?=\s|$)", answer, re.DOTALL):
            answer = ended[0]  # the schema's longest text may end within a sentence
        claims = [(str(claim["parameter"]), str(claim["better"])) for claim in reply.get("claims", ())]
    except (KeyError, TypeError, ValueError) as error:
        raise ReplyError(f"its answer cannot be read: {error}") from error
    if not answer:
        raise ReplyError("its answer is empty")
    judged = [agreement(better, by_name[name], direction) for name, better in claims if name in by_name]
    lines = "\n".join(f"- {words}" for words, _ in judged)
    return Answer("\n\n".join([answer, lines]).strip(), disputed=not all(agrees for _, agrees in judged))


def said_so_far(text: str) -> str:
    """Return the whole words of the answer in a JSON object that may still be written."""
    found = _ANSWER.search(text)
    if found is None:
        return ""
    try:
        said: str = json.loads(f'"{found["text"]}"', strict=False)
    except ValueError:  # an escape that JSON does not have: whoever reads the whole says so
        return ""
    if not found["end"]:
        said = said[: max(said.rfind(" "), said.rfind("\n"), 0)]
    return clean(said)


def _schema(names: Sequence[str]) -> dict[str, Any]:
    properties: dict[str, Any] = {"answer": {"type": "string", "maxLength": 500}}
    if names:
        claim = object_schema(
            {"parameter": {"enum": list(names)}, "better": {"enum": ["higher", "lower", "none"]}}
        )
        properties["claims"] = {"type": "array", "items": claim, "maxItems": 3}
    return object_schema(properties)
