from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from click.testing import CliRunner

from bestguess.evals.__main__ import main
from bestguess.evals.measures.calibration import LEVEL, inside_intervals
from bestguess.evals.protocol import Evaluation
from bestguess.evals.suites import suite
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.trial import Outcome


@pytest.mark.slow
def test_every_trial_of_the_surrogates_is_checked_and_most_lie_inside() -> None:
    inside = inside_intervals(suite("bbob").problem("f01-d02", 0))

    assert len(inside) == 25
    assert inside.mean() > 0.6


def test_an_objective_that_nobody_could_foresee_lies_outside() -> None:
    problem = suite("bbob").problem("f01-d02", 0)
    count = iter(range(100))
    wild = replace(problem, evaluate=lambda _: Evaluation(Outcome(float(1000 ** next(count)))), n_trials=12)

    inside = inside_intervals(wild)
    assert not inside[:3].any()


def test_the_interval_asked_for_is_the_one_that_is_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def everything(self: Verifier, params: object, level: float) -> tuple[float, float]:
        asked.append(level)
        return -np.inf, np.inf

    monkeypatch.setattr(Verifier, "interval", everything)

    assert inside_intervals(replace(suite("bbob").problem("f01-d02", 0), n_trials=8)).all()
    assert asked.count(LEVEL) == len(asked) >= 3


def test_bad_seeds_are_one_line() -> None:
    done = CliRunner().invoke(main, ["calibration", "--seeds", "5"])

    assert done.exit_code == 2
    assert "--seeds is '5'; give two numbers such as 0:5" in done.stderr
