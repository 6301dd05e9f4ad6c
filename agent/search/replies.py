"""What a model's answers hold: configurations, kept within the constraints, why, and what else it advises.

An answer is one configuration, or several points with a reason each. All of it is a stranger's words: names
and numbers are read against the space, and reasons are only shown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from bestguess.agent.advice.advisor import REFUSAL_CHARS, Advice
from bestguess.agent.advice.suggestion import read_suggestion, suggestion_schema
from bestguess.agent.search.texts.checking import check_texts
from bestguess.tools.errors import ParamsError, ReplyError
from bestguess.tools.space.schema import object_schema
from bestguess.tools.space.space import Space
from bestguess.tools.suggestion import Suggestion
from bestguess.tools.trial import Params, key_of
from bestguess.tools.words.cleaning import plain_line
from bestguess.tools.words.given import shorten

MOVED = ", moved to the nearest that keeps the constraints"

FEWEST_POINTS = 3
REASON_CHARS = 240


class Replies:
    """Reads replies over `space`, each of one configuration, or of up to `points` with their reasons.

    With `advises` one of several points may have advice beside them.
    """

    def __init__(self, space: Space, points: int = 1, *, advises: bool = False) -> None:
        self._space = space
        self._points = points
        self._advises = advises and points > 1
        self._moved: list[Params] = []
        self._reasons: dict[Any, str] = {}
        self._suggestion: Suggestion | None = None
        self._rejected: list[str] = []

    @property
    def schema(self) -> dict[str, Any]:
        """The JSON Schema of a reply."""
        one = self._space.json_schema()
        if self._points == 1:
            return one
        # The reason comes first, so that it is one: what is written after a choice only defends it.
        point = object_schema({"reason": {"type": "string", "maxLength": REASON_CHARS}, "params": one})
        fewest = min(FEWEST_POINTS, self._points)
        points = {"type": "array", "minItems": fewest, "maxItems": self._points, "items": point}
        schema = object_schema({"points": points})
        if self._advises:
            schema["properties"]["advice"] = suggestion_schema(self._space)  # which is not required
        return schema

    def split(self, said: Any) -> Sequence[Any]:
        """Return the points that a reply holds, and keep what it advises; never more than were asked for."""
        self._suggestion, self._rejected = None, []
        if self._points == 1:
            return (said,)
        if self._advises and isinstance(said, Mapping) and said.get("advice") is not None:
            try:
                self._suggestion = read_suggestion(said["advice"], self._space)
            except (ParamsError, ReplyError) as error:
                self._rejected.append(shorten(f"its advice: {error}", REFUSAL_CHARS))
        points = _points_of(said)
        if len(points) > self._points:
            self._rejected.append(
                f"{len(points)} points where {self._points} were asked for: the first count"
            )
        return points[: self._points]

    def read(self, reply: Any) -> Mapping[str, Any]:
        """Return the params of a configuration, or of a point; raise ParamsError."""
        reason: Any = ""
        if self._points > 1 and isinstance(reply, Mapping) and isinstance(reply.get("params"), Mapping):
            reply, reason = reply["params"], reply.get("reason")
        params = check_texts(self._space.parameters, self._space.read_reply(reply))
        near = self._space.nearest(params)
        if near != params:
            self._moved.append(near)
        if isinstance(reason, str) and reason:
            words = shorten(plain_line(reason[: 4 * REASON_CHARS]), REASON_CHARS)
            self._reasons.setdefault(key_of(near), words)
        return near

    def note(self, guess: Params) -> str:
        """Return how the reason for a guess ends: whether it is what the model said, and why it said so."""
        reason = self._reasons.get(key_of(guess), "")
        return f"{MOVED if guess in self._moved else ''}{f': {reason}' if reason else ''}"

    def mark(self, advice: Advice) -> Advice:
        """Return the advice with what else the reply held that was read last, and what of it is of no use."""
        rejected = (*advice.rejected, *self._rejected)
        return replace(advice, suggestion=self._suggestion, rejected=rejected)


def _points_of(said: Any) -> Sequence[Any]:
    """Return the points in a reply: a list, the one under that name or the first of objects, or itself."""
    if isinstance(said, list) and said:
        return said
    if not isinstance(said, Mapping):
        return (said,)
    lists = [said.get("points"), *said.values()]
    found = (each for each in lists if isinstance(each, list) and any(isinstance(one, dict) for one in each))
    return next(found, (said,))
