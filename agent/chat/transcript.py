"""The transcript: every event of a session in an append-only file beside the study, one JSON object each."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from bestguess.agent.chat.events import Event
from bestguess.agent.record.lock import hold
from bestguess.tools.errors import InputError
from bestguess.tools.words.cleaning import inert
from bestguess.tools.words.documents import path_words, read_bytes
from bestguess.tools.words.private import open_private

MOST_BYTES = 200_000_000
"""Of a transcript: a year of sessions."""

HANDOVER_S = 1.0
"""How long a session that ends may take to let go of the file."""


class Transcript:
    """Appends events to a file, which one session at a time can; raises InputError for any other."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        with ExitStack() as opening:
            if not opening.enter_context(hold(path.with_suffix(".lock"), timeout_s=HANDOVER_S)):
                raise InputError(
                    f"a session is open in {path.parent.absolute()} already; say /web in it to see it in a "
                    "browser, or end it first"
                )
            torn = _is_torn(path)
            try:
                self._file = opening.enter_context(
                    open_private(path, "a", encoding="utf-8", errors="backslashreplace")
                )
            except OSError as error:
                raise InputError(f"the transcript {path} cannot be written: {error.strerror}") from error
            self._ours = opening.pop_all()
        if torn:
            self._file.write("\n")

    def append(self, event: Event) -> None:
        """Write one event down; kill -9 right afterwards does not lose it."""
        line = json.dumps(event.to_dict(), ensure_ascii=False)
        with self._lock:
            if not self._file.closed:
                self._file.write(line + "\n")
                self._file.flush()

    def close(self) -> None:
        """Close the file, once it is on the disk."""
        with self._lock:
            if not self._file.closed:
                self._file.flush()
                os.fsync(self._file.fileno())
                self._ours.close()


def read_last_session(path: Path, *, with_study: bool = False) -> tuple[Event, ...]:
    """Return the events of the last session in a transcript, or of the last `with_study` if there is one.

    A session that was resumed goes on from that one. A torn line, as kill -9 leaves it, is skipped. Raises
    InputError if there is no session.
    """
    name, mend = f"there is no session to resume: {path_words(path)}", "begin one there"
    text = read_bytes(path, name, mend, most_bytes=MOST_BYTES).decode("utf-8", "replace")
    sessions: list[list[Event]] = [[]]
    for line in text.split("\n"):
        try:
            event = Event.from_dict(json.loads(line))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            continue
        if event.kind == "session":
            if event.fields.get("resumed"):
                _leave_empty(sessions)
            else:
                sessions.append([])
        sessions[-1].append(event)
    if with_study:
        _leave_empty(sessions)
        if text.strip() and not any(sessions):
            raise InputError(f"{name} holds no line that can be read; begin one, /study goes on with a study")
    return tuple(sessions[-1])


def _leave_empty(sessions: list[list[Event]]) -> None:
    """Drop the last sessions that had no study, unless none had one."""
    kept = range(len(sessions), 0, -1)
    if last := next((at for at in kept if last_state(sessions[at - 1]).get("plan")), None):
        del sessions[last:]


def last_state(events: Iterable[Event]) -> dict[str, Any]:
    """Return what the last state event holds, with the trials that were still wanted after the last start."""
    state: dict[str, Any] = {}
    for event in events:
        if event.kind == "state":
            state = dict(event.fields)
        elif event.kind == "trial_started" and state and "left" in event.fields:
            state["left"] = event.fields["left"]
    return state


def read_states(path: Path) -> Iterator[dict[str, Any]]:
    """Yield all states that sessions kept in a transcript, the latest last, without their events' heads."""
    for line in read_bytes(path, path_words(path), "", most_bytes=MOST_BYTES).split(b"\n"):
        if b'"kind": "state"' in line:
            with suppress(ValueError, KeyError, TypeError, AttributeError, RecursionError):
                event = Event.from_dict(json.loads(line))
                if event.kind == "state":
                    yield dict(event.fields)


def to_markdown(events: Iterable[Event]) -> str:
    """Return a session as Markdown."""
    parts = ["# A tuning session", ""]
    for event in events:
        match event.kind:
            case "said":
                parts += [f"**You:** {event.text}", ""]
            case "answer" | "choice":
                parts += [event.text, ""]
            case "remark" | "trial_finished":
                parts += [f"> {event.text}", ""]
            case "card":
                lines = [f"> - {line}" for line in event.fields.get("lines", ())]
                parts += [f"> **{event.text}**", ">", *lines, ""]
            case "error":
                parts += [f"> error: {event.text}", ""]
    return inert("\n".join(parts))


def _is_torn(path: Path) -> bool:
    """Whether a file ends in the middle of a line."""
    try:
        with open_private(path, "rb") as file:
            file.seek(-1, os.SEEK_END)
            return bool(file.read(1) != b"\n")
    except OSError:
        return False
