from __future__ import annotations

from typing import Any

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import (
    BaseDistribution,
    CategoricalDistribution,
    FloatDistribution,
    IntDistribution,
)
from optuna.trial import FrozenTrial, TrialState

from bestguess.agent.sampling.native_space import NativeSpace
from bestguess.agent.sampling.observed import infer_space, settle

UNIT = FloatDistribution(0, 1)
KIND = CategoricalDistribution(["a", "b", "c"])
LAYERS = IntDistribution(1, 4)


def trial(state: TrialState = TrialState.COMPLETE, **given: tuple[Any, BaseDistribution]) -> FrozenTrial:
    return optuna.create_trial(
        state=state,
        value=0.0 if state == TrialState.COMPLETE else None,
        params={name: value for name, (value, _) in given.items()},
        distributions={name: distribution for name, (_, distribution) in given.items()},
    )


def conditions(*trials: FrozenTrial) -> dict[str, Any]:
    native = infer_space(trials)
    assert native is not None
    return {name: dict(one.when) for name, one in native.space.parameters.items() if one.when}


def test_a_category_that_tells_when_a_parameter_is_there_is_its_parent() -> None:
    assert conditions(
        trial(kind=("a", KIND), x=(0.5, UNIT)),
        trial(kind=("b", KIND), x=(0.2, UNIT)),
        trial(kind=("c", KIND)),
    ) == {"x": {"kind": ("a", "b")}}


def test_a_count_is_the_parent_of_what_comes_with_more_of_it() -> None:
    assert conditions(
        trial(layers=(1, LAYERS)),
        trial(layers=(3, LAYERS), units=(0.5, UNIT)),
    ) == {"units": {"layers": (3, 4)}}


def test_conditions_nest() -> None:
    inner = CategoricalDistribution(["u", "v"])
    assert conditions(
        trial(kind=("a", KIND)),
        trial(kind=("b", KIND), inner=("u", inner)),
        trial(kind=("b", KIND), inner=("v", inner), x=(0.5, UNIT)),
    ) == {"inner": {"kind": ("b",)}, "x": {"inner": ("v",)}}


def test_two_that_always_come_together_have_the_parent_of_both() -> None:
    inner = CategoricalDistribution(["u", "v"])
    assert conditions(
        trial(kind=("a", KIND)),
        trial(kind=("b", KIND), inner=("u", inner), x=(0.5, UNIT)),
    ) == {"inner": {"kind": ("b",)}, "x": {"kind": ("b",)}}


def test_what_nothing_explains_is_left_out_with_the_reason() -> None:
    native = infer_space(
        [trial(kind=("a", KIND), x=(0.5, UNIT)), trial(kind=("a", KIND)), trial(kind=("b", KIND))]
    )
    assert native is not None
    assert native.space.names == ("kind",)
    assert "no other parameter tells when" in native.left_out["x"]


def test_trials_that_were_stopped_count_only_where_there_is_nothing_better() -> None:
    stopped = trial(TrialState.FAIL, x=(0.5, UNIT))
    whole = trial(x=(0.5, UNIT), y=(0.5, UNIT))
    assert infer_space([trial(TrialState.RUNNING)]) is None
    only_stopped, both = infer_space([stopped]), infer_space([stopped, whole])
    assert only_stopped is not None
    assert both is not None
    assert only_stopped.space.names == ("x",)
    assert both.space.names == ("x", "y")
    assert not any(one.when for one in both.space.parameters.values())


WIDE = FloatDistribution(0, 9)
STEPPED = IntDistribution(2, 8, step=2)


@pytest.mark.parametrize(
    ("found", "newest", "whole"),
    [
        ([UNIT, WIDE], WIDE, WIDE),
        ([WIDE, UNIT], UNIT, FloatDistribution(0, 2)),
        ([UNIT, FloatDistribution(5, 6)], FloatDistribution(5, 6), FloatDistribution(4, 6)),
        ([UNIT, WIDE, UNIT, WIDE], WIDE, WIDE),
        ([IntDistribution(1, 9), UNIT], UNIT, FloatDistribution(0, 2)),
        ([LAYERS, IntDistribution(3, 8)], IntDistribution(3, 8), IntDistribution(1, 8)),
        (
            [LAYERS, IntDistribution(2, 8, step=2)],
            IntDistribution(2, 8, step=2),
            IntDistribution(2, 8, step=2),
        ),
        ([UNIT, KIND], KIND, KIND),
        ([KIND, UNIT], UNIT, UNIT),
        ([UNIT, FloatDistribution(1, 1)], FloatDistribution(1, 1), FloatDistribution(1, 1)),
    ],
)
def test_what_is_asked_for_last_is_searched_and_shown_with_what_lay_near_it(
    found: list[BaseDistribution], newest: BaseDistribution, whole: BaseDistribution
) -> None:
    assert settle(found) == (newest, whole)


def test_on_a_log_scale_what_lay_near_is_measured_in_magnitudes() -> None:
    narrow = FloatDistribution(1e-2, 1, log=True)
    _, whole = settle([FloatDistribution(0, 50), narrow])
    assert isinstance(whole, FloatDistribution)
    assert (whole.low, whole.high) == pytest.approx((1e-2, 50))
    _, whole = settle([FloatDistribution(1e-9, 1e9, log=True), narrow])
    assert isinstance(whole, FloatDistribution)
    assert (whole.low, whole.high) == pytest.approx((1e-4, 100))


@pytest.mark.parametrize("distribution", [FloatDistribution(0, 1e308), IntDistribution(0, 2**50)])
def test_a_distribution_beyond_what_a_space_holds_is_left_out(distribution: BaseDistribution) -> None:
    native = NativeSpace.infer({"x": distribution, "y": UNIT})
    assert native is not None
    if "x" not in native.names:
        assert native.left_out["x"]
    else:
        assert native.from_native(native.to_native(native.space.default())) == native.space.default()


NAMES = st.lists(st.text(max_size=12), min_size=1, max_size=4, unique=True)

CHOICES = st.lists(
    st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(), st.text(max_size=9)),
    min_size=2,
    max_size=5,
    unique_by=lambda value: "nan" if value != value else value,  # Optuna cannot tell False from 0 either
)


@given(names=NAMES, choices=CHOICES, seed=st.integers(0, 99))
def test_params_come_back_as_they_went_whatever_the_names_and_categories(
    names: list[str], choices: list[Any], seed: int
) -> None:
    import numpy as np

    distribution = CategoricalDistribution(choices)
    native = NativeSpace.infer(dict.fromkeys(names, distribution))
    assert native is not None
    params = native.space.sample(np.random.default_rng(seed))
    there = native.to_native(params)
    assert there.keys() == set(names)
    assert all(distribution._contains(distribution.to_internal_repr(value)) for value in there.values())
    assert native.from_native(there) == params
