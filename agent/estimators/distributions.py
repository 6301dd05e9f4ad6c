"""What people search an estimator over, as a space: lists, SciPy's distributions, Optuna's, or ours.

| given                                             | becomes                                              |
| ------------------------------------------------- | ---------------------------------------------------- |
| numbers                                           | an ordered choice                                    |
| other objects                                     | a choice, of labels where a space cannot hold them   |
| `uniform`, `loguniform`, `randint` of scipy.stats | Float or Int                                         |
| another frozen distribution                       | its quantile, a Float                                |
| anything else with `rvs`                          | an ordered choice of DRAWS draws                     |
| a list of dictionaries                            | a choice between them, and all they hold under it    |

The estimator's present value of a parameter is its default where it is allowed, and what the estimator's
documentation says of it is its `doc`.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from bestguess.agent.estimators.default_spaces import with_default
from bestguess.agent.estimators.documentation import parameter_doc
from bestguess.agent.sampling.native_space import read_choices, read_distribution
from bestguess.tools.errors import InputError, SpaceError
from bestguess.tools.space.parameter import MAX_VALUES
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Params
from bestguess.tools.words.given import entries, listed, shown

DRAWS = 64
TAIL = 1e-3
"""How much of an unbounded distribution is cut off on either side."""

GRID = "which of the spaces"

Read = Callable[[Any], Any]


@dataclass(frozen=True)
class Searched:
    """A space, and how its params become those of the estimator; `space` is None if nothing is searched."""

    space: Space | None
    targets: Mapping[str, tuple[str, Read]]
    """For each name in the space, the estimator's name of it and what turns a value into the estimator's."""

    def to_estimator(self, params: Params) -> dict[str, Any]:
        """Return params as `set_params` of the estimator takes them."""
        known = [(*self.targets[name], value) for name, value in params.items() if name in self.targets]
        return {target: read(value) for target, read, value in known}


def read_distributions(
    given: Space | Mapping[str, Any] | Sequence[Mapping[str, Any]],
    estimator: Any,
    rng: np.random.Generator,
) -> Searched:
    """Return what is given as a space over the parameters of `estimator`.

    `rng` draws from what can only be drawn from. Raises InputError, naming the parameter.
    """
    present = estimator.get_params(deep=True)
    if isinstance(given, Space):
        _check_known(given.names, estimator, present)
        documented = {name: _documented(one, estimator, name) for name, one in given.parameters.items()}
        space = Space(documented, constraints=given.constraints)
        return Searched(space, {name: (name, _itself) for name in space.names})
    several = [given] if isinstance(given, Mapping) else list(given)
    parameters: dict[str, Parameter] = {}
    targets: dict[str, tuple[str, Read]] = {}
    if len(several) > 1:
        parameters[GRID] = Choice(list(range(len(several))))
    for index, one in enumerate(several):
        if not isinstance(one, Mapping):
            raise InputError(f"param_distributions holds {shown(one)}; give dictionaries of names and values")
        if (given_one := entries(one)) is None:
            raise InputError(f"param_distributions is {shown(one)}, which cannot be read; give a dictionary")
        _check_known(given_one, estimator, present)
        for target, values in given_one.items():
            name = target if len(several) == 1 else f"{target} [{index}]"
            try:
                parameter, read = _read(values, rng, present.get(target))
            except SpaceError as error:
                raise InputError(f"param_distributions[{target!r}]: {error}") from error
            if len(several) > 1:
                parameter = replace(parameter, when={GRID: [index]})
            parameters[name] = _documented(parameter, estimator, target)
            targets[name] = target, read
    return Searched(Space(parameters) if parameters else None, targets)


def _check_known(names: Any, estimator: Any, present: Mapping[str, Any]) -> None:
    for name in names:
        # A step of a pipeline that is itself searched may bring the parameter along.
        if name not in present and "__" not in str(name):
            known = ", ".join(sorted(one for one in present if "__" not in one))
            raise InputError(
                f"{type(estimator).__name__} has no parameter {shown(name)}; search some of these: {known}"
            )


def _read(values: Any, rng: np.random.Generator, present: Any) -> tuple[Parameter, Read]:
    """Return the parameter that stands for `values`, and what turns its values into the estimator's."""
    if isinstance(values, Parameter):
        return values, _itself
    if isinstance(values, str | bytes | Mapping):
        raise SpaceError(f"it is {shown(values)}; give a list, a distribution or a parameter such as Float")
    if isinstance(values, Sequence | np.ndarray | range):
        several = listed(values, MAX_VALUES)
        if several is None or len(several) > MAX_VALUES:
            raise SpaceError(f"it is {shown(values)}; give at most {MAX_VALUES} values, or a distribution")
        return _read_list(several, present)
    if hasattr(values, "dist") and hasattr(values, "ppf"):
        return _read_frozen(values, present)
    if hasattr(values, "to_internal_repr"):
        parameter, labels = read_distribution(values)
        choices = getattr(values, "choices", ())
        return with_default(parameter, present), (
            lambda label: choices[labels.index(label)]
        ) if labels else _itself
    if hasattr(values, "rvs"):
        state = np.random.RandomState(int(rng.integers(2**31)))
        return _read_list([values.rvs(random_state=state) for _ in range(DRAWS)], present)
    raise SpaceError(f"it is {shown(values)}; give a list, a distribution or a parameter such as Float")


def _read_list(values: list[Any], present: Any) -> tuple[Parameter, Read]:
    if not values:
        raise SpaceError("the list is empty; give at least one value")
    plain = [one.item() if isinstance(one, np.generic) else one for one in values]
    if all(_is_number(one) for one in plain):
        return with_default(Choice(sorted(set(plain)), ordered=True), present), _itself
    distinct: list[Any] = []
    for one in plain:
        if not any(_is_same(one, other) for other in distinct):
            distinct.append(one)
    choice, labels = read_choices(distinct)
    if not labels:
        return with_default(choice, present), _itself
    at = next((index for index, one in enumerate(distinct) if _is_same(one, present)), 0)
    return replace(choice, default=labels[at]), lambda label: distinct[labels.index(label)]


def _read_frozen(frozen: Any, present: Any) -> tuple[Parameter, Read]:
    """Return a frozen distribution of scipy.stats as a parameter."""
    low, high = frozen.support()
    name = frozen.dist.name
    if name == "uniform":
        return with_default(Float(low, high), present), _itself
    if name in ("loguniform", "reciprocal"):
        return with_default(Float(low, high, log=True), present), _itself
    if name == "randint":
        if low == high:
            return Choice([int(low)]), _itself
        return with_default(Int(int(low), int(high)), present), _itself

    def read(quantile: Any) -> Any:
        value = frozen.ppf(quantile)
        return int(value) if hasattr(frozen, "pmf") else float(value)

    return Float(TAIL, 1 - TAIL, doc=f"as a quantile of its {name} distribution"), read


def _documented(parameter: Parameter, estimator: Any, target: str) -> Parameter:
    """Return the parameter with what the estimator's documentation says, unless its author said more."""
    said = parameter_doc(estimator, target)
    if not said or (parameter.doc and not parameter.doc.startswith("as a quantile")):
        return parameter
    return replace(parameter, doc=f"{said} Given {parameter.doc}." if parameter.doc else said)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)


def _is_same(one: Any, other: Any) -> bool:
    """Whether two candidates are the same value; of objects, only an object itself is."""
    if one is other:
        return True
    simple = (str, bytes, bool, int, float, tuple)
    return type(one) is type(other) and isinstance(one, simple) and bool(one == other)


def _itself(value: Any) -> Any:
    return value
