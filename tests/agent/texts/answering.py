"""Stand-ins for a model under tuning: their answers follow from the prompt by a rule."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from bestguess.agent.llm import Reply, Request
from bestguess.tools.errors import ModelRefused, ModelUnavailable

ITEMS = 60
_NUMBER = re.compile(r"no\. (\d+)")


def rows(more: Callable[[int], str] = lambda _number: "") -> list[dict[str, Any]]:
    """Return items; `more` is what stands in each after its number."""
    return [{"input": f"no. {number}{more(number)}", "output": f"is {number}"} for number in range(ITEMS)]


class Shown:
    """Answers rightly the items of a kind (number modulo 3) of which a worked example is in the prompt."""

    name = "shown"

    def __init__(
        self,
        *,
        most: int | None = None,
        wrong: str = "is unknown",
        end: BaseException = ModelUnavailable("the model is gone"),  # noqa: B008 - it is only raised
    ) -> None:
        self.asked: list[tuple[list[int], str]] = []
        self._most = most
        self._wrong = wrong
        self._end = end

    def generate(self, request: Request) -> Reply:
        if self._most is not None and len(self.asked) >= self._most:
            raise self._end
        text = "\n".join(message.content for message in request.messages)
        *examples, asked = map(int, _NUMBER.findall(text))
        self.asked.append(([*examples, asked], text))
        right = any(example % 3 == asked % 3 for example in examples)
        return Reply((f"is {asked}" if right else self._wrong,))

    def close(self) -> None:
        pass


class Ruled:
    """Answers as `rule` does, which is given the number that is asked about and all of the prompt."""

    name = "ruled"

    def __init__(self, rule: Callable[[int, str], str]) -> None:
        self.asked: list[str] = []
        self._rule = rule

    def generate(self, request: Request) -> Reply:
        text = "\n".join(message.content for message in request.messages)
        self.asked.append(text)
        return Reply((self._rule(int(_NUMBER.findall(text)[-1]), text),))

    def close(self) -> None:
        pass


def make_shown() -> Shown:
    """Return one, for the command line."""
    return Shown()


def make_interrupted() -> Shown:
    """Return one at which somebody presses Ctrl-C."""
    return Shown(most=20, end=KeyboardInterrupt())


def make_dying() -> Shown:
    """Return one that goes away."""
    return Shown(most=20)


def make_refusing() -> Shown:
    """Return one that takes no prompt."""
    return Shown(most=0, end=ModelRefused("the prompt is too long"))
