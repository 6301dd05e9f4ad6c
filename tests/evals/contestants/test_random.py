from __future__ import annotations

from tests.evals.contestants.conformance import Conformance


class TestRandom(Conformance):
    label = "random"
