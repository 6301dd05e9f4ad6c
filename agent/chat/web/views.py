"""A session as HTML: events of the conversation, and the panels beside it. Everything is escaped.

Markdown is rendered without raw HTML, so that nothing which a program or a model wrote becomes markup.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from markupsafe import Markup, escape

from bestguess.agent.chat.answers.facts import standing
from bestguess.agent.chat.answers.plots import effect_plot, progress_plot
from bestguess.agent.chat.answers.rendering import MARKDOWN
from bestguess.agent.chat.answers.svg import draw
from bestguess.agent.chat.answers.tables import trial_row
from bestguess.agent.chat.answers.templating import environment
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.events import Event
from bestguess.agent.chat.plan import range_within, range_words
from bestguess.agent.chat.session import Session
from bestguess.agent.reports.insight import gain_insight
from bestguess.agent.reports.report import credit_sources
from bestguess.tools.trial import Trial

EFFECTS = 3
SORTS = ("number", "value", "source")
SHOWN = ("said", "answer", "card", "answered", "step", "remark", "error", "trial_finished")
"""The kinds of event that stand in the conversation."""


def markdown(text: str) -> Markup:
    """Return Markdown as HTML; any markup in it shows as text."""
    return Markup(MARKDOWN.render(text))  # noqa: S704  # raw HTML is off, so all of it is escaped


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


def panels_html(session: Session, sort: str, *, descending: bool) -> str:
    """Return the panels that follow the trials: state, curve, table, who earned what, the space."""
    bench = session.bench
    plan, history, trials = bench.plan, bench.history, bench.trials
    if plan is None:
        return render("nothing")
    aside = bench.study.aside if bench.opened else frozenset()
    listed = list(bench.study.everything) if bench.opened else []
    front = history.front
    rows = [trial_row(trial, front, aside) for trial in _sorted(listed, sort, descending=descending)]
    curve = draw(progress_plot(history, plan.task.metric)) if history.complete else ""
    return render(
        "panels",
        plan=plan,
        standing=standing(history, plan.task),
        curve=curve,
        rows=rows,
        sort=sort,
        descending=descending,
        sorts=SORTS,
        credits=credit_sources(history),
        range_words=range_words,
        range_within=range_within,
        trials=trials,
        undos=bench.undos,
    )


def insights_html(session: Session) -> str:
    """Return what moves the value: importances, and the effects of the first few."""
    plan, history = session.bench.plan, session.bench.history
    if plan is None:
        return ""
    insights = gain_insight(plan.space, history, noisy=plan.task.noisy)
    plots = [
        draw(effect_plot(plan.space, plan.task, history, insight.effect)) for insight in insights[:EFFECTS]
    ]
    return render("insights", importances=[insight.importance for insight in insights], plots=plots)


def page_html(session: Session, events: list[Event]) -> str:
    """Return the whole page, with the conversation so far."""
    shown = Markup("".join(event_html(event) for event in events))  # noqa: S704  # made by the templates
    names = [f"/{command.name}" for command in REGISTRY.values()]
    return render("page", log=shown, after=len(events), commands=names, folder=str(session.bench.folder))


def _sorted(trials: list[Trial], sort: str, *, descending: bool) -> list[Trial]:
    missing = float("-inf") if descending else float("inf")
    keys: dict[str, Callable[[Trial], Any]] = {
        "value": lambda trial: missing if trial.value is None else trial.value,
        "source": lambda trial: trial.source,
    }
    return sorted(trials, key=keys.get(sort, lambda trial: trial.number), reverse=descending)
