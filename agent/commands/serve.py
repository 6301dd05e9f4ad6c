"""The command `bestguess serve`: a vLLM server on this machine, for as long as the command runs."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bestguess.agent.commands._options import json_option, seconds_option
from bestguess.agent.commands._output import echo, echo_json
from bestguess.agent.commands._running import end_on_signals
from bestguess.tools.errors import InputError

_LINE_EVERY_S = 10.0


@click.command()
@click.argument("model", default="")
@click.option("--port", type=click.IntRange(1, 65534), default=8000, show_default=True)
@click.option("--gpus", type=click.IntRange(0), help="GPUs to share the model out over  [default: all]")
@click.option(
    "--nodes", type=click.IntRange(1), default=1, show_default=True, help="machines of a Ray cluster"
)
@click.option("--context", "context_tokens", type=click.IntRange(1024), default=4096, show_default=True)
@seconds_option("--timeout", "timeout_s", default=1200.0)
@click.option("--setup", is_flag=True, help="only make vLLM's environment: 2 GB and more, minutes")
@json_option
def command(
    model: str,
    port: int,
    gpus: int | None,
    nodes: int,
    context_tokens: int,
    timeout_s: float,
    setup: bool,
    as_json: bool,
) -> None:
    """Serve MODEL with vLLM on 127.0.0.1 until Ctrl-C, and say how to use it.

    MODEL is a name from `bestguess models list` (pulled if it is not there), a model folder, or a
    repository on the model hub, whose revision is pinned at the first call. vLLM lives in an environment of
    its own, which is made then, too.
    The key is new at every start. With --nodes, start Ray on every machine before:
    `ray start --head` here, `ray start --address HOST:6379` there, with the interpreter that --setup prints.

    \b
    Examples:
      bestguess serve qwen2.5-coder-1.5b
      bestguess serve Qwen/Qwen3-32B --gpus 2 --context 8192
      bestguess serve Qwen/Qwen3-235B-A22B --gpus 8 --nodes 2
      bestguess serve --setup
    """
    from bestguess.agent.llm.serving.environment import count_gpus, serve_root, set_up
    from bestguess.agent.llm.serving.loopback import listen
    from bestguess.agent.llm.serving.process import ServePlan, Server
    from bestguess.agent.llm.weights.catalog import DEFAULT_MODEL

    there = count_gpus()
    gpus = there if gpus is None else gpus
    if gpus > there:
        raise InputError(f"--gpus {gpus}: this machine shows {there}")
    if nodes > 1 and not gpus:
        raise InputError(f"--nodes {nodes}: several machines can only share a model out over their GPUs")
    if setup:
        echo(set_up(gpu=gpus > 0, say=_say))
        return
    listen(port).close()  # before minutes of pulling
    folder, name = _locate(model or DEFAULT_MODEL)
    python = set_up(gpu=gpus > 0, say=_say)
    revision = _pinned(folder) if folder == name else ""
    plan = ServePlan(python, folder, name, port, gpus, nodes, context_tokens, revision)
    end_on_signals()
    try:
        with Server.of(plan, serve_root() / f"vllm-{port}.log") as server:
            _say(f"starting vLLM for {name}; its log is {server.log}")
            server.wait_until_healthy(timeout_s, _Progress())
            if as_json:
                served = {"url": plan.url, "model": name, "api_key": plan.api_key, "pid": server.pid}
                echo_json({**served, "log": str(server.log)})
            else:
                echo(f"{name} is up. Ctrl-C ends it. To use it:\n{plan.paste}")
            code = server.wait()
            _say(f"the server ended by itself with {code}; see {server.log}")
            sys.exit(1)
    except KeyboardInterrupt:
        _say("stopped")


class _Progress:
    """A line at once and then every ten seconds: how long it has been, and what vLLM says."""

    def __init__(self) -> None:
        self._printed_s = -_LINE_EVERY_S

    def __call__(self, waited_s: float, line: str) -> None:
        if waited_s - self._printed_s >= _LINE_EVERY_S:
            self._printed_s = waited_s
            _say(f"{waited_s:4.0f} s  {line[:100]}")


def _locate(model: str) -> tuple[str, str]:
    """Return the folder or hub repository of a model, and what to call it."""
    from bestguess.agent.commands.models import pull_with_progress
    from bestguess.agent.llm.weights.catalog import CATALOG, find

    if model in CATALOG:
        return str(pull_with_progress(model, to_stderr=True)), model
    owner, _, repository = model.partition("/")
    if owner and repository and "/" not in repository and owner[0] not in "~." and not Path(model).exists():
        return model, model
    folder = find(model)
    return str(folder.absolute()), folder.absolute().name


def _pinned(repo: str) -> str:
    """Return the revision of a repository that is served: that of its first call, then the newest."""
    from bestguess.agent.llm.weights import hub, pins
    from bestguess.agent.llm.weights.catalog import models_root
    from bestguess.tools.errors import WeightsError

    revision = pins.pinned(models_root(), repo)
    if revision:
        return revision
    try:
        revision = hub.newest(repo)
        pins.pin(models_root(), repo, revision)
    except (WeightsError, OSError) as error:
        _say(f"{repo} is not pinned to a revision: {error}")
    return revision


def _say(words: str) -> None:
    echo(words, err=True)
