"""A space in the terms of other tuners: Optuna's distributions, ConfigSpace, scikit-optimize's dimensions.

Optuna's distributions are flat: conditions, constraints, defaults and documentation stay behind, and a Text
becomes a category of the texts it knows. ConfigSpace has conditions and defaults but no grids, free text
or expressions: a grid of up to MAX_LISTED values becomes ordinal, a larger one loses its step (complete
what comes back with `Space.complete`), a Text becomes a category. What ConfigSpace cannot say is kept in
the `meta` of its hyperparameters, so that a space comes back as it went. A dimension of scikit-optimize is
read without that library.

No library is imported before it is needed.
"""

from __future__ import annotations

import keyword
from collections.abc import Callable, Hashable, Mapping
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any, cast

from bestguess.tools.errors import SpaceError
from bestguess.tools.space.formats import read_parameter
from bestguess.tools.space.numeric import BOUND_SLACK
from bestguess.tools.space.parameters import Choice, Fidelity, Float, Int, Parameter, Text
from bestguess.tools.space.space import Space
from bestguess.tools.words.given import entries, plain, shown

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace
    from optuna.distributions import BaseDistribution

MAX_LISTED = 1000
META = "bestguess"
DECIMALS = 13
"""What ConfigSpace rounds its floats to."""


def to_optuna(space: Space) -> dict[str, BaseDistribution]:
    """Return a distribution for each parameter, active or not."""
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    def distribution(parameter: Parameter) -> BaseDistribution:
        if isinstance(parameter, Float):
            return FloatDistribution(parameter.low, parameter.high, log=parameter.log, step=parameter.step)
        if isinstance(parameter, Fidelity):
            kind: Any = IntDistribution if parameter.is_whole else FloatDistribution
            return cast("BaseDistribution", kind(parameter.low, parameter.high, log=parameter.log))
        if isinstance(parameter, Int):
            return IntDistribution(parameter.low, parameter.high, log=parameter.log, step=parameter.step)
        return CategoricalDistribution(parameter.values())

    return {name: distribution(parameter) for name, parameter in space.parameters.items()}


def from_optuna(distributions: Mapping[str, BaseDistribution]) -> Space:
    """Return the space of these distributions, a single value being a Choice of one.

    Raises SpaceError, naming the parameter, for what a space cannot hold.
    """
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    def parameter(distribution: BaseDistribution) -> Parameter:
        match distribution:
            case CategoricalDistribution(choices=choices):
                return Choice(choices)
            case FloatDistribution() | IntDistribution() if distribution.single():
                return Choice([distribution.low])
            case FloatDistribution(low=low, high=high, log=log, step=step):
                return Float(low, high, log=log, step=step)
            case IntDistribution(low=low, high=high, log=log, step=step):
                return Int(low, high, log=log, step=step)
        raise SpaceError(f"{shown(distribution)} is no distribution that a space can hold; give another")

    given = entries(distributions)
    if given is None:
        raise SpaceError(f"{shown(distributions)} is no mapping; give Optuna's distributions by their names")
    return Space({name: _named(name, parameter, each) for name, each in given.items()})


def to_configspace(space: Space, *, drop_constraints: bool = False) -> ConfigurationSpace:
    """Return the ConfigSpace of `space`, with its defaults and conditions.

    Raises SpaceError for constraints, unless they may be dropped, and for numbers it would round away.
    """
    try:
        from ConfigSpace import AndConjunction, ConfigurationSpace, EqualsCondition, InCondition
    except ModuleNotFoundError as error:
        raise SpaceError("ConfigSpace is not installed; pip install 'bestguess[configspace]'") from error
    if space.constraints and not drop_constraints:
        raise SpaceError(
            f"ConfigSpace has no constraints such as {space.constraints[0]!r}; "
            "drop them with drop_constraints=True and check with Space.satisfies"
        )
    configspace = ConfigurationSpace()
    for place, (name, parameter) in enumerate(space.parameters.items()):
        definition = replace(parameter, when={}).definition()
        configspace.add(_hyperparameter(name, parameter, {META: {"place": place, "definition": definition}}))
    for name, parameter in space.parameters.items():
        conditions = [
            EqualsCondition(configspace[name], configspace[parent], values[0])
            if len(values) == 1
            else InCondition(configspace[name], configspace[parent], list(values))
            for parent, values in parameter.when.items()
        ]
        if conditions:
            configspace.add(AndConjunction(*conditions) if len(conditions) > 1 else conditions[0])
    return configspace


def from_configspace(configspace: ConfigurationSpace) -> Space:
    """Return the space of a ConfigSpace; weights and priors over values stay behind.

    Conditions become `when`, forbidden clauses constraints. Raises SpaceError, naming the parameter, for an
    `or` over several parents, an order between ordinal values, and values that are no plain ones.
    """
    if not hasattr(configspace, "forbidden_clauses"):
        raise SpaceError(f"{shown(configspace)} is no space of ConfigSpace's; give a ConfigurationSpace")
    hyperparameters = sorted(configspace.values(), key=lambda each: _meta(each).get("place", 0))
    parameters = {each.name: _named(each.name, _parameter, each) for each in hyperparameters}
    for name, conditions in configspace.parent_conditions_of.items():
        for condition in conditions:
            when = {**parameters[name].when, **_allowed(name, condition, parameters)}
            parameters[name] = _named(name, replace, parameters[name], when=when)
    constraints = [
        f"not ({_forbidden(clause, parameters)})"
        for each in configspace.forbidden_clauses
        for clause in _alternatives(each)
    ]
    return Space(parameters, constraints=constraints)


def is_dimension(given: Any) -> bool:
    """Whether it is a dimension of scikit-optimize, or a tuple of bounds and a prior, short for one."""
    if isinstance(given, tuple):
        return len(given) == 3 and isinstance(given[2], str) and given[2] in _PRIORS
    return hasattr(given, "prior") and (hasattr(given, "categories") or hasattr(given, "low"))


def read_dimension(dimension: Any) -> Parameter | list[Any]:
    """Return what a dimension of scikit-optimize means: a Float or an Int; of a Categorical, its categories.

    The probabilities of categories stay behind. Raises SpaceError.
    """
    if isinstance(dimension, tuple):
        low, high, prior = map(plain, dimension)
        kind = "Integer" if isinstance(low, int) and isinstance(high, int) else "Real"
    elif hasattr(dimension, "categories"):
        return list(dimension.categories)
    else:
        low, high, prior, kind = dimension.low, dimension.high, dimension.prior, type(dimension).__name__
    if kind not in ("Real", "Integer") or prior not in _PRIORS:
        raise SpaceError(f"it is a {kind} with the prior {shown(prior)}; use Real, Integer, Categorical")
    return (Int if kind == "Integer" else Float)(low, high, log=prior == "log-uniform")


_PRIORS = ("uniform", "log-uniform")


def _named(name: str, make: Callable[..., Parameter], *args: Any, **fields: Any) -> Parameter:
    try:
        return make(*args, **fields)
    except SpaceError as error:
        raise SpaceError(f"parameter {shown(name)}: {error}") from error


def _hyperparameter(name: str, parameter: Parameter, meta: Mapping[Hashable, Any]) -> Any:
    from ConfigSpace import (
        CategoricalHyperparameter,
        OrdinalHyperparameter,
        UniformFloatHyperparameter,
        UniformIntegerHyperparameter,
    )

    listed = parameter.grid_size is not None and parameter.grid_size <= MAX_LISTED
    stepped = isinstance(parameter, Float | Int) and parameter.step not in (None, 1)
    if isinstance(parameter, Choice | Text | Fidelity) or (listed and stepped):
        values = parameter.values()
        if any(isinstance(value, bool) for value in values) and any(
            type(value) in (int, float) for value in values
        ):
            raise SpaceError(f"parameter {name!r}: ConfigSpace confuses booleans and numbers; use strings")
        kind = CategoricalHyperparameter if parameter.kind == "categorical" else OrdinalHyperparameter
        return kind(name, values, default_value=parameter.default, meta=meta)
    assert isinstance(parameter, Float | Int)
    for bound in (parameter.low, parameter.high):
        if abs(round(bound, DECIMALS) - bound) > BOUND_SLACK * abs(bound):
            raise SpaceError(
                f"parameter {name!r}: ConfigSpace rounds {bound!r} to {DECIMALS} decimals; change its unit"
            )
    numeric = UniformFloatHyperparameter if isinstance(parameter, Float) else UniformIntegerHyperparameter
    return numeric(
        name, parameter.low, parameter.high, default_value=parameter.default, log=parameter.log, meta=meta
    )


def _meta(hyperparameter: Any) -> Mapping[str, Any]:
    """Return what `to_configspace` left with the hyperparameter."""
    meta = (hyperparameter.meta or {}).get(META)
    return meta if isinstance(meta, Mapping) else {}


def _parameter(hyperparameter: Any) -> Parameter:
    from ConfigSpace import CategoricalHyperparameter, Constant, OrdinalHyperparameter
    from ConfigSpace.hyperparameters import FloatHyperparameter, IntegerHyperparameter

    if "definition" in _meta(hyperparameter):
        return read_parameter(hyperparameter.name, _meta(hyperparameter)["definition"])
    match hyperparameter:
        case Constant():
            return Choice([hyperparameter.value])
        case CategoricalHyperparameter():
            return Choice(list(hyperparameter.choices), default=hyperparameter.default_value)
        case OrdinalHyperparameter():
            return Choice(list(hyperparameter.sequence), ordered=True, default=hyperparameter.default_value)
        case FloatHyperparameter(lower=low, upper=high, log=log, default_value=default):
            return Float(low, high, log=log, default=default)
        case IntegerHyperparameter(lower=low, upper=high, log=log, default_value=default):
            return Int(low, high, log=log, default=default)
    raise SpaceError(f"a {type(hyperparameter).__name__} has no counterpart in a space")


def _allowed(child: str, condition: Any, parameters: Mapping[str, Parameter]) -> dict[str, list[Any]]:
    """Return, for each parent in a condition on `child`, the values that satisfy it."""
    from ConfigSpace import AndConjunction, EqualsCondition, InCondition, OrConjunction

    if isinstance(condition, AndConjunction | OrConjunction):
        combined: dict[str, list[list[Any]]] = {}
        for component in condition.components:
            for parent, values in _allowed(child, component, parameters).items():
                combined.setdefault(parent, []).append(values)
        either = isinstance(condition, OrConjunction)
        if either and len(combined) > 1:
            raise SpaceError(
                f"parameter {child!r}: its condition is an 'or' over {' and '.join(map(repr, combined))}; "
                "a parameter is active when all its parents match, so make one parent of them"
            )
        holds = any if either else all
        return {
            parent: [
                value for value in dict.fromkeys(chain(*lists)) if holds(value in each for each in lists)
            ]
            for parent, lists in combined.items()
        }
    parent = condition.parent.name
    if isinstance(condition, EqualsCondition):
        return {parent: [condition.value]}
    if isinstance(condition, InCondition):
        return {parent: list(condition.values)}
    size = parameters[parent].grid_size
    if size is None or size > MAX_LISTED:
        raise SpaceError(f"parameter {child!r}: {condition!r} is over more values than can be listed")
    values = parameters[parent].values()
    return {parent: [value for value in values if condition.satisfied_by_value({parent: value})]}


def _alternatives(clause: Any) -> list[Any]:
    """Return the clauses of which each forbids on its own."""
    from ConfigSpace import ForbiddenOrConjunction

    if not isinstance(clause, ForbiddenOrConjunction):
        return [clause]
    return [each for component in clause.components for each in _alternatives(component)]


def _forbidden(clause: Any, parameters: Mapping[str, Parameter]) -> str:
    """Return a forbidden clause as an expression over names."""
    import ConfigSpace

    def quoted(hyperparameter: Any) -> str:
        name: str = hyperparameter.name
        return name if name.isidentifier() and not keyword.iskeyword(name) else f"`{name}`"

    kind = type(clause).__name__
    if isinstance(clause, ConfigSpace.ForbiddenAndConjunction):
        return " and ".join(_forbidden(component, parameters) for component in clause.components)
    if isinstance(clause, ConfigSpace.ForbiddenInClause):
        return f"{quoted(clause.hyperparameter)} in {sorted(map(plain, clause.values), key=repr)!r}"
    for ending in ("Clause", "Relation"):
        operator = _OPERATORS.get(kind.removeprefix("Forbidden").removesuffix(ending))
        if operator is None or not kind.endswith(ending):
            continue
        sides = [clause.hyperparameter] if ending == "Clause" else [clause.left, clause.right]
        numeric = all(isinstance(parameters[side.name], Float | Int) for side in sides)
        if numeric or operator == "==":
            left = quoted(sides[0])
            return f"{left} {operator} {quoted(sides[1]) if len(sides) > 1 else repr(plain(clause.value))}"
    raise SpaceError(
        f"the forbidden clause {clause!r} has no counterpart; write it as a constraint of the Space"
    )


_OPERATORS = {
    "Equals": "==",
    "GreaterThan": ">",
    "GreaterThanEquals": ">=",
    "LessThan": "<",
    "LessThanEquals": "<=",
}
