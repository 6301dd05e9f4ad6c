"""The referee's measures: what agents and rules do, and what pairs of diffs are."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bestguess.evals.measures.referee import SCENES, Scene, keep_if_better, make_world, measure, play, t_test
from bestguess.evals.measures.referee_lcdb import read_worlds
from bestguess.tools.errors import InputError


def test_keeping_what_looks_better_gains_what_the_issue_says() -> None:
    for scene, gain in zip(SCENES[:4], (0.9, 4.4, 13.5, 32.9), strict=True):
        played = [play(make_world(scene, seed), keep_if_better) for seed in range(60)]
        assert np.mean([one.gain for one in played]) == pytest.approx(gain, rel=0.35)
        assert 0.4 < sum(one.worthless for one in played) / sum(one.kept for one in played) < 0.8


def test_a_rule_that_measures_three_times_has_fewer_changes_in_as_many_runs() -> None:
    world = make_world(Scene("plain", "normal", 4.0), 1)
    assert play(world, t_test, first=3).runs == 60
    assert play(world, t_test, first=3).kept < play(world, keep_if_better).kept


def test_an_idea_that_was_kept_does_nothing_the_second_time() -> None:
    world = make_world(Scene("repeats", "normal", 1.0), 3)
    assert (world.again >= 0).sum() > 5
    assert all(earlier < at for at, earlier in enumerate(world.again))


@pytest.mark.slow
def test_the_referee_gains_more_than_keeping_what_looks_better() -> None:
    (figure,) = measure([Scene("plain", "normal", 1.0)], ["referee"], 12)
    assert figure.over[0] > 0.0


def test_runs_that_are_not_there_are_told_how_to_fetch(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="--fetch"):
        next(read_worlds(tmp_path / "lcdb-0.1.0.tar.gz", orders=1, every=1))
