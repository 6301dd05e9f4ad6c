"""What is known of why programs fail: from what they print to claims that the trials then judge.

The table is `prompts/failures.yaml`; `tools/search/failure_rules.py` tests each claim against every trial.
"""

from __future__ import annotations

import re
import shlex
from functools import cache
from importlib.resources import files
from os.path import realpath, sep
from typing import NamedTuple

import yaml

from bestguess import agent, tools
from bestguess.tools.goals import Goals
from bestguess.tools.scan.metric import metrics_in, pattern_of
from bestguess.tools.search.failure_rules import Claim, FailureRules, kind_of
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Trial
from bestguess.tools.words.cleaning import clean_line

ALIKE = 3
"""So many trials that fail alike from the start are no matter of their params."""

_FRAME = re.compile(r'File "(?P<file>[^"\n]+)", line (?P<line>\d+)[^\n]*\n(?P<code>[^\n]*)')
_LIBRARY = re.compile(r"site-packages|dist-packages|[/\\]lib[/\\]python|^<")
_OURS = tuple(realpath(folder) + sep for room in (agent, tools) for folder in room.__path__)
"""Where this package is, which is no library's folder in a checkout."""


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


def alike_from_the_start(history: History) -> str:
    """Return what to mend where the first trials failed alike, whatever their params; nothing elsewhere.

    The default is among them, no trial has succeeded, and none of the causes that are known to depend on
    params, such as too little memory, makes programs fail with these words.
    """
    told, default = history.told, history.default
    if len(history.failed) < max(len(told), ALIKE) or default not in told:
        return ""
    kinds = {kind_of(trial.outcome.error) for trial in told if trial.outcome}
    if len(kinds) > 1 or any(cause.printed.search(kind) for kind in kinds for cause in _causes()):
        return ""
    error = clean_line(told[-1].said.partition("\n")[0])
    mend = _mend(told[-1], history.goals)
    return f"the first {len(told)} trials failed alike, the default among them: {error}{mend}"


def line_that_failed(trial: Trial) -> str:
    """Return the last line of a traceback in a trial's output that is the user's own; nothing if none."""
    frames = [
        frame
        for frame in _FRAME.finditer(trial.said)
        if not _LIBRARY.search(frame["file"]) and not realpath(frame["file"]).startswith(_OURS)
    ]
    said = f"{frames[-1]['file']}, line {frames[-1]['line']}: {frames[-1]['code']}" if frames else ""
    return clean_line(said)


def _mend(trial: Trial, goals: Goals | None) -> str:
    assert trial.outcome is not None
    if "matched nothing in the output" in trial.outcome.error:
        printed = metrics_in(trial.outcome.feedback)
        new = [name for name in printed if not (goals and name in goals.names)]
        if not new:
            return ""
        by_name = re.search(pattern_of(new[0]), trial.outcome.feedback)
        given = new[0] if by_name else printed[new[0]]
        option = "--metric"
        for name, bound in goals.limits.items() if goals else ():
            if f"'{name}'" in trial.outcome.error and goals and name not in goals.metrics:
                option, given = "--limit", f"{given} {bound.words}"
        return f". To mend: its output has {new[0]}, so give {option} {shlex.quote(given)}"
    return f". To mend: {line}" if (line := line_that_failed(trial)) else ""


@cache
def _causes() -> tuple[_Cause, ...]:
    text = files("bestguess.prompts").joinpath("failures.yaml").read_text("utf-8")
    return tuple(
        _Cause(*(re.compile(cause[part]) for part in _Cause._fields)) for cause in yaml.safe_load(text)
    )
