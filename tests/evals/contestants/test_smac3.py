from __future__ import annotations

import pytest
from tests.evals.contestants.conformance import Conformance


@pytest.mark.slow
@pytest.mark.timeout(900)
class TestSMAC3(Conformance):
    label = "smac3"
