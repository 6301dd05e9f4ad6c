"""Every call to a language model and what was made of it, kept beside the study in one SQLite file.

Two tables, to which rows are only ever added (triggers refuse anything else): `calls` holds what was asked
and answered, `advice` what that came to at each trial and why answers were turned down. Together they are
enough to replay a study without its model (`replay.py`). Keys and tokens are blanked before anything is
written, but for answers that are scored (`whole`); once the file is full, prompts are kept as their hash
only, while answers go on being kept.
"""

from __future__ import annotations

import json
import logging
import sqlite3
import time
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote

from bestguess.agent.advice.advisor import Advice
from bestguess.agent.advice.budget import Spent
from bestguess.agent.llm import LLM, Reply, Request, request_essence, request_key
from bestguess.agent.llm.parsing import parse_texts
from bestguess.agent.record.sqlite import connect, refuse_code, table_layouts, use_wal
from bestguess.tools.errors import BudgetSpent, ModelError, ParamsError, StudyError
from bestguess.tools.space.space import Space
from bestguess.tools.words.cleaning import clean, clean_line
from bestguess.tools.words.kept import KeptAdvice, KeptCost, KeptReply, Role, read_kept
from bestguess.tools.words.private import make_private
from bestguess.tools.words.redaction import redact, redact_in

_log = logging.getLogger(__name__)

BUSY_TIMEOUT_S = 30
MEND = "check its permissions, the space on its disk, and that it is a journal"
MOST_MIB = 256
MOST_CHARS = 65_536
"""Of one answer; the longest that a configuration needs is a few hundred."""

TABLES = """
CREATE TABLE IF NOT EXISTS calls (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, study TEXT NOT NULL, key TEXT NOT NULL, model TEXT NOT NULL,
    template TEXT NOT NULL,
    request TEXT, texts TEXT, prompt_tokens INTEGER, completion_tokens INTEGER, seconds REAL,
    error TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS calls_by_key ON calls (key);
CREATE TABLE IF NOT EXISTS advice (
    id INTEGER PRIMARY KEY, at REAL NOT NULL, study TEXT NOT NULL, trial INTEGER NOT NULL, role TEXT NOT NULL,
    key TEXT NOT NULL, configurations TEXT NOT NULL, refusal TEXT NOT NULL, rejected TEXT NOT NULL,
    tokens INTEGER NOT NULL, seconds REAL NOT NULL
);
"""
TRIGGERS = tuple(
    f"CREATE TRIGGER {table}_{verb} BEFORE {verb} ON {table}\n"
    "BEGIN SELECT RAISE(ABORT, 'the journal is only ever added to'); END"
    for table in ("calls", "advice")
    for verb in ("UPDATE", "DELETE")
)
"""As SQLite keeps them: a file with any other is refused."""


class Journal:
    """The file at `path`, made when it is not there; several processes may share it.

    With `reading` it is only read: nothing is changed, in the file or beside it. With `whole` answers are
    kept as they were given, for whoever scores them and shows none. A journal that can no longer be written
    to costs the record of what follows, and is said once; a run never ends for it.

    Raises StudyError when the file cannot be written or is something else.
    """

    def __init__(
        self, path: Path | str, *, most_mib: float = MOST_MIB, reading: bool = False, whole: bool = False
    ) -> None:
        self.path = Path(path).absolute()
        self._most_bytes = most_mib * 2**20
        self._kept = str if whole else redact
        self._given_up = False
        self._mode = "rwc"
        self._connect = self._connect_to_read if reading else self._connect_to_write
        if reading:
            return
        try:
            make_private(self.path)
        except OSError as error:
            raise StudyError(f"the journal {self.path} cannot be used: {error.strerror}; {MEND}") from error
        with self._open() as connection:
            names = table_layouts(self.path, timeout_s=BUSY_TIMEOUT_S, own=TRIGGERS)
            if names and "calls" not in names:
                raise sqlite3.DatabaseError(f"it is another program's, with {', '.join(sorted(names)[:3])}")
            use_wal(self.path, timeout_s=BUSY_TIMEOUT_S)
            connection.executescript(TABLES)
            for trigger in TRIGGERS:
                connection.execute(trigger.replace("TRIGGER", "TRIGGER IF NOT EXISTS", 1))
            if (found := connection.execute("PRAGMA quick_check(1)").fetchone()) != ("ok",):
                raise sqlite3.DatabaseError(found[0])
        self._mode = "rw"  # one that was deleted is not made again, without its tables

    def note_call(
        self, study: str, request: Request, model: str, reply: Reply | None, error: str = ""
    ) -> None:
        """Keep one call: its reply, or the error it ended with."""
        full = self.path.exists() and self.path.stat().st_size > self._most_bytes
        texts = (
            None if reply is None else json.dumps([self._kept(text)[:MOST_CHARS] for text in _said(reply)])
        )
        row = {
            "at": time.time(),
            "study": study,
            "key": request_key(request),
            "model": redact(clean_line(model)),
            "template": request.template,
            "request": None if full else json.dumps(redact_in(request_essence(request))),
            "texts": texts,
            "prompt_tokens": reply and reply.prompt_tokens,
            "completion_tokens": reply and reply.completion_tokens,
            "seconds": reply and reply.seconds,
            "error": redact(clean(error)),
        }
        self._add("calls", row)

    def note_advice(self, study: str, trial: int, advice: Advice) -> None:
        """Keep what the model gave when `trial` was proposed."""
        said = list(map(dict, advice.configurations))
        row = {
            "at": time.time(),
            "study": study,
            "trial": trial,
            "role": advice.role,
            "key": advice.key,
            "configurations": json.dumps(redact_in(said)),
            "refusal": redact(clean_line(advice.refusal)),
            "rejected": json.dumps(redact_in(advice.rejected)),
            "tokens": advice.tokens,
            "seconds": advice.seconds,
        }
        self._add("advice", row)

    def answer(self, request: Request) -> Reply | None:
        """Return the first answer that was ever given to the same request, if there is one.

        What had tools to call is asked anew, as what they return may be another thing by now.
        """
        if request.tools:
            return None
        with self._open() as connection:
            rows = connection.execute(
                "SELECT texts, prompt_tokens, completion_tokens, seconds FROM calls "
                "WHERE key = ? AND texts IS NOT NULL ORDER BY id",
                (request_key(request),),
            )
            for row in rows:
                if (kept := read_kept(KeptReply, row)) is not None:
                    texts = tuple(kept.texts)
                    parsed = parse_texts(texts, request.schema)
                    return Reply(texts, parsed, kept.prompt_tokens, kept.completion_tokens, kept.seconds)
        return None

    def advice(self, study: str) -> dict[int, tuple[Advice, ...]]:
        """Return what the model gave at each trial of a study; of several times each role's last."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT trial, role, configurations, refusal, rejected, tokens, seconds, key FROM advice "
                "WHERE study = ? ORDER BY id",
                (study,),
            ).fetchall()
        found: dict[int, dict[str, Advice]] = {}
        skipped = 0
        for row in rows:
            if (kept := read_kept(KeptAdvice, row)) is None:
                skipped += 1
                continue
            found.setdefault(kept.trial, {})[kept.role] = Advice(
                tuple(kept.configurations),
                kept.refusal,
                kept.tokens,
                kept.seconds,
                tuple(kept.rejected),
                kept.key,
                kept.role,
            )
        if skipped:
            _log.warning(
                "%d of %d rows of advice in %s make no sense; left out", skipped, len(rows), self.path
            )
        return {trial: tuple(by_role.values()) for trial, by_role in found.items()}

    def explanations(self, study: str) -> list[Advice]:
        """Return what the model has said of why trials of a study failed."""
        return self._advice(study, "explain")

    def first_guesses(self, study: str, space: Space) -> Advice | None:
        """Return the model's first guesses of a study, so that going on with it need not ask again.

        None without any, and where they are of another space.
        """
        for advice in reversed(self._advice(study, "warm_start")):
            with suppress(ParamsError):
                if (found := restore(advice, space)).configurations:
                    return found
        return None

    def _advice(self, study: str, role: Role) -> list[Advice]:
        """Return all advice of a role that can be used."""
        every = [advice for several in self.advice(study).values() for advice in several]
        return [advice for advice in every if advice.role == role and advice.configurations]

    def spent(self, study: str) -> Spent:
        """Return what a study's calls have cost."""
        with self._open() as connection:
            rows = connection.execute(
                "SELECT prompt_tokens, completion_tokens, seconds FROM calls WHERE study = ?", (study,)
            ).fetchall()
        costs = [cost for row in rows if (cost := read_kept(KeptCost, row))]
        tokens = sum((cost.prompt_tokens or 0) + (cost.completion_tokens or 0) for cost in costs)
        return Spent(tokens, len(rows), sum(cost.seconds or 0.0 for cost in costs))

    def calls(self) -> list[dict[str, Any]]:
        """Return every call in order, as JSON-able values."""
        with self._open() as connection:
            connection.row_factory = sqlite3.Row
            rows = [dict(row) for row in connection.execute("SELECT * FROM calls ORDER BY id")]
        # What is neither words nor a number was not written by us.
        return [row for row in rows if not any(isinstance(field, bytes) for field in row.values())]

    def _add(self, table: str, row: Mapping[str, Any]) -> None:
        if self._given_up:
            return
        marks = ", ".join("?" * len(row))
        try:
            with self._open() as connection:
                connection.execute(
                    f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})",  # noqa: S608 - names of our own
                    tuple(row.values()),
                )
        except StudyError as error:
            self._given_up = True
            _log.warning("%s. The run goes on, and what the model says is recorded no more", error)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Give a connection of this thread's own, committed at the end."""
        try:
            with closing(self._connect()) as connection, connection:
                connection.text_factory = _decoded
                yield connection
        except (sqlite3.Error, OSError) as error:
            raise StudyError(f"the journal {self.path} cannot be used: {error}; {MEND}") from error

    def _connect_to_write(self) -> sqlite3.Connection:
        address = f"file:{quote(str(self.path))}?mode={self._mode}"
        return sqlite3.connect(address, uri=True, timeout=BUSY_TIMEOUT_S)

    def _connect_to_read(self) -> sqlite3.Connection:
        connection = connect(self.path, timeout_s=BUSY_TIMEOUT_S)
        try:
            refuse_code(connection, TRIGGERS)
        except sqlite3.Error:
            connection.close()
            raise
        return connection


class JournaledLLM:
    """Passes requests on to `llm` and notes each in the journal; with `cache`, only those that are new."""

    def __init__(self, llm: LLM, journal: Journal, study: str, *, cache: bool = False) -> None:
        self.llm = llm
        self.study = study
        self.journal = journal
        self.cache = cache

    @property
    def name(self) -> str:
        """The name of the model that answers."""
        return self.llm.name

    def generate(self, request: Request) -> Reply:
        """Return the model's reply once it is noted; raises what the model raises."""
        if self.cache and (known := self._known(request)):
            return known
        try:
            reply = self.llm.generate(request)
        except BudgetSpent:
            raise  # nothing was asked
        except ModelError as error:
            self.journal.note_call(self.study, request, self.name, None, f"{type(error).__name__}: {error}")
            raise
        self.journal.note_call(self.study, request, self.name, reply)
        return reply

    def _known(self, request: Request) -> Reply | None:
        try:
            return self.journal.answer(request)
        except StudyError:
            return None  # that it cannot be used is said when the reply is noted

    def close(self) -> None:
        """Close the model."""
        self.llm.close()


def _said(reply: Reply) -> list[str]:
    """Return all that a model said: its texts, and each call of a tool as JSON."""
    return [*reply.texts, *(json.dumps({"call": call.name, "with": call.arguments}) for call in reply.calls)]


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def restore(advice: Advice, space: Space) -> Advice:
    """Return advice whose configurations have come through JSON, with their own types again."""
    return replace(advice, configurations=tuple(map(space.validate, advice.configurations)))


def open_beside(storage: str | None) -> Journal | None:
    """Open the journal that lies beside a study; without one that can be used, the run goes on."""
    path = beside(storage)
    try:
        return None if path is None else Journal(path)
    except StudyError as error:
        _log.warning("%s. The run goes on without a record of what the model says", error)
        return None


def beside(storage: str | None) -> Path | None:
    """Return where the journal of a study in `storage` goes: next to an SQLite file, else nowhere."""
    if storage is None:
        return None
    from bestguess.agent.record.storage_url import file_of  # loads SQLAlchemy, which no warm start needs

    path = file_of(storage)
    return None if path is None else path.with_name(f"{path.stem}.journal{path.suffix or '.db'}")
