"""What is known of why programs fail: from what they print to claims that the trials then judge.

The table is `prompts/failures.yaml`; `tools/search/failure_rules.py` tests each claim against every trial.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import NamedTuple

import yaml

from bestguess.tools.search.failure_rules import Claim, FailureRules, kind_of
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History


class _Cause(NamedTuple):
    printed: re.Pattern[str]
    higher: re.Pattern[str]
    lower: re.Pattern[str]


def common_claims(space: Space, history: History) -> tuple[Claim, ...]:
    """Return what usually causes failures that say what those of `history` say, one claim a kind."""
    messages = {kind_of(trial.outcome.error): trial for trial in history.failed if trial.outcome}
    claims = []
    for kind in messages:
        for cause in _causes():
            if cause.printed.search(kind):
                signs = {
                    name: 1 if cause.higher.search(name.lower()) else -1
                    for name in space.names
                    if cause.higher.search(name.lower()) or cause.lower.search(name.lower())
                }
                if signs:
                    claims.append(Claim(kind, signs))
                break
    return tuple(claims)


def what_fails(space: Space, history: History) -> list[str]:
    """Return, of each kind of failure that a rule explains, the likeliest, in words."""
    told = history.told
    if not history.failed:
        return []
    x = space.encode_many([trial.params for trial in told])
    rules = FailureRules.fit(space, told, x, common_claims(space, history))
    return rules.describe() if rules else []


@cache
def _causes() -> tuple[_Cause, ...]:
    text = files("bestguess.prompts").joinpath("failures.yaml").read_text("utf-8")
    return tuple(
        _Cause(*(re.compile(cause[part]) for part in _Cause._fields)) for cause in yaml.safe_load(text)
    )
