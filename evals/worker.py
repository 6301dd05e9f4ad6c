"""One contestant in a process of its own, speaking JSON lines over its pipes.

`python -m bestguess.evals.worker SPEC` reads one request a line and answers each with one line:

    {"op": "start", "brief": {...}}                       {"ok": true}
    {"op": "ask"}                                         {"params": {...}, "wall_s": 0.1, "cpu_s": 0.1, ...}
    {"op": "tell", "params": {...}, "outcome": {...}}     {"wall_s": 0.0, "cpu_s": 0.0}
    {"op": "close"}                                       {"peak_mib": 212.0, "versions": {...}}

An answer {"error": "..."} ends the run, not the process. This runs in the peers' environments, too, so it
imports nothing that they lack. It knows one contestant and no problem.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import time
import traceback
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from bestguess.evals.contestants import Spec
from bestguess.evals.protocol import Brief, Contestant
from bestguess.tools.trial import Outcome

ERROR_CHARS = 500


class Clock:
    """Seconds since it was made, by the wall and by this process's processor time."""

    def __init__(self) -> None:
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def read(self) -> dict[str, float]:
        """Return both."""
        return {"wall_s": time.perf_counter() - self._wall, "cpu_s": time.process_time() - self._cpu}


class Session:
    """The contestant of the run that is under way."""

    def __init__(self, spec: Spec) -> None:
        self._spec = spec
        self._brief: Brief | None = None
        self._contestant: Contestant | None = None

    def answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """Carry out one request."""
        match request["op"]:
            case "start":
                return self._start(Brief.from_dict(request["brief"]))
            case "ask":
                return self._ask()
            case "tell":
                return self._tell(request["params"], Outcome(**request["outcome"]))
            case "close":
                self._close()
                return {"peak_mib": _peak_mib(), "versions": self._versions()}
        raise ValueError(f"unknown request {request['op']!r}")

    def _start(self, brief: Brief) -> dict[str, Any]:
        self._close()
        # Some libraries draw from the global generators whatever seed they are given.
        random.seed(brief.seed)
        np.random.seed(brief.seed)  # noqa: NPY002
        self._brief = brief
        self._contestant = self._spec.start(brief)
        return {"ok": True}

    def _ask(self) -> dict[str, Any]:
        assert self._contestant is not None
        assert self._brief is not None
        clock = Clock()
        params = self._contestant.ask()
        times = clock.read()
        return {"params": self._brief.space.validate(params), **times, **asdict(self._contestant.cost)}

    def _tell(self, params: Mapping[str, Any], outcome: Outcome) -> dict[str, Any]:
        assert self._contestant is not None
        clock = Clock()
        self._contestant.tell(params, outcome)
        return clock.read()

    def _close(self) -> None:
        if self._contestant is not None:
            self._contestant.close()
        self._contestant = None

    def _versions(self) -> dict[str, str]:
        required = [each.partition("==")[0] for each in self._spec.contestant.requires]
        return {name: version(name) for name in required or ["bestguess", "optuna"]}


def main() -> None:
    """Answer requests until the other end closes the pipe."""
    # Whatever a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    session = Session(Spec.parse(sys.argv[1]))
    for line in sys.stdin:
        try:
            answer = session.answer(json.loads(line))
        except Exception as error:  # noqa: BLE001 - a peer may raise anything; the run records it
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"[:ERROR_CHARS]}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _peak_mib() -> float:
    """Return the most memory that this process ever held."""
    # On Linux, ru_maxrss starts at what the parent held when it forked.
    status = Path("/proc/self/status")
    if status.exists():
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) / 2**10
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 2**10


if __name__ == "__main__":
    main()
