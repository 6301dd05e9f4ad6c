"""Figures of a study, as plotly reads them: the page, the report and `Result.plot_*` draw them.

Those that Optuna has come from it; ours show who proposed what, and what the surrogate believes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import optuna

from bestguess.agent.reports.figures import belief, times, trials
from bestguess.agent.reports.figures.drawn import draw_front, draw_with_optuna, load_plotly
from bestguess.agent.reports.figures.marks import LEGEND, Figure, plain, points
from bestguess.agent.reports.figures.parallel import parallel_figure
from bestguess.agent.reports.figures.scale import Scale
from bestguess.agent.reports.figures.surface import surface_figure
from bestguess.agent.reports.figures.times import Spans, spans_of
from bestguess.agent.reports.insight import Insight, find_insight, gain_insight
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History

__all__ = [
    "FIGURES",
    "Figure",
    "Subject",
    "as_plotly",
    "draw_figure",
    "draw_front",
    "draw_with_optuna",
    "load_plotly",
]


LEVELS = 12
"""Of the contour through the trials."""


@dataclass(frozen=True)
class Subject:
    """What figures are of: the trials of a study as they were at one moment, and what follows from them."""

    space: Space
    task: Task
    history: History
    study: optuna.Study | None = None

    @cached_property
    def insights(self) -> tuple[Insight, ...]:
        """What is known of each parameter, the most important first."""
        return gain_insight(self.space, self.history, noisy=self.task.noisy)

    @cached_property
    def verifier(self) -> Verifier | None:
        """The surrogate; None before there is one."""
        return Verifier.fit(self.space, self.history, noisy=self.task.noisy)

    def insight(self, parameter: str) -> Insight:
        """Return what is known of one parameter; raise InputError as `find_insight` does."""
        known = {insight.effect.name: insight for insight in self.insights}
        return known.get(parameter) or find_insight(self.space, History(), parameter)

    @cached_property
    def spans(self) -> Spans:
        """From when to when each trial ran."""
        return spans_of(self.study)

    @property
    def ranked(self) -> list[str]:
        """The parameters, the most important first."""
        known = [insight.importance.name for insight in self.insights]
        return [*known, *(name for name in self.space.names if name not in known)]


def _effect(subject: Subject, first: str, _second: str) -> Figure:
    insight = subject.insight(first or subject.ranked[0])
    return belief.effect_figure(subject.space, subject.task, subject.history, insight)


def _surface(show: str) -> Callable[[Subject, str, str], Figure]:
    def draw(subject: Subject, first: str, second: str) -> Figure:
        given = [name for name in (first, second) if name]
        rest = [name for name in subject.ranked if name not in given]
        across, up = (first or rest.pop(0)), second or (rest.pop(0) if rest else "")
        return surface_figure(
            subject.space, subject.task, subject.history, subject.verifier, across, up, show=show
        )

    return draw


def _numbers(words: str) -> list[int]:
    return [int(word) for word in words.split(",") if word.isdecimal()]


def _of_optuna(name: str, title: str, params: int = 0) -> Callable[[Subject, str, str], Figure]:
    """Return what draws a figure of Optuna's, which is of so many `params` where it is of any."""

    def draw(subject: Subject, first: str, second: str) -> Figure:
        if subject.study is None:
            raise InputError("there is no trial yet")
        how: dict[str, Any] = {}
        if params:  # to rank the parameters a surrogate is fitted
            chosen = dict.fromkeys(name for name in (first, second, *subject.ranked) if name)
            how = {"params": [*chosen][:params]}
        figure = draw_with_optuna(subject.study, name, subject.task.metric, **how)
        title_text = title.format(metric=plain(subject.task.metric))
        figure["layout"] |= {"title": {"text": title_text}, "legend": LEGEND}
        if name == "plot_contour":
            _within_the_rest(figure, subject.history)
        return figure

    return draw


def _within_the_rest(figure: Figure, history: History) -> None:
    """Have one bad value not take all colours of Optuna's contour: they end where outliers begin."""
    scale = Scale.of([trial.value or 0.0 for trial in points(history)], history.direction)
    contours = {"start": scale.low, "end": scale.high, "size": (scale.high - scale.low) / LEVELS or 1.0}
    figure["data"][0] |= {"autocontour": False, "contours": {"coloring": "fill", **contours}}
    low, high = f"{scale.low:.4g}", f"{scale.high:.4g}"
    figure["layout"]["meta"]["colour_bar"] |= {"low": low, "high": high}


FIGURES: Mapping[str, Callable[[Subject, str, str], Figure]] = {
    "history": lambda subject, along, _: trials.history_figure(
        subject.task, subject.history, subject.spans if along == times.TIME else None
    ),
    "parallel": lambda subject, find, _: parallel_figure(
        subject.space, subject.task, subject.history, subject.ranked, find
    ),
    "front": lambda subject, first, second: trials.front_figure(subject.task, subject.history, first, second),
    "curves": lambda subject, which, _: trials.curves_figure(subject.task, subject.history, _numbers(which)),
    "importance": lambda subject, *_: belief.importance_figure(subject.task, subject.insights),
    "effect": _effect,
    "predictions": lambda subject, *_: belief.predictions_figure(subject.task, subject.history),
    "surface": _surface("value"),
    "doubt": _surface("doubt"),
    "failing": _surface("failing"),
    "slice": lambda subject, first, _: trials.slice_figure(
        subject.space, subject.task, subject.history, first or subject.ranked[0]
    ),
    "edf": lambda subject, *_: trials.share_figure(subject.task, subject.history),
    "contour": _of_optuna("plot_contour", "{metric} between the trials alone", 2),
    "rank": _of_optuna("plot_rank", "The trials by the rank of their {metric}", 2),
    "timeline": lambda subject, along, _: times.timeline_figure(
        subject.history, subject.spans, by_time=along == times.TIME
    ),
}
"""Each figure's function of a subject and up to two words: names of parameters or metrics, trials' numbers,
what is to be found, or `time` for an axis of time."""


def draw_figure(name: str, subject: Subject, first: str = "", second: str = "") -> Figure:
    """Return the figure of that name.

    Raises:
        InputError: there is no such figure, parameter or metric, or nothing to draw yet.
    """
    if name not in FIGURES:
        raise InputError(f"there is no figure {name!r}; there are {', '.join(FIGURES)}")
    return FIGURES[name](subject, first, second)


def as_plotly(figure: Figure) -> Any:
    """Return a figure as plotly's own object; raise InputError where plotly is not installed."""
    return load_plotly().Figure(figure)
