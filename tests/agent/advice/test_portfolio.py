"""Portfolios: what a pack's configurations are in a user's space, and when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import bestguess as bg
from bestguess.agent.advice.knowledge import know, read_knowledge
from bestguess.agent.advice.pack import Pack, load_packs
from bestguess.agent.advice.portfolio import nearest_value
from bestguess.agent.record.study import load
from bestguess.agent.search.packs import Packs

PACK = """---
family: ovens
words: [oven]
parameters:
  heat: {also: [temperature], float: [180, 230], int: [180, 230]}
  mode: {choice: {fan: 3, grill: 1, null: 1}}
  minutes: {int: [20, 40]}
  share: {float: [0.2, 0.4], int: [1, "features / 2"], choice: {sqrt: 1}}
portfolio:
  - {heat: 210, mode: grill, minutes: 25}
  - {temperature: 160, mode: null}
  - {minutes: 70, heat: 150, share: {float: 0.5, int: "features / 4"}}
learned_on: 12
---
Not too hot.
"""
HEAT, MODE, MINUTES = (
    bg.Float(50, 300, default=100),
    bg.Choice(["fan", "grill", "none"]),
    bg.Int(1, 90, default=60),
)
OVEN = bg.Space(heat=HEAT, mode=MODE, minutes=MINUTES)


def configurations(space: bg.Space, **facts: float) -> list[dict[str, Any]]:
    known = know(space, bg.Task("oven", facts=facts), [Pack.parse(PACK, "p")])
    assert known is not None
    return [dict(one) for one in known.portfolio]


def started(space: bg.Space, packs: Path, count: int = 5, **arguments: Any) -> list[bg.Trial]:
    with bg.Tuner(space, bg.Task("the oven"), seed=0, knowledge=packs, **arguments) as tuner:
        for _ in range(count):
            tuner.tell(tuner.ask(), 1.0)
        return list(tuner.history.trials)


@pytest.fixture
def packs(tmp_path: Path) -> Path:
    folder = tmp_path / "packs"
    folder.mkdir()
    (folder / "oven.md").write_text(PACK)
    return folder


def test_configurations_run_in_order_right_after_the_default_and_then_the_search(packs: Path) -> None:
    trials = started(OVEN, packs)

    assert [trial.source for trial in trials] == ["default", *["knowledge"] * 3, "gp"]
    assert trials[1].params == {"heat": 210.0, "mode": "grill", "minutes": 25}
    assert trials[2].params["heat"] == 160.0
    assert trials[2].params["mode"] == "none"
    assert 20 <= trials[2].params["minutes"] <= 40
    words = "what is known of ovens: configuration 2 of 3 that together do well on 12 other data sets"
    assert trials[2].reason == words


def test_a_configuration_whose_option_the_space_lacks_is_left_out(packs: Path) -> None:
    space = bg.Space(heat=HEAT, mode=bg.Choice(["fan", "grill"]), minutes=MINUTES)

    first, second, then = started(space, packs, count=4)[1:]

    assert (first.params["mode"], first.params["heat"]) == ("grill", 210.0)
    assert second.params["heat"] == 150.0
    assert then.source == "gp"


def test_a_warm_start_has_the_same_points_as_a_study(packs: Path) -> None:
    points = bg.warm_start(OVEN, bg.Task("the oven"), n=6, knowledge=packs, seed=0)

    assert [point.params for point in points[:4]] == [trial.params for trial in started(OVEN, packs, 4)]
    assert [point.source for point in points] == ["default", *["knowledge"] * 5]
    assert points[4].reason.endswith("a draw unlike the trials before")


@pytest.mark.parametrize(
    ("share", "value"),
    [(bg.Float(0.1, 1.0), 0.5), (bg.Int(1, 40), 10.0), (bg.Choice([5, 12]), 10.0), (bg.Choice([0.5]), 0.5)],
)
def test_a_value_by_kind_stands_for_its_kind_of_parameter_only(share: bg.Float, value: float) -> None:
    assert configurations(bg.Space(share=share), features=40)[2] == {"share": value}
    assert configurations(bg.Space(share=bg.Choice(["sqrt", "log2"]), heat=HEAT))[2] == {"heat": 150.0}


def test_a_plain_value_stands_for_the_kinds_that_the_pack_knows() -> None:
    share = bg.Space(minutes=bg.Float(0, 1), oven__temperature=bg.Int(100, 200))

    assert configurations(share)[0] == {"oven__temperature": 210.0}


@pytest.mark.parametrize(
    ("parameter", "given", "nearest"),
    [
        (bg.Float(0, 1), 3, 1.0),
        (bg.Float(0, 1, step=0.25), 0.6, 0.5),
        (bg.Int(1, 9, step=4), 6.8, 5),
        (bg.Int(1, 1000, log=True), 9.7, 10),
        (bg.Choice([16, 64, 256]), 120, 64),
        (bg.Choice([0.0, 0.1, 0.5]), 0.4, 0.5),
        (bg.Choice(["Adam", "SGD"]), "adam", "Adam"),
        (bg.Choice(["none", "l2"]), None, "none"),
        (bg.Choice([True, False]), False, False),
        (bg.Choice(["l1", "L1"]), "L1", "L1"),
        (bg.Choice(["1", "auto"]), 1, "1"),
    ],
)
def test_the_nearest_allowed_value_is_taken(parameter: bg.Float, given: Any, nearest: Any) -> None:
    (value,) = nearest_value(parameter, given)

    assert value == nearest
    assert type(value) is type(nearest)
    assert parameter.canonical(value) == value


@pytest.mark.parametrize(
    ("parameter", "given"),
    [(bg.Float(0, 1), "adam"), (bg.Int(0, 5), None), (bg.Int(0, 5), True), (bg.Choice(["a", "b"]), "c")],
)
def test_a_value_of_another_kind_has_none(parameter: bg.Float, given: Any) -> None:
    assert nearest_value(parameter, given) == ()


def test_what_becomes_one_configuration_in_a_space_runs_once(packs: Path) -> None:
    coarse = bg.Space(heat=bg.Choice([160, 210]), minutes=bg.Int(1, 90, default=60))
    known = know(coarse, bg.Task("oven"), load_packs(packs))
    assert known is not None

    trials = started(bg.Space(heat=bg.Choice([150, 300])), packs, count=4)

    assert Packs(coarse, known).first(guesses=False) == 3
    assert [trial.params["heat"] for trial in trials[:2]] == [150, 300]


def test_constraints_and_conditions_hold_for_configurations(packs: Path) -> None:
    space = bg.Space(
        heat=HEAT,
        mode=MODE,
        minutes=bg.Int(1, 90, default=60, when={"mode": "grill"}),
        constraints="heat <= 155",
    )

    trials = started(space, packs, count=4)

    assert all(space.validate(trial.params) for trial in trials)
    assert trials[1].params["minutes"] == 25
    assert "minutes" not in trials[2].params


def test_a_pack_of_nothing_but_configurations_starts_a_search_that_then_owes_it_nothing(packs: Path) -> None:
    (packs / "oven.md").write_text(
        "---\nfamily: ovens\nwords: [oven]\nparameters: {x1: {}, x2: {}}\n"
        "portfolio: [{x1: 0.9, x2: 0.2}, {x2: 0.7}, {x1: 5}]\n---\n"
    )
    space = bg.Space(x1=bg.Float(0, 1), x2=bg.Float(0, 1))

    trials = started(space, packs, count=6)

    assert [trial.params for trial in trials[1:4]] == [
        {"x1": 0.9, "x2": 0.2},
        {"x1": 0.5, "x2": 0.7},
        {"x1": 1.0, "x2": 0.5},
    ]
    assert [trial.source for trial in trials[4:]] == ["gp", "random"]  # which tests what packs say
    assert trials[1].reason.endswith("configuration 1 of 3 that together do well")


def test_a_study_keeps_its_configurations_and_says_that_it_has_them(packs: Path, tmp_path: Path) -> None:
    where: dict[str, Any] = {"storage": f"sqlite:///{tmp_path / 's.db'}", "study_name": "s"}
    before = started(OVEN, packs, 2, **where)
    (packs / "oven.md").write_text(PACK.replace("heat: 150", "heat: 299"))

    trials = started(OVEN, packs, 2, **where)

    assert trials[:2] == before
    assert trials[3].params["heat"] == 150.0
    kept = read_knowledge(load(where["storage"], "s").knowledge, "s")
    assert kept is not None
    assert kept.lines == ("Packs of knowledge: ovens (3 configurations learned on 12 data sets)",)


def test_a_refining_pack_without_configurations_does_not_take_those_of_what_it_refines(packs: Path) -> None:
    (packs / "grill.md").write_text(
        "---\nfamily: grills\nrefines: ovens\nwords: [grill]\nparameters: {heat: {float: [250, 290]}}\n---\n"
    )
    found = [know(OVEN, bg.Task(words), load_packs(packs)) for words in ("oven", "oven with a grill")]

    assert [len(known.portfolio) for known in found if known] == [3, 0]


def test_an_empty_configuration_is_the_middle_of_what_is_usually_good(packs: Path) -> None:
    (packs / "oven.md").write_text(PACK.replace("portfolio:", "portfolio:\n  - {}"))

    trials = started(OVEN, packs, count=3)

    assert 200 <= trials[1].params["heat"] <= 206
    assert trials[1].reason.startswith("what is known of ovens: configuration 1 of 4")
    assert trials[2].params["heat"] == 210.0


@pytest.mark.parametrize(
    ("words", "space", "expected"),
    [
        (
            "KNeighborsClassifier",
            {"n_neighbors": bg.Int(1, 30), "p": bg.Int(1, 2)},
            {"n_neighbors": 13, "p": 1},
        ),
        (
            "LogisticRegression",
            {"C": bg.Float(1e-3, 1e3, log=True), "penalty": bg.Choice(["l2", "l1"])},
            {"C": 0.25, "penalty": "l1"},
        ),
        (
            "MLPClassifier trained by SGD",
            {"learning_rate_init": bg.Float(1e-5, 1, log=True), "n_units": bg.Int(8, 128)},
            {"learning_rate_init": 0.056, "n_units": 128},
        ),
        (
            "a fully connected network",
            {"lr": bg.Float(1e-5, 1, log=True), "dropout_2": bg.Float(0, 0.1), "n_units_2": bg.Int(8, 512)},
            {"lr": 0.001, "dropout_2": 0.1, "n_units_2": 141},
        ),
    ],
)
def test_shipped_configurations_fit_the_spaces_that_people_have(
    words: str, space: dict[str, Any], expected: dict[str, Any]
) -> None:
    points = bg.warm_start(bg.Space(space), bg.Task(f"Tune {words}"), n=3)

    assert points[2].params == expected
    assert "configuration 2 of 3 that together do well" in points[2].reason
