"""Answers of a model on disk, so that all methods and seeds, and runs that were cut short, share them."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path

from bestguess.agent.llm import LLM, Reply, Request, request_key
from bestguess.agent.llm.shared import share


class CachedLLM:
    """Passes on what was never asked, and keeps the answer; `asked` counts what was passed on."""

    def __init__(self, llm: LLM, path: Path) -> None:
        self._llm = share(llm)
        self._file = sqlite3.connect(path, timeout=60.0)
        self._file.execute("CREATE TABLE IF NOT EXISTS answers (key TEXT PRIMARY KEY, text TEXT NOT NULL)")
        self.asked = 0

    @property
    def name(self) -> str:
        """The model's name."""
        return self._llm.name

    def generate(self, request: Request) -> Reply:
        """Answer one request."""
        return self.generate_each([request])[0]

    def generate_each(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer requests, those that are new side by side."""
        keys = [f"{self.name} {request_key(request)}" for request in requests]
        known = {key: text for key in keys if (text := self._text(key)) is not None}
        new = {key: request for key, request in zip(keys, requests, strict=True) if key not in known}
        if new:
            replies = (
                self._llm.generate_each(list(new.values()))
                if self._batches(requests[0])
                else [self._llm.generate(request) for request in new.values()]
            )
            for key, reply in zip(new, replies, strict=True):
                known[key] = reply.texts[0] if reply.texts else ""
                self._file.execute("INSERT OR REPLACE INTO answers VALUES (?, ?)", (key, known[key]))
            self._file.commit()
            self.asked += len(new)
        return [Reply((known[key],)) for key in keys]

    def close(self) -> None:
        """Close the file and the model."""
        self._file.close()
        self._llm.close()

    def _text(self, key: str) -> str | None:
        row = self._file.execute("SELECT text FROM answers WHERE key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    @staticmethod
    def _batches(request: Request) -> bool:
        return request.temperature == 0.0
