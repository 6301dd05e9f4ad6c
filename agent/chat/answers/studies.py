"""What is known of each study of a session's folder, for /studies and for the page's start."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime

from bestguess.agent.chat.conversation import Conversation
from bestguess.agent.record.opening import study_names
from bestguess.agent.record.study import load
from bestguess.tools.errors import StudyError


@dataclass(frozen=True, slots=True)
class Kept:
    """A study of the folder: how far it is, or in words why it cannot be read.

    `program` is empty of a study that no session began, `at` is when its last trial began.
    """

    name: str
    program: str = ""
    trials: int = 0
    metric: str = ""
    best: str = ""
    at: datetime | None = None
    why_not: str = ""


def kept_studies(session: Conversation, seconds: float = float("inf")) -> list[Kept]:
    """Return the studies of the folder, the latest first; raise StudyError for a database of a stranger.

    After so many `seconds` the rest are named only.
    """
    until = time.monotonic() + seconds
    return sorted(_read(session, until), key=lambda kept: kept.at or datetime.min, reverse=True)


def _read(session: Conversation, until: float) -> Iterator[Kept]:
    storage, plan = session.bench.storage, session.bench.plan
    programs = {name: state.plan.script for name, state in session.states.items() if state.plan}
    programs |= {plan.study: plan.script} if plan else {}
    for name in study_names(storage):
        program = programs.get(name, "")
        if time.monotonic() > until:
            yield Kept(name, program)
            continue
        try:
            with closing(load(storage, name)) as study:
                history, metric = study.history, study.task.metric
                begun = [
                    frozen.datetime_start for frozen in study.optuna_study.get_trials(deepcopy=False)[-1:]
                ]
        except StudyError as error:
            yield Kept(name, program, why_not=str(error))
            continue
        best = f"{history.incumbent.value:.6g}" if history.incumbent else ""
        yield Kept(name, program, len(history.told), metric, best, next(iter(begun), None))
