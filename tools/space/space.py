"""Space: named parameters, the conditions between them, constraints on them, and the unit cube.

A space decides which params are allowed and where they lie in [0, 1]^d. The forms it takes elsewhere are one
method each here, and one file each beside this: `schema` (replies of language models), `formats` (YAML),
`bridges` (Optuna and ConfigSpace). That is why this file is long.

    symbol   meaning                                               shape
    d        number of parameters, active or not                   integer
    x        params in the unit cube, one column a parameter       (d,)
    X        several params                                        (n, d)
    mask     which parameters are active                           (d,) bool
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from bestguess.tools.errors import ParamsError, SpaceError, UnknownNameError
from bestguess.tools.space.conditions import Hierarchy, read_entries
from bestguess.tools.space.constraints import Expression, read_constraint
from bestguess.tools.space.default import feasible_default
from bestguess.tools.space.equality import check_equalities
from bestguess.tools.space.feasible import FeasibleSet
from bestguess.tools.space.parameter import Kind, Parameter
from bestguess.tools.space.parameters import Fidelity, Text
from bestguess.tools.space.schema import json_schema, read_object, read_reply, round_float, spell
from bestguess.tools.trial import Params
from bestguess.tools.words.given import did_you_mean, entries, listed, shorten, shown

if TYPE_CHECKING:
    from ConfigSpace import ConfigurationSpace
    from optuna.distributions import BaseDistribution

MAX_CONSTRAINTS = 1000
MAX_ENCODED = 1_000_000

ConstraintSource = str | Callable[[dict[str, Any]], Any]


class Space:
    """Named parameters in order, with constraints on them.

    Parameters go by keyword, or in a mapping where their names are no identifiers. A constraint is an
    expression over names or a function of the active params; see `bestguess.tools.space.constraints`. The
    default configuration must satisfy them; where nobody gave a default, one is chosen that does. Raises
    SpaceError.
    """

    def __init__(
        self,
        parameters: Mapping[str, Parameter] | None = None,
        /,
        *,
        constraints: ConstraintSource | Iterable[ConstraintSource] = (),
        **named: Parameter,
    ) -> None:
        given = {} if parameters is None else entries(parameters)
        if given is None:
            raise SpaceError(
                f"the parameters are {shown(parameters)}; give a mapping such as {{'lr': Float(1e-5, 0.1)}}"
            )
        if twice := sorted(given.keys() & named.keys()):
            raise SpaceError(
                f"parameter {twice[0]!r} is given twice, in the mapping and by keyword; drop one"
            )
        given |= named
        if not given:
            raise SpaceError("the space has no parameters; give at least one, such as lr=Float(1e-5, 0.1)")
        self._hierarchy = Hierarchy(given)
        self._fidelity = _only_fidelity(self.parameters)
        if isinstance(constraints, str) or callable(constraints):
            constraints = (constraints,)
        sources = listed(constraints, MAX_CONSTRAINTS)
        if sources is None or len(sources) > MAX_CONSTRAINTS:
            raise SpaceError(
                f"the constraints are {shown(constraints)}; give a list of at most {MAX_CONSTRAINTS} "
                "expressions such as 'a * b <= 10', or functions of params"
            )
        self._sources = tuple(sources)
        self._constraints = tuple(read_constraint(source, given) for source in self._sources)
        for constraint in self._constraints:
            if isinstance(constraint, Expression):
                if self._fidelity and self._fidelity in constraint.names.values():
                    raise SpaceError(
                        f"constraint {shown(constraint.text)} names {self._fidelity!r}, the size of runs, "
                        "which is not searched; leave it out"
                    )
                check_equalities(constraint, self.parameters)
        self._default = self._hierarchy.read({}, fill=lambda _: True)
        if failure := self._failure(self._default):
            chosen, self._known = feasible_default(self._hierarchy, self._constraints, failure)
            changed = {name: replace(self.parameters[name], default=value) for name, value in chosen.items()}
            self._hierarchy = Hierarchy({**given, **changed})
            self._default = chosen
        else:
            self._known = self.encode(self._default)[None]

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The parameters by name, in order."""
        return MappingProxyType(self._hierarchy.parameters)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the parameters, in order."""
        return tuple(self.parameters)

    @property
    def texts(self) -> tuple[str, ...]:
        """The names of the parameters whose values are free text, which a model may have written."""
        return tuple(name for name, one in self.parameters.items() if isinstance(one, Text))

    @property
    def fidelity(self) -> str | None:
        """The name of the parameter that is the size of runs; None where all runs are whole."""
        return self._fidelity

    def remoteness(self, params: Params) -> float:
        """Return how far a run of `params` is from a whole one: 0 if it is one, 1 the smallest."""
        if self._fidelity is None or self._fidelity not in params:
            return 0.0
        size = self.parameters[self._fidelity]
        assert isinstance(size, Fidelity)
        return size.remoteness(params[self._fidelity])

    def whole(self, params: Params) -> dict[str, Any]:
        """Return `params` as those of a whole run."""
        name = self._fidelity
        return dict(params) if name is None else {**params, name: self.parameters[name].default}

    def partial(self, params: Params) -> str:
        """Return how much of a whole run one of `params` is, as "epochs=9 of 81"; nothing where it is one."""
        name = self._fidelity
        if name is None or not self.remoteness(params):
            return ""
        return f"{name}={params[name]} of {self.parameters[name].default}"

    @property
    def constraints(self) -> tuple[ConstraintSource, ...]:
        """The constraints as they were given."""
        return self._sources

    def __len__(self) -> int:
        return len(self.parameters)

    def __iter__(self) -> Iterator[str]:
        return iter(self.parameters)

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name in self.parameters

    def __getitem__(self, name: str) -> Parameter:
        if name not in self:
            known = (
                did_you_mean(name, self.parameters) or f"; there are {shorten(', '.join(self.names), 300)}"
            )
            raise UnknownNameError(f"no parameter is called {shown(name)}{known}")
        return self.parameters[name]

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Space):
            return NotImplemented
        return self._constraints == other._constraints and self.fingerprint == other.fingerprint

    def __hash__(self) -> int:
        return hash(self.fingerprint)

    def __repr__(self) -> str:
        first = ", ".join(self.names[:6]) + (", …" if len(self) > 6 else "")
        return f"<Space of {len(self)}: {first}>"

    def default(self) -> dict[str, Any]:
        """Return the active params of the default configuration."""
        return dict(self._default)

    def active(self, params: Params) -> tuple[str, ...]:
        """Return the names that are active given the values of their parents.

        A parent that is missing from `params` activates no one.
        """
        return self._hierarchy.active(params)

    def validate(self, params: Params) -> dict[str, Any]:
        """Return `params` in the space's order as plain Python values.

        Numpy scalars become what they hold and 3.0 becomes 3 where an integer is due. Raises ParamsError,
        naming the parameter, for what is missing, unknown, inactive, out of bounds, off the grid or of the
        wrong type, and for a broken constraint.
        """
        return self._constrained(self._hierarchy.read(params, strict=True))

    def complete(self, params: Params) -> dict[str, Any]:
        """Return valid params from some: defaults for the missing, numbers snapped, the inactive dropped.

        Raises ParamsError as `validate` does.
        """
        return self._constrained(self._completed(params))

    def satisfies(self, params: Params) -> bool:
        """Whether `params`, taken to be valid otherwise, satisfy the constraints."""
        return self._failure(read_entries(params)) is None

    def sample(self, rng: np.random.Generator) -> dict[str, Any]:
        """Return params drawn uniformly from the cube, given that they satisfy the constraints.

        Raises SpaceError where the constraints leave nothing, or no room.
        """
        return self.samples(rng, 1)[0]

    def samples(self, rng: np.random.Generator, count: int) -> list[dict[str, Any]]:
        """Return several as `sample` draws them."""
        if not isinstance(rng, np.random.Generator):
            raise SpaceError(f"rng is {shown(rng)}; give a generator such as numpy.random.default_rng(0)")
        if not self._constraints:
            return [self.decode(x) for x in rng.random((count, len(self)))]
        cloud = self.feasible.cloud
        drawn = [self.decode(x) for x in self.feasible.sample(rng, count)]
        return [one if self.satisfies(one) else self.decode(rng.choice(cloud)) for one in drawn]

    def nearest(self, params: Params) -> dict[str, Any]:
        """Return what `complete` does, but what breaks a constraint is changed until it does not.

        One parameter is changed, or all that constraints speak of move towards a place where they hold:
        whichever is less. Raises ParamsError.
        """
        values = self._completed(params)
        if self._failure(values) is None:
            return values
        before, default = self.encode(values), self.encode(self._default)
        after = self.feasible.nearest(before, default)
        found = self.decode(after)
        kept = {name for name, a, b in zip(self.names, before, after, strict=True) if a == b}
        # What stays is not the same once it has been to the cube and back.
        found |= {name: values[name] for name in kept & found.keys() & values.keys()}
        return found if self.satisfies(found) else self.default()

    def check_room(self) -> None:
        """Raise SpaceError where the constraints leave no room for a search, before anything has run."""
        if self._constraints:
            self.feasible.cloud  # noqa: B018 - it is worked out once

    @cached_property
    def feasible(self) -> FeasibleSet:
        """Where the constraints hold in the cube."""
        return FeasibleSet(self._hierarchy, self._constraints, known=self._known)

    @property
    def column_kinds(self) -> tuple[Kind, ...]:
        """What each column of the cube holds: continuous, discrete or categorical values."""
        return tuple(parameter.kind for parameter in self.parameters.values())

    def encode(self, params: Params) -> NDArray[np.float64]:
        """Return the place x (d,) of params; an inactive parameter is at its default.

        Raises ParamsError as `validate` does, but ignores the constraints.
        """
        values = self._hierarchy.read(params, strict=True)
        return np.array([one.encode(values.get(name, one.default)) for name, one in self.parameters.items()])

    def encode_many(self, many: Sequence[Params]) -> NDArray[np.float64]:
        """Return the places X (n, d) of several params."""
        several = listed(many, MAX_ENCODED)
        if several is None or len(several) > MAX_ENCODED:
            raise ParamsError(f"{shown(many)} is no list of configurations; give at most {MAX_ENCODED}")
        return np.array([self.encode(params) for params in several]).reshape(len(several), len(self))

    def decode(self, x: ArrayLike) -> dict[str, Any]:
        """Return the active params at x (d,), clipped to the cube; constraints are not enforced.

        The inverse of `encode`: a float comes back to within rounding, an unknown text as a known one.
        Raises ParamsError for a wrong shape or a NaN.
        """
        try:
            place = np.asarray(np.nan if isinstance(x, str | bytes) else x, dtype=np.float64)
        except Exception:  # noqa: BLE001 - whatever NumPy cannot read, and the value's own code
            place = np.array(np.nan)
        if place.shape != (len(self),) or np.isnan(place).any():
            raise ParamsError(f"x is {shown(x)}; give {len(self)} numbers from 0 to 1")
        return self._hierarchy.decode(np.clip(place, 0.0, 1.0))

    def active_mask(self, params: Params) -> NDArray[np.bool_]:
        """Return mask (d,): which parameters are active."""
        active = self.active(params)
        return np.array([name in active for name in self.parameters])

    def json_schema(self) -> dict[str, Any]:
        """Return the JSON Schema of a reply; see `bestguess.tools.space.schema`."""
        return json_schema(self._hierarchy)

    def from_reply(self, reply: Any) -> dict[str, Any]:
        """Return the params that a language model's parsed JSON stands for.

        Wrappers are opened (`schema.read_object`); options and numbers come back from their string form, and
        numbers are snapped to the grid; a missing conditional parameter gets its default, an inactive one is
        dropped. Raises ParamsError.
        """
        return self._constrained(self.read_reply(reply))

    def read_reply(self, reply: Any) -> dict[str, Any]:
        """Return what `from_reply` does, but constraints are not enforced."""
        said = read_object(self.parameters, reply)
        return self._hierarchy.read(said, convert=read_reply, fill=lambda parameter: bool(parameter.when))

    def to_reply(self, params: Params) -> dict[str, Any]:
        """Return valid params as the JSON object a model would reply.

        Floats are cut to about 4 digits unless that breaks a constraint; `schema.reply_text` writes the
        object as the grammar has it.
        """
        values = self._hierarchy.read(params, strict=True)
        rounded = {name: round_float(self.parameters[name], value) for name, value in values.items()}
        kept = rounded if self.satisfies(rounded) else values
        return {name: spell(self.parameters[name], value) for name, value in kept.items()}

    def to_dict(self) -> dict[str, Any]:
        """Return the definition as JSON-able values; a function is recorded by its qualified name."""
        definition: dict[str, Any] = {
            "parameters": {name: parameter.definition() for name, parameter in self.parameters.items()}
        }
        if self._constraints:
            definition["constraints"] = [constraint.definition() for constraint in self._constraints]
        return definition

    @classmethod
    def from_dict(
        cls,
        definition: Mapping[str, Any],
        *,
        callables: Mapping[str, Callable[[dict[str, Any]], Any]] | None = None,
    ) -> Space:
        """Return the space that `to_dict` described; `callables` has its functions by recorded name.

        Raises SpaceError.
        """
        from bestguess.tools.space.formats import read_definition

        return read_definition(definition, callables=callables)

    @property
    def fingerprint(self) -> str:
        """The first 16 hexadecimal digits of the SHA-256 of the definition."""
        return hashlib.sha256(json.dumps(self.to_dict()).encode()).hexdigest()[:16]

    def to_yaml(self) -> str:
        """Return the definition as YAML; see `formats`. Raises SpaceError for functions."""
        from bestguess.tools.space.formats import to_yaml

        return to_yaml(self)

    @classmethod
    def from_yaml(cls, source: str | Path) -> Space:
        """Return the space that a YAML text or file describes; raise SpaceError."""
        from bestguess.tools.space.formats import load_yaml

        return load_yaml(source)[0]

    def to_optuna(self) -> dict[str, BaseDistribution]:
        """Return Optuna's distributions, without conditions and constraints."""
        from bestguess.tools.space.bridges import to_optuna

        return to_optuna(self)

    @classmethod
    def from_optuna(cls, distributions: Mapping[str, BaseDistribution]) -> Space:
        """Return the space of Optuna's distributions; raise SpaceError for what has no counterpart."""
        from bestguess.tools.space.bridges import from_optuna

        return from_optuna(distributions)

    def to_configspace(self, *, drop_constraints: bool = False) -> ConfigurationSpace:
        """Return the space for ConfigSpace, conditions included.

        ConfigSpace has no expressions: raises SpaceError for a constrained space, unless
        `drop_constraints`.
        """
        from bestguess.tools.space.bridges import to_configspace

        return to_configspace(self, drop_constraints=drop_constraints)

    @classmethod
    def from_configspace(cls, configspace: ConfigurationSpace) -> Space:
        """Return the space of a ConfigSpace; raise SpaceError for what has no counterpart."""
        from bestguess.tools.space.bridges import from_configspace

        return from_configspace(configspace)

    def _completed(self, params: Params) -> dict[str, Any]:
        return self._hierarchy.read(
            params,
            convert=lambda parameter, value: parameter.canonical(parameter.snap(value)),
            fill=lambda _: True,
        )

    def _failure(self, params: Params) -> str | None:
        for constraint in self._constraints:
            if why := constraint.failure(params):
                return f"constraint {constraint.label} {why}"
        return None

    def _constrained(self, params: dict[str, Any]) -> dict[str, Any]:
        if failure := self._failure(params):
            raise ParamsError(failure)
        return params


def _only_fidelity(parameters: Mapping[str, Parameter]) -> str | None:
    """Return the name of the parameter that is the size of runs, if there is one; raise SpaceError."""
    sizes = [name for name, one in parameters.items() if isinstance(one, Fidelity)]
    if len(sizes) > 1:
        raise SpaceError(
            f"{', '.join(sizes)} are each a Fidelity; a run has one size: make the others an Int"
        )
    if sizes and len(parameters) == 1:
        raise SpaceError(f"the space has nothing but the size of runs, {sizes[0]!r}; add what to search")
    return sizes[0] if sizes else None
