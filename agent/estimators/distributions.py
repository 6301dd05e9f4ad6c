"""What people search an estimator over, as a space: lists, SciPy's distributions, Optuna's, or ours.

| given                                             | becomes                                              |
| ------------------------------------------------- | ---------------------------------------------------- |
| numbers                                           | an ordered choice                                    |
| other objects                                     | a choice, of labels where a space cannot hold them   |
| `uniform`, `loguniform`, `randint` of scipy.stats | Float or Int                                         |
| another frozen distribution                       | its quantile, a Float; of whole numbers, a choice    |
| a dimension of scikit-optimize                    | Float, Int or a choice                               |
| anything else with `rvs`                          | an ordered choice of DRAWS draws                     |
| a list of dictionaries                            | a choice between them, and all they hold under it    |

The estimator's present value of a parameter is its default where the space holds just that, and what the
estimator's documentation says of it is its `doc`. The ends of a continuous distribution, which are never
drawn from it, are not searched either, unless the estimator stands there.
"""

from __future__ import annotations

import math
import numbers
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from sklearn.base import clone

from bestguess.agent.estimators.default_spaces import with_default
from bestguess.agent.estimators.documentation import parameter_doc
from bestguess.agent.estimators.present import UNSAID, Present
from bestguess.agent.sampling.native_space import read_distribution
from bestguess.tools.errors import InputError, ParamsError, SpaceError
from bestguess.tools.space.bridges import is_dimension, read_dimension
from bestguess.tools.space.options import distinct, read_choices
from bestguess.tools.space.parameter import MAX_VALUES
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Params
from bestguess.tools.words.given import did_you_mean, entries, listed, plain, shown

DRAWS = 64
TAIL = 1e-3
"""How much of an unbounded distribution is cut off on either side."""

END = 1e-6
"""How much of a bounded one is, where its range is searched itself."""

GRID = "which of the spaces"

Read = Callable[[Any], Any]


@dataclass(frozen=True)
class Searched:
    """A space, and how its params become those of the estimator; `space` is None if nothing is searched."""

    space: Space | None
    targets: Mapping[str, tuple[str, Read]]
    """For each name in the space, the estimator's name of it and what turns a value into the estimator's."""

    astray: Mapping[str, Any] = field(default_factory=dict)
    """What the estimator has set where the space's default sets something else."""

    def differs(self, *, given: bool) -> str:
        """Return in words what of the estimator as it is differs from the space's default.

        Where nobody gave a space its defaults are the library's own, which some libraries write as None.
        """
        own = {name: value for name, value in self.astray.items() if given or value is not None}
        unsaid = ", ".join(name for name, value in own.items() if value is UNSAID)
        has = ", ".join(f"{name}={shown(value)}" for name, value in own.items() if value is not UNSAID)
        words = [f"has {has}"] if has else []
        words += [f"does not say its {unsaid}"] if unsaid else []
        return f"the estimator itself {' and '.join(words)}" if words else ""

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
    if isinstance(given, Space):
        for name, parameter in given.parameters.items():
            _check_known(estimator, name, parameter.default)
        documented = {name: _documented(one, estimator, name) for name, one in given.parameters.items()}
        space = Space(documented, constraints=given.constraints)
        return _searched(space, {name: (name, _itself) for name in space.names}, estimator)
    several = [given] if isinstance(given, Mapping) else list(given)
    parameters: dict[str, Parameter] = {}
    targets: dict[str, tuple[str, Read]] = {}
    as_is = [True] * len(several)
    for index, one in enumerate(several):
        if not isinstance(one, Mapping):
            raise InputError(f"param_distributions holds {shown(one)}; give dictionaries of names and values")
        if (given_one := entries(one)) is None:
            raise InputError(f"param_distributions is {shown(one)}, which cannot be read; give a dictionary")
        for target, values in given_one.items():
            name = target if len(several) == 1 else f"{target} [{index}]"
            present = Present.of(estimator, str(target))
            try:
                parameter, read = _read(values, rng, present)
            except SpaceError as error:
                raise InputError(f"param_distributions[{target!r}]: {error}") from error
            first = read(parameter.default)
            _check_known(estimator, target, first)
            as_is[index] &= present.is_same(first)
            if len(several) > 1:
                own = {f"{parent} [{index}]": values for parent, values in parameter.when.items()}
                parameter = replace(parameter, when={GRID: [index], **own})
            parameters[name] = _documented(parameter, estimator, target)
            targets[name] = target, read
    if len(several) > 1:
        grids = list(range(len(several)))
        parameters = {GRID: Choice(grids, default=as_is.index(True) if any(as_is) else 0), **parameters}
    return _searched(Space(parameters) if parameters else None, targets, estimator)


def _searched(space: Space | None, targets: Mapping[str, tuple[str, Read]], estimator: Any) -> Searched:
    searched = Searched(space, targets)
    first = searched.to_estimator(space.default()) if space else {}
    had = {target: Present.of(estimator, target) for target in first}
    astray = {target: present.value for target, present in had.items() if not present.is_same(first[target])}
    return replace(searched, astray=astray)


def _check_known(estimator: Any, name: Any, value: Any) -> None:
    """Raise InputError for a name that neither `get_params` lists nor `set_params` takes."""
    present = estimator.get_params(deep=True)
    # A step of a pipeline that is itself searched may bring the parameter along.
    if name in present or "__" in str(name):
        return
    try:
        clone(estimator).set_params(**{name: value})
    except Exception as error:  # it is the estimator's own code
        known = ", ".join(sorted(one for one in present if "__" not in one))
        raise InputError(
            f"{type(estimator).__name__} has no parameter {shown(name)}{did_you_mean(name, present)}; "
            f"search some of these: {known}"
        ) from error


def _read(values: Any, rng: np.random.Generator, present: Present) -> tuple[Parameter, Read]:
    """Return the parameter that stands for `values`, and what turns its values into the estimator's."""
    if isinstance(values, Parameter):
        return values, _itself
    parameter, read = _read_foreign(values, rng, present)
    # What looks like the estimator as it is and is another one would be taken for it.
    starts = (parameter.default, parameter.decode(0.75), parameter.decode(0.25))
    start = next((value for value in starts if not present.looks_like(read(value))), parameter.default)
    return replace(parameter, default=start), read


def _read_foreign(values: Any, rng: np.random.Generator, present: Present) -> tuple[Parameter, Read]:
    if is_dimension(values):
        values = read_dimension(values)
    elif hasattr(values, "to_internal_repr"):
        values = getattr(values, "choices", None) or read_distribution(values)[0]
    if isinstance(values, Parameter):
        return _read_range(values, present)
    if not isinstance(values, str | bytes) and (isinstance(values, Sequence) or hasattr(values, "tolist")):
        several = listed(values, MAX_VALUES)
        if several is None or len(several) > MAX_VALUES:
            raise SpaceError(f"it is {shown(values)}; give at most {MAX_VALUES} values, or a distribution")
        return _read_list(several, present)
    if hasattr(values, "dist") and hasattr(values, "ppf"):
        return _read_frozen(values, present)
    if hasattr(values, "rvs"):
        state = np.random.RandomState(int(rng.integers(2**31)))
        return _read_list([values.rvs(random_state=state) for _ in range(DRAWS)], present)
    raise SpaceError(f"it is {shown(values)}; give a list, a distribution or a parameter such as Float")


def _read_range(parameter: Parameter, present: Present) -> tuple[Parameter, Read]:
    """Return a range; its default is the estimator's value if it holds that, which is then set as it is."""
    held = with_default(parameter, present)
    if held is None:
        return parameter, _itself
    return held, lambda value: present.value if value == held.default else value


def _read_list(values: list[Any], present: Present) -> tuple[Parameter, Read]:
    if not values:
        raise SpaceError("the list is empty; give at least one value")
    options = distinct(map(plain, values))
    ordered = all(map(_is_number, options))
    if ordered:
        options.sort()
    choice, labels = read_choices(options)
    same = [place for place, option in enumerate(options) if present.is_same(option)]
    same.sort(key=lambda place: type(options[place]) is not type(present.value))
    at = same[0] if same else (len(options) - 1) // 2 if ordered else 0
    parameter = replace(choice, ordered=ordered, default=choice.options[at])
    return parameter, (lambda label: options[labels.index(label)]) if labels else _itself


def _read_frozen(frozen: Any, present: Present) -> tuple[Parameter, Read]:
    """Return a frozen distribution of scipy.stats as a parameter."""
    low, high = frozen.support()
    name = frozen.dist.name
    if np.ndim(low) or not low <= high:
        raise SpaceError(f"the distribution {name!r} has the range {low} to {high}; give it other arguments")
    if hasattr(frozen, "pmf"):
        if name == "randint" and low < high:
            return _read_range(Int(low, high), present)
        least, most = (int(end) for end in frozen.ppf([TAIL, 1 - TAIL]))
        drawn = [whole for whole in range(least, most + 1)[: DRAWS + 1] if frozen.pmf(whole) > 0]
        if most - least >= DRAWS:
            drawn = [int(whole) for whole in frozen.ppf(np.linspace(TAIL, 1 - TAIL, DRAWS))]
        is_one = type(present.value) is int and frozen.pmf(present.value) > 0
        return _read_list([*drawn, present.value] if is_one else drawn, present)
    here = present.as_real
    if name in _SCALES:
        parameter: Parameter = Float(low, high, log=_SCALES[name])
        first, last = frozen.ppf([END, 1 - END])

        def read(place: Any) -> Any:
            return float(min(max(place, first), last))

    else:
        here = None if here is None else float(frozen.cdf(here))
        tails = [TAIL, 1 - TAIL, *([] if here is None or not 0 < here < 1 else [here])]
        parameter = Float(min(tails), max(tails), doc=f"as a quantile of its {name} distribution")

        def read(place: Any) -> Any:
            return float(frozen.ppf(place))

    try:
        held = replace(parameter, default=parameter.canonical(here))
    except ParamsError:
        return parameter, read
    return held, lambda place: present.value if place == held.default else read(place)


_SCALES = {"uniform": False, "loguniform": True, "reciprocal": True}
"""Whether a distribution whose range is searched itself is logarithmic."""


def _documented(parameter: Parameter, estimator: Any, target: str) -> Parameter:
    """Return the parameter with what the estimator's documentation says, unless its author said more."""
    said = parameter_doc(estimator, target)
    if not said or (parameter.doc and not parameter.doc.startswith("as a quantile")):
        return parameter
    return replace(parameter, doc=f"{said} Given {parameter.doc}." if parameter.doc else said)


def _is_number(value: Any) -> bool:
    is_real = isinstance(value, numbers.Real) and not isinstance(value, bool)
    return is_real and bool(-math.inf < value < math.inf)


def _itself(value: Any) -> Any:
    return value
