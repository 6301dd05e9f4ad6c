from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from bestguess.tools.surrogate.subset import cover, representatives


@given(st.integers(1, 300), st.integers(2, 40), st.integers(0, 9))
def test_representatives_are_in_order_and_hold_the_best_half(n: int, most: int, seed: int) -> None:
    y = np.random.default_rng(seed).standard_normal(n)

    kept = representatives(y, most)

    assert len(kept) == min(n, most)
    assert (np.diff(kept) > 0).all()
    best = np.argsort(y)[: min(most // 2, n)]
    assert set(best) <= set(kept)


@given(st.integers(1, 300), st.integers(2, 40))
def test_a_cover_is_even_and_reaches_both_ends(n: int, most: int) -> None:
    kept = cover(n, most)

    assert (kept[0], kept[-1]) == (0, n - 1)
    assert len(kept) == min(n, most)
    assert np.ptp(np.diff(kept)) <= 1 if len(kept) > 1 else True


def test_a_cover_of_nothing_is_nothing() -> None:
    assert not len(cover(0, 0))
    assert not len(cover(5, 0))
