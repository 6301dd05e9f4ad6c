"""A plan: what a session is going to tune, before any trial and as long as it lasts."""

from __future__ import annotations

import json
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from itertools import product
from math import prod
from pathlib import Path
from typing import Any, get_type_hints

from pydantic import ConfigDict, TypeAdapter

from bestguess.agent.chat.answers.formatting import inline
from bestguess.agent.chat.command import literal
from bestguess.agent.pruning.pruner import check_repeats, check_rule
from bestguess.agent.task import Task
from bestguess.tools.errors import CommandError, InputError, ParamsError, StudyError
from bestguess.tools.objective.command import CommandTemplate
from bestguess.tools.objective.reading import WHICH_WORDS, Which
from bestguess.tools.objective.run import PARAMS_VARIABLE
from bestguess.tools.scan.directions import direction_of
from bestguess.tools.scan.metric import pattern_of
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.parameters import Choice, Fidelity, Float, Int, Text
from bestguess.tools.space.region import Limit, Limits, Region
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History
from bestguess.tools.words.cleaning import spell_out

MOST_COMBINATIONS = 100
"""Of the values of one wish."""

_STRICT = ConfigDict(strict=True, allow_inf_nan=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tuned: a command with `{name}` for the parameters, its metric, the space and the task.

    `pattern` finds the metric in what the command prints, `match` says which of several counts.
    `pruner` is the rule by which hopeless trials are stopped early.
    `study` names the study once there is one. `origins` says of a parameter where it was found, `left_out`
    what could be set, too, and why it is not tuned.
    """

    script: str
    words: tuple[str, ...]
    pattern: str
    task: Task
    space: Space
    study: str
    timeout_s: float | None = None
    target: float | None = None
    limits: Limits = field(default_factory=Limits)
    origins: Mapping[str, str] = field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    match: Which = "last"
    pruner: str = "none"
    prefer: Mapping[str, float] | None = None
    """What counts how much of several metrics."""

    patience: int | None = None
    """After how many trials without a new best the search pauses."""

    repeats: int = 1
    """How many runs a trial is, whose mean is its value."""

    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Options of the program that the command sets to one value."""

    @property
    def metric(self) -> str | dict[str, str]:
        """The patterns of the metrics by name, or the one pattern where one number counts."""
        if self.task.goals is None:
            return self.pattern
        return {name: pattern_of(name) for name in self.task.names} | {self.task.metric: self.pattern}

    @property
    def command_line(self) -> str:
        """The command as one would type it, with its placeholders."""
        words = ["python" if word == sys.executable else word for word in self.words]
        return " ".join(word if "{" in word else shlex.quote(word) for word in words)

    def __post_init__(self) -> None:
        check_repeats(self.repeats, self.pruner)
        check_rule(self.pruner, self.task, self.space)

    def render(self, params: Mapping[str, Any], folder: Path) -> list[str]:
        """Return the command with params written in; `folder` is where it runs. Raises CommandError."""
        return CommandTemplate(self.words, self.space.names, self.space.texts, folder).render(params)

    def typed(self, params: Mapping[str, Any], folder: Path) -> str:
        """Return the command with params written in, as it is typed in the folder."""
        try:
            rendered = self.render(params, folder)
        except CommandError as error:
            return f"# no command: {error}"
        line = shlex.join(["python" if word == sys.executable else word for word in rendered])
        if any("{" in word for word in self.words):
            return line
        return f"{PARAMS_VARIABLE}={shlex.quote(json.dumps(dict(params)))} {line}"

    def for_metric(self, metric: str, direction: str | None) -> Plan:
        """Return the plan with another metric."""
        given = {"metric": metric, "direction": direction or direction_of(metric), "metrics": {}}
        task = Task.from_dict({**self.task.to_dict(), **given})
        pattern = self.pattern if metric == self.task.metric else pattern_of(metric)
        return replace(self, task=task, pattern=pattern)

    def parameter(self, name: str) -> Parameter:
        """Return the parameter of that name; raises InputError if there is none."""
        if name not in self.space:
            raise InputError(f"there is no parameter {name!r}; there are {', '.join(self.space.names)}")
        return self.space.parameters[name]

    def canonical(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return values as the parameters have them, options in any case; raises InputError."""
        given = {}
        for name, value in values.items():
            parameter = self.parameter(name)
            try:
                given[name] = parameter.canonical(value)
            except ParamsError as error:
                by_word = {str(option).lower(): option for option in getattr(parameter, "options", ())}
                if str(value).lower() not in by_word:
                    raise InputError(f"{name}: {error}") from None
                given[name] = by_word[str(value).lower()]
        return given

    def combinations(self, values: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return values as `canonical` does, each combination once where there are several of one: "8,16"."""
        several = []
        for name, value in values.items():
            parameter = self.parameter(name)
            options = [str(option).lower() for option in getattr(parameter, "options", ())]
            is_list = isinstance(value, str) and not isinstance(parameter, Text)
            is_list = is_list and "," in value and value.lower() not in options
            several.append([literal(each.strip()) for each in value.split(",")] if is_list else [value])
        if (many := prod(map(len, several))) > MOST_COMBINATIONS:
            raise InputError(f"that is {many} combinations of values, and {MOST_COMBINATIONS} are the most")
        given: list[dict[str, Any]] = []
        for each in product(*several):
            one = self.canonical(dict(zip(values, each, strict=True)))
            given += [] if one in given else [one]
        return given

    def within_limits(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """Return the params nearest to these that the limits allow; the same where nothing is limited."""
        near = Region(self.space, self.limits).project(params) if self.limits else None
        return dict(params) if near is None else near

    def limits_broken(self, params: Mapping[str, Any]) -> str:
        """Return which of the limits these params break, in words; nothing if none."""
        broken = [
            f"{name} {limit.words}"
            for name, limit in self.limits.of.items()
            if name in params and not Region(self.space, Limits({name: limit})).contains(params)
        ]
        broken += [
            f"never {assignments(values)}"
            for values in self.limits.without
            if values.items() <= params.items()
        ]
        return ", ".join(broken)

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON-able values."""
        return {
            **{attribute.name: getattr(self, attribute.name) for attribute in fields(self)},
            "words": ["{python}" if word == sys.executable else word for word in self.words],
            "task": self.task.to_dict(),
            "space": self.space.to_dict(),
            "limits": self.limits.to_dict(),
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Plan:
        """Return the plan that `to_dict` wrote down; raise ValueError for a field of another type."""
        given = {
            **kept,
            "words": tuple(sys.executable if word == "{python}" else word for word in kept["words"]),
            "task": Task.from_dict(kept["task"]),
            "space": Space.from_dict(kept["space"]),
            "left_out": tuple(kept["left_out"]),
            "limits": Limits.from_dict(kept["limits"]),
        }
        check_types(cls, given)
        return cls(**given)


def check_types(kind: type, kept: Mapping[str, Any]) -> None:
    """Raise ValueError where a plain field of a dataclass was kept with a value of another type."""
    for name, hint in get_type_hints(kind).items():
        if name in kept and not hasattr(hint, "from_dict"):
            TypeAdapter(hint, config=_STRICT).validate_python(kept[name])


@dataclass(frozen=True, slots=True)
class Change:
    """The space and the limits as they would be, and in words what that changes."""

    space: Space
    limits: Limits
    what: str


def range_words(parameter: Parameter) -> str:
    """Return the range of a parameter as a person writes it."""
    if isinstance(parameter, Float | Int):
        step = f" by {parameter.step:g}" if parameter.step not in (None, 1) else ""
        return f"{parameter.low:g} … {parameter.high:g}{step}{' (log)' if parameter.log else ''}"
    if isinstance(parameter, Choice):
        return " | ".join(map(str, parameter.options))
    if isinstance(parameter, Fidelity):
        return f"{parameter.low:g} … {parameter.high:g} (size of a run; the whole is {parameter.high:g})"
    return "text"


def limits_within(space: Space, limits: Limits, wider: Space) -> Limits:
    """Return limits that keep proposals to `space`, and to its `limits`, in a wider one."""
    of = {}
    for name, parameter in space.parameters.items():
        if parameter == wider.parameters[name]:
            continue
        if isinstance(parameter, Float | Int):
            of[name] = Limit(parameter.low, parameter.high)
        elif isinstance(parameter, Choice):
            of[name] = Limit(options=tuple(parameter.options))
    return Limits({**of, **limits.of}, limits.without)


def check_meaning(before: Plan, after: Plan, history: History, *, begun: bool) -> None:
    """Raise StudyError where another plan would change what the values of the trials mean."""
    was, is_now = ((each.task.names, each.task.metrics, each.task.limits) for each in (before, after))
    if was != is_now and (before.task.goals or after.task.goals):
        if begun:
            raise StudyError(
                f"the study {before.study} is to {before.task.aim}; say it before the "
                f"first trial of another: /new {after.script}"
            )
    elif before.task.direction != after.task.direction and len(history):
        raise StudyError(
            f"the study {before.study} is to {before.task.direction}; begin another: /new {after.script}"
        )
    if (before.pattern, before.match) != (after.pattern, after.match) and history.complete:
        gave, wanted = (
            each.task.metric if before.match == after.match else f"the {WHICH_WORDS[each.match]} one"
            for each in (before, after)
        )
        match = "" if after.match == "last" else f" match={after.match}"
        raise StudyError(
            f"the trials of the study {before.study} gave {gave}, not {wanted}; "
            f"begin another: /new {after.script} {after.task.metric}{match}"
        )


def range_within(parameter: Float | Int, limit: Limit | None) -> tuple[float, float]:
    """Return from where to where a parameter may go within a limit."""
    low = parameter.low if limit is None or limit.low is None else limit.low
    return low, parameter.high if limit is None or limit.high is None else limit.high


def value_words(value: Any) -> str:
    """Return a value as a person writes it, on one line."""
    return f"{value:.6g}" if isinstance(value, float) else spell_out(str(value))


def assignments(params: Mapping[str, Any]) -> str:
    """Return params as they are typed after a command."""
    return " ".join(f"{name}={value_words(value)}" for name, value in params.items())


def configuration(params: Mapping[str, Any]) -> str:
    """Return params in a sentence."""
    return ", ".join(f"`{name}` = {inline(value_words(value))}" for name, value in params.items())
