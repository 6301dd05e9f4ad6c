"""The page's figures: each is computed when it is asked for, from the trials as they are then.

What follows from finished trials alone is computed once for all figures and pages. A page that has a figure
already gets what is new in it (HTTP's delta encoding, RFC 3229), so that one trial more costs little.
"""

from __future__ import annotations

import json
import re
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from bestguess.agent.chat.session import Session
from bestguess.agent.reports.figures import Figure, Subject, draw_figure
from bestguess.agent.reports.figures.marks import points
from bestguess.agent.reports.figures.ranges import axes_of, pick
from bestguess.agent.reports.figures.scale import Scale
from bestguess.tools.errors import InputError
from bestguess.tools.surrogate.threads import few_threads
from bestguess.tools.words.given import shown
from bestguess.tools.words.redaction import redact

FEW = 1
AS_THEY_RUN = frozenset({"history", "front", "curves"})
"""Figures that show running trials, too."""

_STYLE_ID = re.compile(rb'getElementById\("([0-9a-f]{64})"\)')

MOST_SENT = 24
"""So many figures that pages have are kept, the latest, to tell what is new in the next."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A figure as JSON with its tag, or the edits that make it of the one that the page has."""

    text: str
    tag: str
    edits: bool = False


class Figures:
    """Draws figures of a session's study; a surrogate is fitted once, however many figures rest on it."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._computing = threading.Lock()
        self._kept: tuple[Any, Subject] | None = None
        self._sent: OrderedDict[str, Figure] = OrderedDict()
        self._sending = threading.Lock()

    def draw(self, name: str, first: str = "", second: str = "") -> Answer:
        """Return a figure, or in words why there is none."""
        try:
            if name in AS_THEY_RUN:
                figure = draw_figure(name, self.subject(), first, second)
            else:
                with self.settled() as subject:
                    figure = draw_figure(name, subject, first, second)
        except InputError as error:
            figure = {"words": redact(str(error))}
        text = json.dumps(figure, allow_nan=False, separators=(",", ":"))
        tag = f'"{sha256(text.encode()).hexdigest()[:16]}"'
        with self._sending:
            self._sent[tag] = figure
            self._sent.move_to_end(tag)
            while len(self._sent) > MOST_SENT:
                self._sent.popitem(last=False)
        return Answer(text, tag)

    def update(self, seen: str, answer: Answer) -> Answer:
        """Return what a page that has the figure with the tag `seen` needs: edits where they are shorter."""
        with self._sending:
            before, now = self._sent.get(seen), self._sent.get(answer.tag)
        if before is None or now is None:
            return answer
        text = json.dumps([*changes(before, now)], allow_nan=False, separators=(",", ":"))
        return Answer(text, answer.tag, edits=True) if len(text) < len(answer.text) else answer

    def pick(self, find: str, name: str, ends: tuple[float, float] | None) -> str:
        """Return `find` with a range that was picked on an axis; raise InputError if there is none."""
        subject = self.subject()
        scale = Scale.of([trial.value or 0.0 for trial in points(subject.history)], subject.history.direction)
        for axis in axes_of(subject.space.parameters, scale):
            if axis.name == name:
                return pick(find, axis, ends)
        raise InputError(f"there is no axis {shown(name)}")

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


def changes(
    old: Any, new: Any, path: tuple[str | int, ...] = ()
) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Yield what makes `new` of `old`, both as of JSON: the path to a value, and the value to set there."""
    before, after = _parts(old), _parts(new)
    if type(old) is not type(new) or before is None or after is None or not before.keys() <= after.keys():
        if old != new:
            yield path, new
        return
    for key, value in after.items():
        if key in before:
            yield from changes(before[key], value, (*path, key))
        else:
            yield (*path, key), value


def _parts(value: Any) -> dict[Any, Any] | None:
    if isinstance(value, list | tuple):
        return dict(enumerate(value))
    return value if isinstance(value, dict) else None


def style_ids(script: Path) -> list[str]:
    """Return the ids under which plotly's libraries look whether the page has their styles already.

    What has such an id on the page keeps them from writing styles into it, which its policy forbids.
    """
    return sorted({found.decode() for found in _STYLE_ID.findall(script.read_bytes())})
