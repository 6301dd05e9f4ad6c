"""A strong language model's first guesses, which were written down once; for measurement only.

They lie outside of the project (`../shared/strong`, whose README says how they came about, or the folder in
BESTGUESS_STRONG), and no pack, prompt or wheel holds any of them. Only first guesses exist: whatever else
such a model is asked, it does not answer. A brief does not say which problem it is of, so guesses are found
by posing the problems whose names they stand under and comparing.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bestguess.agent.llm import Reply, Request
from bestguess.agent.llm.parsing import parse_texts
from bestguess.evals.protocol import Brief
from bestguess.evals.suites import suite, suite_names
from bestguess.tools.errors import InputError, ModelUnavailable, ParamsError
from bestguess.tools.space.schema import reply_text
from bestguess.tools.space.space import Space

VARIABLE = "BESTGUESS_STRONG"
FILE = "first_guesses.json"
ROOT = Path(__file__).resolve().parent.parent


class StrongLLM:
    """Answers requests for first guesses in the problem of `brief`, the most promising first, at no cost.

    Raises InputError where the file is missing, or has no guesses for this problem.
    """

    name = "strong"

    def __init__(self, brief: Brief) -> None:
        space = brief.space
        self._points = [
            {"reason": one["reason"], "params": space.to_reply(space.validate(one["params"]))}
            for one in _find(_essence(brief))
        ]

    def generate(self, request: Request) -> Reply:
        """Return as many of the guesses as there are, in one answer or several; raise ModelUnavailable."""
        if "warm_start" not in request.template:
            raise ModelUnavailable("of the strong model there are first guesses only")
        if request.n == 1:
            texts: tuple[str, ...] = (json.dumps({"points": self._points}),)
        else:
            texts = tuple(reply_text(point["params"]) for point in self._points[: request.n])
        return Reply(texts, parse_texts(texts, request.schema))

    def close(self) -> None:
        """Do nothing: there is nothing to free."""


def read_guesses() -> Mapping[str, list[dict[str, Any]]]:
    """Return params and reasons by `suite/problem`; raise InputError where the file is missing."""
    folder = Path(os.environ.get(VARIABLE) or ROOT.parent / "shared" / "strong")
    try:
        written = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"there is no {folder / FILE}, which llm=strong reads; name its folder in {VARIABLE}"
        ) from error
    return dict(written)


@cache
def _find(posed: str) -> list[dict[str, Any]]:
    space = Space.from_dict(json.loads(posed)["space"])
    for name, guesses in read_guesses().items():
        of, _, problem = name.partition("/")
        there = of in suite_names() and problem in suite(of).problems
        if there and _fit(space, guesses) and _pose(of, problem) == posed:
            return guesses
    raise InputError("llm=strong has no guesses for this problem; it has them for those of its README")


@cache
def _pose(of: str, problem: str) -> str:
    return _essence(Brief.of(suite(of).problem(problem, 0)))


def _essence(brief: Brief) -> str:
    """Return what a guess rests on: the space and the task, which are the same for every seed."""
    fields = brief.to_dict()
    return json.dumps({name: fields[name] for name in ("space", "task")}, default=str)


def _fit(space: Space, guesses: list[dict[str, Any]]) -> bool:
    try:
        return bool([space.validate(one["params"]) for one in guesses])
    except ParamsError:
        return False
