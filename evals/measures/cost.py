"""What asking costs, apart from what it finds: start-up, memory, and an ask after n results.

Every contestant is fed the same random results of one mixed problem, a worker of its own each, and then
timed: a tell and an ask together, because some libraries fit their model in the one and some in the other.
Processor time, so that a busy machine does not blur it. Whoever spends BUDGET_S is stopped, and the report
says where.
"""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from bestguess.agent.task import Task
from bestguess.evals.contestants import Spec
from bestguess.evals.environments import environment
from bestguess.evals.pipe import ContestantError, Worker
from bestguess.evals.protocol import Brief
from bestguess.evals.runner import commit, machine
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome, Params

SIZES = (10, 30, 100, 300, 1000, 10_000)
REPEATS = 3
STARTS = {
    "python": "pass",
    "bestguess": "import bestguess",
    "bestguess, asked once": "import bestguess as b; b.Tuner(b.Space(x=b.Float(0, 1)), seed=0).ask()",
    "bestguess's command line": "import bestguess.agent.cli",
    "optuna": "import optuna",
    "optuna, GPSampler": "import optuna; optuna.samplers.GPSampler()",
    "torch": "import torch",
}
"""What a process of its own takes to import, by name."""

BUDGET_S = 300.0


@dataclass(frozen=True, slots=True)
class AskCost:
    """What one contestant needs: processor milliseconds by number of results, seconds, MiB."""

    contestant: str
    ask_ms: Mapping[str, float] = field(default_factory=dict)
    start_s: float = math.nan
    peak_mib: float = math.nan
    error: str = ""

    @property
    def sentence(self) -> str:
        """The cost in a line."""
        asks = ", ".join(f"{ms:.0f} at {n}" for n, ms in self.ask_ms.items())
        needs = f"start-up {self.start_s:.1f} s; {self.peak_mib:.0f} MiB"
        return f"{self.contestant}: ask ms {asks or 'none'}; {needs} {self.error}".rstrip()


def measure_costs(specs: Sequence[Spec], folder: Path) -> Iterator[AskCost]:
    """Measure one contestant after the other, keep what was measured in `folder`/cost.json, and yield it."""
    path = folder / "cost.json"
    kept = json.loads(path.read_text(encoding="utf-8"))["contestants"] if path.exists() else {}
    for spec in specs:
        one = environment(spec.name)
        cost = _measure(spec, one.python) if one.ready else AskCost(spec.label, error=one.absence)
        if one.ready:
            kept[spec.label] = {name: value for name, value in asdict(cost).items() if name != "contestant"}
            written = {"machine": machine(), "commit": commit(), "repeats": REPEATS, "contestants": kept}
            folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(written, indent=1) + "\n", encoding="utf-8")
        yield cost


def measure_starts() -> Iterator[tuple[str, float]]:
    """Yield each of STARTS and the processor seconds that a new process takes for it, the median of REPEATS.

    The first of a statement's runs reads files that may not be in memory yet, so it is left out.
    """
    for name, statement in STARTS.items():
        seconds = []
        for _ in range(REPEATS + 1):
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, "-c", statement], check=True)  # noqa: S603 - of ours
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        yield name, round(median(seconds[1:]), 2)


def _measure(spec: Spec, python: Path) -> AskCost:
    space = mixed_space()
    rng = np.random.default_rng(0)
    ask_ms: dict[str, float] = {}
    error = ""
    started = time.monotonic()
    start_s = peak_mib = math.nan
    with Worker(spec, python, ask_timeout_s=BUDGET_S) as worker:
        try:
            brief = Brief(space, Task("A mixed problem."), n_trials=max(SIZES) + len(SIZES) * REPEATS, seed=0)
            worker.request("start", brief=brief.to_dict())
            start_s = time.monotonic() - started
            told = 0
            for size in SIZES:
                while told < size:
                    _tell(worker, space.sample(rng))
                    told += 1
                    if time.monotonic() - started > BUDGET_S:
                        raise ContestantError(f"stopped after {BUDGET_S:.0f} s, {told} results")
                seconds = []
                for _ in range(REPEATS):
                    answer = worker.request("ask")
                    seconds.append(answer["cpu_s"] + _tell(worker, answer["params"])["cpu_s"])
                told += REPEATS
                ask_ms[str(size)] = round(1000 * median(seconds), 2)
            peak_mib = round(worker.request("close")["peak_mib"], 1)
        except ContestantError as failure:
            error = str(failure)
    return AskCost(spec.label, ask_ms, round(start_s, 2), peak_mib, error)


def _tell(worker: Worker, params: Params) -> dict[str, Any]:
    return worker.request("tell", params=params, outcome=asdict(Outcome(mixed_loss(params))))


def mixed_space() -> Space:
    """Return six parameters of all kinds."""
    return Space(
        lr=Float(1e-5, 1e-1, log=True, default=1e-3),
        dropout=Float(0.0, 0.9),
        decay=Float(1e-8, 1.0, log=True),
        layers=Int(1, 8),
        batch=Choice([16, 32, 64, 128, 256], ordered=True),
        activation=Choice(["relu", "tanh", "gelu"]),
    )


def mixed_loss(params: Params) -> float:
    """Return a smooth loss of them."""
    return float(
        (math.log10(params["lr"]) + 2.5) ** 2
        + (params["dropout"] - 0.2) ** 2
        + abs(math.log10(params["decay"]) + 4) / 4
        + (params["layers"] - 3) ** 2 / 10
        + 64 / params["batch"] / 4
        + (params["activation"] == "tanh") * 0.3
    )
