"""A session as HTML: events of the conversation, and the panels beside it. Everything is escaped.

Markdown is rendered without raw HTML, so that nothing which a program or a model wrote becomes markup.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Container, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

from markupsafe import Markup, escape

from bestguess.agent.chat.answers.facts import seconds_per_trial, standing
from bestguess.agent.chat.answers.formatting import duration
from bestguess.agent.chat.answers.rendering import MARKDOWN
from bestguess.agent.chat.answers.svg import draw
from bestguess.agent.chat.answers.templating import environment
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.events import Event
from bestguess.agent.chat.plan import configuration, range_within, range_words
from bestguess.agent.chat.session import Session
from bestguess.agent.chat.web.start import look_around
from bestguess.agent.chat.web.table import View, table_of
from bestguess.agent.reports.figures import Subject
from bestguess.agent.reports.insight import TOO_EARLY
from bestguess.agent.reports.live import format_value
from bestguess.agent.reports.report import credit_sources

Settled = Callable[[], AbstractContextManager[Subject]]

_ALIGNED = re.compile(r'(?<=<t[hd] )style="text-align:(\w+)"')
SHOWN = (
    "session",
    "said",
    "answer",
    "card",
    "answered",
    "step",
    "choice",
    "remark",
    "error",
    "trial_finished",
)
"""The kinds of event that stand in the conversation."""

PARTS = ("bar", "table", "editor", "earned")
"""The panels: what is best and runs, the trials, the space, and who earned what."""


def markdown(text: str) -> Markup:
    """Return Markdown as HTML; any markup in it shows as text.

    A column's alignment is a class: the page's policy forbids styles in attributes.
    """
    html = _ALIGNED.sub(r'class="\1"', MARKDOWN.render(text))
    return Markup(html)  # noqa: S704  # raw HTML is off, so all of it is escaped


def render(template: str, **variables: Any) -> str:
    """Return one of the page's templates, filled in."""
    page = environment("bestguess.agent.chat.web").get_template(f"{template}.html.jinja")
    return page.render(markdown=markdown, **variables)


def event_html(event: Event) -> str:
    """Return an event of the conversation as HTML; empty for those that do not stand there."""
    if event.kind not in SHOWN or event.fields.get("discarded"):
        return ""
    plot = draw(event.plot) if event.plot else ""
    return render("event", event=event, plot=plot, clock=time.strftime("%H:%M", time.localtime(event.at)))


def writing_html(text: str) -> str:
    """Return what a model is writing as HTML; nothing once it is done."""
    return f'<article class="answer writing">{markdown(text)}</article>' if text else ""


def thinking_html(text: str) -> str:
    """Return what is waited for, and how to stop it, as HTML; nothing once that is over."""
    return f'<p class="quiet">{escape(text)}: the button Stop ends that.</p>' if text else ""


def panels_html(session: Session, view: View, parts: Container[str] = PARTS) -> str:
    """Return the panels that follow the trials, those of `parts`: the table as the `view` says.

    Each has an id by which the page puts it in its place. Before there is a study it is what may be begun.
    """
    bench = session.bench
    plan, history, trials = bench.plan, bench.history, bench.trials
    if plan is None:
        return render("nothing", around=look_around(session), plan=plan)
    best = history.incumbent
    left, running = (trials.left, len(trials.running)) if trials else (0, 0)
    seconds = seconds_per_trial(history)
    return render(
        "panels",
        plan=plan,
        standing=standing(history, plan.task),
        best=best,
        configuration=configuration(best.params).replace("`", "") if best else "",
        best_value=format_value(best) if best else "",
        command=plan.typed(best.params, bench.folder) if best else "",
        told=len(history.told),
        left=left,
        running=running,
        time_left=duration(seconds * (left + running) / bench.parallel) if seconds and left + running else "",
        tokens=sum(trial.proposal.tokens for trial in history),
        parts=parts,
        table=table_of(session, view) if "table" in parts else None,
        view=view,
        credits=credit_sources(history) if "earned" in parts else (),
        range_words=range_words,
        range_within=range_within,
        trials=trials,
        undos=bench.undos,
        several=bool(plan.task.goals and len(plan.task.goals.names) > 1),
        with_steps=any(trial.reports for trial in history),
    )


def start_html(session: Session) -> str:
    """Return what may be begun in the session's folder, and gone on with."""
    return render("start", around=look_around(session), plan=session.bench.plan)


def insights_html(session: Session, settled: Settled | None = None) -> str:
    """Return what moves the value, a sentence each; `settled` gives what was computed of the study."""
    plan, history = session.bench.plan, session.bench.history
    if plan is None:
        return ""
    with settled() if settled else nullcontext(Subject(plan.space, plan.task, history)) as subject:
        sentences = [insight.sentence(plan.task.metric, history.direction) for insight in subject.insights]
    return render("insights", sentences=sentences, early=TOO_EARLY)


def page_html(session: Session, events: list[Event], styles: Iterable[str] = ()) -> str:
    """Return the whole page, with the conversation so far; `styles` are ids that plotly looks for."""
    shown = Markup("".join(event_html(event) for event in events))  # noqa: S704  # made by the templates
    names = [f"/{command.name}" for command in REGISTRY.values()]
    folder = str(session.bench.folder)
    return render("page", log=shown, after=len(events), commands=names, folder=folder, styles=styles)
