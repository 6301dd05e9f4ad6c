"""A study proposed again from its record, without a model: the same history has to give the same trials.

Every trial is proposed from the history as it was when the trial was asked for, with what the tuner heard
from the model then, and compared. It evaluates nothing and writes nothing. Where several processes asked, the
order that the storage shows may not be the one that each of them saw, and what the model ruled out in one
of them another learned when it next opened the study.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bestguess.agent.advice.advisor import LATER, Advice
from bestguess.agent.advice.explainer import Explainer
from bestguess.agent.advice.journal import Heard, restore
from bestguess.agent.advice.knowledge import read_knowledge
from bestguess.agent.llm import Request
from bestguess.agent.record.study import Study
from bestguess.agent.search.switches import EVERYTHING, Switches
from bestguess.agent.search.turns import Turns
from bestguess.tools.errors import ParamsError
from bestguess.tools.space.space import Space
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
    """A line to a model that repeats what was heard at the trial whose `number` is set.

    Without a space it is that to the explainer, whose advice is no configurations.
    """

    def __init__(self, heard: Mapping[int, Sequence[Heard]], space: Space | None) -> None:
        self.number = 0
        self._heard = heard
        self._space = space

    def prefetch(self, request: Request) -> None:
        """Do nothing: nobody is there to ask."""

    def take(self, request: Request) -> Advice:  # noqa: ARG002 - what was asked is in the journal
        """Return what was heard at this trial."""
        for heard in self._heard.get(self.number, ()):
            if (heard.role == "explain") == (self._space is None):
                try:
                    return restore(heard.advice, self._space) if self._space else heard.advice
                except ParamsError as error:
                    return Advice(refusal=f"what the journal has for this trial fits no space of it: {error}")
        return Advice(refusal=f"the journal has nothing for this trial{LATER}")


def replay(
    study: Study, heard: Mapping[int, Sequence[Heard]], *, switches: Switches = EVERYTHING
) -> Iterator[Replayed]:
    """Yield every trial that the tuner proposed, with what it proposes now; users' own trials are history."""
    script, explained = _Script(heard, study.space), _Script(heard, None)
    turns = Turns(
        study.space,
        study.task,
        study.seed,
        line=script if heard else None,
        explainer=Explainer(explained, study.space, study.task, study.seed) if heard else None,
        switches=switches,
        knowledge=read_knowledge(study.knowledge, study.name),
    )
    for trial, history in study.moments():
        if trial.source == "user":
            continue
        script.number = explained.number = trial.number
        now = turns.propose(history)
        yield Replayed(trial, now.params, now.source)
