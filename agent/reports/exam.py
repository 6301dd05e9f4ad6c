"""What a language model honours of what it is asked: schema, bounds, number of samples, seed, and how fast.

Nothing is decided by it: `llm/server.py` adapts by itself, and every answer is validated against the space.
"""

from __future__ import annotations

from bestguess.agent.advice.advisor import read_reply
from bestguess.agent.advice.framing import answer_tokens, frame_warm_start
from bestguess.agent.llm import LLM, Reply, Request
from bestguess.agent.reports.machine import Finding
from bestguess.agent.task import Task
from bestguess.tools.errors import ModelError
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.parameters import Choice
from bestguess.tools.space.space import Space

SAMPLES = 3
TIMEOUT_S = 120.0
TASK = Task("Tune a small neural network on tabular data.", metric="validation error")


def examine_model(llm: LLM) -> tuple[Finding, ...]:
    """Return what was found of a model; only that it cannot be used is a failure. Closes nothing."""
    space = Space(
        lr=Float(1e-5, 1e-1, log=True, default=1e-3), layers=Int(1, 8), activation=Choice(["relu", "tanh"])
    )
    asked = Request(
        frame_warm_start(TASK, space),  # as the tuner asks
        n=SAMPLES,
        schema=space.json_schema(),
        seed=1,
        max_tokens=answer_tokens(space),
        timeout_s=TIMEOUT_S,
    )
    try:
        first, again = llm.generate(asked), llm.generate(asked)
        free = llm.generate(Request(asked.messages, max_tokens=64, timeout_s=TIMEOUT_S))
    except ModelError as error:
        return (Finding("model", False, str(error)),)
    advice = read_reply(first, space.from_reply)
    usable = len(advice.configurations)
    context = getattr(llm, "context_tokens", None)
    conceded = getattr(llm, "conceded", {})
    refused = "; ".join(f"{name} ({words})" for name, words in conceded.items())
    sample = f"for example {dict(advice.configurations[0])}" if usable else advice.refusal
    return (
        Finding("model", True, f"{llm.name} answers"),
        Finding("context", True, f"{context} tokens" if context else "it does not say"),
        Finding("left out", True, refused or "nothing: it takes all that it is asked"),
        Finding("schema", True, _schema(first, usable)),
        Finding("samples", True, f"{len(set(first.texts))} different of {len(first.texts)}"),
        Finding("seed", True, "repeats its answers" if first.texts == again.texts else "answers differ"),
        Finding("speed", True, _speed(first, free)),
        Finding("proposals", usable > 0, f"{usable} of {len(first.texts)} can be run; {sample}"),
    )


def _schema(reply: Reply, usable: int) -> str:
    if reply.held_to_schema and usable == len(reply.texts):
        return "kept to, bounds too"
    if reply.held_to_schema:
        return "kept to in form, but not in its bounds; such answers are turned down"
    return "not enforced; answers are read from prose and, if that fails, asked for once more"


def _speed(*replies: Reply) -> str:
    tokens, seconds = sum(one.completion_tokens for one in replies), sum(one.seconds for one in replies)
    if not tokens or not seconds:
        return "it does not count tokens"
    return f"{tokens / seconds:.0f} tokens a second over {SAMPLES} samples at once, {seconds:.1f} s in all"
