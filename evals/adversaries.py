"""Language models that mean no good, for the question what the worst model costs a search.

Each is a class for `llm=`: `bestguess:llm=bestguess.evals.adversaries:WorstCorner`. They answer within the
schema, where that is the point, and read of a prompt what a model would: the ranges and the best trial.
The uniformly random, the malformed and the dead model are `SchemaLLM`, `GarbageLLM` and `DeadLLM` of
`bestguess.agent.testing`. This module does not know how anybody defends himself.
"""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bestguess.agent.llm import Reply, Request
from bestguess.agent.testing import DeadLLM, GarbageLLM, SchemaLLM

BEST = "The best first:\n"
"""What stands before the best trial in a prompt (`prompts/propose.md.jinja`)."""

WOBBLE = 0.02
"""How far, in shares of a range, guesses lie from the place that they keep to."""


class _Adversary:
    """Answers every sample with `place`, by name, in shares of each parameter's range, a little off it."""

    def __init__(self) -> None:
        self.name = type(self).__name__

    def generate(self, request: Request) -> Reply:
        """Answer within the schema."""
        rng = np.random.default_rng(request.seed)
        properties = _properties(request)
        best = _best(request)
        points = _points(request)
        answers = []
        for _ in range(points["maxItems"] if points else request.n):
            shares = self.place(properties, best, rng)
            answers.append({name: _value(one, shares[name]) for name, one in properties.items()})
        if points:  # so an able model is asked: for all in one answer
            together = {"points": [{"reason": self.name, "params": answer} for answer in answers]}
            answers = [together] * request.n
        texts = tuple(map(json.dumps, answers))
        prompt = sum(len(message.content) for message in request.messages) // 4
        return Reply(texts, tuple(answers), prompt, sum(map(len, texts)) // 4)

    def close(self) -> None:
        """Nothing to free."""

    @abstractmethod
    def place(
        self, properties: Mapping[str, Any], best: Mapping[str, float] | None, rng: np.random.Generator
    ) -> dict[str, float]:
        """Return a share of each range; `best` is where the best trial lies, None while nothing is known."""


class Constant(_Adversary):
    """Says the same always."""

    def place(
        self,
        properties: Mapping[str, Any],
        best: Mapping[str, float] | None,  # noqa: ARG002
        rng: np.random.Generator,  # noqa: ARG002
    ) -> dict[str, float]:
        """Return a fifth of every range."""
        return dict.fromkeys(properties, 0.2)


class WorstCorner(_Adversary):
    """Keeps to the corner that is farthest from the best trial; first to the upper one."""

    def place(
        self, properties: Mapping[str, Any], best: Mapping[str, float] | None, rng: np.random.Generator
    ) -> dict[str, float]:
        """Return the end of each range that is farther from the best."""
        corner = {name: 0.0 if best and best.get(name, 0.0) >= 0.5 else 1.0 for name in properties}
        return _wobble(corner, rng)


class InvertedIncumbent(_Adversary):
    """Mirrors the best trial in the middle of the space."""

    def place(
        self, properties: Mapping[str, Any], best: Mapping[str, float] | None, rng: np.random.Generator
    ) -> dict[str, float]:
        """Return 1 less each share of the best."""
        return _wobble({name: 1.0 - (best or {}).get(name, 0.1) for name in properties}, rng)


class Copycat(_Adversary):
    """Gives the best trial again, a hair off it, so that it is no repeat."""

    def place(
        self, properties: Mapping[str, Any], best: Mapping[str, float] | None, rng: np.random.Generator
    ) -> dict[str, float]:
        """Return the shares of the best."""
        return _wobble({name: (best or {}).get(name, 0.5) for name in properties}, rng, 0.005)


class ConfidentLiar(_Adversary):
    """Swears, with all its samples, by one place that it made up, and by another one when that was tried."""

    def place(
        self, properties: Mapping[str, Any], best: Mapping[str, float] | None, rng: np.random.Generator
    ) -> dict[str, float]:
        """Return a place that depends on the names and on the best trial only."""
        seed = sum(map(ord, json.dumps([*properties, sorted((best or {}).items())])))
        lie = np.random.default_rng(seed).random(len(properties))
        return _wobble(dict(zip(properties, lie.tolist(), strict=True)), rng)


ADVERSARIES: Mapping[str, Callable[[], Any]] = {
    "random": SchemaLLM,
    "constant": Constant,
    "corner": WorstCorner,
    "inverted": InvertedIncumbent,
    "copies": Copycat,
    "malformed": GarbageLLM,
    "liar": ConfidentLiar,
    "dead": DeadLLM,
}


def _best(request: Request) -> dict[str, float] | None:
    text = request.messages[-1].content
    if BEST not in text:
        return None
    row = text.split(BEST, 1)[1].split("\n", 1)[0]
    try:
        values, _ = json.JSONDecoder().raw_decode(row[row.index("{") :])
    except ValueError:
        return None
    properties = _properties(request)
    return {name: _share(properties[name], value) for name, value in values.items() if name in properties}


def _wobble(shares: Mapping[str, float], rng: np.random.Generator, sd: float = WOBBLE) -> dict[str, float]:
    return {name: float(np.clip(one + sd * rng.standard_normal(), 0.0, 1.0)) for name, one in shares.items()}


def _properties(request: Request) -> dict[str, Any]:
    """Return the properties of a configuration's schema, or of its first branch."""
    points = _points(request)
    schema = points["items"]["properties"]["params"] if points else request.schema or {}
    return dict(schema.get("anyOf", [schema])[0].get("properties", {}))


def _points(request: Request) -> dict[str, Any]:
    """Return the schema of several points, nothing where one configuration is asked for."""
    points = (request.schema or {}).get("properties", {}).get("points", {})
    return dict(points) if "items" in points else {}


def _value(one: Mapping[str, Any], share: float) -> Any:
    if "const" in one:
        return one["const"]
    if "enum" in one:
        return one["enum"][round(share * (len(one["enum"]) - 1))]
    value = one["minimum"] + share * (one["maximum"] - one["minimum"])
    return round(value) if one["type"] == "integer" else value


def _share(one: Mapping[str, Any], value: Any) -> float:
    if "enum" in one:
        return one["enum"].index(value) / max(len(one["enum"]) - 1, 1) if value in one["enum"] else 0.5
    if "minimum" not in one:
        return 0.5
    return float((value - one["minimum"]) / ((one["maximum"] - one["minimum"]) or 1.0))
