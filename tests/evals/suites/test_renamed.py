from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from bestguess.agent.task import Task
from bestguess.evals.protocol import Brief, Evaluation, Problem, Reference
from bestguess.evals.suites import renamed, suite
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome

REAL, RENAMED = suite("real"), suite("renamed")
PAIRS = dict(zip(RENAMED.problems, REAL.problems, strict=True))


pytestmark = pytest.mark.usefixtures("fresh_cache")


def _words_told(problem: Problem) -> list[str]:
    """Return every string of a brief that is not of the format itself."""
    brief = json.loads(json.dumps(Brief.of(problem).to_dict()))
    assert set(brief) == {"space", "task", "n_trials", "seed"}
    assert set(brief["space"]) == {"parameters"}
    words = [brief["task"]["description"], brief["task"]["metric"], *brief["task"]["facts"]]
    for name, definition in brief["space"]["parameters"].items():
        known = {"type", "low", "high", "log", "step", "default", "options", "ordered", "when"}
        assert set(definition) <= known
        words.append(name)
        del definition["type"]
        words += definition.get("when", {})
        words += re.findall(
            r'"([^"]*)"', json.dumps([*definition.values(), *definition.get("when", {}).values()])
        )
    return words


def _words_of(problem: Problem) -> set[str]:
    """Return every name and word that could tell what a problem is."""
    names = set(problem.space.names) | {problem.name}
    for one in problem.space.parameters.values():
        names |= {str(option) for option in getattr(one, "options", ())}
        names |= set(re.findall(r"\w+", one.doc))
    names |= set(re.findall(r"\w+", " ".join([problem.task.description, *problem.task.facts])))
    # "value" is the one word that the format has for what is told.
    return names - {"value"}


@pytest.mark.parametrize("name", RENAMED.problems)
def test_no_word_of_the_original_is_told(name: str) -> None:
    original, problem = REAL.problem(PAIRS[name], 0), RENAMED.problem(name, 0)
    told = _words_told(problem)
    assert set(told) <= {"", "value", *map("p{}".format, range(1, 11)), *"abcdefgh"}
    secret = _words_of(original)
    assert {"the", "Tune"} < secret  # the words are found
    parameters = {
        *original.space.names,
        *(str(o) for p in original.space.parameters.values() for o in _options(p)),
    }
    assert parameters.isdisjoint(told)
    parts = {part for word in secret for part in re.split(r"[_\W]", word) if len(part) >= 4} - {"value"}
    assert not [(part, word) for part in parts for word in told if part.lower() in word.lower()]
    assert problem.task == Task(direction=original.task.direction)


def _options(parameter: Any) -> tuple[Any, ...]:
    return getattr(parameter, "options", ())


@pytest.mark.parametrize("name", RENAMED.problems)
def test_the_space_is_the_original_in_another_order(name: str) -> None:
    original, problem = REAL.problem(PAIRS[name], 0), RENAMED.problem(name, 0)
    assert problem.space.names == tuple(f"p{i}" for i in range(1, len(original.space) + 1))
    assert sorted(problem.space.column_kinds) == sorted(original.space.column_kinds)
    assert Space.from_dict(problem.space.to_dict()) == problem.space
    assert problem.start == (problem.space.default(),)
    assert problem.reference == original.reference
    assert problem.n_trials == original.n_trials
    assert RENAMED.problem(name, 1).space == problem.space


@pytest.mark.parametrize("name", RENAMED.problems)
def test_the_way_back_undoes_the_way_forth(name: str) -> None:
    space = REAL.problem(PAIRS[name], 0).space
    renaming = renamed.Renaming(space, np.random.default_rng(0))
    rng = np.random.default_rng(1)
    for params in [space.default(), *(space.sample(rng) for _ in range(50))]:
        assert renaming.back(renaming.forth(params)) == params
    for params in [renaming.space.sample(rng) for _ in range(50)]:
        assert renaming.forth(renaming.back(params)) == params


@pytest.mark.parametrize("name", RENAMED.smoke)
def test_values_are_those_of_the_original(name: str) -> None:
    original, problem = REAL.problem(PAIRS[name], 0), RENAMED.problem(name, 0)
    renaming = renamed.Renaming(original.space, np.random.default_rng(RENAMED.problems.index(name)))
    assert renaming.space == problem.space
    rng = np.random.default_rng(2)
    for params in [original.space.default(), *(original.space.sample(rng) for _ in range(3))]:
        assert problem.evaluate(renaming.forth(params)) == original.evaluate(params)
    assert problem.evaluate(dict(problem.start[0])) == original.evaluate(dict(original.start[0]))


def _problem(evaluation: Evaluation) -> Problem:
    space = Space(
        depth=Int(1, 3, default=2, doc="depth", when={"booster": ["tree"], "warm": [True]}),
        booster=Choice(["linear", "tree"], default="tree", doc="what is boosted"),
        warm=Choice([False, True], default=True),
        rounds=Choice([10, 100], ordered=True),
        rate=Float(0.1, 1.0, log=True, when={"rounds": [100]}),
    )
    task = Task("Boost trees.", "AUC", "maximize", {"rows": 3})
    start = ({"booster": "linear", "warm": False, "rounds": 10},)
    return Problem("s", "n", 0, space, task, lambda _: evaluation, Reference(0.0, 1.0, 0.5), start)


def test_any_problem_can_be_renamed() -> None:
    problem = renamed.renamed(_problem(Evaluation(Outcome(1.0), 0.9)), np.random.default_rng(0))
    definition = json.dumps(problem.space.to_dict())
    without_flags = definition.replace('"log": true', "").replace('"ordered": true', "")
    assert not re.search("depth|booster|tree|linear|warm|true|false|rounds|rate", without_flags)
    assert "[10, 100]" in definition
    assert sorted(problem.start[0].values(), key=str) == [10, "a", "a"]
    assert problem.evaluate(dict(problem.start[0])) == Evaluation(Outcome(1.0), 0.9)


def test_a_failure_does_not_say_why() -> None:
    failure = Evaluation(Outcome.failure("booster 'tree' is broken", feedback="File gbtree.py"))
    problem = renamed.renamed(_problem(failure), np.random.default_rng(0))
    assert problem.evaluate(problem.space.default()) == Evaluation(Outcome.failure("the evaluation failed"))


def test_the_frozen_references_are_those_of_the_originals() -> None:
    from bestguess.evals.references import reference
    from bestguess.evals.suites import real, renamed

    pairs = zip(renamed.Suite().problems, real.Suite().problems, strict=True)
    assert all(reference("renamed", new) == reference("real", old) for new, old in pairs)
