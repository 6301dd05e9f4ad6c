"""Suite `llambo_default`: the 20 tasks of LLAMBO whose scores can be had again, from the default alone.

The tasks, values and references are those of `llambo`; what differs is that everybody begins with the default
configuration, as in practice, and not with LLAMBO's five points, so that its published runs are not needed to
play. This module does not know who is asked.
"""

from __future__ import annotations

from bestguess.evals import protocol
from bestguess.evals.protocol import Problem, Reference
from bestguess.evals.suites import llambo


class Suite(protocol.Suite):
    """The tasks of `llambo` that count there, under the same names."""

    name = "llambo_default"
    summary = "the 20 tasks of `llambo` that can be had again, from the default alone"

    def __init__(self) -> None:
        self._llambo = llambo.Suite()

    @property
    def problems(self) -> tuple[str, ...]:
        """The names of the tasks."""
        return self._llambo.headline

    @property
    def smoke(self) -> tuple[str, ...]:
        """The smoke run of `llambo`."""
        return self._llambo.smoke

    def problem(self, name: str, seed: int) -> Problem:
        """Return the task; the seed is the contestant's."""
        return llambo.pose(self.name, name, seed)

    def measure(self, name: str) -> dict[str, Reference]:
        """Return the reference of the original."""
        return self._llambo.measure(name)
