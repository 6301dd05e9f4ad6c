"""The search history and the surrogate's state in words, within a token budget.

What a model is told is built here and nowhere else; the sentences themselves are in `prompts/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from bestguess.agent.llm import Message, count_roughly
from bestguess.agent.task import Task
from bestguess.prompts import render
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter
from bestguess.tools.space.schema import reply_text
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Prediction, Trial, plain_line
from bestguess.tools.words.given import shorten

BEST_ROWS = 6
LATEST_ROWS = 4
SURPRISING_ROWS = 2
REMARKED_ROWS = 2
FAILURE_ROWS = 4
SURPRISE = 1.0
"""Trials that missed what was expected of them by more deviations than this say most about the space."""

FEEDBACK_CHARS = 160
_MARK = re.compile(r"<(?=/?(?:output|remark)>)")
BUDGET_TOKENS = 1400
TOKENS_PER_PARAMETER = 24


def answer_tokens(space: Space) -> int:
    """Return how long an answer with one configuration may be."""
    return 32 + TOKENS_PER_PARAMETER * len(space)


def frame_warm_start(task: Task, space: Space, *, advice: str = "") -> tuple[Message, ...]:
    """Return the messages that ask for a first guess; `advice` is what packs say."""
    return frame(task, space, render("warm_start"), advice)


def frame_proposal(
    task: Task,
    space: Space,
    history: History,
    *,
    whole: Space | None = None,
    surrogate: str = "",
    candidates: Sequence[tuple[Mapping[str, Any], Prediction]] = (),
    goal: str = "",
    track_record: str = "",
    budget_tokens: int = BUDGET_TOKENS,
    count_tokens: Callable[[str], int] = count_roughly,
) -> tuple[Message, ...]:
    """Return the messages that ask for the next guess, given the history.

    Rows of the history are left out, the least telling first, until the whole fits `budget_tokens`. `whole`
    is the space of the history where guesses are wanted from the part `space` only. `candidates` are what the
    surrogate would try next, and what it expects there. A `goal` is
    asked for in place of what is expected to beat the best.
    """
    whole = whole or space
    ranked = sorted(history.complete, key=history.loss)
    odd = [trial for trial in history.complete if _surprise(trial) > SURPRISE]
    odd.sort(key=_surprise, reverse=True)
    for rows in range(BEST_ROWS, 0, -1):
        best = ranked[:rows]
        latest = [trial for trial in history.complete[-min(rows, LATEST_ROWS) :] if trial not in best]
        remarked = [trial for trial in history.complete if trial.remarks and trial not in (*best, *latest)]
        remarked = remarked[-min(rows, REMARKED_ROWS) :]
        shown = {trial.number for trial in (*best, *latest, *remarked)}
        unlike = [trial for trial in odd if trial.number not in shown][: min(rows, SURPRISING_ROWS)]
        failures = history.failed[-min(rows, FAILURE_ROWS) :]
        words = render(
            "propose",
            told=len(history.told),
            failed=len(history.failed),
            best=[_row(whole, task, trial) for trial in best],
            latest=[_row(whole, task, trial) for trial in latest],
            remarked=[_row(whole, task, trial) for trial in remarked],
            has_remarks=any(trial.remarks for trial in (*best, *latest, *remarked, *unlike, *failures)),
            surprising=[_surprising(whole, task, trial) for trial in unlike],
            failures=[_failure(whole, trial) for trial in failures],
            surrogate=surrogate,
            candidates=[
                f"expected {expected.words}: {_configuration(whole, params)}"
                for params, expected in candidates
            ],
            track_record=track_record,
            goal=goal,
        )
        messages = frame(task, space, words)
        if sum(count_tokens(message.content) for message in messages) <= budget_tokens:
            break
    return messages


def frame_failure(task: Task, space: Space, trial: Trial) -> tuple[Message, ...]:
    """Return the message that asks why a trial failed."""
    words = render(
        "explain",
        description=task.description,
        parameters=_described(space),
        configuration=_configuration(space, trial.params),
        output=quote_untrusted(trial.said),
    )
    return (Message("user", words),)


def quote_untrusted(text: str, chars: int = FEEDBACK_CHARS) -> str:
    """Return what a program printed, fit for a prompt: no control characters, no marks, the tail only."""
    return _between_marks("output", text, chars)


def _between_marks(mark: str, text: str, chars: int = FEEDBACK_CHARS) -> str:
    """Return a text as one line between marks, of which it cannot have any itself."""
    said = plain_line(text)
    return f"<{mark}>{said if len(said) <= chars else '…' + said[-chars:]}</{mark}>"


def _described(space: Space) -> list[dict[str, str]]:
    return [
        {
            "name": name,
            "range": _range(parameter),
            "default": _literal(parameter.default),
            "when": " and ".join(
                f"{parent} is {' or '.join(map(_literal, values))}"
                for parent, values in (parameter.when or {}).items()
            ),
            "doc": plain_line(parameter.doc),  # it may come from a script; a line break would end its place
        }
        for name, parameter in space.parameters.items()
    ]


def frame(task: Task, space: Space, words: str, advice: str = "") -> tuple[Message, ...]:
    """Return the system's message and the user's: the task, which stays the same, and these words."""
    stable = render(
        "task",
        description=task.description,
        metric=task.metric,
        direction=task.direction,
        facts=dict(task.facts),
        parameters=_described(space),
        advice=advice,
        constraints=[constraint for constraint in space.constraints if isinstance(constraint, str)],
    )
    return (Message("system", render("system")), Message("user", f"{stable}\n\n{words}"))


def _range(parameter: Parameter) -> str:
    if isinstance(parameter, Int | Float):
        kind = "integer" if isinstance(parameter, Int) else "number"
        scale = ", on a log scale" if parameter.log else ""
        step = f", in steps of {_literal(parameter.step)}" if parameter.step not in (None, 1) else ""
        return f"{kind} from {_literal(parameter.low)} to {_literal(parameter.high)}{scale}{step}"
    if isinstance(parameter, Choice):
        order = "in this order " if parameter.ordered else ""
        return f"one {order}of {', '.join(map(_literal, parameter.options))}"
    return "text"


def _row(space: Space, task: Task, trial: Trial) -> str:
    return f"{task.metric} {trial.value:.5g}: {_configuration(space, trial.params)}{_remark(trial)}"


def _remark(trial: Trial) -> str:
    """Return what the user said of a trial, to stand after its row; nothing if that is nothing."""
    return f" {_between_marks('remark', '; '.join(trial.remarks))}" if trial.remarks else ""


def _surprising(space: Space, task: Task, trial: Trial) -> str:
    expected = trial.proposal.prediction
    return f"{_row(space, task, trial)}{f', expected {expected.words}' if expected else ''}"


def _surprise(trial: Trial) -> float:
    expected = trial.proposal.prediction
    return 0.0 if expected is None or trial.value is None else expected.surprise(trial.value)


def _failure(space: Space, trial: Trial) -> str:
    return f"{_configuration(space, trial.params)} {quote_untrusted(trial.said)}{_remark(trial)}"


def _configuration(space: Space, params: Mapping[str, Any]) -> str:
    # A text may be a model's own: in it, what looks like a mark is written as JSON may write it.
    return _MARK.sub(r"\\u003c", reply_text(space.to_reply(params)))


def _literal(value: object) -> str:
    # Without an exponent: so the grammar has it that the answer is held to.
    if isinstance(value, float):
        return np.format_float_positional(value, precision=6, fractional=False, trim="-")
    return " ".join(shorten(str(value), 80).split())
