from __future__ import annotations

import numpy as np

from bestguess.tools.search.consensus import choose_spread


def test_the_medoid_is_in_the_crowd_and_not_among_the_outliers() -> None:
    x = np.array([[0.1, 0.1], [0.5, 0.5], [0.52, 0.5], [0.5, 0.55], [0.95, 0.9]])
    assert choose_spread(x, 1)[0] in (1, 2, 3)


def test_the_consensus_comes_first_and_then_what_differs_most() -> None:
    x = np.array([[0.5], [0.52], [0.48], [0.0], [1.0]])
    assert choose_spread(x, 3) == [0, 3, 4]


def test_repeats_are_chosen_once_and_nothing_gives_nothing() -> None:
    assert choose_spread(np.full((6, 2), 0.3), 4) == [0]
    assert choose_spread(np.empty((0, 2)), 4) == []
