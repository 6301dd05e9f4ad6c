from __future__ import annotations

import pytest
from tests.evals.contestants.conformance import SPACE, Conformance, loss

from bestguess.agent.task import Task
from bestguess.evals.contestants import Spec
from bestguess.evals.protocol import Brief
from bestguess.tools.errors import InputError
from bestguess.tools.trial import Outcome

STAND_IN = "bestguess:llm=bestguess.agent.testing:SchemaLLM"
"""A model whose answers fit the schema and mean nothing."""


def sources(label: str, n: int) -> tuple[list[str], int]:
    """Return who proposed each of n trials after the default, and how many requests were made."""
    contestant = Spec.parse(label).start(Brief(SPACE, Task(), n + 1, 0))
    contestant.tell(SPACE.default(), Outcome(loss(SPACE.default())))
    found = []
    for _ in range(n):
        params = dict(contestant.ask())
        found.append(contestant.cost.source)
        contestant.tell(params, Outcome(loss(params)))
    requests = contestant.cost.requests
    contestant.close()
    return found, requests


class TestBestGuess(Conformance):
    label = "bestguess:llm=none"

    # What holds of every contestant takes longest here.
    @pytest.mark.slow
    def test_one_seed_gives_one_run_and_another_seed_another(self) -> None:
        super().test_one_seed_gives_one_run_and_another_seed_another()

    @pytest.mark.slow
    def test_failures_come_at_any_time_even_before_the_first_value(self) -> None:
        super().test_failures_come_at_any_time_even_before_the_first_value()

    @pytest.mark.slow
    def test_maximizing_the_negative_gives_the_same_run(self) -> None:
        super().test_maximizing_the_negative_gives_the_same_run()

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ("knowledge=some", "knowledge is 'some'; give on or off"),
            ("trust=maybe", "trust is 'maybe'; give on or off"),
            ("warm=cold", "warm is 'cold'; give llm or random"),
        ],
    )
    def test_a_switch_in_the_wrong_position_is_named(self, options: str, message: str) -> None:
        with pytest.raises(InputError, match=message):
            Spec.parse(f"bestguess:{options}").start(Brief(SPACE, Task(), 5, 0))

    def test_without_a_model_nothing_is_spent(self) -> None:
        found, requests = sources(self.label, 6)
        assert set(found) == {"random", "gp"}
        assert requests == 0

    def test_with_propose_off_the_model_guesses_at_the_start_only(self) -> None:
        found, requests = sources(f"{STAND_IN},propose=off", 12)
        assert found[:2] == ["llm"] * 2
        assert "llm" not in found[3:]
        assert requests == 1

    def test_with_warm_random_the_model_has_no_part_in_the_start(self) -> None:
        found, _ = sources(f"{STAND_IN},warm=random,trust=off", 8)
        assert found[:4] == ["random"] * 4
        assert "llm" in found[4:]

    @pytest.mark.parametrize(("n", "held"), [(12, 3), pytest.param(22, 7, marks=pytest.mark.slow)])
    def test_with_trust_off_the_model_holds_the_most_that_anyone_may(self, n: int, held: int) -> None:
        found, _ = sources(f"{STAND_IN},trust=off", n)
        assert found[3:].count("llm") == held
