from __future__ import annotations

import json as plain_json
import math
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import optuna as library
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from tests.strategies import params_of, spaces

import bestguess as bg
from bestguess.agent.adapters import adapter, configspace, csv, flaml, hyperopt, json, optuna, ray, skopt
from bestguess.agent.adapters._translation import Draft, label, multiples, numeric, quantized
from bestguess.agent.warm_start import WarmStart
from bestguess.tools.errors import InputError, ParamsError, SpaceError
from bestguess.tools.space.space import Space

SPACE = bg.Space(
    lr=bg.Float(1e-5, 1e-1, log=True, default=1e-3),
    booster=bg.Choice(["gbtree", "dart"]),
    rate_drop=bg.Float(0, 0.5, when={"booster": "dart"}),
)
POINTS = [{"lr": 0.01, "booster": "gbtree"}, {"lr": 0.1, "booster": "dart", "rate_drop": 0.2}]


@settings(max_examples=40)
@given(st.data())
@pytest.mark.slow
def test_whatever_the_space_valid_points_come_back_from_csv_and_json_as_they_went(
    data: st.DataObject,
) -> None:
    space = data.draw(spaces())
    points = data.draw(st.lists(params_of(space), max_size=3))
    assert csv.load(csv.to_native(points, space), space) == points
    assert plain_json.loads(json.to_native(points, space)) == points


@given(
    st.floats(-100, 100),
    st.floats(0.0, 300.0),
    st.sampled_from([0.1, 0.25, 1.0, 3.0, 32.0]),
    st.booleans(),
    st.floats(0, 1),
)
def test_a_quantized_value_is_a_multiple_inside_the_range(
    low: float, width: float, q: float, log: bool, u: float
) -> None:
    low = abs(low) + 0.01 if log else low
    assume(math.floor((low + width) / q) > math.ceil(low / q))
    parameter, snap = quantized(low, low + width, q, log=log)
    value = snap(parameter.decode(u))
    assert isinstance(value, float)
    assert math.isclose(value / q, round(value / q), abs_tol=1e-6)
    assert low <= value <= low + width


def test_a_quantum_that_binary_numbers_cannot_hold_is_counted_in_exactly() -> None:
    parameter, snap = quantized(0.3, 0.9, 0.1)
    assert parameter.values() == [0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    assert snap(0.3) == 3 * 0.1  # as the tuners draw it


def test_a_range_without_a_multiple_is_refused() -> None:
    with pytest.raises(SpaceError, match=r"no multiple of 5\.0 lies from 1\.0 to 4\.0; widen the range"):
        multiples(1.0, 4.0, 5.0)


def test_a_range_of_one_value_is_a_choice_of_one() -> None:
    assert numeric(3, 3, integer=True).allowed == "one of 3"


def test_options_of_any_kind_come_back_as_the_objects_they_are() -> None:
    options: list[Any] = [max, (1, 2), 1, True, "a", {"x": 1}]
    translation = Draft.read([("function", options)], Draft.add_choice)
    names = label(options)
    assert names[:2] == ["max", "(1, 2)"]
    assert len(set(names)) == len(options)
    rows = translation.spell([{"function": name} for name in names])
    assert all(row["function"] is option for row, option in zip(rows, options, strict=True))


def test_without_a_default_an_order_begins_in_its_middle() -> None:
    draft = Draft()
    draft.add_choice("batch", [32, 64, 128], ordered=True)
    assert draft.parameters["batch"].default == 64


def test_plain_options_keep_their_own_names() -> None:
    assert label(["a", 1, None]) == ["a", 1, None]


def test_a_point_that_lacks_a_parameter_gets_its_default_and_one_outside_is_refused() -> None:
    assert optuna.to_native([{"booster": "dart"}], SPACE) == [
        {"lr": 1e-3, "booster": "dart", "rate_drop": 0.25}
    ]
    with pytest.raises(ParamsError, match="lr"):
        optuna.to_native([{"lr": 7.0}], SPACE)
    with pytest.raises(ParamsError, match="depth"):
        optuna.to_native([{"depth": 7}], SPACE)


def test_a_space_of_ours_is_spelled_as_each_tuner_writes_it() -> None:
    assert hyperopt.to_native(POINTS, SPACE) == [
        {"lr": 0.01, "booster": 0},
        {"lr": 0.1, "booster": 1, "rate_drop": 0.2},
    ]
    assert skopt.to_native(POINTS, SPACE) == [[0.01, "gbtree", 0.25], [0.1, "dart", 0.2]]
    assert ray.to_native(POINTS, SPACE)[0] == {"lr": 0.01, "booster": "gbtree", "rate_drop": 0.25}


def test_what_is_cheap_is_the_low_end_of_what_the_user_names() -> None:
    assert flaml.low_cost_partial_config(SPACE, ["lr"]) == {"lr": 1e-5}
    with pytest.raises(ParamsError, match="'booster' is no numeric parameter"):
        flaml.low_cost_partial_config(SPACE, ["booster"])


def test_proposals_params_and_a_warm_start_are_all_points() -> None:
    made = WarmStart.guess(SPACE, n=3)
    expected = [dict(point.params) for point in made.points]
    assert optuna.to_native(made, SPACE) == expected
    assert optuna.to_native(list(made.points), SPACE) == expected
    assert optuna.to_native(expected, SPACE) == expected
    assert plain_json.loads(json.to_native(made, SPACE)) == made.to_dict()


def test_an_enqueued_trial_says_who_proposed_it_and_why() -> None:
    study = library.create_study()
    optuna.hand_over([*bg.warm_start(SPACE, n=1), *POINTS], SPACE, study)
    assert [trial.user_attrs.get("source") for trial in study.trials] == ["default", None, None]
    assert study.trials[0].user_attrs["reason"].startswith("the default configuration")


def test_a_configuration_is_of_the_space_that_was_given() -> None:
    native = SPACE.to_configspace()
    configurations = configspace.to_native(POINTS, native)
    assert [dict(one) for one in configurations] == POINTS
    assert all(one.config_space is native for one in configurations)


def test_a_frame_for_hebo_has_none_as_an_option_and_no_missing_number() -> None:
    space = bg.Space(a=bg.Choice([None, "x"]), b=bg.Choice([None, 1]), n=bg.Int(1, 4))
    points = [{"a": None, "b": None, "n": 3}, {"a": "x", "b": 1, "n": 4}]
    frame = bg.adapters.hebo.to_native(points, space)
    assert [list(frame[name]) for name in "ab"] == [[None, "x"], [None, 1]]
    assert frame["n"].dtype == int


@pytest.mark.parametrize("name", ["ax", "configspace", "hebo", "neps", "optuna", "ray", "synetune", "vizier"])
def test_what_is_no_space_of_the_tuner_is_refused_by_name(name: str) -> None:
    with pytest.raises(SpaceError, match="the space is 7; give "):
        adapter(name).from_native(7)


def test_an_unknown_tuner_is_refused_with_the_nearest() -> None:
    with pytest.raises(InputError, match="no adapter for 'optune'; did you mean 'optuna'"):
        adapter("optune")
    with pytest.raises(AttributeError, match="nobody"):
        bg.adapters.nobody  # noqa: B018


def test_adapters_are_public_before_anything_else_is_imported() -> None:
    words = "import bestguess as bg; print(bg.adapters.skopt.DISTRIBUTION)"
    done = subprocess.run([sys.executable, "-c", words], capture_output=True, text=True, check=True)
    assert done.stdout == "scikit-optimize\n"


def test_adapters_are_public() -> None:
    assert bg.adapters.optuna is optuna
    assert isinstance(bg.adapters.json.from_native(plain_json.dumps(SPACE.to_dict())), Space)


@pytest.mark.parametrize(
    ("name", "package", "use"),
    [
        ("configspace", "ConfigSpace", lambda one: one.to_native(POINTS, SPACE)),
        ("hebo", "pandas", lambda one: one.to_native(POINTS, SPACE)),
        ("hyperopt", "hyperopt", lambda one: one.read({})),
        ("nevergrad", "nevergrad", lambda one: one.read({})),
        ("ray", "ray", lambda one: one.Search),
        ("skopt", "skopt", lambda one: one.read([])),
        ("smac3", "ConfigSpace", lambda one: one.to_native(POINTS, SPACE)),
        ("vizier", "vizier", lambda one: one.to_native(POINTS, SPACE)),
    ],
)
def test_a_library_that_is_not_there_is_named_with_what_to_install(
    name: str, package: str, use: Callable[[Any], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in [one for one in sys.modules if one.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, module)
    monkeypatch.delitem(sys.modules, "bestguess.agent.adapters._ray_search", raising=False)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(InputError, match=r"is not installed here .*; pip install '"):
        use(adapter(name))
