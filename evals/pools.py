"""First guesses drawn once: one pool of samples a task and model, which every seed chooses from.

The request for first guesses of a task is the same for every seed but for the model's own seed, and on a
processor it is most of what a run costs. Each seed is given as many of the pool's samples as it asked for,
drawn without replacement, at the tokens and seconds that so many would have cost. Samples of two seeds
overlap, so the spread over seeds is a little too small. All other requests go through. This module does not
know what is done with a guess.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np

from bestguess.agent.llm import LLM, Reply, Request, request_essence
from bestguess.agent.llm.grades import Grade
from bestguess.agent.llm.parsing import parse_texts
from bestguess.evals.cache import default_folder

POOL = 24


class PooledLLM:
    """Answers requests for first guesses out of `path`, and asks `llm` once for those that are not there."""

    def __init__(self, llm: LLM, path: Path | None = None) -> None:
        self._llm = llm
        self._path = path or default_folder() / "pools.db"
        self._path.parent.mkdir(parents=True, exist_ok=True)

    @property
    def name(self) -> str:
        """The model's name."""
        return self._llm.name

    @property
    def grade(self) -> Grade | None:
        """What an exam found of the model, where that is known."""
        return getattr(self._llm, "grade", None)

    def generate(self, request: Request) -> Reply:
        """Return the model's reply, or for first guesses a draw of `request.n` from the pool."""
        if "warm_start" not in request.template or request.n > POOL:
            return self._llm.generate(request)
        pool = self._draw(replace(request, n=POOL, seed=0))
        chosen = np.random.default_rng(request.seed).permutation(len(pool.texts))[: request.n]
        texts = tuple(pool.texts[one] for one in chosen)
        share = len(texts) / max(len(pool.texts), 1)
        return replace(
            pool,
            texts=texts,
            parsed=parse_texts(texts, request.schema),
            completion_tokens=round(share * pool.completion_tokens),
            seconds=share * pool.seconds,
        )

    def close(self) -> None:
        """Close the model."""
        self._llm.close()

    def _draw(self, request: Request) -> Reply:
        key = hashlib.sha256(
            json.dumps([self.name, request_essence(request)], default=dict).encode()
        ).hexdigest()
        with closing(sqlite3.connect(self._path, timeout=1200, isolation_level=None)) as database:
            database.execute("CREATE TABLE IF NOT EXISTS pools (key TEXT PRIMARY KEY, reply TEXT)")
            # Whoever comes first draws, and the others wait for it: two models at once take twice as long.
            database.execute("BEGIN IMMEDIATE")
            row = database.execute("SELECT reply FROM pools WHERE key = ?", (key,)).fetchone()
            if row is None:
                reply = self._llm.generate(replace(request, timeout_s=max(request.timeout_s, 1200.0)))
                fields = [reply.texts, reply.prompt_tokens, reply.completion_tokens, reply.seconds]
                database.execute("INSERT INTO pools VALUES (?, ?)", (key, json.dumps(fields)))
            else:
                texts, prompt, completion, seconds = json.loads(row[0])
                reply = Reply(tuple(texts), (), prompt, completion, seconds)
            database.execute("COMMIT")
        return reply
