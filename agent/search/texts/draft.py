"""What every writer of texts sees, and what it gives: Tried, Writing, Draft."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from bestguess.tools.space.space import Space
from bestguess.tools.space.text import Text
from bestguess.tools.trial import History, Trial

Item = tuple[str, str]
"""What tells items apart: the name and the input of a step of a trace."""


@dataclass(frozen=True, slots=True)
class Tried:
    """A text that was tried: the best trial with it, and which items went well with it, if traces say so.

    `loss` is None where all its trials failed, are under way, or were less than a whole run.
    """

    text: str
    trial: Trial
    loss: float | None = None
    solved: Mapping[Item, bool] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Writing:
    """One parameter whose text is to be written, and the texts that were `tried`, the best first."""

    name: str
    parameter: Text
    tried: tuple[Tried, ...] = ()

    @classmethod
    def of(cls, space: Space, history: History, name: str) -> Writing:
        """Return what is known of the texts of a parameter; raises KeyError if it is no text of the space."""
        parameter = {one: space.parameters[one] for one in space.texts}[name]
        assert isinstance(parameter, Text)
        # Of several metrics there is no one loss: what is on the front is equally good.
        front = {trial.number for trial in history.front}
        best: dict[str, Tried] = {}
        for trial in history:
            if (text := trial.params.get(name)) is None:
                continue
            loss: float | None = 0.0 if trial.number in front else None
            if not history.goals:
                loss = history.loss(trial) if trial.state == "complete" else None
            before = best.get(text)
            better = before is None or (loss is not None and (before.loss is None or loss < before.loss))
            if better or (before and before.loss is None and trial.outcome):
                best[text] = Tried(text, trial, loss, solved_by(trial))
        ranked = sorted(best.values(), key=lambda one: np.inf if one.loss is None else one.loss)
        return cls(name, parameter, tuple(ranked))

    @property
    def worth(self) -> tuple[Tried, ...]:
        """The texts with a loss, the best first."""
        return tuple(one for one in self.tried if one.loss is not None)

    def had(self) -> set[str]:
        """Return the texts that are no new ones: those tried, and those that the user gave."""
        return {one.text for one in self.tried} | set(self.parameter.known)


@dataclass(frozen=True, slots=True)
class Draft:
    """A new text, and in `words` how it came about."""

    text: str
    words: str


class Writer(Protocol):
    """Who writes without a model."""

    def write(self, writing: Writing, count: int, rng: np.random.Generator) -> list[Draft]:
        """Return up to `count` different new drafts, none where there is nothing to make them of."""
        ...


def solved_by(trial: Trial) -> dict[Item, bool]:
    """Return which items of a trial's trace went well: no step of the same name and input has an error."""
    solved: dict[Item, bool] = {}
    for step in trial.outcome.trace if trial.outcome else ():
        item = (step.name, step.input)
        solved[item] = solved.get(item, True) and not step.error
    return solved
