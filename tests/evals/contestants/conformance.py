"""What every contestant must do; one test class a contestant, which names its spec.

A contestant whose library has an environment of its own is tested in it, through its worker, when that
environment is there: `make evals-setup`, then `make test ARGS="-m slow"`.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, ClassVar

import pytest

from bestguess.agent.task import Task
from bestguess.evals.contestants import Spec
from bestguess.evals.environments import environment
from bestguess.evals.pipe import Worker
from bestguess.evals.protocol import Brief
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome

SPACE = Space(
    lr=Float(1e-5, 1e-1, log=True, default=1e-3),
    share=Float(0, 1),
    grid=Float(0, 1, step=0.1),
    count=Int(1, 300, log=True),
    offset=Int(-3, 3),
    size=Choice([1, 2, 4, 8], ordered=True),
    kind=Choice(["a", "b", None]),
    flag=Choice([True, False]),
    extra=Float(0, 0.5, when={"kind": ["b"]}),
)
"""A parameter of every sort, and a condition."""


def loss(params: dict[str, Any]) -> float:
    return float((params["share"] - 0.3) ** 2 + abs(params["count"] - 10) / 100 + (params["kind"] == "b"))


def proposals(
    label: str, *, seed: int, n: int, failing: frozenset[int] = frozenset(), direction: Any = "minimize"
) -> list[dict[str, Any]]:
    """Return what a contestant asks for after the default, all of it validated."""
    spec = Spec.parse(label)
    sign = -1.0 if direction == "maximize" else 1.0
    brief = Brief(SPACE, Task("A test.", direction=direction), n_trials=n + 1, seed=seed)
    asked = []
    with Worker(spec, environment(spec.name).python) as worker:
        worker.request("start", brief=brief.to_dict())
        params = SPACE.default()
        for number in range(n + 1):
            outcome = (
                Outcome.failure("CUDA out of memory") if number in failing else Outcome(sign * loss(params))
            )
            worker.request("tell", params=params, outcome=asdict(outcome))
            if number < n:
                params = SPACE.validate(worker.request("ask")["params"])
                asked.append(params)
    return asked


class Conformance:
    """Inherit and name the spec."""

    label: ClassVar[str]
    n: ClassVar[int] = 14
    seeded: ClassVar[bool] = True
    """Whether another seed gives other proposals."""

    @pytest.fixture(autouse=True)
    def installed(self) -> None:
        one = environment(Spec.parse(self.label).name)
        if not one.ready:
            pytest.skip(one.absence)

    def test_it_says_how_it_treats_failures_and_conditions(self) -> None:
        assert Spec.parse(self.label).contestant.notes

    def test_one_seed_gives_one_run_and_another_seed_another(self) -> None:
        first, again, other = (proposals(self.label, seed=seed, n=self.n) for seed in (1, 1, 2))
        assert first == again
        assert (first != other) == self.seeded

    def test_failures_come_at_any_time_even_before_the_first_value(self) -> None:
        failing = frozenset({0, 1, 5, 9})
        assert len(proposals(self.label, seed=0, n=self.n, failing=failing)) == self.n

    def test_maximizing_the_negative_gives_the_same_run(self) -> None:
        turned = proposals(self.label, seed=3, n=self.n, direction="maximize")
        assert turned == proposals(self.label, seed=3, n=self.n)
