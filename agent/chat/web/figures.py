"""The page's figures: each is computed when it is asked for, from the trials as they are then.

What follows from finished trials alone is computed once for all figures and pages.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bestguess.agent.chat.session import Session
from bestguess.agent.reports.figures import Subject, draw_figure
from bestguess.tools.errors import InputError
from bestguess.tools.surrogate.threads import few_threads
from bestguess.tools.words.redaction import redact

FEW = 1
AS_THEY_RUN = frozenset({"history", "front", "curves"})
"""Figures that show running trials, too."""

_STYLE_ID = re.compile(rb'getElementById\("([0-9a-f]{64})"\)')

JSON = {"allow_nan": False, "separators": (",", ":")}


class Figures:
    """Draws figures of a session's study; a surrogate is fitted once, however many figures rest on it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._computing = threading.Lock()
        self._kept: tuple[Any, Subject] | None = None

    def draw(self, name: str, first: str = "", second: str = "") -> str:
        """Return a figure as JSON, or in words why there is none."""
        try:
            if name in AS_THEY_RUN:
                figure = draw_figure(name, self.subject(), first, second)
            else:
                with self.settled() as subject:
                    figure = draw_figure(name, subject, first, second)
        except InputError as error:
            return json.dumps({"words": redact(str(error))})
        return json.dumps(figure, **JSON)  # type: ignore[arg-type]

    def subject(self) -> Subject:
        """Return the study as it is now; raise InputError before there is one."""
        bench = self._session.bench
        plan = bench.the_plan()
        study = bench.study.optuna_study if bench.opened else None
        return Subject(plan.space, plan.task, bench.history, study)

    @contextmanager
    def settled(self) -> Iterator[Subject]:
        """Give the study with what was computed of it, which is kept until another trial is told.

        One computes at a time, in one thread: the machine is left to what is tuned.
        """
        bench = self._session.bench
        with self._computing, few_threads(FEW):
            plan, history = bench.the_plan(), bench.history
            told = [trial.number for trial in history.told]
            key = (plan.study, plan.space, plan.task, history.prefer, told)
            if self._kept is None or self._kept[0] != key:
                self._kept = key, self.subject()
            yield self._kept[1]


def style_ids(script: Path) -> list[str]:
    """Return the ids under which plotly's libraries look whether the page has their styles already.

    What has such an id on the page keeps them from writing styles into it, which its policy forbids.
    """
    return sorted({found.decode() for found in _STYLE_ID.findall(script.read_bytes())})
