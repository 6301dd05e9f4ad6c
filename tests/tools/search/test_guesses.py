"""Guesses as a density: higher where they agree, nowhere forbidding, and worth nothing if they are copies."""

from __future__ import annotations

import numpy as np
import pytest

from bestguess.tools.search.guesses import WEIGHT, GuessDensity

RNG = np.random.default_rng(0)
AGREED = np.column_stack([RNG.normal(0.3, 0.05, 16), RNG.random(16)])


def test_the_density_is_highest_where_the_guesses_are_and_bounded_below_elsewhere() -> None:
    at = GuessDensity(AGREED).log_density(np.array([[0.3, 0.5], [0.9, 0.5]]))
    assert at[0] > 0.0 > at[1] > 2 * WEIGHT * np.log(0.2)


def test_each_column_integrates_to_one_before_its_weight() -> None:
    u = (np.arange(2000) + 0.5) / 2000
    x = np.column_stack([u, np.full_like(u, 0.5)])
    only_first = np.tile([True, False], (2000, 1))
    density = np.exp(GuessDensity(AGREED).log_density(x, only_first) / WEIGHT)
    assert density.mean() == pytest.approx(1.0, abs=1e-3)


def test_copies_of_one_guess_say_nothing() -> None:
    copies = np.tile([[0.2, 0.2]], (16, 1))
    assert GuessDensity(copies).log_density(RNG.random((5, 2))) == pytest.approx(0.0)


def test_what_was_known_before_is_multiplied_in() -> None:
    x = RNG.random((5, 2))
    alone, known = GuessDensity(AGREED), GuessDensity(AGREED[:, ::-1])
    both = GuessDensity(AGREED, known).log_density(x)
    assert both == pytest.approx(alone.log_density(x) + known.log_density(x))


def test_an_unordered_option_has_what_its_own_share_says() -> None:
    g = np.column_stack([[0.1, 0.1, 0.5, 0.9], RNG.random(4)])
    x = np.column_stack([[0.1, 0.3, 0.5, 0.7, 0.9], np.full(5, 0.5)])
    only_first = np.tile([True, False], (5, 1))
    density = np.exp(GuessDensity(g, options=(5, None)).log_density(x, only_first) / WEIGHT)
    assert density == pytest.approx([0.2 + 0.8 * 5 * share for share in (0.5, 0.0, 0.25, 0.0, 0.25)])


def test_guesses_without_a_column_say_nothing_of_it() -> None:
    g = np.column_stack([RNG.random(6), np.full(6, 0.5)])
    none, one = np.tile([True, False], (6, 1)), np.tile([True, False], (6, 1))
    one[2, 1] = True
    x = np.column_stack([np.full(3, 0.4), [0.1, 0.5, 0.9]])
    only_second = np.tile([False, True], (3, 1))
    assert GuessDensity(g, active=none).log_density(x, only_second) == pytest.approx(0.0)
    at = GuessDensity(g, active=one).log_density(x, only_second)
    assert at[1] > at[0] == pytest.approx(at[2])
