"""The search history and the surrogate's state in words, within a token budget.

What a model is told is put together here and nowhere else; how trials and numbers are written is in `rows`,
and the sentences themselves are in `prompts/`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from bestguess.agent.advice.rows import Rows, configuration, described, expected_text, quote_failure
from bestguess.agent.llm import SHORT_TOKENS, Message, count_roughly
from bestguess.agent.task import Task
from bestguess.prompts import render
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Prediction, Trial

TOKENS_PER_PARAMETER = 24
POINT_TOKENS = 96
"""Of a point's reason in any language and what stands around it; as many for what is advised."""


def answer_tokens(space: Space, points: int = 1) -> int:
    """Return how long an answer may be that gives so many points, of several each with its reason."""
    one = 32 + TOKENS_PER_PARAMETER * len(space)
    return one if points == 1 else points * (one + POINT_TOKENS) + POINT_TOKENS


def frame_warm_start(task: Task, space: Space, *, advice: str = "", points: int = 1) -> tuple[Message, ...]:
    """Return the messages that ask for so many first guesses; `advice` is what packs say."""
    return frame(task, space, render("warm_start", points=points), advice, points=points)


def frame_proposal(
    task: Task,
    space: Space,
    history: History,
    *,
    whole: Space | None = None,
    surrogate: str = "",
    candidates: Sequence[tuple[Mapping[str, Any], Prediction, str]] = (),
    track_record: str = "",
    left: int | None = None,
    refused: str = "",
    points: int = 1,
    budget_tokens: int = SHORT_TOKENS,
    count_tokens: Callable[[str], int] = count_roughly,
) -> tuple[Message, ...]:
    """Return the messages that ask for the next guess, or for so many `points`, given the history.

    As many rows of the history are shown as fit `budget_tokens`, the best, the latest and the most surprising
    first; within SHORT_TOKENS, a few of each. `whole` is the space of the history where guesses are wanted
    from the part `space` only. `candidates` are what the surrogate would try next, and what it expects there,
    of other metrics than the first in words.
    `left` is how many trials may still run, the one that is asked for among them, and `refused` why the last
    guess was not run; a short prompt has neither.
    """
    detailed = budget_tokens > SHORT_TOKENS
    rows = Rows(whole or space, task, history, detailed=detailed)
    several = task.goals is not None and task.goals.several
    of = f"{task.metric} " if task.goals else ""
    tried_next = [
        f"expected {of}{expected_text(there)}{others}: {configuration(whole or space, at)}"
        for at, there, others in candidates
    ]

    def framed(most: int) -> tuple[Message, ...]:
        words = render(
            "propose",
            **rows.shown(most),
            noisy=task.noisy,
            surrogate=surrogate,
            candidates=tried_next,
            track_record=track_record,
            left=left if detailed else None,
            refused=refused if detailed else "",
            points=points,
            several=several,
            wanted="join the front"
            if several
            else f"beat the best one{' within the limits' * bool(task.limits)}",
        )
        return frame(task, space, words, points=points)

    def tokens(most: int) -> int:
        return sum(count_tokens(message.content) for message in framed(most))

    return framed(max(bisect_right(range(1, rows.most + 1), budget_tokens, key=tokens), 1))


def frame_failure(task: Task, space: Space, trial: Trial) -> tuple[Message, ...]:
    """Return the message that asks why a trial failed."""
    words = render(
        "explain",
        description=task.description,
        parameters=described(space),
        configuration=configuration(space, trial.params),
        output=quote_failure(trial),
    )
    return (Message("user", words),)


def frame(task: Task, space: Space, words: str, advice: str = "", *, points: int = 1) -> tuple[Message, ...]:
    """Return the system's message and the user's: the task, which stays the same, and these words."""
    aim = task.aim if task.goals else f"{task.direction} the {task.metric}"
    stable = render(
        "task",
        description=task.description,
        aim=aim[0].upper() + aim[1:],
        several=task.goals is not None and task.goals.several,
        facts=dict(task.facts),
        parameters=described(space),
        advice=advice,
        constraints=[constraint for constraint in space.constraints if isinstance(constraint, str)],
    )
    return (Message("system", render("system", points=points)), Message("user", f"{stable}\n\n{words}"))
