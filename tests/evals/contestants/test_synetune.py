from __future__ import annotations

import pytest
from tests.evals.contestants.conformance import Conformance


@pytest.mark.slow
@pytest.mark.timeout(900)
class TestSyneTune(Conformance):
    label = "synetune"
