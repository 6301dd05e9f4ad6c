from __future__ import annotations

import pytest
from tests.evals.contestants.conformance import SPACE, Conformance

from bestguess.agent.task import Task
from bestguess.evals.contestants import Spec
from bestguess.evals.protocol import Brief
from bestguess.tools.errors import InputError
from bestguess.tools.space.parameters import Float
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome

pytestmark = pytest.mark.slow  # one contestant stands for all by default: test_random.py, test_sobol.py


class TestJitter(Conformance):
    label = "jitter:width=0.1"

    def test_a_width_that_is_no_number_is_named(self) -> None:
        with pytest.raises(InputError, match="width is 'wide'"):
            Spec.parse("jitter:width=wide").start(Brief(SPACE, Task(), 5, 0))

    def test_it_moves_around_the_best_so_far(self) -> None:
        space = Space(x=Float(0, 1))
        jitter = Spec.parse("jitter:width=0.001").start(Brief(space, Task(), 5, 0))

        jitter.tell({"x": 0.2}, Outcome(1.0))
        jitter.tell({"x": 0.7}, Outcome(0.5))
        jitter.tell({"x": 0.1}, Outcome.failure("no memory"))

        assert jitter.ask()["x"] == pytest.approx(0.7, abs=0.01)
