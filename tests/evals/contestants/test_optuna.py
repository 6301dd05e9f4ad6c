from __future__ import annotations

import pytest
from tests.evals.contestants.conformance import SPACE, Conformance

from bestguess.agent.task import Task
from bestguess.evals.contestants import Spec
from bestguess.evals.protocol import Brief
from bestguess.tools.errors import InputError

pytestmark = pytest.mark.slow  # one contestant stands for all by default: test_random.py, test_sobol.py


class TestTPESampler(Conformance):
    label = "optuna:sampler=tpe"

    def test_a_sampler_that_is_not_offered_is_named(self) -> None:
        with pytest.raises(InputError, match="sampler is 'cmaes'; give tpe or gp"):
            Spec.parse("optuna:sampler=cmaes").start(Brief(SPACE, Task(), 5, 0))


@pytest.mark.slow
class TestGPSampler(Conformance):
    label = "optuna:sampler=gp"
    n = 12  # a few more than it draws at random; each costs half a second
