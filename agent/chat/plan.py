"""A plan: what a session is going to tune, before any trial and as long as it lasts.

It holds the command, how its value is found, the space and the task; it does not know where they came
from (`draft.py`) or what is run (`trials.py`).
"""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from bestguess.agent.task import Task
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.region import Limits
from bestguess.tools.space.space import Space

NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf)"


@dataclass(frozen=True, slots=True)
class Plan:
    """What is tuned: a command with `{name}` for the parameters, its metric, the space and the task.

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

    @property
    def command_line(self) -> str:
        """The command as one would type it, with its placeholders."""
        words = ["python" if word == sys.executable else word for word in self.words]
        return " ".join(word if "{" in word else shlex.quote(word) for word in words)

    def for_metric(self, metric: str, direction: str | None) -> Plan:
        """Return the plan with another metric."""
        given = {"metric": metric, "direction": direction or guess_direction(metric)}
        task = Task.from_dict({**self.task.to_dict(), **given})
        return replace(self, task=task, pattern=pattern_of(metric))

    def to_dict(self) -> dict[str, Any]:
        """Return the plan as JSON-able values."""
        return {
            "script": self.script,
            "words": ["{python}" if word == sys.executable else word for word in self.words],
            "pattern": self.pattern,
            "task": self.task.to_dict(),
            "space": self.space.to_dict(),
            "study": self.study,
            "timeout_s": self.timeout_s,
            "target": self.target,
            "limits": self.limits.to_dict(),
            "origins": dict(self.origins),
            "left_out": list(self.left_out),
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Plan:
        """Return the plan that `to_dict` wrote down."""
        return cls(
            **{
                **kept,
                "words": tuple(sys.executable if word == "{python}" else word for word in kept["words"]),
                "task": Task.from_dict(kept["task"]),
                "space": Space.from_dict(kept["space"]),
                "left_out": tuple(kept["left_out"]),
                "limits": Limits.from_dict(kept["limits"]),
            }
        )


def pattern_of(metric: str) -> str:
    """Return the regular expression that finds `metric` and the number after it."""
    spelled = r"[\s_-]*".join(re.escape(part) for part in re.split(r"[\s_-]+", metric))
    return rf"(?i)(?<![\w]){spelled}[\"']?\s*(?:is|at|of)?\s*[:=]?\s*[\"']?(?:np\.\w+\()?({NUMBER})"


def guess_direction(metric: str) -> str:
    """Return which way a metric of that name is better."""
    good = r"acc|auc|f1|r2|r\^2|score|precision|recall|reward|return|map|bleu|rouge|iou|throughput|speed"
    bad = r"loss|err|mse|mae|rmse|deviance|perplexity|ppl|time|latency|cost|wer|fid"
    if re.search(bad, metric, re.IGNORECASE):
        return "minimize"
    return "maximize" if re.search(good, metric, re.IGNORECASE) else "minimize"


def range_words(parameter: Parameter) -> str:
    """Return the range of a parameter as a person writes it."""
    if isinstance(parameter, Float | Int):
        grid = parameter.step not in (None, 1)
        step = f" by {parameter.step:g}" if grid else ""
        return f"{parameter.low:g} … {parameter.high:g}{step}{' (log)' if parameter.log else ''}"
    if isinstance(parameter, Choice):
        return " | ".join(map(str, parameter.options))
    return "text"


def value_words(value: Any) -> str:
    """Return a value as a person writes it."""
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def assignments(params: Mapping[str, Any]) -> str:
    """Return params as they are typed after a command."""
    return " ".join(f"{name}={value_words(value)}" for name, value in params.items())


def configuration(params: Mapping[str, Any]) -> str:
    """Return params in a sentence."""
    return ", ".join(f"`{name}` = {value_words(value)}" for name, value in params.items())
