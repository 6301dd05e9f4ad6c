from __future__ import annotations

import pytest
from tests.evals.contestants.conformance import Conformance

pytestmark = pytest.mark.slow  # one contestant stands for all by default: test_random.py, test_sobol.py


class TestDefault(Conformance):
    label = "default"
    seeded = False
