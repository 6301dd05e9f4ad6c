"""Suite `faulty`: tasks in which 30 to 60 % of the space fails, as out of memory, divergence and timeouts do.

The objectives are tables and BBOB functions with a strain added: a smooth function of one to three
parameters, such as the memory a network needs. A configuration whose strain is over the limit fails with
the message a person would see. The limit is a quantile of the strain, so the share that fails is exact;
the optimum is the best configuration that does not fail. One default fails, too, as defaults do.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np

from bestguess.evals import protocol
from bestguess.evals.protocol import Evaluation, Problem, Reference
from bestguess.evals.references import reference, reference_of_pool
from bestguess.evals.suites import bbob, tables
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome, Params

POOL = 4096

Strain = Callable[[Params], float]


@dataclass(frozen=True, slots=True)
class Fault:
    """One way to fail: over its limit, with a message of how far over."""

    share: float
    """How much of the space is over the limit."""

    strain: Strain
    message: Callable[[float], str]
    """What the failure says, given the strain as a multiple of the limit."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """A problem of another suite, its faults, and defaults that differ."""

    base: tuple[str, str]
    faults: tuple[Fault, ...]
    words: str
    defaults: Mapping[str, Any] = field(default_factory=dict)


def _out_of_memory(multiple: float) -> str:
    return (
        f"RuntimeError: CUDA out of memory. Tried to allocate {1024 * (multiple - 1) + 20:.0f} MiB "
        f"(GPU 0; 8.00 GiB total capacity; {7.2 + 0.7 / multiple:.2f} GiB already allocated)"
    )


def _diverged(multiple: float) -> str:
    step = max(1, round(400 / multiple**2))
    return f"FloatingPointError: loss is nan at step {step}; the training diverged"


def _timed_out(multiple: float) -> str:
    return f"TimeoutError: killed after 600 s at epoch {max(1, round(100 / multiple))} of 100"


def _mlp_memory(params: Params) -> float:
    layers = params["depth"] * params["width"]
    return float(params["batch_size"] * (20 + layers) + 8 * layers * params["width"])


def _mlp_step(params: Params) -> float:
    return float(params["learning_rate_init"] * math.sqrt(params["width"]) / params["batch_size"] ** 0.25)


def _mlp_seconds(params: Params) -> float:
    return float((200 + params["depth"] * params["width"]) / params["batch_size"])


def _fcnet_memory(params: Params) -> float:
    units = params["n_units_1"] * params["n_units_2"]
    return float(units + 40 * params["batch_size"] * (params["n_units_1"] + params["n_units_2"]))


def _fcnet_step(params: Params) -> float:
    return float(params["init_lr"] / params["batch_size"] ** 0.5)


def _stiffness(params: Params) -> float:
    return math.exp(0.3 * (params["x1"] - params["x2"] + 0.5 * params["x3"]))


def _flow(params: Params) -> float:
    return math.exp(0.1 * ((params["x1"] - 1) ** 2 + (params["x2"] + 2) ** 2))


_LIMITED = "A configuration that needs too much {} fails."
_BATCH = "A network of this family diverges when its learning rate is too high for its batch size."

RECIPES = {
    "memory-vehicle": Recipe(
        ("tables", "hpobench-vehicle"),
        (Fault(0.4, _mlp_memory, _out_of_memory),),
        _LIMITED.format("memory"),
    ),
    "divergence-segment": Recipe(
        ("tables", "hpobench-segment"), (Fault(0.45, _mlp_step, _diverged),), "Some configurations diverge."
    ),
    "timeout-phoneme": Recipe(
        ("tables", "hpobench-phoneme"), (Fault(0.5, _mlp_seconds, _timed_out),), _LIMITED.format("time")
    ),
    "memory-divergence-credit": Recipe(
        ("tables", "hpobench-credit_g"),
        (Fault(0.35, _mlp_memory, _out_of_memory), Fault(0.35, _mlp_step, _diverged)),
        _LIMITED.format("memory") + " Some diverge.",
    ),
    "memory-protein": Recipe(
        ("tables", "hpolib-protein_structure"),
        (Fault(0.35, _fcnet_memory, _out_of_memory),),
        _LIMITED.format("memory"),
        {"n_units_1": 512, "n_units_2": 512, "batch_size": 64},
    ),
    "divergence-slice": Recipe(
        ("tables", "hpolib-slice_localization"), (Fault(0.5, _fcnet_step, _diverged),), _BATCH
    ),
    "divergence-rosenbrock": Recipe(
        ("bbob", "f08-d05"),
        (Fault(0.4, _stiffness, _diverged),),
        "A simulation that does not converge fails.",
    ),
    "timeout-gallagher": Recipe(
        ("bbob", "f21-d05"), (Fault(0.55, _flow, _timed_out),), "A simulation that takes too long is killed."
    ),
}


class Suite(protocol.Suite):
    """The faulty tasks, named after what fails and what is tuned."""

    name = "faulty"
    summary = "tables and BBOB functions in which 30 to 60 % of the space fails with a realistic message"

    @property
    def problems(self) -> tuple[str, ...]:
        """The names of the tasks."""
        return tuple(RECIPES)

    @property
    def smoke(self) -> tuple[str, ...]:
        """One whose default works, and one whose default fails."""
        return ("divergence-segment", "memory-protein")

    def problem(self, name: str, seed: int) -> Problem:
        """Return the problem of a recipe; the same for every seed."""
        recipe, base = RECIPES[name], _base(name)
        limits = _limits(name)

        def evaluate(params: dict[str, Any]) -> Evaluation:
            for fault, limit in zip(recipe.faults, limits, strict=True):
                if (strain := fault.strain(params)) > limit:
                    return Evaluation(Outcome.failure(fault.message(strain / limit)))
            return base.evaluate(params)

        space = _with_defaults(base.space, recipe.defaults)
        return replace(
            base,
            suite=self.name,
            name=name,
            seed=seed,
            space=space,
            task=replace(base.task, description=f"{base.task.description} {recipe.words}"),
            evaluate=evaluate,
            reference=reference(self.name, name),
            start=(space.default(),),
            variant="",
        )

    def measure(self, name: str) -> dict[str, Reference]:
        """Return the reference over the pool; a table's pool is the table, a function's optimum is known."""
        base, pool = _base(name), _pool(name)
        failed = np.zeros(len(pool), dtype=bool)
        for fault, limit in zip(RECIPES[name].faults, _limits(name), strict=True):
            failed |= np.array([fault.strain(params) > limit for params in pool])
        losses = []
        for params in pool:
            value = base.evaluate(params).outcome.value
            assert value is not None
            losses.append(base.loss(value))
        best = base.reference.best if RECIPES[name].base[0] == "bbob" else None
        return {"": reference_of_pool(np.where(failed, np.nan, losses), best=best)}


def _base(name: str) -> Problem:
    suite, problem = RECIPES[name].base
    return tables.Suite().problem(problem, 0) if suite == "tables" else bbob.Suite().problem(problem, 0)


def _with_defaults(space: Space, defaults: Mapping[str, Any]) -> Space:
    definition = space.to_dict()
    for parameter, default in defaults.items():
        definition["parameters"][parameter]["default"] = default
    return Space.from_dict(definition)


@cache
def _pool(name: str) -> tuple[dict[str, Any], ...]:
    """Return the whole table, or POOL uniform points."""
    space = _base(name).space
    if all(parameter.grid_size for parameter in space.parameters.values()):
        options = [parameter.values() for parameter in space.parameters.values()]
        return tuple(dict(zip(space.names, values, strict=True)) for values in itertools.product(*options))
    rng = np.random.default_rng(0)
    return tuple(space.sample(rng) for _ in range(POOL))


@cache
def _limits(name: str) -> tuple[float, ...]:
    """Return the limit of each fault: the quantile of the strain that lets the rest of the space pass."""
    return tuple(
        float(np.quantile([fault.strain(params) for params in _pool(name)], 1 - fault.share))
        for fault in RECIPES[name].faults
    )
