"""What goes on in a session, on one line, however narrow it is."""

from __future__ import annotations

import time

from bestguess.agent.chat.conversation import Conversation

REFRESH_S = 0.2
SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
AT_ONCE_S = 0.3
"""What takes less is not shown as work."""

MISSED_FIRST = ("study", "left", "best", "trial", "doing")


def status_line(session: Conversation, columns: int, *, working_since: float | None = None) -> str:
    """Return what goes on and for how long, and of the rest what there is room for.

    `working_since` is when the present turn began (time.monotonic), if one is taken.
    """
    plan, trials, now = session.bench.plan, session.bench.trials, time.monotonic()
    parts: dict[str, str] = {"study": plan.study if plan else "nothing is being tuned yet"}
    if session.thinking_since is not None:
        parts["doing"] = f"the model is thinking, {_age(session.thinking_since)}: Ctrl-C stops it"
    elif working_since is not None and now - working_since > AT_ONCE_S:
        parts["doing"] = f"working, {_age(working_since)}"
    if trials is not None:
        if running := dict(trials.running):
            parts["trial"] = f"running {', '.join(map(str, sorted(running)))}, {_age(min(running.values()))}"
        elif (since := trials.choosing_since) is not None:
            parts["trial"] = f"choosing, {_age(since)}: say pause to stop after it"
        state = "paused, " if trials.paused and trials.left else ""
        parts["left"] = f"{state}until the time is up" if trials.open_ended else f"{state}{trials.left} to go"
    if session.best_words:
        parts["best"] = session.best_words
    if session.pending:
        once = session.pending.card.consent == "once"
        parts["question"] = f"a question is open: {'yes or no' if once else 'yes, no or always'}"
    spinner = ""
    if parts.keys() & {"doing", "trial"}:
        spinner = f"{SPINNER[int(now / REFRESH_S) % len(SPINNER)]} "
    return f"{spinner}{fitted(parts, columns - len(spinner))}"


def fitted(parts: dict[str, str], columns: int) -> str:
    """Return the parts on one line, without those that may be missed where it is too long."""
    kept = dict(parts)
    for name in MISSED_FIRST:
        if len(line := " · ".join(kept.values())) <= columns:
            return line
        if len(kept) > 1:
            kept.pop(name, "")
    line = " · ".join(kept.values())
    return line if len(line) <= columns else f"{line[: columns - 1]}…"


def _age(since: float) -> str:
    return f"{time.monotonic() - since:.0f} s"
