"""What the page shows when it is asked: a trial, several side by side, the model, the belief, the report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bestguess.agent.chat.answers import facts
from bestguess.agent.chat.answers.explanation import effects, explain, luck
from bestguess.agent.chat.answers.formatting import quoted
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.plan import value_words
from bestguess.agent.chat.session import Session
from bestguess.agent.chat.web.views import Settled, markdown, render
from bestguess.agent.reports.live import format_value
from bestguess.agent.reports.report import credit_sources
from bestguess.agent.reports.study_report import report_on
from bestguess.agent.reports.worth import weigh_model
from bestguess.tools.errors import BestGuessError, InputError
from bestguess.tools.trial import Trial

NOTHING = "<p class='quiet'>There is no study yet.</p>"


def _in_words(make: Callable[..., str]) -> Callable[..., str]:
    """Have what is wrong with a question said in its place."""

    def html(*given: Any) -> str:
        try:
            return make(*given)
        except BestGuessError as error:
            return f"<div role='status'>{markdown(str(error))}</div>"

    return html


@_in_words
def trial_html(session: Session, number: int) -> str:
    """Return all that is known of a trial: params against best and default, who and why, what it printed."""
    bench = session.bench
    plan, history = bench.the_plan(), bench.history
    trial = facts.find_trial(bench.study.everything, number)
    others = {"best": history.incumbent, "default": history.default}
    rows = [
        (name, _shown(trial, name), *(_shown(other, name) for other in others.values()))
        for name in plan.space.names
        if any(each and name in each.params for each in (trial, *others.values()))
    ]
    output = trial.outcome.feedback if trial.outcome else ""
    return render(
        "trial",
        trial=trial,
        rows=rows,
        words=explain(bench.known, trial),
        output=quoted(output) if output and not (trial.outcome and trial.outcome.failed) else "",
        command=plan.typed(trial.params, bench.folder),
        running=bool(bench.trials and number in bench.trials.running),
    )


@_in_words
def compare_html(session: Session, numbers: Sequence[int]) -> str:
    """Return trials side by side, what differs first; of two, with what each change alone may do."""
    bench = session.bench
    plan, everything = bench.the_plan(), bench.study.everything
    trials = [facts.find_trial(everything, number) for number in numbers]
    if len(trials) < 2:
        raise InputError("choose two trials or more to compare")
    rows = [
        (name, [_shown(trial, name) for trial in trials])
        for name in plan.space.names
        if any(name in trial.params for trial in trials)
    ]
    rows.sort(key=lambda row: len({*row[1]}) == 1)  # which keeps the order of those that differ
    two = len(trials) == 2
    return render(
        "compare",
        metric=plan.task.metric,
        trials=trials,
        values=[format_value(trial) for trial in trials],
        rows=rows,
        believed=effects(bench.known, *trials) if two else {},
        luck=luck(bench.known, *trials) if two else "",
        with_steps=any(trial.reports for trial in trials),
    )


@_in_words
def model_html(session: Session) -> str:
    """Return who guesses, what it costs and whether that pays."""
    bench = session.bench
    history = bench.history
    bench.the_plan()
    said = str(REGISTRY["model"].function(session))
    spent = str(REGISTRY["cost"].function(bench.known))
    worth = weigh_model(history)
    return render(
        "model",
        said=said,
        spent=spent,
        worth=worth.sentences if worth else (),
        credits=credit_sources(history),
    )


@_in_words
def belief_html(session: Session, settled: Settled) -> str:
    """Return the surrogate's state and what more trials may bring, in words."""
    with settled() as subject:
        parts = [subject.verifier.describe()] if subject.verifier else []
        parts.append(facts.describe_outlook(session.bench.known, 10))
    return str(markdown("\n\n".join(parts)))


@_in_words
def report_html(session: Session, settled: Settled) -> str:
    """Return the report on the study."""
    bench = session.bench
    plan = bench.the_plan()
    if not bench.opened:
        return NOTHING
    with settled() as subject:
        insights = subject.insights
    return str(markdown(report_on(bench.study, prefer=plan.prefer, insights=insights)))


def _shown(trial: Trial | None, name: str) -> str:
    return value_words(trial.params[name]) if trial and name in trial.params else "-"
