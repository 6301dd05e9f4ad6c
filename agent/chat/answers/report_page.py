"""The report as one HTML file that needs nothing from elsewhere: what was learned, charts, all trials.

The charts are drawn by plotly, whose script is written into the file; a reader without scripts, and a report
that is written where plotly is not installed, has two kinds of them as plain pictures.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from markupsafe import Markup

from bestguess.agent.advice.failures import what_fails
from bestguess.agent.chat.answers.facts import Known, outlook, standing
from bestguess.agent.chat.answers.plots import effect_plot, progress_plot
from bestguess.agent.chat.answers.rendering import MARKDOWN
from bestguess.agent.chat.answers.svg import draw
from bestguess.agent.chat.answers.tables import trial_row
from bestguess.agent.chat.answers.templating import render_file
from bestguess.agent.chat.plan import value_words
from bestguess.agent.record.study import Study
from bestguess.agent.reports.figures import Subject, draw_figure, times
from bestguess.agent.reports.figures.drawn import plotly_script
from bestguess.agent.reports.figures.marks import Figure
from bestguess.agent.reports.front import which_breaks
from bestguess.agent.reports.insight import Insight
from bestguess.agent.reports.report import share_words
from bestguess.agent.reports.study_report import report_on
from bestguess.agent.reports.worth import weigh_model
from bestguess.tools.errors import InputError
from bestguess.tools.trial import History

EFFECTS = 4
MOST_TRIALS = 1000
MORE = 10
STATIC = Path(__file__).parent.parent / "web" / "static"


def report_page(
    study: Study, *, prefer: dict[str, float] | None = None, script: str = "", command: str = ""
) -> str:
    """Return the report on a study as a page; `command` is what runs its best, where that is known."""
    history, space, task = study.history.preferring(prefer), study.space, study.task
    subject = Subject(space, task, history, study.optuna_study)
    insights = subject.insights
    wanted = [("history", ""), ("front", ""), ("importance", "")]
    wanted += [("effect", insight.effect.name) for insight in insights[:EFFECTS]]
    wanted += [
        ("surface", ""),
        ("predictions", ""),
        ("parallel", ""),
        ("curves", ""),
        ("timeline", times.TIME),
    ]
    pictures = {("history", ""): draw(progress_plot(history, task.metric))} if history.complete else {}
    pictures |= {
        ("effect", insight.effect.name): draw(effect_plot(space, task, history, insight.effect))
        for insight in insights[:EFFECTS]
    }
    charts: list[dict[str, Any]] = []
    figures: list[Figure] = []
    try:
        plotly = plotly_script().read_text(encoding="utf-8")
    except InputError as error:
        plotly, without = "", str(error)
        charts = [{"index": -1, "picture": picture} for picture in pictures.values()]
    else:
        without = ""
        for name, of in wanted:
            try:
                figure = draw_figure(name, subject, of)
            except InputError:  # there is nothing of that kind to draw
                continue
            charts.append({"index": len(figures), "picture": pictures.get((name, of), "")})
            figures.append(figure)
    front, trials = history.front, study.everything.trials
    return render_file(
        "report.html",
        title=f"Study {study.name}",
        script=script or task.description,
        learned=learned(subject, insights),
        command=command,
        best=history.incumbent,
        default=history.default,
        value_words=value_words,
        charts=charts,
        without=without,
        # What ends a script element, or begins a comment in one, has no place in the text of a script.
        figures=Markup(json.dumps(figures, allow_nan=False).replace("<", "\\u003c")),  # noqa: S704
        plotly=Markup(plotly.replace("</script", "<\\/script")),  # noqa: S704  # of the wheel
        drawing=Markup((STATIC / "charts.js").read_text(encoding="utf-8")),  # noqa: S704  # ours
        style=Markup(  # noqa: S704  # ours
            "".join((STATIC / name).read_text(encoding="utf-8") for name in ("page.css", "plotly.css"))
        ),
        report=Markup(MARKDOWN.render(_without_title(report_on(study, prefer=prefer, insights=insights)))),  # noqa: S704
        metric=task.metric,
        trials=[trial_row(trial, front, study.aside) for trial in trials[-MOST_TRIALS:]],
        left_out=max(len(trials) - MOST_TRIALS, 0),
    )


def learned(subject: Subject, insights: tuple[Insight, ...]) -> list[str]:
    """Return what was learned, a sentence each; every number in them is computed from the trials."""
    space, history, task = subject.space, subject.history, subject.task
    said = [f"The {standing(history, task)}", *_change(history, task.metric)]
    said += [insight.sentence(task.metric, history.direction) for insight in insights if insight.varied]
    if history.failed:
        common = "; ".join(what_fails(space, history))
        likelier = f". Tested against all trials, such fail likelier: {common}" if common else ""
        said.append(f"{len(history.failed)} of {len(history.told)} trials failed{likelier}.")
    if worth := weigh_model(history):
        said.append(f"Of the language model: {'; '.join(worth.sentences)}.")
    if more := outlook(Known(space, task, history), MORE):
        gain = f"{MORE} more trials are expected to bring {more.gain:.3g}, any number {more.potential:.3g}"
        said.append(f"{gain}; the search has converged." if more.converged else f"{gain}.")
    return said


def _change(history: History, metric: str) -> list[str]:
    default, best = history.default, history.incumbent
    if (
        default is None
        or best is None
        or default.number == best.number
        or None in (default.value, best.value)
    ):
        return []
    changed = [
        name
        for name in {**default.params, **best.params}
        if default.params.get(name) != best.params.get(name)
    ]
    assert default.value is not None
    assert best.value is not None
    change = best.value - default.value
    return [
        f"The best differs from the default in {', '.join(changed)}: {metric} {change:+.4g}"
        f"{share_words(change, default.value)}{which_breaks(default, history.goals)}."
    ]


def _without_title(report: str) -> str:
    return report.partition("\n")[2] if report.startswith("# ") else report
