"""What asking costs us where peers are not asked: many asks before a tell, and ten thousand results.

Processor milliseconds in this process, on the mixed problem that `cost.py` uses.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from bestguess.agent.tuner import Tuner
from bestguess.evals.measures.cost import mixed_loss, mixed_space

BATCH = 64


@dataclass(frozen=True, slots=True)
class Scale:
    """What each of several asks in a row cost after so many results, in order."""

    results: int
    ask_ms: tuple[float, ...]

    @property
    def sentence(self) -> str:
        """The costs in a line."""
        batch = len(self.ask_ms)
        some = max(batch // 8, 1)
        first, last = np.mean(self.ask_ms[1 : some + 1]), np.mean(self.ask_ms[-some:])
        return (
            f"after {self.results} results, {batch} asks in a row: {self.ask_ms[0]:.0f} ms for the first, "
            f"{first:.0f} ms each for the next, and {last:.0f} ms each for the last {some}"
        )


def measure_scale(
    sizes: tuple[int, ...] = (100, 1000, 10_000), *, device: str = "auto", batch: int = BATCH
) -> Iterator[Scale]:
    """Yield what asks in a row cost after each number of results, on a device as `Tuner` takes it."""
    space = mixed_space()
    rng = np.random.default_rng(0)
    for size in sizes:
        with Tuner(space, seed=0, device=device) as tuner:
            tuner.tell(tuner.ask(), 1.0)  # the default, so that every ask below is a search
            for _ in range(size):
                params = space.sample(rng)
                tuner.tell(params, mixed_loss(params))
            yield Scale(size, tuple(_ask_ms(tuner) for _ in range(batch)))


def _ask_ms(tuner: Tuner) -> float:
    started = time.process_time()
    tuner.ask()
    return 1000.0 * (time.process_time() - started)
