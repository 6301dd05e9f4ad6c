from __future__ import annotations

import pytest
from tests.evals.contestants.conformance import Conformance


class TestSobol(Conformance):
    label = "sobol"

    # What holds of every contestant takes longest here.
    @pytest.mark.slow
    def test_one_seed_gives_one_run_and_another_seed_another(self) -> None:
        super().test_one_seed_gives_one_run_and_another_seed_another()

    @pytest.mark.slow
    def test_maximizing_the_negative_gives_the_same_run(self) -> None:
        super().test_maximizing_the_negative_gives_the_same_run()
