"""LLAMBO's surrogates, for comparison: a model ranks configurations by what it expects of them.

| kind             | asked of each configuration     | score                                         |
| ---------------- | ------------------------------- | --------------------------------------------- |
| `discriminative` | its value                       | expected improvement, of mean and spread      |
| `generative`     | whether it is of a good quarter | the share of the samples that says so         |

After LLAMBO (arXiv 2402.03921, sections 5.1 and 5.2), with samples in place of the probabilities of tokens,
which few servers give. The Gaussian process is what BestGuess trusts; this module does not know it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from bestguess.agent.advice.advisor import Advice, Line, read_each
from bestguess.agent.advice.framing import frame_judgement
from bestguess.agent.llm import Reply, Request
from bestguess.agent.task import Task
from bestguess.prompts import version
from bestguess.tools.errors import ReplyError
from bestguess.tools.search.acquisition import log_expected_improvement
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History

Kind = Literal["discriminative", "generative"]

SAMPLES = 5
QUARTER = 0.25
"""LLAMBO's share of good configurations."""

LEAST_SPREAD = 0.05
"""Of the values' own: samples that all agree are not certain."""

MAX_TOKENS = 32


class Judge:
    """Ranks configurations of one space by what a model expects of them."""

    def __init__(self, line: Line, space: Space, task: Task, kind: Kind, seed: int) -> None:
        self._line = line
        self._space = space
        self._task = task
        self._kind = kind
        self._seed = seed

    def rank(self, history: History, configurations: Sequence[Mapping[str, Any]]) -> Advice:
        """Return the configurations, the most promising first, and what the ranking cost.

        One of which the model says nothing comes last, and `rejected` says why.
        """
        scores, refusals, tokens, seconds = [], [], 0, 0.0
        for params in configurations:
            advice = self._line.take(self._request(history, params))
            tokens, seconds = tokens + advice.tokens, seconds + advice.seconds
            said = [one["value"] for one in advice.configurations]
            scores.append(self._score(history, said) if said else -math.inf)
            refusals += [advice.refusal] if advice.refusal else []
        order = np.argsort(-np.array(scores), kind="stable")
        ranked = tuple(configurations[index] for index in order)
        return Advice(ranked, tokens=tokens, seconds=seconds, rejected=tuple(refusals))

    def _score(self, history: History, said: Sequence[float]) -> float:
        """Return the score of a configuration, more being better."""
        if self._kind == "generative":
            return float(np.mean(said))
        sign = -1.0 if history.direction == "maximize" else 1.0
        losses = [history.loss(trial) for trial in history.complete]
        spread = max(float(np.std(said)), LEAST_SPREAD * float(np.std(losses)), 1e-12)
        best = np.array([min(losses)])
        return float(
            log_expected_improvement(np.array([sign * np.mean(said)]), np.array([spread]), best[0])[0]
        )

    def _request(self, history: History, params: Mapping[str, Any]) -> Request:
        good = None
        schema: dict[str, Any] = {"type": "number"}
        if self._kind == "generative":
            sign = -1.0 if history.direction == "maximize" else 1.0
            good = sign * float(np.quantile([history.loss(trial) for trial in history.complete], QUARTER))
            schema = {"enum": ["good", "bad"]}
        return Request(
            messages=frame_judgement(self._task, self._space, history, params, good),
            template=version("task", "judge"),
            n=SAMPLES,
            schema={
                "type": "object",
                "properties": {"value": schema},
                "required": ["value"],
                "additionalProperties": False,
            },
            seed=self._seed + len(history),
            max_tokens=MAX_TOKENS,
            told=len(history.told),
        )


def read_judgement(reply: Reply, space: Space) -> Advice:  # noqa: ARG001 - what every line's reader is given
    """Return the values in `reply`: numbers as they are, good as 1 and bad as 0."""

    def check(said: Any) -> Mapping[str, Any]:
        value = said.get("value") if isinstance(said, Mapping) else None
        value = {"good": 1.0, "bad": 0.0}.get(value, value) if isinstance(value, str) else value
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ReplyError(f"{value!r} is no judgement")
        return {"value": float(value)}

    return read_each(reply, check)
