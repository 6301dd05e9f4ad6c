"""The pools of HPO-B: the nearest row answers, nothing is told but numbers, and the pack is the user's."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from tests.params import few_of

from bestguess.agent.advice.knowledge import gather
from bestguess.evals.contestants import Spec
from bestguess.evals.own_packs import knowledge_with
from bestguess.evals.protocol import Brief, Problem
from bestguess.evals.record import Record
from bestguess.evals.runner import play
from bestguess.evals.suites import suite
from bestguess.evals.suites.hpob import read_pool

SUITE = suite("hpob")


def portfolio_of(problem: Problem) -> list[dict[str, Any]]:
    found = re.search(r"^portfolio: (.*)$", problem.pack, re.MULTILINE)
    assert found is not None
    return list(json.loads(found[1]))


def test_each_search_space_has_two_data_sets_and_pools_are_small() -> None:
    spaces = [name.partition("-")[0] for name in SUITE.problems]
    assert {spaces.count(space) for space in spaces} == {2}
    assert max(len(read_pool(name)[1]) for name in SUITE.problems) <= 2000


@pytest.mark.parametrize("name", few_of(SUITE.problems))
def test_a_row_of_the_pool_has_its_own_value_and_what_lies_beside_it_too(name: str) -> None:
    problem, (settings, values) = SUITE.problem(name, 0), read_pool(name)
    row = len(values) // 2
    params = dict(zip(problem.space.names, settings[row].tolist(), strict=True))
    assert problem.evaluate(problem.space.validate(params)).outcome.value == values[row]
    number = problem.space.names[problem.space.column_kinds.index("continuous")]
    params[number] = min(params[number] + 1e-6, 1.0)
    assert problem.evaluate(params).outcome.value == values[row]


@pytest.mark.parametrize("name", few_of(SUITE.problems))
def test_the_portfolio_is_of_the_space_and_no_two_configurations_are_equal(name: str) -> None:
    problem = SUITE.problem(name, 0)
    portfolio = [problem.space.validate(params) for params in portfolio_of(problem)]
    assert len(portfolio) == 4
    assert all(portfolio.count(params) == 1 for params in [*portfolio, problem.space.default()][:4])


def test_without_its_own_pack_nothing_is_known_of_a_pool() -> None:
    for name in SUITE.smoke:
        problem = SUITE.problem(name, 0)
        assert gather(problem.space, problem.task, True) is None


def test_a_pack_travels_with_the_brief_and_problems_without_one_do_not_say_so() -> None:
    brief = Brief.of(SUITE.problem("4796-23", 0))
    assert Brief.from_dict(json.loads(json.dumps(brief.to_dict()))) == brief
    assert "pack" not in Brief.of(suite("systems").problem("SS-D", 0)).to_dict()
    with knowledge_with("") as knowledge:
        assert knowledge is True


class Asked:
    """A worker that asks for the default always."""

    def __init__(self, problem: Problem) -> None:
        self.params = problem.space.default()

    def request(self, op: str, **fields: Any) -> dict[str, Any]:
        return {"params": self.params, "source": "", "wall_s": 0.0, "cpu_s": 0.0}


def test_who_is_handed_guesses_gets_the_portfolio_in_its_order() -> None:
    problem = replace(SUITE.problem("5527-31", 0), n_trials=5)
    record = Record("hpob", problem.name, 0, "asked:guesses=3", True, 5, [])

    played = play(problem, Asked(problem), record, guesses=3)  # type: ignore[arg-type]

    start, *others = played.values
    handed = [problem.evaluate(params).outcome.value for params in portfolio_of(problem)[:3]]
    assert others == [*handed, start]
    assert played.sources == "kkk-"


@pytest.mark.slow
def test_ours_is_given_the_pack_as_a_users_own_and_without_knowledge_it_is_not() -> None:
    problem = SUITE.problem("5889-31", 0)
    first = []
    for knowledge in ("on", "off"):
        contestant = Spec.parse(f"bestguess:llm=none,knowledge={knowledge}").start(Brief.of(problem))
        contestant.tell(problem.space.default(), problem.evaluate(problem.space.default()).outcome)
        first.append(contestant.ask())
        contestant.close()
    assert first[0] == portfolio_of(problem)[0] != first[1]


@pytest.mark.slow
@pytest.mark.parametrize("name", SUITE.problems)
def test_the_frozen_reference_is_what_the_whole_pool_gives_and_the_default_is_not_its_optimum(
    name: str,
) -> None:
    problem = SUITE.problem(name, 0)
    assert SUITE.measure(name)[""] == problem.reference
    assert problem.reference.best == -read_pool(name)[1].max()
    start = problem.evaluate(dict(problem.start[0])).outcome.value
    assert start is not None
    assert problem.reference.regret(problem.loss(start)) > 0
    assert np.all((read_pool(name)[0] >= 0) & (read_pool(name)[0] <= 1))
