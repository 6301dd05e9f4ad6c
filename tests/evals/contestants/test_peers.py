from __future__ import annotations

import pytest
from tests.evals.contestants.conformance import Conformance

# One contestant stands for all by default: test_random.py, test_sobol.py
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]


class TestDefault(Conformance):
    label = "default"
    seeded = False


class TestAx(Conformance):
    label = "ax"


class TestHEBO(Conformance):
    label = "hebo"


class TestHyperopt(Conformance):
    label = "hyperopt"


class TestNevergrad(Conformance):
    label = "nevergrad"


class TestOpenBox(Conformance):
    label = "openbox"


class TestScikitOptimize(Conformance):
    label = "skopt"


class TestSMAC3(Conformance):
    label = "smac3"


class TestSyneTune(Conformance):
    label = "synetune"
