"""A session whose study has trials of every kind, without running any."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np

from bestguess.agent.chat.session import Session
from bestguess.tools.trial import Outcome, Prediction, Proposal

WITH_STEPS = 48
"""So many of the first trials of one metric report their value by step."""

SOURCES = ("knowledge", "llm", "gp", "gp", "gp", "random", "user")


def fill(session: Session, count: int, *, metrics: str = "") -> Session:
    """Begin a study of train.py in the session's folder, and add so many trials to it; return the session."""
    session.say("tune train.py")
    session.say("no")  # nothing is to run
    if metrics:
        session.say(metrics)
    session.bench.start_trials()
    add(session, count)
    return session


def add(session: Session, count: int) -> None:
    """Add trials to the session's study: values that become better, an outlier and failures now and then."""
    study, plan = session.bench.study, session.bench.the_plan()
    space, first = plan.space, len(study.everything)
    rng = np.random.default_rng(first)
    for number in range(first, first + count):
        params = space.decode(rng.random(len(space))) if number else space.default()
        source: Any = SOURCES[number % len(SOURCES)] if number else "default"
        value = abs(math.log10(params["lr"] / 0.03)) * 0.2 + (params["depth"] - 4) ** 2 * 0.02 + 0.05
        value *= (1.0 if source != "gp" else 0.5 + 0.5 / (1 + number / 10)) * (1 + 0.1 * rng.random())
        expected = Prediction(value * 1.05, value * 0.7, value * 1.5) if number > 3 else None
        reason = "Lower rates did better in the trials before" if source != "gp" else "expected improvement"
        outcome = Outcome(value * (300 if number % 37 == 5 else 1), seconds=1.0, feedback="epoch 2 done")
        if number % 11 == 7:  # the first of them is trial 7
            outcome = Outcome.failure(
                "MemoryError: 17 GB wanted", feedback="Traceback\nMemoryError", seconds=0.2
            )
        elif plan.task.goals:
            outcome = Outcome(
                values={"val_loss": value, "latency_ms": 20.0 + 9 * params["depth"]}, seconds=1.0
            )
        proposal = Proposal(params, source, reason, expected)
        if plan.task.goals or outcome.failed or number >= WITH_STEPS:
            study.add(proposal, outcome)
            continue
        stopped = number % 17 == 9
        trial = study.start(proposal)
        for step in range(1, 5 if stopped else 9):
            study.report(trial.number, step, (outcome.value or 0.0) * (1 + 2 * 0.6**step))
        study.tell(trial, Outcome(pruned=True, seconds=0.5) if stopped else outcome)


def served(folder: Path, count: int, **how: Any) -> Session:
    """Return a session in a folder with a filled study."""
    return fill(Session(folder, seed=0), count, **how)
