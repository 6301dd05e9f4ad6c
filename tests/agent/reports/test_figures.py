"""Figures are true to the trials, readable, and hold nobody else's markup."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import pytest

import bestguess as bg
from bestguess.agent.reports.figures import Subject, draw_figure
from bestguess.agent.reports.figures.marks import BAD, MARKS, RANKS, plain_tags
from bestguess.agent.reports.figures.parallel import parallel_figure
from bestguess.agent.reports.figures.scale import Scale
from bestguess.tools.errors import InputError
from bestguess.tools.goals import Goals
from bestguess.tools.trial import History, Outcome, Prediction, Proposal, Stop, Trial

LINK = "<a href='http://evil.example'>x</a><b>y"
SPACE = bg.Space(
    lr=bg.Float(1e-4, 1.0, log=True, default=0.01),
    kind=bg.Choice(["plain", LINK]),
    drop=bg.Float(0, 1, when={"kind": ["plain"]}),
)
TASK = bg.Task("A bowl", metric="val <loss>")
SOURCES = ("default", "gp", "llm", "user", "knowledge", "random")


def trial(number: int, outcome: Outcome | None, reason: str = "why", **more: Any) -> Trial:
    params = {"lr": 0.01 * (1 + number), "kind": LINK} if number % 2 else SPACE.default()
    prediction = Prediction(0.3, 0.2, 0.5) if number else None
    source: Any = SOURCES[number % len(SOURCES)]
    return Trial(number, Proposal(params, source, reason, prediction), outcome, **more)


def subject(*values: float, extra: tuple[Trial, ...] = (), direction: Any = "minimize") -> Subject:
    told = [trial(number, Outcome(value)) for number, value in enumerate(values)]
    return Subject(SPACE, TASK, History(direction, (*told, *extra)))


def traces(figure: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {trace["name"]: trace for trace in figure["data"] if "name" in trace}


@pytest.mark.parametrize(
    ("values", "direction", "log", "out"),
    [
        ([0.3, 0.2, 0.25, 0.4, 0.31, 60.0], "minimize", False, [60.0]),
        ([10.0, 1.0, 0.3, 0.02, 0.005, 0.001], "minimize", True, []),
        ([0.8, 0.82, 0.85, 0.81, 0.84, -40.0], "maximize", False, [-40.0]),
        ([0.8, 0.82, 0.85, 0.81, 0.84, 40.0], "maximize", True, []),
        ([1.0, 1.0, 1.0, 1.0, 5.0], "minimize", False, []),
        ([-3.0], "minimize", False, []),
    ],
)
def test_an_axis_is_logarithmic_where_values_span_decades_and_ends_where_outliers_begin(
    values: list[float], direction: str, log: bool, out: list[float]
) -> None:
    scale = Scale.of(values, direction)
    assert scale.log == log
    assert [value for value in values if scale.is_outlier(value)] == out
    low, high = (10.0**end if log else end for end in scale.axis["range"])
    places = [*map(scale.place, values), scale.worse, scale.edge]
    assert all(low <= place <= high for place in places)
    assert all(scale.place(value) == value for value in values if value not in out)


def test_the_history_tells_who_proposed_what_by_colour_and_shape() -> None:
    shown = traces(draw_figure("history", subject(0.5, 0.4, 0.6, 0.3, 0.35, 0.45)))
    assert set(MARKS) <= set(shown)
    assert len({(shown[name]["marker"]["color"], shown[name]["marker"]["symbol"]) for name in MARKS}) == 6
    best = shown["best so far"]["y"]
    assert best == [0.5, 0.4, 0.4, 0.3, 0.3, 0.3, 0.3]
    assert [shown["gp"]["customdata"], shown["gp"]["y"]] == [[1], [0.4]]
    assert "lr = 0.02" in shown["gp"]["text"][0]
    assert "why" in shown["gp"]["text"][0]


def test_an_outlier_is_marked_at_the_edge_and_says_its_value() -> None:
    figure = draw_figure("history", subject(0.5, 0.4, 0.6, 0.3, 0.35, 7000.0))
    random = traces(figure)["random"]
    _, high = figure["layout"]["yaxis"]["range"]
    assert 0.6 < random["y"][0] < high < 1
    assert random["marker"]["symbol"] == "triangle-up-open"
    assert "7000" in random["text"][0]


@pytest.mark.parametrize(("name", "side"), [("history", "y"), ("slice", "y"), ("edf", "x"), ("effect", "y")])
@pytest.mark.parametrize("direction", ["minimize", "maximize"])
def test_one_bad_value_flattens_no_chart(name: str, side: str, direction: str) -> None:
    sign = 1 if direction == "minimize" else -1
    values = [sign * (0.3 + number / 50) for number in range(17)]
    figure = draw_figure(name, subject(*values, sign * 7000.0, direction=direction), "lr")
    low, high = figure["layout"][f"{side}axis"]["range"]
    assert high - low < 1
    places = [place for trace in figure["data"] for place in trace[side] if place is not None]
    assert all(low <= place <= high for place in places)
    assert any("7000" in text for trace in figure["data"] for text in trace.get("text", ()))


@pytest.mark.parametrize("worst", [0, 6, 12])
@pytest.mark.parametrize("name", ["history", "predictions"])
def test_the_legend_has_the_shape_of_each_source_once_wherever_an_outlier_stands(
    name: str, worst: int
) -> None:
    values = [7000.0 if number == worst else 0.3 + number / 50 for number in range(18)]
    figure = draw_figure(name, subject(*values))
    groups = [trace for trace in figure["data"] if "legendgroup" in trace and trace["showlegend"]]
    assert {trace["name"]: trace["marker"]["symbol"] for trace in groups} == {
        source: MARKS[source][1] for source in SOURCES
    }
    assert len(groups) == len(SOURCES)
    noted = traces(figure).get("beyond the axis")
    assert (noted is None) == (name == "predictions" and worst == 0)  # of trial 0 nothing was expected


@pytest.mark.parametrize(
    ("outcome", "more", "name", "place"),
    [
        (Outcome.failure("MemoryError: 17 GB"), {}, "failed", "edge"),
        (Outcome(0.55, pruned=True), {"stop": Stop(3)}, "stopped early, at its last value", 0.55),
        (Outcome(pruned=True), {}, "stopped early, at its last value", "edge"),
        (Outcome(0.45, partial="epochs 3"), {}, "of a part of the run", 0.45),
        (None, {}, "running, at what is expected", 0.3),
    ],
)
def test_trials_without_a_value_are_shown_as_such(
    outcome: Outcome | None, more: dict[str, Any], name: str, place: Any
) -> None:
    given = subject(0.5, 0.4, 0.6, 0.25, extra=(trial(4, outcome, **more),))
    shown = traces(draw_figure("history", given))[name]
    edge = Scale.of([0.5, 0.4, 0.6, 0.25], "minimize").edge
    assert shown["y"] == [edge if place == "edge" else place]
    assert shown["customdata"] == [4]


def _strings(figure: Any) -> list[str]:
    if isinstance(figure, str):
        return [figure]
    if isinstance(figure, dict):
        return [text for value in figure.values() for text in _strings(value)]
    return [text for value in figure for text in _strings(value)] if isinstance(figure, list | tuple) else []


def parallel(given: Subject) -> dict[str, Any]:
    return parallel_figure(given.space, given.task, given.history)


@pytest.mark.parametrize("name", ["history", "parallel", "predictions"])
def test_what_others_wrote_is_no_markup_in_a_figure(name: str) -> None:
    failed = trial(4, Outcome.failure(LINK), LINK)
    given = subject(0.5, 0.4, 0.6, 0.3, extra=(failed, trial(5, Outcome(0.2), LINK)))
    texts = _strings(parallel(given) if name == "parallel" else draw_figure(name, given))
    assert any("&lt;a href" in text for text in texts) or name == "predictions"
    assert not [text for text in texts if "<a" in text or "<b>y" in text or "<loss" in text]


def test_tags_in_a_figure_that_somebody_else_draws_are_text_but_for_breaks() -> None:
    given = {"text": ["<a href=x>k</a><br>v", "a < b"], "n": 3, "hovertemplate": "%{x}<extra></extra>"}
    assert plain_tags(given) == {
        "text": ["&lt;a href=x>k&lt;/a><br>v", "a &lt; b"],
        "n": 3,
        "hovertemplate": "%{x}<extra></extra>",
    }


def test_a_line_breaks_where_a_parameter_is_inactive_and_all_trials_have_one() -> None:
    figure = parallel(subject(*(0.1 * number for number in range(1, 11))))
    lines = [trace for trace in figure["data"] if trace["mode"] == "lines"]
    fifths = [trace for trace in lines if trace["line"]["color"] in RANKS]
    assert sum(trace["x"].count(0) for trace in fifths) == 10
    assert all(trace["type"] == "scatter" for trace in figure["data"])
    inactive = [y for trace in fifths for x, y in zip(trace["x"], trace["y"], strict=True) if x == 2]
    assert inactive.count(None) == 5
    assert traces(figure)["best: trial 0"]["y"][-2] == 0.0


def test_of_several_metrics_the_front_is_ringed_and_joined() -> None:
    goals = Goals({"loss": "minimize", "ms": "minimize"}, {})
    pairs = [(0.5, 10.0), (0.3, 20.0), (0.4, 30.0), (0.2, 40.0)]
    told = tuple(trial(n, Outcome(a, values={"loss": a, "ms": b})) for n, (a, b) in enumerate(pairs))
    task = bg.Task(metrics={"loss": "minimize", "ms": "minimize"})
    given = Subject(SPACE, task, History("minimize", told, goals))
    figure = draw_figure("front", given)
    ringed = [
        n
        for t in figure["data"]
        if t["mode"] == "markers" and t["marker"]["line"]["width"]
        for n in t["customdata"]
    ]
    assert sorted(ringed) == [0, 1, 3]
    assert traces(figure)["front (ringed)"]["x"] == [0.2, 0.3, 0.5]
    turned = draw_figure("front", given, "ms", "loss")
    assert turned["layout"]["xaxis"]["title"]["text"] == "ms"
    with pytest.raises(InputError, match="no metric x"):
        draw_figure("front", given, "x")


def test_one_bad_value_flattens_no_front() -> None:
    pairs = [(0.5 - n / 40, 10.0 + n) for n in range(12)] + [(900.0, 30.0), (0.45, 7000.0)]
    told = tuple(trial(n, Outcome(a, values={"loss": a, "ms": b})) for n, (a, b) in enumerate(pairs))
    task = bg.Task(metrics={"loss": "minimize", "ms": "minimize"})
    history = History("minimize", told, Goals({"loss": "minimize", "ms": "minimize"}, {}))
    figure = draw_figure("front", Subject(SPACE, task, history))
    for side, room in (("x", 1.0), ("y", 60.0)):
        low, high = figure["layout"][f"{side}axis"]["range"]
        assert high - low < room
        assert all(low <= at <= high for trace in figure["data"] for at in trace[side] if at is not None)
    shapes = {n: t["marker"]["symbol"] for t in figure["data"] for n in t.get("customdata", ())}
    assert [n for n, shape in shapes.items() if shape == "triangle-up-open"] == [12, 13]


def test_a_metric_that_has_only_a_limit_is_a_side_of_the_front_too() -> None:
    task = bg.Task(metric="loss", limits={"ms": "<= 30"})
    told = tuple(trial(n, Outcome(0.1 * n, values={"loss": 0.1 * n, "ms": 10.0 * n})) for n in range(1, 5))
    figure = draw_figure("front", Subject(SPACE, task, History("minimize", told, task.goals)), "ms", "loss")
    assert figure["layout"]["xaxis"]["title"]["text"] == "ms"


def test_curves_by_step_have_the_best_beside_the_one_that_is_asked_for() -> None:
    told = [
        trial(n, Outcome(0.3 - 0.1 * n, pruned=n == 0), reports={1: 1.0, 2: float("inf"), 3: 0.3 - 0.1 * n})
        for n in range(3)
    ]
    given = Subject(SPACE, TASK, History("minimize", tuple(told)))
    figure = draw_figure("curves", given, "1")
    assert [trace["name"] for trace in figure["data"]] == ["trial 1", "trial 2, the best"]
    beside = draw_figure("curves", given, "1,0")["data"]
    assert [trace["name"] for trace in beside] == ["trial 0", "trial 1"]  # what is chosen, and nothing else
    assert len({trace["line"]["color"] for trace in beside}) == 2
    assert all(trace["showlegend"] for trace in beside)
    assert figure["data"][0]["y"] == [1.0, None, pytest.approx(0.2)]
    json.dumps(figure, allow_nan=False)


@pytest.mark.parametrize(
    ("name", "first", "words"),
    [
        ("front", "", "one metric"),
        ("curves", "", "no value by step"),
        ("timeline", "", "no trial yet whose time is known"),
        ("history", "time", "nothing is known of when"),
        ("surface", "", "before 2 trials"),
        ("importance", "", "before 2 trials"),
        ("effect", "lr", "before 2 trials"),
        ("effect", "nope", "no parameter 'nope'"),
        ("slice", "nope", "no parameter nope"),
        ("nope", "", "no figure 'nope'"),
    ],
)
def test_what_cannot_be_drawn_is_said_in_words(name: str, first: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        draw_figure(name, subject(0.5), first)


def test_of_many_trials_only_the_latest_say_all_that_is_known() -> None:
    texts = traces(draw_figure("predictions", subject(*(0.1 + n / 1000 for n in range(400)))))["gp"]["text"]
    assert ["lr = " in text for text in (texts[0], texts[15], texts[-1])] == [False, False, True]
    assert texts[0].startswith("trial 1, gp<br>")


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("ground", ["#fbfaf8", "#17171b"])
def test_every_mark_stands_out_from_a_light_and_a_dark_ground(ground: str) -> None:
    for colour in (*(colour for colour, _ in MARKS.values()), BAD):
        low, high = sorted((_luminance(colour), _luminance(ground)))
        assert (high + 0.05) / (low + 0.05) >= 3.0, colour


@pytest.mark.slow
def test_the_surrogates_figures_agree_with_what_it_says() -> None:
    space = bg.Space(x=bg.Float(-1, 1), rate=bg.Float(1e-3, 1, log=True), kind=bg.Choice(["a", "b"]))
    result = bg.tune(
        lambda params: params["x"] ** 2 + params["rate"] + (params["kind"] == "b"), space, n_trials=14, seed=0
    )
    given = Subject(space, bg.Task("A bowl"), result.history, result.study)
    bars = draw_figure("importance", given)["data"][0]
    for insight in given.insights:
        assert insight.importance.mean in bars["x"]
        low, high, typical, *_ = draw_figure("effect", given, insight.effect.name)["data"]
        assert all(a <= b <= c for a, b, c in zip(low["y"], typical["y"], high["y"], strict=True))
        assert (typical["mode"] == "markers") == insight.categorical  # options are not joined
    surface = draw_figure("surface", given, "rate", "x")["data"][0]
    assert given.verifier
    best = result.best_trial.params
    for row, up in list(enumerate(surface["y"]))[::9]:
        for column, along in list(enumerate(surface["x"]))[::9]:
            said = given.verifier.predict({**best, "rate": along, "x": up}).median
            assert surface["text"][row][column] == f"{said:.4g}"
    assert all(a < b for a, b in pairwise(surface["x"]))
    stripes = draw_figure("surface", given, "kind", "x")
    shown, points = stripes["data"][0], stripes["data"][-1]
    assert [column is None for column in shown["z"][0]] == [False, False, True] * 2
    assert [row[0] == row[1] and row[3] == row[4] for row in shown["z"]] == [True] * len(shown["z"])
    assert points["x"] == [["a", "b"].index(best["kind"])]
    contour = draw_figure("contour", given, "rate", "x")
    ends = contour["layout"]["meta"]["colour_bar"]
    assert contour["data"][0]["contours"]["start"] < contour["data"][0]["contours"]["end"]
    assert ends["name"] == "value"
    assert float(ends["low"]) < float(ends["high"])
    for name in ("doubt", "failing", "contour", "rank", "slice", "timeline", "edf", "predictions"):
        figure = draw_figure(name, given)
        json.dumps(figure, allow_nan=False)
        coloured = name in ("doubt", "failing", "contour", "rank", "slice")
        assert ("colour_bar" in figure["layout"].get("meta", {})) == coloured
