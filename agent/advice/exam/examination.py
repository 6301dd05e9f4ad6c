"""Asks a language model for first guesses of the exam's problems, as the search asks, and marks them.

A guess is marked with its chance to be better than a random configuration. One that repeats the default says
nothing new, and in place of one that cannot be run a random one is; both are marked with 1/2. Marks are kept
problem by problem (`kept`), so an exam that was interrupted goes on where it was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from bestguess.agent.advice.advisor import Advice, read_reply
from bestguess.agent.advice.exam.kept import Kept, Marks
from bestguess.agent.advice.exam.surfaces import Surface, read_surface
from bestguess.agent.advice.framing import answer_tokens, frame_warm_start
from bestguess.agent.llm import LLM, Request, count_roughly
from bestguess.agent.llm.grades import Grade
from bestguess.agent.llm.shared import SharedLLM
from bestguess.prompts import version
from bestguess.tools.errors import ModelUnavailable

PROBLEMS = (
    "SS-M",
    "lcbench-kr_vs_kp",
    "deeparch",
    "lcbench-mfeat_factors",
    "SS-U",
    "lcbench-sylvine",
    "BDBC",
    "lcbench-jungle_chess",
)
"""Each tells a strong model's guesses from random ones and from those of 1.5B; SS-C and SS-D of the same
collection do not (NOTEBOOK 34)."""

SAMPLES = 8
TIMEOUT_S = 300.0
TEMPLATES = ("system", "task", "warm_start")
"""What the prompt is made of; with another one, another exam is due."""

UNTOLD = 0.5
"""The mark of what says no more than chance."""

Progress = Callable[[int, int], Any]
"""Told before each problem how many are done, and of how many."""


def prompt_version() -> str:
    """Return the version of the prompt that the exam is asked with."""
    return version(*TEMPLATES)


def kept_of(llm: SharedLLM) -> Kept:
    """Return what is kept of the model's exam; a server is asked which model it is, and ModelError raised."""
    return Kept(f"{llm.identify()} {prompt_version()}", llm.name)


def grade_for(llm: SharedLLM) -> Grade | None:
    """Return the model's grade: by its own exam, or else as shipped with it; None where neither is known."""
    return grade_of(kept_of(llm).marks) or llm.grade


def question(surface: Surface) -> Request:
    """Return what is asked of a problem: what `FirstGuesses` asks of a user's."""
    return Request(
        frame_warm_start(surface.task, surface.space),
        n=SAMPLES,
        schema=surface.space.json_schema(),
        seed=0,
        max_tokens=answer_tokens(surface.space),
        timeout_s=TIMEOUT_S,
        template=f"exam {prompt_version()}",
        patient=True,
    )


def estimate_tokens(left: int | None = None) -> int:
    """Return about how many tokens the last `left` problems cost, all of them by default."""
    names = PROBLEMS if left is None else PROBLEMS[len(PROBLEMS) - left :]
    asked = [question(read_surface(name)) for name in names]
    prompts = sum(count_roughly(turn.content) for request in asked for turn in request.messages)
    return prompts + sum(request.n * request.max_tokens // 2 for request in asked)


def examine(llm: LLM, kept: Kept, progress: Progress | None = None) -> Grade:
    """Return the model's grade, after asking it what it was not asked yet.

    Raises what the model raises, and ModelUnavailable where the marks cannot be kept.
    """
    for done, name in enumerate(PROBLEMS):
        if name not in kept.marks:
            if progress:
                progress(done, len(PROBLEMS))
            marks = _mark(llm, read_surface(name))
            try:
                kept.add(name, marks)
            except OSError as error:
                words = f"the marks of {llm.name} cannot be kept in {kept.path}: {error.strerror}"
                raise ModelUnavailable(f"{words}; mend that, or set BESTGUESS_HOME") from error
    grade = grade_of(kept.marks)
    assert grade is not None
    return grade


def grade_of(marks: Mapping[str, Marks]) -> Grade | None:
    """Return the grade by the marks of all problems; None where some are not there."""
    if any(name not in marks for name in PROBLEMS):
        return None
    return Grade(tuple(float(np.mean(marks[name].chances)) for name in PROBLEMS))


def mark(surface: Surface, advice: Advice) -> tuple[float, ...]:
    """Return the mark of each answer."""
    default = surface.space.default()
    marks = [UNTOLD if dict(one) == default else surface.chance(one) for one in advice.configurations]
    return (*marks, *(UNTOLD for _ in advice.rejected))


def _mark(llm: LLM, surface: Surface) -> Marks:
    reply = llm.generate(question(surface))
    marks = mark(surface, read_reply(reply, surface.space.read_reply))
    return Marks(marks or (UNTOLD,), reply.tokens, round(reply.seconds, 1))
