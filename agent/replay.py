"""A study proposed again from its record, without a model: the same history has to give the same trials.

Every trial is proposed from the history as it was when the trial was asked for, with what the model gave
then, and compared. It evaluates nothing and writes nothing. Where several processes asked, the order that the
storage shows may not be the one that each of them saw.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bestguess.agent.advice.advisor import LATER, Advice, Question
from bestguess.agent.advice.journal import restore
from bestguess.agent.advice.knowledge import read_knowledge
from bestguess.agent.record.earlier import read_earlier
from bestguess.agent.record.study import Study
from bestguess.agent.search.switches import EVERYTHING, Switches
from bestguess.agent.search.turns import Advisors, Turns
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


class RecordedAdvisor:
    """Repeats what the model gave at the trial whose `number` is set, by the journal's `advice`."""

    def __init__(self, advice: Mapping[int, Sequence[Advice]], space: Space) -> None:
        self.number = 0
        self._advice = advice
        self._space = space

    def prefetch(self, question: Question) -> None:
        """Do nothing: nobody is there to ask."""

    def take(self, question: Question, left_s: float = math.inf) -> Advice:  # noqa: ARG002 - it is there
        """Return what was given at this trial in the question's role."""
        for advice in self._advice.get(self.number, ()):
            if advice.role == question.role:
                try:
                    return advice if advice.role == "explain" else restore(advice, self._space)
                except ParamsError as error:
                    words = f"what the journal has for this trial fits no space of it: {error}"
                    return Advice(refusal=words, role=question.role)
        return Advice(refusal=f"the journal has nothing for this trial{LATER}", role=question.role)


def replay(
    study: Study, advice: Mapping[int, Sequence[Advice]], *, switches: Switches = EVERYTHING
) -> Iterator[Replayed]:
    """Yield every trial that the tuner proposed, with what it proposes now; users' own trials are history."""
    recorded = RecordedAdvisor(advice, study.space)
    advisors = Advisors(recorded, recorded, grade=lambda _wait_s: study.grade_at(recorded.number))
    turns = Turns(
        study.space,
        study.task,
        study.seed,
        advisors=advisors if advice else None,
        switches=switches,
        knowledge=read_knowledge(study.knowledge, study.name),
        earlier=read_earlier(study.earlier, study) if study.earlier else (),
    )
    for trial, history in study.histories_at_start():
        if trial.source == "user":
            continue
        recorded.number = trial.number
        now = turns.propose(history)
        yield Replayed(trial, now.params, now.source)
