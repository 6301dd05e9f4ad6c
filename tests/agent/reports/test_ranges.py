"""A range that is picked on an axis finds what lies in it, and is marked there."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import bestguess as bg
from bestguess.agent.reports.figures.parallel import parallel_figure
from bestguess.agent.reports.figures.ranges import Axis, axes_of, pick
from bestguess.agent.reports.figures.scale import Scale
from bestguess.agent.reports.found import Wanted
from bestguess.tools.trial import History, Outcome, Proposal, Trial

SPACE = bg.Space(
    {
        "lr": bg.Float(1e-5, 1e-1, log=True),
        "drop": bg.Float(0.0, 0.5, step=0.1),
        "depth": bg.Int(1, 8),
        "width": bg.Int(16, 4096, log=True),
        "my net": bg.Choice(["big one", "a|b", "c"]),
        "size": bg.Choice([8, 16, 32], ordered=True),
        "words": bg.Text(default="hello", examples=["bye"]),
    }
)
VALUES = [0.3, 0.31, 0.35, 0.4, 0.36, 7000.0]


def history() -> History:
    rng = np.random.default_rng(0)
    told = [
        Trial(number, Proposal(SPACE.decode(rng.random(len(SPACE))), "gp"), Outcome(value))
        for number, value in enumerate(VALUES * 5)
    ]
    failed = Trial(len(told), Proposal(SPACE.default(), "gp"), Outcome.failure("no"))
    return History("minimize", (*told, failed))


TRIALS = history()
SCALE = Scale.of([trial.value for trial in TRIALS.complete if trial.value is not None], "minimize")
AXES = {axis.name: axis for axis in axes_of(SPACE.parameters, SCALE)}


@pytest.mark.parametrize("ends", [(0.2, 0.6), (-0.5, 0.41), (0.55, 2.0), (0.61, 0.39)])
@pytest.mark.parametrize("name", [name for name in AXES if name != "words"])
def test_what_lies_between_the_ends_is_found_and_nothing_else(name: str, ends: tuple[float, float]) -> None:
    axis, (low, high) = AXES[name], sorted(ends)
    line = pick("", axis, ends)
    wanted = Wanted.read(line)
    slack = 0.5 / len(axis.options) if axis.options else 1e-3 if axis.parameter is None else 0.07
    for trial in TRIALS:
        height = axis.height(trial)
        if height is None:
            assert not wanted.finds(trial)
        elif low + slack < height < high - slack:
            assert wanted.finds(trial), line
        elif height < low - slack or height > high + slack:
            assert not wanted.finds(trial), line
    (band, *others) = axis.bands(wanted)
    assert bool(others) <= bool(axis.options)
    assert -0.05 <= band[0] <= band[1] <= 1.05


@pytest.mark.parametrize(
    ("name", "ends", "line"),
    [
        ("lr", (0.25, 0.5), "lr>=0.0001 lr<=0.001"),
        ("lr", (0.5, 1.02), "lr>=0.001"),
        ("lr", (-0.02, 1.02), ""),
        ("lr", None, ""),
        ("depth", (0.3, 0.6), "depth>=3 depth<=5"),
        ("my net", (0.0, 0.5), '"my net"="big one"|"a|b"'),
        ("my net", (0.0, 1.0), ""),
        ("size", (0.9, 1.0), "size=32"),
        ("size", (1.02, 1.05), "size=32"),
        ("size", (-0.08, -0.05), "size=8"),
        ("words", (0.2, 0.6), ""),
        ("value", (-0.04, 0.5), "value<=0.3464"),
    ],
)
def test_a_range_is_a_condition_that_a_person_could_have_typed(
    name: str, ends: tuple[float, float] | None, line: str
) -> None:
    assert pick("", AXES[name], ends) == line
    before = "gp LR<3" if name == "lr" else f"gp lr<3 {line}"
    assert pick(before, AXES[name], ends) == f"gp {'' if name == 'lr' else 'lr<3 '}{line}".strip()


def test_an_axis_of_all_but_equal_values_tells_its_ends_apart() -> None:
    axis = Axis("value", None, Scale.of([0.951230, 0.951240], "minimize"))
    assert pick("", axis, (0.3, 0.6)) == "value>=0.951233 value<=0.951236"


@pytest.mark.parametrize(
    "line",
    ["lr<nan", "lr=inf", "depth>1e400", "lr>-3", "value<-1", "value=x", "words<3", '"my net"<3', "lr>1 lr<0"],
)
def test_whatever_is_typed_the_chart_is_drawn(line: str) -> None:
    figure = parallel_figure(SPACE, bg.Task("A bowl"), TRIALS, find=line)
    json.dumps(figure, allow_nan=False)
    for shape in figure["layout"]["shapes"]:
        assert -0.1 <= shape["y0"] <= shape["y1"] <= 1.1


def test_lines_that_are_not_found_are_pale_and_the_others_keep_their_colours() -> None:
    def lines(find: str) -> dict[str, Any]:
        figure = parallel_figure(SPACE, bg.Task("A bowl"), TRIALS, find=find)
        return {trace["name"]: trace for trace in figure["data"] if trace["mode"] == "lines"} | {
            "title": figure["layout"]["title"]["text"],
            "shapes": figure["layout"]["shapes"],
        }

    everything, some = lines(""), lines("depth<=4 value<1")
    assert everything["shapes"] == []
    assert [shape["x0"] > 5 for shape in some["shapes"]] == [False, True]
    found = sum(Wanted.read("depth<=4 value<1").finds(trial) for trial in TRIALS)
    assert some["title"] == f"Each trial a line: {found} of {len(TRIALS)} are found"
    assert some["not found"]["opacity"] < 0.3
    assert some["not found"]["x"].count(0) == len(TRIALS) - found
    for fifth in ("best fifth", "second"):
        assert some[fifth]["line"] == everything[fifth]["line"]
        assert some[fifth]["x"].count(0) < everything[fifth]["x"].count(0)
