"""Two runs of a small problem, watched call by call; `house.py` starts this file on the checkout it measures.

Argument: the Gaussian process's fit, as MODULE:NAME. It prints one JSON object, and uses public names only,
so that any checkout can be watched.

| word    | meaning                                                                                      |
| ------- | -------------------------------------------------------------------------------------------- |
| our own | a call whose code lies in `agent/` or `tools/`                                               |
| caller  | the nearest call of our own below it on its thread's stack, whatever library is in between   |
| visit   | a call of our own whose caller is in another module, or has none                             |
| hops    | the functions of our own on the stack, from `tune` to the fit, both counted                  |
"""

from __future__ import annotations

import inspect
import json
import math
import random
import sys
import threading
from collections import Counter
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import bestguess as bg

ROOT = (Path(bg.__file__).parent / "agent").resolve().parent
FOLDERS = ("agent", "tools")

N_TRIALS = 8
"""The default and chance have the first five; the last is the surrogate's choice."""

FIRST_TURN = 8
"""From this trial on, what the model is asked for is a turn in the search, no first guess."""

MOST_TRIALS = 40

OPTIMUM: dict[str, Any] = {"temperature": 340.0, "pressure": 3.0, "stirring": 6, "solvent": "toluene"}


class ScriptedModel:
    """A language model whose guesses lie around the optimum, farther away the first time it is asked."""

    name = "scripted"

    def __init__(self) -> None:
        self.calls = 0

    def generate(self, request: bg.Request) -> bg.Reply:
        """Answer with `request.n` configurations."""
        self.calls += 1
        rng = random.Random(self.calls)  # noqa: S311
        far = 1.0 if self.calls == 1 else 0.3
        guesses = [
            OPTIMUM
            | {
                "temperature": OPTIMUM["temperature"] + far * rng.uniform(-50.0, 50.0),
                "pressure": OPTIMUM["pressure"] * 10.0 ** (far * rng.uniform(-1.0, 1.0)),
                "stirring": OPTIMUM["stirring"] + round(far * rng.uniform(-4.0, 4.0)),
            }
            for _ in range(request.n)
        ]
        return bg.Reply(tuple(map(json.dumps, guesses)), tuple(guesses), 100, 20)

    def close(self) -> None:
        """Do nothing."""


def make_space() -> bg.Space:
    """Return four parameters of all kinds."""
    return bg.Space(
        temperature=bg.Float(250.0, 450.0, default=280.0, doc="of the reactor, in kelvin"),
        pressure=bg.Float(0.1, 100.0, log=True, default=30.0, doc="in bar"),
        stirring=bg.Int(1, 10, default=2, doc="turns a second"),
        solvent=bg.Choice(["water", "ethanol", "toluene"], doc="what it is dissolved in"),
    )


def loss(params: dict[str, Any]) -> float:
    """Return how far params are from the optimum, with a ripple that few trials do not show."""
    off = (
        (params["temperature"] - OPTIMUM["temperature"]) / 100.0,
        math.log10(params["pressure"] / OPTIMUM["pressure"]),
        (params["stirring"] - OPTIMUM["stirring"]) / 5.0,
    )
    ripple = sum(1.0 - math.cos(9.0 * one) for one in off) / 10.0
    wrong_solvent = 0.3 if params["solvent"] != OPTIMUM["solvent"] else 0.0
    return float(sum(one * one for one in off) + ripple + wrong_solvent)


@cache
def module_of(file: str) -> str:
    """Return which of our own modules a source file is, as `agent.tuner`; nothing for others."""
    path = Path(file).resolve()
    if not any(path.is_relative_to(ROOT / folder) for folder in FOLDERS):
        return ""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def own_stack(frame: FrameType | None) -> list[FrameType]:
    """Return the frames of our own, the innermost first."""
    found = []
    while frame is not None:
        if module_of(frame.f_code.co_filename):
            found.append(frame)
        frame = frame.f_back
    return found


def named(frame: FrameType) -> str:
    """Return MODULE:NAME of a call; a comprehension belongs to its function."""
    code = frame.f_code
    name = code.co_qualname
    for inner in ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>"):
        name = name.removesuffix(f".<locals>.{inner}")
    return f"{module_of(code.co_filename)}:{name}"


def watch(run: Callable[[], Any], called: Callable[[FrameType], None]) -> Any:
    """Return `run()`, with `called` told of each call of our own on any thread that begins here."""

    def profile(frame: FrameType, event: str, _argument: object) -> None:
        if event == "call" and module_of(frame.f_code.co_filename):
            called(frame)

    threading.setprofile(profile)
    sys.setprofile(profile)
    try:
        return run()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)


def hops(fit: str) -> list[str]:
    """Return the functions from `tune` to the fit, where the last of N_TRIALS is proposed."""
    stack: list[str] = []

    def called(frame: FrameType) -> None:
        if named(frame) == fit:
            stack[:] = [named(one) for one in reversed(own_stack(frame))]

    task = bg.Task("A reaction whose loss is to be small.")
    watch(lambda: bg.tune(loss, make_space(), task=task, n_trials=N_TRIALS, seed=0), called)
    return list(dict.fromkeys(stack))


def visits() -> dict[str, Any]:
    """Return how often each module is visited in the `ask` that is the model's first turn in the search."""
    task = bg.Task("A reaction whose loss is to be small.")
    # The model is asked within the ask that is counted, not ahead of it during the trial before.
    ahead: dict[str, Any] = (
        {"prefetch": False} if "prefetch" in inspect.signature(bg.Tuner).parameters else {}
    )
    model = ScriptedModel()
    with bg.Tuner(make_space(), task, llm=model, seed=0, **ahead) as tuner:
        for number in range(MOST_TRIALS):
            counted, calls = Counter[str](), model.calls
            trial = watch(tuner.ask, visitor(counted)) if number >= FIRST_TURN else tuner.ask()
            if number >= FIRST_TURN and model.calls > calls:
                return {"trial": number, "source": trial.source, "modules": dict(counted)}
            tuner.tell(trial, loss(trial.params))
    raise RuntimeError(f"the model had no turn in {MOST_TRIALS} trials")


def visitor(counted: Counter[str]) -> Callable[[FrameType], None]:
    """Return what counts the visits to each module."""
    begun: set[FrameType] = set()

    def called(frame: FrameType) -> None:
        if frame.f_code.co_flags & inspect.CO_GENERATOR:  # each time that it goes on is a "call"
            if frame in begun:
                return
            begun.add(frame)
        callers = own_stack(frame.f_back)
        if any(one.f_code.co_name == "<module>" for one in (frame, *callers)):  # being imported
            return
        module = module_of(frame.f_code.co_filename)
        if not callers or module_of(callers[0].f_code.co_filename) != module:
            counted[module] += 1

    return called


if __name__ == "__main__":
    # The visits first: once everything is imported, `tune` can be watched in little time.
    json.dump({"root": str(ROOT), "visits": visits(), "hops": hops(sys.argv[1])}, sys.stdout)
