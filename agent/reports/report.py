"""What a study came to: default against best, who proposed what, what it cost.

Everything is computed from the history alone, so that a report can be made of any study at any time.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import takewhile
from typing import Any

from bestguess.agent.advice.advisor import LEFT_ALONE, MODEL
from bestguess.agent.advice.failures import what_fails
from bestguess.agent.reports.advised import collect_advice
from bestguess.agent.reports.front import (
    front_lines,
    front_summary,
    unmoved_words,
    values_words,
    which_breaks,
    why_no_best,
)
from bestguess.agent.reports.recommendation import recommend
from bestguess.agent.reports.stopped import count_stopped, stop_record
from bestguess.agent.reports.worth import weigh_model
from bestguess.agent.task import Task
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Source, Trial
from bestguess.tools.words.cleaning import clean, clean_line
from bestguess.tools.words.given import told_apart
from bestguess.tools.words.sentences import counted


@dataclass(frozen=True, slots=True)
class Credit:
    """What one source did: its trials, how many failed, how many were new bests, and by how much in all.

    `gain` adds up what each of its trials took off the best value before it, in the metric's units; the
    first value of a study is nobody's gain. Of several metrics new bests are what joined the front, of which
    the first trial is the first.
    """

    source: Source
    trials: int
    failed: int
    new_bests: int
    gain: float
    tokens: int
    seconds: float


def credit_sources(history: History) -> tuple[Credit, ...]:
    """Return a credit for every source that proposed anything, in order of first appearance."""
    gains = _gains(history)
    rows = []
    for source in dict.fromkeys(trial.source for trial in history):
        own = [trial for trial in history if trial.source == source]
        gained = [gains[trial.number] for trial in own if trial.number in gains]
        rows.append(
            Credit(
                source,
                trials=len(own),
                failed=sum(trial.state == "failed" for trial in own),
                new_bests=len(gained),
                gain=sum(gained),
                tokens=sum(trial.proposal.tokens for trial in own),
                seconds=sum(trial.proposal.seconds for trial in own),
            )
        )
    return tuple(rows)


def _gains(history: History) -> dict[int, float]:
    """Return what each new best took off the last; of several metrics, 0 for what joined the front."""
    if history.goals and history.goals.several:
        return dict.fromkeys(history.joined, 0.0)
    gains: dict[int, float] = {}
    best: float | None = None
    for trial in history.admissible:
        loss = history.loss(trial)
        if best is not None and loss < best:
            gains[trial.number] = best - loss
        best = loss if best is None else min(best, loss)
    return gains


def collect_fallbacks(history: History) -> dict[str, list[int]]:
    """Return each reason for which a source lost its turn, with the trials it happened at."""
    found: dict[str, list[int]] = {}
    for trial in history:
        if trial.proposal.fallback:
            found.setdefault(trial.proposal.fallback, []).append(trial.number)
    return found


def describe_model(history: History) -> str:
    """Return how the language model is doing, or nothing if it never had a turn.

    It is asked less once it has failed several times in a row (`advisor.py`); the trials say so.
    """
    turns = [trial for trial in history if trial.source == "llm" or trial.proposal.fallback.startswith(MODEL)]
    if not turns:
        return ""
    failed = len(list(takewhile(lambda trial: trial.source != "llm", reversed(turns))))
    last = turns[-1].proposal.fallback.removeprefix(MODEL)
    if not failed:
        return "answering"
    if last.startswith(LEFT_ALONE):
        return f"{last} (asked again now and then)"
    return f"no guess of its own ran in its last {counted(failed, 'turn')}: {last}"


def trial_record(trial: Trial) -> dict[str, Any]:
    """Return a trial as JSON-able values."""
    proposal = trial.proposal
    return {
        "number": trial.number,
        "source": trial.source,
        "reason": trial.reason,
        "params": trial.params,
        "value": trial.value,
        "values": trial.values,
        **({"runs": list(trial.outcome.runs)} if trial.outcome and trial.outcome.runs else {}),
        "state": trial.state,
        **(
            {"partial": {"at": trial.outcome.partial, "value": trial.last}}
            if trial.outcome and trial.outcome.partial
            else {}
        ),
        "stopped": stop_record(trial),
        "feedback": trial.feedback,
        **(
            {"trace": [step.record for step in trial.outcome.trace]}
            if trial.outcome and trial.outcome.trace
            else {}
        ),
        "remarks": list(trial.remarks),
        "prediction": asdict(proposal.prediction) if proposal.prediction else None,
        "verdict": proposal.verdict,
        "fallback": proposal.fallback,
        "advice": proposal.suggestion.record if proposal.suggestion else None,
        "tokens": proposal.tokens,
        "seconds": trial.outcome.seconds if trial.outcome else None,
    }


def total_seconds(history: History) -> float:
    """Return how long all trials took."""
    return sum(trial.outcome.seconds or 0.0 for trial in history.told if trial.outcome)


def study_record(
    history: History, task: Task, space: Space, *, seconds: float | None = None
) -> dict[str, Any]:
    """Return a study as JSON-able values, with `seconds` or what its trials took.

    The names are the ones outside checks use.
    """
    incumbent, default, worth = history.incumbent, history.default, weigh_model(history)
    stopped = count_stopped(history)
    recommended = recommend(space, history, noisy=task.noisy)
    return {
        "best_value": incumbent.value if incumbent else None,
        "best_params": incumbent.params if incumbent else None,
        "recommended": recommended.record if recommended else None,
        "default_value": default.value if default else None,
        "direction": history.direction,
        "metrics": dict(task.metrics) or {task.metric: task.direction},
        "limits": dict(task.limits),
        "front": [trial.number for trial in history.front],
        "sources": [asdict(credit) for credit in credit_sources(history)],
        "fallbacks": [
            {"reason": reason, "trials": numbers} for reason, numbers in collect_fallbacks(history).items()
        ],
        "unmoved": unmoved_words(history),
        "stopped_early": asdict(stopped) if stopped else None,
        "model_state": describe_model(history),
        "model_worth": asdict(worth) if worth else None,
        "advice": [advised.record for advised in collect_advice(history)],
        "tokens": sum(trial.proposal.tokens for trial in history),
        "seconds": round(total_seconds(history) if seconds is None else seconds, 3),
        "trials": [trial_record(trial) for trial in history],
    }


def share_words(change: float, default: float) -> str:
    """Return a change as a share, such as ", -7.8 %", or nothing beside a default next to nothing."""
    size = abs(default)
    if abs(change) >= 100 * size:
        return ""
    share = 100 * change / size
    return f", {share:+.1g} %" if 0 < abs(share) < 0.05 else f", {share:+.1f} %"


def write_report(
    history: History, task: Task, space: Space, *, title: str, lines: tuple[str, ...] = ()
) -> str:
    """Return a study's report as Markdown; `lines` are facts of the caller's, set under the result."""
    incumbent, default = history.incumbent, history.default
    metric = clean_line(task.metric)
    parts = [f"# {clean_line(title)}", ""]
    if history.goals:
        parts.append(f"- {front_summary(history)}")
    if history.goals and (history.goals.several or incumbent is None):
        if incumbent:
            which = "Preferred" if len(history.front) > 1 else "Best"
            parts.append(f"- {which}: trial {incumbent.number}, {values_words(incumbent, named=True)}")
        elif history.front:
            parts.append(f"- No best: {why_no_best(history, '')}.")
    elif incumbent is None or incumbent.value is None:
        of = f"No trial of {len(history)} gave a value" if len(history) else "No trial has been told yet"
        parts.append(f"- {of}.")
    else:
        who = f"trial {incumbent.number}, {incumbent.source}"
        if incumbent.outcome and incumbent.outcome.sd is not None:
            who += f"; mean of {len(incumbent.outcome.runs)} runs, sd {incumbent.outcome.sd:.3g}"
        started = incumbent.value if default is None or default.value is None else default.value
        best, before = told_apart(incumbent.value, started, digits=6)
        parts.append(f"- Best {metric}: **{best}** ({who})")
        if default is not None and default.value is not None:
            change = incumbent.value - default.value
            share = share_words(change, default.value)
            broken = which_breaks(default, history.goals)
            parts.append(f"- Default {metric}: {before}{broken}; change {change:+.6g}{share}")
    recommended = recommend(space, history, noisy=task.noisy)
    if recommended and recommended.may_differ:
        parts.append(f"- Recommended, as the best value may be the luckiest: {recommended.words}")
    if unmoved := unmoved_words(history):
        parts.append(f"- {unmoved}")
    if stopped := count_stopped(history):
        parts.append(f"- {stopped.words}")
    if small := history.partial:
        words = f"{len(small)} of {len(history)} trials were less than a whole run, by {space.fidelity}"
        parts.append(f"- {words}; none of them counts as the best")
    if state := describe_model(history):
        parts.append(f"- Language model: {state}")
    parts += [f"- The model advises, and nothing was done: {one.sentence}" for one in collect_advice(history)]
    parts += [*(f"- {clean_line(line)}" for line in lines), ""]
    if history.goals and history.front:
        parts += ["## Front", "", *front_lines(history), ""]
    if incumbent is not None:
        parts += ["## Best configuration", ""]
        parts += [f"- {name}: {_shown(value)}" for name, value in incumbent.params.items()]
        parts += [""]
    several = history.goals is not None and history.goals.several
    won = "joined the front" if several else "new bests | improved by"
    parts += [
        "## Who proposed what",
        "",
        f"| source | trials | failed | {won} | tokens | model s |",
        f"|---|{'---:|' * (5 if several else 6)}",
    ]
    for credit in credit_sources(history):
        gained = str(credit.new_bests) if several else f"{credit.new_bests} | {credit.gain:.4g}"
        parts.append(
            f"| {credit.source} | {credit.trials} | {credit.failed} | {gained} "
            f"| {credit.tokens} | {credit.seconds:.1f} |"
        )
    if worth := weigh_model(history):
        parts += ["", "## Did the language model earn its keep?", ""]
        parts += [f"- {one}" for one in worth.sentences]
    if fallbacks := collect_fallbacks(history):
        parts += ["", "## Turns that were not taken", ""]
        for reason, numbers in fallbacks.items():
            plural = "s" if len(numbers) > 1 else ""
            parts.append(f"- trial{plural} {', '.join(map(str, numbers))}: {reason}")
    if failed := history.failed:
        parts += ["", "## Failed trials", ""]
        parts += [
            f"- trial {trial.number}: {clean_line(trial.outcome.error) if trial.outcome else ''}"
            for trial in failed
        ]
        if common := what_fails(space, history):
            parts += ["", "Tested against all trials, such fail likelier:", *(f"- {one}" for one in common)]
    return clean("\n".join(parts))


def _shown(value: object) -> str:
    return f"{value:.6g}" if isinstance(value, float) else clean_line(str(value))
