"""What to tell a library that knows no failures: the worst loss so far, once there is one."""

from __future__ import annotations

from collections.abc import Iterator

from bestguess.tools.trial import Params


class WorstSoFar:
    """Gives failed params the worst loss so far; failures before the first value wait for it."""

    def __init__(self) -> None:
        self._worst: float | None = None
        self._waiting: list[Params] = []

    def losses(self, params: Params, loss: float | None) -> Iterator[tuple[Params, float]]:
        """Yield what can be told now, given one more loss, or None for a failure."""
        if loss is not None:
            self._worst = loss if self._worst is None else max(self._worst, loss)
            yield params, loss
        else:
            self._waiting.append(params)
        if self._worst is not None:
            for failed in self._waiting:
                yield failed, self._worst
            self._waiting.clear()
