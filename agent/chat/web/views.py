"""A session as HTML: events of the conversation, and the panels beside it. Everything is escaped.

Markdown is rendered without raw HTML, so that nothing which a program or a model wrote becomes markup.
"""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from bestguess.agent.chat.answers import facts, words
from bestguess.agent.chat.answers.rendering import MARKDOWN
from bestguess.agent.chat.answers.svg import draw
from bestguess.agent.chat.commands.all import REGISTRY
from bestguess.agent.chat.events import Event
from bestguess.agent.chat.plan import assignments, range_words
from bestguess.agent.chat.session import Session
from bestguess.agent.reports.insight import Insight, gain_insight
from bestguess.agent.reports.live import format_prediction, format_value
from bestguess.agent.reports.report import credit_sources
from bestguess.tools.errors import InputError
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.trial import Trial

SORTS = ("number", "value", "source")
SHOWN = ("said", "answer", "card", "answered", "remark", "error", "trial_finished")
"""The kinds of event that stand in the conversation."""


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("bestguess.agent.chat.web", package_path="templates"),
        undefined=StrictUndefined,
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["markdown"] = markdown
    return environment


def markdown(text: str) -> Markup:
    """Return Markdown as HTML; any markup in it shows as text."""
    return Markup(MARKDOWN.render(text))  # noqa: S704  # raw HTML is off, so all of it is escaped


def render(template: str, **variables: Any) -> str:
    """Return one of the page's templates, filled in."""
    return _environment().get_template(f"{template}.html.jinja").render(**variables)


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
    best = history.incumbent
    aside = bench.study.aside if bench.opened else frozenset()
    listed = list(bench.study.everything) if bench.opened else []
    rows = [_row(trial, best, aside) for trial in _sorted(listed, sort, descending=descending)]
    curve = draw(facts.progress_plot(history, plan.task.metric)) if history.complete else ""
    return render(
        "panels",
        plan=plan,
        standing=words.standing(history, plan.task),
        curve=curve,
        rows=rows,
        sort=sort,
        descending=descending,
        sorts=SORTS,
        credits=credit_sources(history),
        parameters=[_parameter(plan, name) for name in plan.space.names],
        running=sorted(trials.running) if trials else [],
        choosing=bool(trials and trials.choosing_since is not None and not trials.running),
        left=trials.left if trials else 0,
        paused=bool(trials and trials.paused),
        undos=len(bench.undos),
    )


def insights_html(session: Session) -> str:
    """Return what moves the value: importances, and the effects of the first few."""
    plan, history = session.bench.plan, session.bench.history
    if plan is None:
        return ""
    insights: tuple[Insight, ...] = gain_insight(plan.space, history, noisy=plan.task.noisy)
    plots = []
    for one in insights[:3]:
        try:
            plots.append(draw(facts.effect_plot(plan, history, one.importance.name)))
        except InputError:
            continue
    return render("insights", importances=[one.importance for one in insights], plots=plots)


def page_html(session: Session, events: list[Event]) -> str:
    """Return the whole page, with the conversation so far."""
    shown = Markup("".join(event_html(event) for event in events))  # noqa: S704  # made by the templates
    names = [f"/{command.name}" for command in REGISTRY]
    return render("page", log=shown, after=len(events), commands=names, folder=str(session.bench.folder))


def _sorted(trials: list[Trial], sort: str, *, descending: bool) -> list[Trial]:
    if sort == "value":
        missing = float("inf") if not descending else float("-inf")
        return sorted(trials, key=lambda one: missing if one.value is None else one.value, reverse=descending)
    if sort == "source":
        return sorted(trials, key=lambda one: one.source, reverse=descending)
    return sorted(trials, key=lambda one: one.number, reverse=descending)


def _row(trial: Trial, best: Trial | None, aside: frozenset[int]) -> dict[str, Any]:
    kind: str = "aside" if trial.number in aside else trial.state
    if best is not None and trial.number == best.number:
        kind = "best"
    failed = trial.outcome is not None and trial.outcome.failed
    return {
        "number": trial.number,
        "source": trial.source,
        "value": format_value(trial),
        "expected": format_prediction(trial),
        "params": assignments(trial.params),
        "why": trial.outcome.error if failed and trial.outcome else trial.reason,
        "verdict": trial.proposal.verdict,
        "kind": kind,
    }


def _parameter(plan: Any, name: str) -> dict[str, Any]:
    one = plan.space.parameters[name]
    limit = plan.limits.of.get(name)
    numeric = isinstance(one, Float | Int)
    low = (one.low if limit is None or limit.low is None else limit.low) if numeric else None
    high = (one.high if limit is None or limit.high is None else limit.high) if numeric else None
    return {
        "name": name,
        "range": range_words(one),
        "limit": limit.words if limit else "",
        "numeric": numeric,
        "options": isinstance(one, Choice),
        "low": "" if low is None else f"{low:g}",
        "high": "" if high is None else f"{high:g}",
        "doc": one.doc,
    }
