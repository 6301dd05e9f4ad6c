"""Evaluations of live tasks on disk, so that a configuration is fitted once, whoever asks for it.

The key is the task, what its values depend on besides the params (library versions, a fingerprint of its
definition), and the params. Losing the file loses time only.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import Any

from bestguess.agent.record.sqlite import use_wal
from bestguess.evals.protocol import Evaluation
from bestguess.tools.trial import Outcome

BUSY_TIMEOUT_S = 60


def default_folder() -> Path:
    """Return where evaluations are kept: `$BESTGUESS_HOME/evals`, or under the user's cache."""
    home = os.environ.get("BESTGUESS_HOME")
    root = (
        Path(home) if home else Path(os.environ.get("XDG_CACHE_HOME", "~/.cache")).expanduser() / "bestguess"
    )
    return root / "evals"


class EvaluationCache:
    """Evaluations by task and params, in one SQLite file that several processes may share."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path or default_folder() / "evaluations.db"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = threading.Lock()
        self._database = sqlite3.connect(
            self.path, timeout=BUSY_TIMEOUT_S, check_same_thread=False, isolation_level=None
        )
        use_wal(self.path, timeout_s=BUSY_TIMEOUT_S)
        self._database.execute("CREATE TABLE IF NOT EXISTS evaluations (key TEXT PRIMARY KEY, value TEXT)")

    def get(
        self,
        task: str,
        version: str,
        params: Mapping[str, Any],
        evaluate: Callable[[dict[str, Any]], Evaluation],
    ) -> Evaluation:
        """Return the evaluation of `params`, from the file or, the first time, from `evaluate`.

        Evaluations run one at a time, because some seed the process's global generators.
        """
        key = json.dumps([task, version, sorted(params.items())])
        with self._lock:
            row = self._database.execute("SELECT value FROM evaluations WHERE key = ?", (key,)).fetchone()
            if row:
                fields = json.loads(row[0])
                return Evaluation(Outcome(**fields["outcome"]), fields["test"])
            evaluation = evaluate(dict(params))
            value = json.dumps({"outcome": asdict(evaluation.outcome), "test": evaluation.test})
            self._database.execute("INSERT OR REPLACE INTO evaluations VALUES (?, ?)", (key, value))
            return evaluation

    def close(self) -> None:
        """Close the file."""
        self._database.close()


@cache
def shared_cache() -> EvaluationCache:
    """Return the cache of this process, opened when it is first used."""
    return EvaluationCache()
