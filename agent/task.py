"""What is being tuned, in words: the Task.

A task says nothing about the parameters (that is the Space) and nothing about how the objective is
run. Without a description every proposer still works; a language model just has less to go on.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args

from bestguess.tools.errors import InputError
from bestguess.tools.goals import Bound, Goals, read_goals
from bestguess.tools.trial import Direction, Outcome
from bestguess.tools.words.given import did_you_mean, entries, plain, shown
from bestguess.tools.words.redaction import redact

Fact = str | int | float

MAX_DESCRIPTION_CHARS = 50_000
MAX_METRIC_CHARS = 1000
MAX_FACTS = 1000


@dataclass(frozen=True, slots=True)
class Task:
    """A tuning task in words.

    Args:
        description: what is tuned, on what, in a sentence or a paragraph; secrets in it are blanked.
        metric: what the objective's value means, for example "validation error".
        direction: "minimize" or "maximize".
        facts: what is known of the data, by name: rows, features, classes, missing values.
        noisy: whether the same configuration can give another value, and may be worth a second trial. The
            best trial is still the one with the best value, lucky or not.
        metrics: several metrics to improve, each with its direction, in place of `metric` and `direction`,
            which are then those of the first: {"val_loss": "minimize", "latency_ms": "minimize"}.
        limits: what outcomes must keep, by metric: {"memory_mb": "<= 4000"}. It may be one of the metrics to
            improve, or another that each trial gives as well.

    Raises:
        InputError: a direction or a limit makes no sense, or noisy is no bool.
    """

    description: str = ""
    metric: str = "value"
    direction: Direction = "minimize"
    facts: Mapping[str, Fact] = field(default_factory=dict)
    noisy: bool = False
    metrics: Mapping[str, Direction] = field(default_factory=dict)
    limits: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        metrics, limits = read_goals(self.metrics, self.limits)
        object.__setattr__(self, "limits", limits)
        object.__setattr__(self, "metrics", metrics if len(metrics) > 1 else {})
        if metrics:
            first, direction = next(iter(metrics.items()))
            for name, given, said, usual in (
                ("metric", self.metric, first, "value"),
                ("direction", self.direction, direction, "minimize"),
            ):
                if plain(given) not in (said, usual):
                    words = f"{name} is {shown(given)}, and by metrics it is {said!r}; give metrics alone"
                    raise InputError(words)
            object.__setattr__(self, "metric", first)
            object.__setattr__(self, "direction", direction)
        for name, most in (("description", MAX_DESCRIPTION_CHARS), ("metric", MAX_METRIC_CHARS)):
            words = plain(getattr(self, name))
            if not isinstance(words, str) or len(words) > most:
                raise InputError(f"{name} is {shown(words)}; give words, at most {most} characters")
            object.__setattr__(self, name, words)
        facts = entries(self.facts)
        if facts is None or len(facts) > MAX_FACTS:
            raise InputError(f"facts is {shown(self.facts)}; give a mapping such as {{'rows': 1000}}")
        for fact, value in facts.items():
            if not isinstance(fact, str) or len(fact) > MAX_METRIC_CHARS:
                raise InputError(f"fact {shown(fact)} has no name; give one such as 'rows'")
            facts[fact] = _fact(fact, value)
        if not isinstance(self.direction, str) or self.direction not in get_args(Direction):
            raise InputError(f"direction is {shown(self.direction)}; give 'minimize' or 'maximize'")
        if not isinstance(self.noisy, bool):
            raise InputError(f"noisy is {shown(self.noisy)}; give true or false")
        # A command stands in it by default, and commands are given keys.
        object.__setattr__(self, "description", redact(self.description))
        object.__setattr__(self, "facts", facts)

    @property
    def goals(self) -> Goals | None:
        """The metrics and limits of a study that is after more than one number; None for one number."""
        if not self.metrics and not self.limits:
            return None
        limits = {name: Bound.read(name, words) for name, words in self.limits.items()}
        return Goals(dict(self.metrics) or {self.metric: self.direction}, limits)

    @property
    def aim(self) -> str:
        """What is wanted, in a line."""
        return self.goals.words if self.goals else f"{self.direction} {self.metric}"

    @property
    def shown_goals(self) -> str:
        """The arguments that say what is wanted."""
        given = {"metrics": self.metrics, "limits": self.limits}
        said = [f"{name}={dict(its)}" for name, its in given.items() if its]
        if not self.metrics:
            said = [f"metric={self.metric!r}, direction={self.direction!r}", *said]
        return ", ".join(said)

    @property
    def names(self) -> tuple[str, ...]:
        """The metrics that each trial gives."""
        return self.goals.names if self.goals else (self.metric,)

    def outcome(self, given: Outcome) -> Outcome:
        """Return an outcome with its metrics by name, as goals ask for; raise InputError if it lacks one."""
        return given.of(self.metric, self.names, named=self.goals is not None)

    def to_dict(self) -> dict[str, Any]:
        """Return the task as JSON-able values; metrics and limits only where there are any."""
        more = {"metrics": dict(self.metrics), "limits": dict(self.limits)}
        return {
            "description": self.description,
            "metric": self.metric,
            "direction": self.direction,
            "facts": dict(self.facts),
            "noisy": self.noisy,
            **{name: given for name, given in more.items() if given},
        }

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Task:
        """Return the task that `to_dict` wrote down, or that a YAML file describes."""
        known = ("description", "metric", "direction", "facts", "noisy", "metrics", "limits")
        given = entries(fields)
        if given is None:
            raise InputError(f"the task is {shown(fields)}; give a mapping of {', '.join(known)}")
        for name in given:
            if name not in known:
                hint = did_you_mean(name, known) or f"; it has {', '.join(sorted(known))}"
                raise InputError(f"task has no field {shown(name)}{hint}")
        return cls(**given)


def _fact(name: str, given: Any) -> Fact:
    """Return the plain value of a fact, secrets blanked; raise InputError for what cannot be written down."""
    value = plain(given)
    too_long = isinstance(value, str) and len(value) > MAX_DESCRIPTION_CHARS
    # Infinity and NaN are numbers of data too, if odd ones; a whole number may have too many digits.
    too_large = isinstance(value, int) and value.bit_length() > 1024
    if not isinstance(value, str | int | float | bool) or too_long or too_large:
        raise InputError(f"fact {name!r} is {shown(value)}; give a number, words, or true or false")
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)  # JSON has neither
    return redact(value) if isinstance(value, str) else value
