"""Replies kept in a file, so that a study can be replayed without its model.

One JSON object a line: `key`, a hash of everything in a request that its answer depends on; `request`, the
same for whoever reads the file; `reply`. Calls that failed are not kept. This module does not know which
model answers.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections import deque
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from bestguess.agent.llm import LLM, Reply, Request
from bestguess.agent.llm.parsing import parse_texts
from bestguess.tools.errors import ModelSpecError, ModelUnavailable
from bestguess.tools.words.documents import path_words, read_bytes
from bestguess.tools.words.given import error_words, shorten
from bestguess.tools.words.kept import Text
from bestguess.tools.words.private import open_private

MOST_BYTES = 500_000_000
"""Of a recording: some hundred thousand calls."""


class RecordingLLM:
    """Passes requests on to `llm`, and appends each one that is answered to the file at `path`."""

    def __init__(self, llm: LLM, path: Path | str) -> None:
        self.llm = llm
        self.path = Path(path)

    @property
    def name(self) -> str:
        """The name of the model that answers."""
        return self.llm.name

    def generate(self, request: Request) -> Reply:
        """Return the model's reply once it is in the file; raises what the model raises, and OSError."""
        reply = self.llm.generate(request)
        entry = {
            "key": request_key(request),
            "request": request_essence(request),
            "reply": {
                "texts": reply.texts,
                "prompt_tokens": reply.prompt_tokens,
                "completion_tokens": reply.completion_tokens,
                "seconds": reply.seconds,
            },
        }
        line = json.dumps(entry, default=dict).encode() + b"\n"
        with open_private(self.path, "a+b") as file:
            if file.tell():
                file.seek(-1, os.SEEK_END)
                # What a crash left unfinished must not spoil this line too.
                line = line if file.read(1) == b"\n" else b"\n" + line
            file.write(line)
        return reply

    def close(self) -> None:
        """Close the model."""
        self.llm.close()


class RecordedLLM:
    """Answers what was asked before from the file at `path`, and refuses all else.

    A request that was answered several times gets its replies in their order, and the last of them from
    then on. `skipped` says which lines could not be read (a crash cuts the last one short), and why.
    Raises ModelSpecError when there is no such file, or nothing in it can be read.
    """

    def __init__(self, path: Path | str, *, name: str | None = None) -> None:
        self.path = Path(path)
        self.skipped: tuple[str, ...] = ()
        self._name = name or f"recorded:{self.path.name}"
        self._closed = False
        self._replies: dict[str, deque[Reply]] = {}
        name, mend = f"the recording {path_words(path)}", "give a file that RecordingLLM wrote"
        content = read_bytes(path, name, mend, most_bytes=MOST_BYTES, error=ModelSpecError)
        for number, line in enumerate(content.split(b"\n"), start=1):
            if line.strip():
                try:
                    key, reply = _read_entry(line)
                except (ValueError, LookupError, TypeError, OverflowError, RecursionError) as error:
                    self.skipped += (f"line {number}: {shorten(error_words(error), 200)}",)
                else:
                    self._replies.setdefault(key, deque()).append(reply)
        if self.skipped and not self._replies:
            raise ModelSpecError(
                f"{path_words(path)} is no recording of a language model ({self.skipped[0]}); {mend}"
            )

    @property
    def name(self) -> str:
        """What to call this model in a report."""
        return self._name

    def generate(self, request: Request) -> Reply:
        """Return the recorded reply to `request`; raises ModelUnavailable when there is none."""
        if self._closed:
            raise ModelUnavailable(f"{self.name} was closed")
        replies = self._replies.get(request_key(request))
        if replies is None:
            raise ModelUnavailable(f"{self.path} has no reply to this request; it was never asked")
        return replies.popleft() if len(replies) > 1 else replies[0]

    def close(self) -> None:
        """Refuse later requests."""
        self._closed = True


def request_essence(request: Request) -> dict[str, Any]:
    """Return what the answer depends on; the order within a schema is part of that, the deadline is not."""
    return {
        "messages": [[message.role, message.content] for message in request.messages],
        "n": request.n,
        "schema": request.schema,
        "temperature": request.temperature,
        "seed": request.seed,
        "max_tokens": request.max_tokens,
    }


def request_key(request: Request) -> str:
    """Return a hash of everything that the answer depends on."""
    return hashlib.sha256(json.dumps(request_essence(request), default=dict).encode()).hexdigest()


class _Kept(BaseModel):
    model_config = ConfigDict(strict=True)

    texts: list[Text]
    prompt_tokens: int = Field(ge=0, lt=2**53)
    completion_tokens: int = Field(ge=0, lt=2**53)
    seconds: float = Field(ge=0, lt=2.0**53)


class _Request(BaseModel):
    model_config = ConfigDict(strict=True)

    schema_: dict[str, Any] | None = Field(alias="schema")


class _Entry(BaseModel):
    model_config = ConfigDict(strict=True)

    key: str
    request: _Request
    reply: _Kept


def _read_entry(line: bytes) -> tuple[str, Reply]:
    """Return a line's key and reply; raise ValueError for one that was not written so."""
    try:
        entry = _Entry.model_validate(json.loads(line))
    except ValidationError as error:
        raise ValueError(
            "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        ) from None
    kept = entry.reply
    parsed = parse_texts(kept.texts, entry.request.schema_)
    return entry.key, Reply(
        tuple(kept.texts), parsed, kept.prompt_tokens, kept.completion_tokens, kept.seconds
    )
