"""What may be begun in a session's folder: earlier studies, scripts with what is seen in them, an example."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bestguess.agent.chat.answers.studies import Kept, kept_studies
from bestguess.agent.chat.draft import draft
from bestguess.agent.chat.files import scripts
from bestguess.agent.chat.session import Session
from bestguess.tools.errors import BestGuessError
from bestguess.tools.words.given import shorten

MOST_SCRIPTS = 12
MOST_STUDIES = 12
LOOK_S = 2.0
"""After so long no further script or study is read: each takes a part of a second."""


@dataclass(frozen=True, slots=True)
class Script:
    """A script of the folder: what it would be tuned for and in which parameters, or why it cannot be."""

    name: str
    aim: str = ""
    parameters: tuple[str, ...] = ()
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What lies in the folder; `unread` are scripts that were not looked at."""

    scripts: tuple[Script, ...]
    unread: int
    studies: tuple[Kept, ...]


def look_around(session: Session) -> Around:
    """Return what may be begun in the folder of a session, the scripts changed last first."""
    bench = session.bench
    paths = sorted(scripts(bench.folder), key=_changed, reverse=True)
    looked_at = _read(bench.folder, paths[:MOST_SCRIPTS])
    try:
        studies = kept_studies(session, LOOK_S)
    except BestGuessError:  # a stranger's database; to begin a study says so
        studies = []
    return Around(looked_at, len(paths) - len(looked_at), tuple(studies[:MOST_STUDIES]))


def _read(folder: Path, paths: Sequence[Path]) -> tuple[Script, ...]:
    """Return what is seen in the scripts, those first that can be tuned."""
    until = time.monotonic() + LOOK_S
    found = []
    for path in paths:
        if time.monotonic() > until:
            break
        try:
            plan = draft(folder, path.name)
        except BestGuessError as error:
            found.append(Script(path.name, why_not=shorten(str(error), 160)))
            continue
        aim = plan.task.aim if plan.task.goals else f"{plan.task.direction} {plan.task.metric}"
        found.append(Script(path.name, aim, plan.space.names))
    return tuple(sorted(found, key=lambda script: bool(script.why_not)))


def _changed(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # it is gone meanwhile
        return 0.0
