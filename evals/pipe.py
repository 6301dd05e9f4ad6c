"""The near end of a contestant's pipe; `worker` is the far end.

A request that takes too long, or a process that dies, becomes a `ContestantError` with the reason. This
module knows neither problems nor results.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import Any, Self

from bestguess.evals.contestants import Spec
from bestguess.tools.errors import BestGuessError

ASK_TIMEOUT_S = 900.0


class ContestantError(BestGuessError):
    """A contestant failed, died or took too long; its run is recorded with the reason."""


class Worker:
    """The process of one contestant."""

    def __init__(self, spec: Spec, python: Path, *, ask_timeout_s: float = ASK_TIMEOUT_S) -> None:
        self.ask_timeout_s = ask_timeout_s
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the worker
        self._process = subprocess.Popen(  # noqa: S603 - our own module, in a peer's environment
            [str(python), "-m", "bestguess.evals.worker", spec.label],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            env=_environment(spec),
            cwd=tempfile.gettempdir(),
        )

    def request(self, op: str, **fields: Any) -> dict[str, Any]:
        """Return the answer to one request.

        Raises:
            ContestantError: the contestant failed, its process died, or it took longer than allowed.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        late = threading.Event()

        def give_up() -> None:
            late.set()
            self._process.kill()

        timer = threading.Timer(self.ask_timeout_s, give_up)
        timer.daemon = True
        timer.start()
        try:
            self._process.stdin.write(json.dumps({"op": op, **fields}).encode() + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        finally:
            timer.cancel()
        if late.is_set():
            raise ContestantError(f"{op} took longer than {self.ask_timeout_s:g} s")
        if not line.endswith(b"\n"):
            raise ContestantError(f"the process ended with {self._process.wait()}: {self._last_words()}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise ContestantError(answer["error"])
        return answer

    def close(self) -> None:
        """End the process, whatever it is doing."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            try:
                pipe.close()
            except BrokenPipeError:
                continue
        self._process.kill()
        self._process.wait()
        self._log.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _last_words(self) -> str:
        self._log.seek(0)
        lines = self._log.read().decode(errors="replace").strip().splitlines()
        return lines[-1][:300] if lines else "it said nothing"


def _environment(spec: Spec) -> dict[str, str]:
    """Return the worker's environment: one thread, but for a language model in the process."""
    threads = "" if "embedded" in spec.options.get("llm", "") else "1"
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    limits = dict.fromkeys(names, threads) if threads else {}
    return (
        os.environ
        | limits
        | {"OMP_WAIT_POLICY": "PASSIVE", "PYTHONHASHSEED": "0", "PYTHONWARNINGS": "ignore"}
        # Without it a stray module in the folder it starts in shadows the standard library's.
        | {"PYTHONSAFEPATH": "1"}
    )
