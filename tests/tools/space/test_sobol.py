from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from bestguess.tools.space.sobol import sobol


def test_every_half_of_every_column_holds_half_of_the_places() -> None:
    places = sobol(64, 5, np.random.default_rng(0))
    assert places.shape == (64, 5)
    assert ((places < 0.5).sum(axis=0) == 32).all()


def test_the_same_generator_gives_the_same_places() -> None:
    first, again = (sobol(16, 3, np.random.default_rng(4)) for _ in range(2))
    assert (first == again).all()


@pytest.mark.slow
def test_what_is_told_and_shown_waits_for_no_sequence() -> None:
    """scipy.stats takes most of a second to import."""
    ends = "import sys; sys.exit('scipy.stats' in sys.modules)"
    code = f"import bestguess.agent.tuner, bestguess.agent.reports.report; {ends}"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
