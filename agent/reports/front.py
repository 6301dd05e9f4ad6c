"""What a study of several metrics or with limits came to, in words: its front, and why there is no best."""

from __future__ import annotations

from collections.abc import Sequence

from bestguess.tools.goals import Goals
from bestguess.tools.trial import History, Trial
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.sentences import counted

MOST_ROWS = 30
"""Of a front so many trials are listed."""

UNMOVED = 4
"""So many configurations of one and the same value are hardly luck."""


def best_so_far(history: History) -> str:
    """Return in a few words where the search stands."""
    best, goals = history.incumbent, history.goals
    if unmoved := unmoved_words(history):
        return unmoved
    if goals is None or (best and not goals.several):
        return (
            f"best {best.value:.6g} (trial {best.number})"
            if best and best.value is not None
            else "no value yet"
        )
    front = history.front
    if not front:
        return "no trial within the limits yet" if history.complete else "no value yet"
    preferred = f", preferred trial {best.number}" if best and len(front) > 1 else ""
    return f"{len(front)} on the front{preferred}"


def unmoved_words(history: History) -> str:
    """Return that all values are the same whatever the params are, or nothing where that is not so."""
    complete = history.complete
    if len({(trial.value, *trial.values.values()) for trial in complete}) != 1:
        return ""
    different = len({repr(sorted(trial.params.items())) for trial in complete})
    if different < UNMOVED:
        return ""
    return (
        f"{different} different configurations all gave {values_words(complete[0])}: "
        "does the objective use the parameters?"
    )


def why_no_best(history: History, why_failed: str) -> str:
    """Return why there is no best trial, and what to do."""
    goals, front = history.goals, history.front
    if goals is None or not history.complete:
        return f"no trial of {len(history)} gave a value; {why_failed}"
    if not front:
        limits = ", ".join(f"{name} {bound.words}" for name, bound in goals.limits.items())
        return f"no trial of {len(history)} keeps the limits ({limits}); run more, or loosen them"
    weights = dict.fromkeys(goals.metrics, 1)
    options = " ".join(f"--prefer {name}=1" for name in weights)
    return (
        f"{len(front)} trials are on the front of {', '.join(goals.metrics)}, and nothing says what is best; "
        f"say it by weights, as prefer={weights} ({options}), or choose one of the front"
    )


def values_words(trial: Trial, goals: Goals | None = None, *, named: bool = False) -> str:
    """Return a trial's values in a line, or its state; with goals it says which limits they break.

    Of several the first stands behind its name only where `named`: elsewhere the name is there already.
    """
    if trial.value is None:
        return trial.state
    if not trial.values:
        sd = trial.outcome and trial.outcome.sd
        return f"{trial.value:.5g}" if sd is None else f"{trial.value:.5g} ± {sd:.2g}"
    first, *others = trial.values.items()
    head = f"{first[0]} " if named else ""
    words = ", ".join([f"{head}{first[1]:.5g}", *(f"{name} {value:.5g}" for name, value in others)])
    broken = goals.broken(trial.values) if goals else ""
    return f"{words}; breaks {broken}" if broken else words


def which_breaks(trial: Trial, goals: Goals | None) -> str:
    """Return which limits a trial's values break, as a relative clause; nothing if none."""
    broken = goals.broken(trial.values) if goals and trial.values else ""
    return f", which breaks {broken}" if broken else ""


def front_lines(history: History) -> list[str]:
    """Return the front as a table in Markdown, a line each; the preferred trial is bold."""
    goals, front, best = history.goals, history.front, history.incumbent
    assert goals is not None
    ways = {name: f" ({direction})" for name, direction in goals.metrics.items()}
    heads = [f"{_cell(name)}{ways.get(name, '')}" for name in goals.names]
    lines = [
        f"| trial | {' | '.join(heads)} | params |",
        f"|---:|{'---:|' * len(heads)}---|",
    ]
    for trial in by_first_metric(front, goals)[:MOST_ROWS]:
        number = f"**{trial.number}**" if best and best.number == trial.number else str(trial.number)
        values = " | ".join(f"{trial.values[name]:.6g}" for name in goals.names)
        params = ", ".join(
            f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
            for name, value in trial.params.items()
        )
        lines.append(f"| {number} | {values} | {_cell(params)} |")
    if len(front) > MOST_ROWS:
        lines += ["", f"and {len(front) - MOST_ROWS} more."]
    return lines


def front_summary(history: History) -> str:
    """Return what the front is, in a sentence."""
    goals, front = history.goals, history.front
    assert goals is not None
    if not history.complete:
        return f"No trial of {len(history)} gave a value."
    broken = len(history.complete) - len(history.admissible)
    over = f"; {broken} of {len(history.complete)} break a limit" if goals.limits else ""
    if not front:
        return f"No trial of {len(history)} keeps the limits{over}."
    return f"Front: {counted(len(front), 'trial')}, to {goals.words}{over}."


def by_first_metric(front: Sequence[Trial], goals: Goals) -> list[Trial]:
    """Return a front in the order of its first metric, the best first."""
    return sorted(front, key=lambda trial: goals.losses(trial.values))


def _cell(text: str) -> str:
    return clean_line(text).replace("|", "/")
