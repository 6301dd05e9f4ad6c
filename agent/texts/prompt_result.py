"""What tuning a prompt came to: the template, its scores, and whether it is better on unseen items."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from statistics import fmean
from typing import Any

from bestguess.agent.texts.racing import chance_better, interval
from bestguess.tools.trial import History, Params
from bestguess.tools.words.chances import percent


@dataclass(frozen=True)
class Tested:
    """Scores of the best prompt and of the default on the same unseen items."""

    best: tuple[float, ...]
    default: tuple[float, ...]

    @property
    def score(self) -> float:
        """The best prompt's mean score."""
        return fmean(self.best)

    @cached_property
    def interval(self) -> tuple[float, float]:
        """The central 90 % of its score on items like these."""
        return interval(self.best)

    @property
    def default_score(self) -> float:
        """The default's mean score."""
        return fmean(self.default)

    @cached_property
    def chance_better(self) -> float:
        """The chance that the best prompt is better than the default on items like these, by the pairs."""
        return chance_better([best - default for best, default in zip(self.best, self.default, strict=True)])


@dataclass(frozen=True, slots=True)
class PromptResult:
    """The best prompt that was found.

    `template` is the prompt with the items' fields in braces; `score` is on the validation items, by which it
    was chosen, so it flatters; `test` is on items that had no part in that, None where none were asked about.
    """

    template: str
    default_template: str
    params: Params
    trial: int
    trials: int
    score: float
    default_score: float
    items: dict[str, int]
    calls: int
    test: Tested | None = None
    history: History = field(default_factory=History, repr=False)

    @property
    def is_default(self) -> bool:
        """Whether nothing better than the default was found."""
        return self.template == self.default_template

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-able values."""
        test = self.test and {
            "score": self.test.score,
            "low": self.test.interval[0],
            "high": self.test.interval[1],
            "default_score": self.test.default_score,
            "chance_better": None if self.is_default else self.test.chance_better,
            "items": len(self.test.best),
        }
        return {
            "template": self.template,
            "params": dict(self.params),
            "trial": self.trial,
            "trials": self.trials,
            "score": self.score,
            "default_score": self.default_score,
            "items": self.items,
            "calls": self.calls,
            "test": test,
        }

    def report(self) -> str:
        """Return it in words."""
        lines = [
            f"{self.trials} prompts were tried with {self.calls} calls of the model.",
            f"On the {self.items['validation']} validation items: {self.score:.3f}, the default "
            f"{self.default_score:.3f}. The best was chosen by this score, so it flatters.",
        ]
        if self.test:
            low, high = self.test.interval
            lines.append(
                f"On {len(self.test.best)} test items that nothing was chosen by: {self.test.score:.3f} "
                f"(90 %: {low:.3f} to {high:.3f}), the default {self.test.default_score:.3f}."
            )
            lines.append(
                "Nothing better than the default was found."
                if self.is_default
                else f"The chance that it is better than the default on items like these: "
                f"{percent(self.test.chance_better)}."
            )
        return "\n".join(lines)
