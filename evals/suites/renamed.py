"""Suite `renamed`: the tasks of `real` under names that mean nothing.

Parameters are p1, p2, … in a shuffled order, options that are not numbers are a, b, …; there are no docs,
no description, no facts, and a failure does not say why. Ranges, scales, defaults, conditions and values
stay as they are, so what a contestant loses against `real` is what it made of the words. `renamed` takes
any problem. This module does not know what the tasks are.
"""

from __future__ import annotations

import string
from dataclasses import replace
from typing import Any

import numpy as np

from bestguess.agent.task import Task
from bestguess.evals import protocol
from bestguess.evals.protocol import Evaluation, Problem, Reference
from bestguess.evals.suites import real
from bestguess.tools.space.parameter import Value
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome, Params


class Suite(protocol.Suite):
    """The tasks of `real`, named task01 to task12."""

    name = "renamed"
    summary = "the tasks of `real` with meaningless names, without docs, description and facts"

    def __init__(self) -> None:
        self._real = real.Suite()
        self._originals = {f"task{i:02}": name for i, name in enumerate(self._real.problems, 1)}

    @property
    def problems(self) -> tuple[str, ...]:
        """The names of the tasks."""
        return tuple(self._originals)

    @property
    def smoke(self) -> tuple[str, ...]:
        """The smoke run of `real`, renamed."""
        return tuple(name for name, original in self._originals.items() if original in self._real.smoke)

    def problem(self, name: str, seed: int) -> Problem:
        """Return a task; the seed is the contestant's, and names are the same for every seed."""
        original = self._real.problem(self._originals[name], seed)
        shuffle = np.random.default_rng(self.problems.index(name))
        return replace(renamed(original, shuffle), suite=self.name, name=name)

    def measure(self, name: str) -> dict[str, Reference]:
        """Return the reference of the original."""
        return self._real.measure(self._originals[name])


class Renaming:
    """New names for the parameters of a space and their options, and the way back."""

    def __init__(self, space: Space, shuffle: np.random.Generator) -> None:
        assert not space.constraints, "constraints name parameters, and are not rewritten"
        definitions = space.to_dict()["parameters"]
        self._original = space
        self._names = {name: f"p{i}" for i, name in enumerate(shuffle.permutation(space.names).tolist(), 1)}
        self._options = {name: _letters(one.get("options", [])) for name, one in definitions.items()}
        entries = {new: self._definition(name, definitions[name]) for name, new in self._names.items()}
        self.space = Space.from_dict({"parameters": entries})

    def forth(self, params: Params) -> dict[str, Any]:
        """Return params of the original space under their new names."""
        return self.space.validate(
            {self._names[name]: self._new(name, value) for name, value in params.items()}
        )

    def back(self, params: Params) -> dict[str, Any]:
        """Return params of the renamed space under their original names."""
        originals = {}
        for name, new in self._names.items():
            if new in params:
                options = {letter: option for option, letter in self._options[name].items()}
                originals[name] = options.get(params[new], params[new])
        return self._original.validate(originals)

    def _definition(self, name: str, definition: dict[str, Any]) -> dict[str, Any]:
        entry = {key: value for key, value in definition.items() if key != "doc"}
        entry["default"] = self._new(name, definition["default"])
        if "options" in definition:
            entry["options"] = [self._new(name, option) for option in definition["options"]]
        if "when" in definition:
            entry["when"] = {
                self._names[parent]: [self._new(parent, value) for value in values]
                for parent, values in definition["when"].items()
            }
        return entry

    def _new(self, name: str, value: Value) -> Value:
        return self._options[name].get(value, value)


def renamed(problem: Problem, shuffle: np.random.Generator) -> Problem:
    """Return the problem in a space that `shuffle` renamed, without a word about what is tuned."""
    renaming = Renaming(problem.space, shuffle)

    def evaluate(params: dict[str, Any]) -> Evaluation:
        evaluation = problem.evaluate(renaming.back(params))
        outcome = evaluation.outcome
        # Messages and feedback tell what failed.
        hidden = Outcome.failure("the evaluation failed") if outcome.value is None else Outcome(outcome.value)
        return Evaluation(replace(hidden, seconds=outcome.seconds), evaluation.test)

    return replace(
        problem,
        space=renaming.space,
        task=Task(direction=problem.task.direction),
        evaluate=evaluate,
        start=tuple(map(renaming.forth, problem.start)),
    )


def _letters(options: list[Value]) -> dict[Value, str]:
    """Return new names for the options that are not numbers."""
    words = [option for option in options if isinstance(option, str | bool) or option is None]
    return dict(zip(words, string.ascii_lowercase[: len(words)], strict=True))
