"""A model's configurations, kept within the constraints, which no schema can tell it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bestguess.tools.space.space import Space
from bestguess.tools.trial import Params

MOVED = ", moved to the nearest that keeps the constraints"


class Replies:
    """Reads replies over `space`; one that breaks a constraint is moved, and that is remembered."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._moved: list[Params] = []

    def read(self, reply: Any) -> Mapping[str, Any]:
        """Return the params of a reply; raise ParamsError."""
        params = self._space.read_reply(reply)
        near = self._space.nearest(params)
        if near != params:
            self._moved.append(near)
        return near

    def note(self, guess: Params) -> str:
        """Return how the reason for a guess ends: whether it is what the model said."""
        return MOVED if guess in self._moved else ""
