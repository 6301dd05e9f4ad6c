from __future__ import annotations

from tests.evals.contestants.conformance import Conformance


class TestDefault(Conformance):
    label = "default"
    seeded = False
