"""A study proposed again from its record, without a model: the same history has to give the same trials.

Every trial is proposed from the history as it was when the trial was asked for, with what the tuner heard
from the model then, and compared. It evaluates nothing and writes nothing. Where several processes asked at
once, the order that the storage shows may not be the one that each of them saw.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from bestguess.agent.advisor import Advice
from bestguess.agent.journal import Heard, restore
from bestguess.agent.llm import Request
from bestguess.agent.study import Study
from bestguess.agent.switches import EVERYTHING, Switches
from bestguess.agent.turns import Turns
from bestguess.tools.space import Space
from bestguess.tools.trial import Trial


@dataclass(frozen=True, slots=True)
class Replayed:
    """One trial and what is proposed in its place today; `same` when that is the same configuration."""

    trial: Trial
    params: Mapping[str, Any]
    source: str

    @property
    def same(self) -> bool:
        """Whether the record and today agree."""
        return (dict(self.params), self.source) == (self.trial.params, self.trial.source)


class _Script:
    """A line to a model that repeats what was heard at the trial whose `number` is set."""

    def __init__(self, heard: Mapping[int, Heard], space: Space) -> None:
        self.number = 0
        self._heard = heard
        self._space = space

    def prefetch(self, request: Request) -> None:
        """Do nothing: nobody is there to ask."""

    def take(self, request: Request) -> Advice:  # noqa: ARG002 - what was asked is in the journal
        """Return what was heard at this trial."""
        heard = self._heard.get(self.number)
        if heard is None:
            return Advice(refusal="the journal has nothing for this trial")
        return restore(heard.advice, self._space)


def replay(
    study: Study, heard: Mapping[int, Heard], *, switches: Switches = EVERYTHING
) -> Iterator[Replayed]:
    """Yield every trial that the tuner proposed, with what it proposes now; users' own trials are history."""
    script = _Script(heard, study.space)
    turns = Turns(
        study.space,
        study.task,
        study.seed,
        line=script if heard else None,
        switches=switches,
        knowledge=study.knowledge,
    )
    for trial, history in study.moments():
        if trial.source == "user":
            continue
        script.number = trial.number
        now = turns.propose(history)
        yield Replayed(trial, now.params, now.source)
