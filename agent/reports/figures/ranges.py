"""The axes of parallel coordinates, and the ranges that are picked on them.

A picked range is a condition in the line by which the table of trials is filtered, too, so it can be typed as
well: nothing else says what is picked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bestguess.agent.reports.figures.scale import Scale
from bestguess.agent.reports.found import VALUE, Wanted, bare, quoted, without
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.trial import Trial
from bestguess.tools.words.given import told_apart

BEYOND = 0.04
"""So far beyond its ends an axis is drawn."""

STEP = 0.01
"""Of an axis: a range is said in as many digits as tell such a step."""


@dataclass(frozen=True, slots=True)
class Axis:
    """One axis: of a parameter, or of the value where `parameter` is None; heights are from 0 to 1."""

    name: str
    parameter: Parameter | None
    scale: Scale

    @property
    def options(self) -> Sequence[Any]:
        """The options that stand on it; of numbers and texts, none."""
        return getattr(self.parameter, "options", ())

    def height(self, trial: Trial) -> float | None:
        """Return where a trial's line crosses it; None where the trial has nothing of that name."""
        if self.parameter is None:
            return None if trial.value is None else self.height_of(trial.value)
        return self.height_of(trial.params[self.name]) if self.name in trial.params else None

    def height_of(self, value: Any) -> float:
        """Return where a value stands; values that are outliers stand a little beyond an end."""
        if self.parameter is not None:
            return float(self.parameter.encode(value))
        low, high, place = self._drawn(self.scale.low, self.scale.high, self.scale.place(value))
        return float((place - low) / (high - low)) if high > low else 0.5

    def value_at(self, height: float) -> Any:
        """Return the value that stands at a height."""
        if self.parameter is not None:
            return self.parameter.decode(min(max(height, 0.0), 1.0))
        low, high = self._drawn(self.scale.low, self.scale.high)
        at = low + height * (high - low)
        return float(10**at if self.scale.log else at)

    def condition(self, low: float, high: float) -> str:
        """Return what lies between two heights as a condition; an end beyond the axis is open."""
        name = quoted(self.name)
        if self.options:
            half = 0.501 / len(self.options)  # to touch the room of an option is to pick it
            low, high = min(low, 1.0) - half, max(high, 0.0) + half
            inside = [each for each in self.options if low <= self.height_of(each) <= high]
            open_ended = len(inside) == len(self.options)
            return "" if open_ended else f"{name}={'|'.join(quoted(str(each)) for each in inside)}"
        ends = [self.value_at(low), self.value_at(high)]
        if isinstance(ends[0], str):  # texts have no order
            return ""
        near = [self.value_at(end + STEP) for end in (low, high)]
        words = told_apart(*ends, *near) if isinstance(ends[0], float) else [str(end) for end in ends]
        conditions = [f"{name}>={words[0]}"] if low > 0.0 else []
        return " ".join(conditions + ([f"{name}<={words[1]}"] if high < 1.0 else []))

    def bands(self, wanted: Wanted) -> Iterator[tuple[float, float]]:
        """Yield from where to where lies what is wanted of it; nothing where that is all."""
        asked = [condition for condition in wanted.conditions if condition.name == bare(self.name)]
        if self.options:
            half = 0.46 / len(self.options)
            chosen = {given for condition in asked if condition.sign == "=" for given in condition.given}
            for place in (self.height_of(each) for each in self.options if bare(each) in chosen):
                yield place - half, place + half
            return
        low, high = -BEYOND, 1.0 + BEYOND
        read = [(each.sign, at) for each in asked if (at := self._height_of_words(each.given[0])) is not None]
        for sign, at in read:
            if sign in (">", ">=", "="):
                low = max(low, at - BEYOND / 4)
            if sign in ("<", "<=", "="):
                high = min(high, at + BEYOND / 4)
        if read:
            yield low, max(high, low)

    def _height_of_words(self, words: str) -> float | None:
        """Return where a number that somebody wrote stands, at most a little beyond an end."""
        ends = (self.value_at(0.0), self.value_at(1.0))
        try:
            number = float(words)
        except ValueError:
            return None
        if isinstance(ends[0], str) or not np.isfinite(number):
            return None
        return -BEYOND if number < ends[0] else 1.0 + BEYOND if number > ends[1] else self.height_of(number)

    def _drawn(self, *values: float) -> tuple[float, ...]:
        return tuple(np.log10(values).tolist()) if self.scale.log else values


def pick(line: str, axis: Axis, ends: tuple[float, float] | None) -> str:
    """Return a line with what lies between two heights of an axis as its only condition there.

    `ends` of None take what was picked there away.
    """
    condition = axis.condition(min(ends), max(ends)) if ends else ""
    return " ".join(part for part in (without(line, axis.name), condition) if part)


def axes_of(parameters: Mapping[str, Parameter], scale: Scale) -> list[Axis]:
    """Return the axes of parameters, and that of the value, which is the last."""
    return [*(Axis(name, each, scale) for name, each in parameters.items()), Axis(VALUE, None, scale)]
