"""What is known beforehand as a density: it integrates to 1, is nowhere 0, and draws what it says."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import bestguess as bg
from bestguess.tools.search.prior import CONFIDENCE, Belief, Interval, OptimumPrior

SPACE = bg.Space(
    lr=bg.Float(1e-5, 1e-1, log=True, default=1e-3),
    depth=bg.Int(1, 12, default=3),
    booster=bg.Choice(["gbtree", "dart", "gblinear"]),
    rate_drop=bg.Float(0, 0.5, when={"booster": ["dart"]}),
    batch=bg.Choice([16, 32, 64, 128, 256], ordered=True),
)
BELIEFS: dict[str, Belief] = {
    "lr": Interval(1e-3, 1e-2),
    "depth": Interval(4, 8),
    "booster": {"gbtree": 4, "dart": 1},
    "rate_drop": Interval(0.1, 0.2),
    "batch": Interval(32, 100),
}


def along(prior: OptimumPrior, column: int, count: int = 4000) -> tuple[Any, Any]:
    u = (np.arange(count) + 0.5) / count
    x = np.full((count, len(SPACE)), 0.5)
    x[:, column] = u
    active = np.zeros(x.shape, dtype=bool)
    active[:, column] = True
    return u, np.exp(prior.log_density(x, active))


@pytest.mark.parametrize("column", range(len(SPACE)))
def test_each_column_is_a_density_that_is_nowhere_zero(column: int) -> None:
    _, density = along(OptimumPrior(SPACE, BELIEFS), column)

    assert density.mean() == pytest.approx(1.0, abs=2e-3)
    assert density.min() >= 1 - CONFIDENCE


@given(low=st.floats(-6, 0), width=st.floats(0, 6))
def test_a_region_is_densest_in_its_middle_and_one_off_the_range_says_nothing(
    low: float, width: float
) -> None:
    region = Interval(10**low, 10 ** (low + width))
    prior = OptimumPrior(SPACE, {"lr": region})

    if region.high < 1e-5 or region.low > 1e-1:
        assert prior.names == ()
        return
    u, density = along(prior, 0)
    middle = math.log10(math.sqrt(max(region.low, 1e-5) * min(region.high, 1e-1)))
    assert u[np.argmax(density)] == pytest.approx((middle + 5) / 4, abs=0.01)


def test_where_nothing_is_known_the_density_is_one() -> None:
    prior = OptimumPrior(SPACE, {"lr": Interval(1e-3, 1e-2), "nothing": Interval(0, 1)})

    assert prior.names == ("lr",)
    assert (along(prior, 1)[1] == 1.0).all()


def test_inactive_columns_have_no_part() -> None:
    prior = OptimumPrior(SPACE, {"rate_drop": Interval(0.1, 0.2)})
    x = np.random.default_rng(0).random((8, len(SPACE)))

    assert (prior.log_density(x, np.zeros(x.shape, dtype=bool)) == 0.0).all()
    assert (prior.log_density(x, np.ones(x.shape, dtype=bool)) != 0.0).all()


def test_the_mode_is_the_middle_of_what_is_known_and_the_default_elsewhere() -> None:
    mode = OptimumPrior(SPACE, {"lr": Interval(1e-3, 1e-2), "batch": Interval(32, 128)}).mode()

    assert mode == {"lr": pytest.approx(10**-2.5), "depth": 3, "booster": "gbtree", "batch": 64}


def test_draws_lie_where_good_values_are_believed_to() -> None:
    drawn = OptimumPrior(SPACE, BELIEFS).sample(np.random.default_rng(0), 4000)
    inside = np.mean([1e-3 <= one["lr"] <= 1e-2 for one in drawn])
    counts = [sum(one["booster"] == name for one in drawn) for name in ("gbtree", "dart", "gblinear")]

    assert inside == pytest.approx(0.683, abs=0.03)  # a region is one deviation wide on either side
    assert counts[1] / counts[0] == pytest.approx(1 / 4, abs=0.03)
    assert 0 < counts[2] < counts[1]


@pytest.mark.parametrize("weights", [{"lgbm": 1.0}, {"gbtree": 0.0}, {}])
def test_weights_of_no_option_say_nothing(weights: dict[str, float]) -> None:
    assert OptimumPrior(SPACE, {"booster": weights}).names == ()


@pytest.mark.parametrize(
    ("parameter", "region", "best"),
    [
        (bg.Int(1, 8, log=True), Interval(1, 1), 1),
        (bg.Int(1, 3), Interval(1, 1), 1),
        (bg.Int(1, 2), Interval(2, 2), 2),
        (bg.Int(1, 10, log=True), Interval(1, 3), 2),
        (bg.Float(0, 1, step=0.5), Interval(0.4, 0.6), 0.5),
    ],
)
def test_a_region_lies_where_the_values_of_a_grid_do(
    parameter: bg.Int | bg.Float, region: Interval, best: float
) -> None:
    space = bg.Space(n=parameter)
    prior = OptimumPrior(space, {"n": region})
    values = parameter.values()
    density = np.exp(prior.log_density(space.encode_many([{"n": value} for value in values])))
    assert prior.mode() == {"n": best}
    assert values[int(np.argmax(density))] == best
    assert density.max() > 1.0
    assert prior.sample(np.random.default_rng(0), 200).count({"n": best}) > 100 - 60 * (len(values) > 3)


def test_values_that_are_all_good_are_equally_likely() -> None:
    space = bg.Space(depth=bg.Int(1, 4))
    x = space.encode_many([{"depth": value} for value in (1, 2, 3)])
    one, two, three = np.exp(OptimumPrior(space, {"depth": Interval(1, 2)}).log_density(x))
    assert one == pytest.approx(two)
    assert two > three
