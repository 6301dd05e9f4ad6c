"""When trials ran, and for how long: seconds since the first of a study began, in a unit that people read."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import optuna

from bestguess.agent.reports.figures.marks import BAD, GREY, LINE, Figure, axis, titled
from bestguess.agent.reports.figures.scale import DECADES
from bestguess.tools.errors import InputError
from bestguess.tools.trial import History, Trial

TIME = "time"
"""What asks a figure for an axis of time."""

RECENT = 300
"""So many of the latest trials are on the timeline: the bars of more are thinner than a line."""

UNITS = (("seconds", 1.0), ("minutes", 60.0), ("hours", 3600.0), ("days", 86400.0))
SOME = 3.0
"""A unit is read from so many of it on."""

STATES: Mapping[str, tuple[str, str]] = {
    "complete": ("complete", LINE),
    "failed": ("failed", BAD),
    "running": ("running", "#00906a"),
    "pruned": ("stopped early", "#b87a00"),
    "partial": ("a part of the run", GREY),
}
"""The name and the colour of each state."""


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when a trial ran, in seconds since the first one began; what runs ends at `end` so far."""

    start: float
    end: float
    begun: datetime


Spans = Mapping[int, Span]
"""Of each trial by its number."""


def spans_of(study: optuna.Study | None) -> Spans:
    """Return from when to when each trial ran; one that runs still, until the latest time that is known."""
    frozen = study.get_trials(deepcopy=False) if study else []
    began = {each.number: each.datetime_start for each in frozen if each.datetime_start}
    if not began:
        return {}
    ended = {each.number: each.datetime_complete for each in frozen if each.datetime_complete}
    first, last = min(began.values()), max([*began.values(), *ended.values()])
    return {
        number: Span(
            (start - first).total_seconds(),
            max((ended.get(number, last) - first).total_seconds(), (start - first).total_seconds()),
            start,
        )
        for number, start in began.items()
    }


def unit_of(seconds: float) -> tuple[str, float]:
    """Return the name of the unit in which so much time is read, and its seconds."""
    return [each for each in UNITS if seconds >= SOME * each[1] or each is UNITS[0]][-1]


def elapsed_axis(seconds: float) -> tuple[dict[str, Any], float]:
    """Return the axis of the time since the start, up to so many seconds, and its unit in seconds."""
    name, unit = unit_of(seconds)
    return axis(f"{name} since the start", {"rangemode": "tozero"}), unit


def timeline_figure(history: History, spans: Spans, *, by_time: bool = False) -> Figure:
    """Return how long each of the latest trials ran, by its number, or from when to when.

    Raises:
        InputError: there is no trial yet, or nothing is known of when any ran.
    """
    shown = [trial for trial in history if trial.number in spans][-RECENT:]
    if not shown:
        raise InputError("there is no trial yet whose time is known")
    took = {trial.number: spans[trial.number].end - spans[trial.number].start for trial in shown}
    data = []
    across, unit = elapsed_axis(max(spans[trial.number].end for trial in shown))
    longest = max(took.values())
    name, seconds = unit_of(longest)
    for state, (words, colour) in STATES.items():
        if own := [trial for trial in shown if trial.state == state]:
            numbers = [trial.number for trial in own]
            if by_time:
                bars: dict[str, Any] = {
                    "orientation": "h",
                    "base": [spans[number].start / unit for number in numbers],
                    "x": [took[number] / unit for number in numbers],
                    "y": numbers,
                }
            else:
                bars = {"x": numbers, "y": [took[number] / seconds for number in numbers]}
            data.append(
                {
                    "type": "bar",
                    "name": words,
                    **bars,
                    "customdata": numbers,
                    "marker": {"color": colour, "line": {"width": 0}},
                    "text": [_words(trial, spans[trial.number]) for trial in own],
                    "textposition": "none",
                    "hovertemplate": "%{text}<extra></extra>",
                    "showlegend": True,
                }
            )
    numbered = {"tickformat": "d", "zeroline": False}
    if by_time:
        up = axis("trial", numbered)
        return titled(data, "When each trial ran", across, up, barmode="overlay", bargap=0.2)
    least = min((each for each in took.values() if each > 0), default=longest)
    scale: dict[str, Any] = {"rangemode": "tozero"}
    if longest > DECADES * least:
        scale = {
            "type": "log",
            "range": [math.log10(least / seconds) - 0.3, math.log10(longest / seconds) + 0.1],
        }
    title = "How long each trial ran"
    return titled(data, title, axis("trial", numbered), axis(name, scale), barmode="overlay", bargap=0.2)


def _words(trial: Trial, span: Span) -> str:
    begun, took = span.begun.strftime("%Y-%m-%d %H:%M:%S"), span.end - span.start
    so_far = " so far" if trial.state == "running" else ""
    return f"trial {trial.number}, {STATES[trial.state][0]}<br>{begun}, {took:.3g} s{so_far}"
