from __future__ import annotations

import sys
from typing import Any

import ConfigSpace
import numpy as np
import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st
from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
from tests.strategies import params_of, spaces

from bestguess.tools.errors import SpaceError
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter, Text
from bestguess.tools.space.space import Space


def boosting() -> Space:
    return Space(
        lr=Float(1e-5, 1e-1, log=True, doc="Adam learning rate"),
        depth=Int(1, 8),
        width=Int(16, 512, step=16),
        dropout=Float(0, 0.5, step=0.05),
        booster=Choice(["gbtree", "dart", None]),
        rate_drop=Float(0, 0.5, default=0.1, when={"booster": ["dart", None], "depth": [1, 2, 4]}),
        size=Choice([0.1, 0.5, 3], ordered=True, default=0.5),
        prompt=Text(default="Be brief.", examples=["Think."], when={"size": 3}),
    )


def test_optuna_gets_a_distribution_for_each_parameter() -> None:
    assert boosting().to_optuna() == {
        "lr": FloatDistribution(1e-5, 1e-1, log=True),
        "depth": IntDistribution(1, 8),
        "width": IntDistribution(16, 512, step=16),
        "dropout": FloatDistribution(0, 0.5, step=0.05),
        "booster": CategoricalDistribution(["gbtree", "dart", None]),
        "rate_drop": FloatDistribution(0, 0.5),
        "size": CategoricalDistribution([0.1, 0.5, 3]),
        "prompt": CategoricalDistribution(["Be brief.", "Think."]),
    }


@given(st.data())
def test_optuna_takes_params_of_any_space_and_gives_valid_ones_back(data: st.DataObject) -> None:
    space = data.draw(spaces())
    params = data.draw(params_of(space))
    distributions = space.to_optuna()

    for name, value in params.items():
        distribution = distributions[name]
        parameter = space[name]
        if isinstance(parameter, Text) and value not in parameter.known:
            continue
        internal = distribution.to_internal_repr(value)
        assert distribution._contains(internal)
        assert parameter.canonical(distribution.to_external_repr(internal)) == value
    flat = Space.from_optuna(distributions)
    assert flat.names == space.names
    assert flat.to_optuna() == distributions


def test_what_optuna_suggests_is_valid() -> None:
    space = Space({name: one for name, one in boosting().parameters.items() if not one.when})
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))

    for _ in range(30):
        params = study.ask(space.to_optuna()).params
        assert space.validate(params) == pytest.approx(params)


def test_a_single_value_of_optuna_is_a_choice_of_one() -> None:
    space = Space.from_optuna({"a": IntDistribution(3, 3), "b": FloatDistribution(0.5, 0.5)})

    assert space.default() == {"a": 3, "b": 0.5}


@pytest.mark.parametrize(
    ("distribution", "words"),
    [
        (CategoricalDistribution([True, 1]), "parameter 'x': Choice: options True and 1 look the same"),
        (IntDistribution(0, 2**50), "parameter 'x': Int: high is 1125899906842624; .* or use Float"),
        (object(), "parameter 'x': <object .* is no distribution"),
    ],
)
def test_what_a_space_cannot_hold_of_optuna_is_named(distribution: Any, words: str) -> None:
    with pytest.raises(SpaceError, match=words):
        Space.from_optuna({"x": distribution})


@given(st.data())
def test_configspace_has_the_same_configurations(data: st.DataObject) -> None:
    space = Space(data.draw(spaces(max_size=5)).parameters)
    params = data.draw(params_of(space))
    configspace = space.to_configspace()
    configspace.seed(0)

    back = Space.from_configspace(configspace)

    assert back == space
    default = space.complete(dict(configspace.get_default_configuration()))
    np.testing.assert_allclose(space.encode(default), space.encode(space.default()), atol=1e-6)
    for configuration in configspace.sample_configuration(2):
        sampled = dict(configuration)
        assert tuple(space.complete(sampled)) == space.active(sampled)
    if all(value in one.known for name, value in params.items() if isinstance(one := space[name], Text)):
        ConfigSpace.Configuration(configspace, values=params).check_valid_configuration()


def test_a_configspace_of_ours_without_its_notes_keeps_what_configspace_can_say() -> None:
    configspace = boosting().to_configspace()
    for hyperparameter in configspace.values():
        hyperparameter.meta = None

    space = Space.from_configspace(configspace)

    ours = dict(boosting().parameters)
    assert dict(space.parameters) == ours | {
        "lr": Float(1e-5, 1e-1, log=True),
        "width": Choice(ours["width"].values(), ordered=True, default=256),
        "dropout": Choice(ours["dropout"].values(), ordered=True, default=0.25),
        "prompt": Choice(["Be brief.", "Think."], when={"size": 3}),
    }


def test_a_configspace_of_someone_else_is_translated() -> None:
    cs = ConfigSpace.ConfigurationSpace(
        {
            "trees": (10, 500),
            "lr": ConfigSpace.Float("lr", (1e-4, 1.0), log=True, default=0.1),
            "noise": ConfigSpace.Float(
                "noise", (-1.0, 1.0), distribution=ConfigSpace.Normal(0, 1), default=0.2
            ),
            "kernel": ["rbf", "poly", "linear"],
            "size": ConfigSpace.OrdinalHyperparameter("size", ["s", "m", "l"], default_value="m"),
            "fixed": ConfigSpace.Constant("fixed", 3),
            "degree": (2, 5),
            "coef": (0.0, 1.0),
            "min samples": (1, 20),
        }
    )
    cs.add(
        ConfigSpace.NotEqualsCondition(cs["degree"], cs["kernel"], "linear"),
        ConfigSpace.AndConjunction(
            ConfigSpace.GreaterThanCondition(cs["coef"], cs["size"], "s"),
            ConfigSpace.OrConjunction(
                ConfigSpace.EqualsCondition(cs["coef"], cs["kernel"], "poly"),
                ConfigSpace.EqualsCondition(cs["coef"], cs["kernel"], "rbf"),
            ),
        ),
        ConfigSpace.ForbiddenAndConjunction(
            ConfigSpace.ForbiddenEqualsClause(cs["kernel"], "poly"),
            ConfigSpace.ForbiddenInClause(cs["size"], ["l", "m"]),
        ),
        ConfigSpace.ForbiddenOrConjunction(
            ConfigSpace.ForbiddenGreaterThanClause(cs["lr"], 0.5),
            ConfigSpace.ForbiddenLessThanRelation(cs["trees"], cs["min samples"]),
        ),
    )

    space = Space.from_configspace(cs)

    assert dict(space.parameters) == {
        "trees": Int(10, 500),
        "lr": Float(1e-4, 1.0, log=True, default=0.1),
        "noise": Float(-1, 1, default=0.2),
        "kernel": Choice(["rbf", "poly", "linear"]),
        "size": Choice(["s", "m", "l"], ordered=True, default="m"),
        "fixed": Choice([3]),
        "degree": Int(2, 5, default=4, when={"kernel": ["rbf", "poly"]}),
        "coef": Float(0, 1, when={"kernel": ["rbf", "poly"], "size": ["m", "l"]}),
        "min samples": Int(1, 20),
    }
    assert set(space.constraints) == {
        "not (kernel == 'poly' and size in ['l', 'm'])",
        "not (lr > 0.5)",
        "not (trees < `min samples`)",
    }
    for configuration in cs.sample_configuration(50):
        space.validate(dict(configuration))


def conditional(condition: Any) -> ConfigSpace.ConfigurationSpace:
    cs = ConfigSpace.ConfigurationSpace({"a": (1, 9), "b": ["x", "y"], "c": (0.0, 1.0), "s": (0, 10**6)})
    cs.add(ConfigSpace.OrdinalHyperparameter("o", ["lo", "hi"]))
    cs.add(condition(cs))
    return cs


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (
            lambda cs: ConfigSpace.OrConjunction(
                ConfigSpace.EqualsCondition(cs["c"], cs["a"], 1),
                ConfigSpace.EqualsCondition(cs["c"], cs["b"], "x"),
            ),
            "parameter 'c': its condition is an 'or' over 'a' and 'b'",
        ),
        (
            lambda cs: ConfigSpace.GreaterThanCondition(cs["b"], cs["s"], 3),
            "parameter 'b': .* is over more values than can be listed",
        ),
        (
            lambda cs: ConfigSpace.EqualsCondition(cs["b"], cs["c"], 0.5),
            "parameter 'b': when names 'c', a Float; only a Choice or an Int",
        ),
        (
            lambda cs: ConfigSpace.AndConjunction(
                ConfigSpace.LessThanCondition(cs["c"], cs["a"], 3),
                ConfigSpace.GreaterThanCondition(cs["c"], cs["a"], 5),
            ),
            r"parameter 'c': Float: when\['a'\] is empty",
        ),
        (
            lambda cs: ConfigSpace.ForbiddenGreaterThanClause(cs["o"], "lo"),
            "the forbidden clause .* has no counterpart; write it as a constraint",
        ),
    ],
)
def test_what_a_space_cannot_say_of_a_configspace_is_named(condition: Any, words: str) -> None:
    with pytest.raises(SpaceError, match=words):
        Space.from_configspace(conditional(condition))


def test_values_that_are_no_plain_ones_are_refused() -> None:
    cs = ConfigSpace.ConfigurationSpace({"layers": ConfigSpace.Categorical("layers", [(1, 2), (3,)])})

    with pytest.raises(SpaceError, match=r"parameter 'layers': Choice: option .* cannot be stored"):
        Space.from_configspace(cs)


@pytest.mark.parametrize(
    ("parameter", "words"),
    [
        (Float(1e-15, 1e-3, log=True), "ConfigSpace rounds 1e-15 to 13 decimals; change its unit"),
        (Choice([True, 2]), "ConfigSpace confuses booleans and numbers; use strings"),
    ],
)
def test_what_configspace_cannot_hold_is_named(parameter: Parameter, words: str) -> None:
    with pytest.raises(SpaceError, match=f"parameter 'x': {words}"):
        Space(x=parameter).to_configspace()


def test_constraints_are_dropped_for_configspace_only_when_asked() -> None:
    space = Space(x=Int(1, 9), constraints="x < 7")

    with pytest.raises(SpaceError, match="ConfigSpace has no constraints such as 'x < 7'"):
        space.to_configspace()
    assert list(space.to_configspace(drop_constraints=True)) == ["x"]


def test_a_grid_too_long_to_list_loses_its_step() -> None:
    configspace = Space(x=Int(0, 10**6, step=5)).to_configspace()

    assert configspace["x"].size == 10**6 + 1
    assert Space.from_configspace(configspace)["x"] == Int(0, 10**6, step=5)


def test_a_missing_configspace_is_named_with_the_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ConfigSpace", None)

    with pytest.raises(
        SpaceError, match=r"ConfigSpace is not installed; pip install 'bestguess\[configspace\]'"
    ):
        boosting().to_configspace()
