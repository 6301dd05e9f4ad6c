"""When trials ran, and how long: in a unit that people read, whichever of several at once ended first."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState

import bestguess as bg
from bestguess.agent.reports.figures import Subject, draw_figure
from bestguess.agent.reports.figures.times import spans_of, unit_of
from bestguess.tools.trial import History, Outcome, Proposal, Trial

SPACE = bg.Space(lr=bg.Float(1e-4, 1.0, log=True, default=0.01))
BEGAN = datetime(2026, 11, 29, 9, 30)


def subject(*runs: tuple[float, float | None], unit_s: float = 60.0) -> Subject:
    """Trials that ran from one time to another, in minutes; None runs still. The later, the better."""
    study = optuna.create_study()
    for number, (start, end) in enumerate(runs):
        frozen = FrozenTrial(
            number=number,
            trial_id=-1,
            state=TrialState.RUNNING if end is None else TrialState.COMPLETE,
            value=None if end is None else 1.0 / (1 + number),
            datetime_start=BEGAN + timedelta(seconds=start * unit_s),
            datetime_complete=None if end is None else BEGAN + timedelta(seconds=end * unit_s),
            params={},
            distributions={},
            user_attrs={},
            system_attrs={},
            intermediate_values={},
        )
        study._storage.create_new_trial(study._study_id, template_trial=frozen)
    trials = [
        Trial(number, Proposal(SPACE.default(), "gp"), None if end is None else Outcome(1.0 / (1 + number)))
        for number, (_, end) in enumerate(runs)
    ]
    return Subject(SPACE, bg.Task("A bowl"), History("minimize", tuple(trials)), study)


def test_a_trial_runs_from_when_it_began_to_when_it_ended_or_the_latest_time_that_is_known() -> None:
    spans = spans_of(subject((0, 4), (1, 2), (3, None)).study)
    assert [(span.start, span.end) for span in spans.values()] == [(0, 240), (60, 120), (180, 240)]
    assert spans[1].begun == BEGAN + timedelta(minutes=1)
    assert spans_of(None) == {} == spans_of(optuna.create_study())


@pytest.mark.parametrize(
    ("seconds", "unit"),
    [
        (0, "seconds"),
        (179, "seconds"),
        (180, "minutes"),
        (10_000, "minutes"),
        (10_800, "hours"),
        (3e5, "days"),
    ],
)
def test_time_is_told_in_a_unit_that_people_read(seconds: float, unit: str) -> None:
    assert unit_of(seconds)[0] == unit


def test_by_time_the_best_so_far_follows_what_ended_first() -> None:
    figure = draw_figure("history", subject((0, 1), (1, 9), (2, 3), (4, None)), "time")
    best = next(trace for trace in figure["data"] if trace["name"] == "best so far")
    assert best["x"] == pytest.approx([1, 3, 9, 9])
    assert best["y"] == pytest.approx([1, 1 / 3, 1 / 3, 1 / 3])
    assert figure["layout"]["xaxis"]["title"]["text"] == "minutes since the start"
    running = next(trace for trace in figure["data"] if trace["name"].startswith("running"))
    assert running["x"] == [9]
    by_trial = draw_figure("history", subject((0, 1), (1, 9), (2, 3), (4, None)))
    assert next(trace for trace in by_trial["data"] if trace["name"] == "best so far")["x"] == [0, 1, 2, 3]


def test_the_timeline_is_of_when_trials_ran_or_of_how_long() -> None:
    given = subject((0, 4), (1, 2), (3, None))
    when, long = draw_figure("timeline", given, "time"), draw_figure("timeline", given)
    bars = {trace["name"]: trace for trace in when["data"]}
    assert [bars["complete"][key] for key in ("base", "x", "y")] == [[0, 1], [4, 1], [0, 1]]
    assert bars["running"]["base"] == [3]
    assert "60 s so far" in bars["running"]["text"][0]
    assert "2026-11-29 09:31:00, 60 s" in bars["complete"]["text"][1]
    assert [trace["y"] for trace in long["data"]] == [[4, 1], [1]]
    assert long["layout"]["yaxis"]["title"]["text"] == "minutes"
    for figure in (when, long):
        json.dumps(figure, allow_nan=False)


@pytest.mark.parametrize("ends", [[0.0, 0.0, 0.0], [0.0, 1.0, 900.0]])
def test_trials_of_no_time_or_of_very_different_times_have_an_axis(ends: list[float]) -> None:
    figure = draw_figure("timeline", subject(*((0.0, end) for end in ends), unit_s=1.0))
    json.dumps(figure, allow_nan=False)
    assert (figure["layout"]["yaxis"].get("type") == "log") == (ends[-1] > 30)
