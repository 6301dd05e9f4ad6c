"""What packs know: its middle first, then draws unlike the trials before, within limits and constraints."""

from __future__ import annotations

import bestguess as bg
from bestguess.agent.advice.knowledge import Knowledge, gather
from bestguess.agent.search.packs import Packs
from bestguess.agent.search.state import Pass, SearchState
from bestguess.tools.search.earlier import EarlierStudies, EarlierStudy
from bestguess.tools.space.region import Limit, Limits, Region
from bestguess.tools.trial import History, Outcome, Proposal, Trial

SPACE = bg.Space(
    learning_rate=bg.Float(1e-3, 1, log=True), max_depth=bg.Int(1, 12), noise=bg.Float(0, 1, default=0.5)
)


def known() -> Knowledge:
    found = gather(SPACE, bg.Task("Tune XGBoost"), knowledge=True)
    assert found is not None
    return found


def state(*proposals: Proposal, region: Region | None = None) -> SearchState:
    trials = tuple(Trial(number, one, Outcome(1.0)) for number, one in enumerate(proposals))
    space = region.space if region else SPACE
    return SearchState(
        space, bg.Task(), History("minimize", trials), seed=0, number=len(trials), region=region
    )


DEFAULT = Proposal(SPACE.default(), "default")


def test_the_middle_comes_first_and_draws_after_it_differ() -> None:
    packs = Packs(SPACE, known())
    middle = packs.propose(state(DEFAULT))
    assert isinstance(middle, Proposal)
    assert middle.source == "knowledge"
    assert middle.reason.endswith("the middle of it")
    draw = packs.propose(state(DEFAULT, middle))
    assert isinstance(draw, Proposal)
    assert draw.params != middle.params
    assert draw.params["noise"] != SPACE.default()["noise"]


def test_what_lies_outside_the_limits_is_brought_inside() -> None:
    region = Region(SPACE, Limits({"max_depth": Limit(low=10)}))
    offered = Packs(SPACE, known()).propose(state(DEFAULT, region=region))
    assert isinstance(offered, Proposal)
    assert offered.params["max_depth"] >= 10


def test_packs_lead_where_they_know_half_of_the_parameters() -> None:
    wide = bg.Space(
        learning_rate=bg.Float(1e-3, 1, log=True), p1=bg.Float(0, 1), p2=bg.Float(0, 1), p3=bg.Float(0, 1)
    )
    few = gather(wide, bg.Task("Tune XGBoost"), knowledge=True)
    assert few is not None
    assert Packs(SPACE, known()).lead
    assert not Packs(wide, few).lead
    assert (Packs(wide, few).first(guesses=True), Packs(wide, few).first(guesses=False)) == (1, 2)


def test_packs_pass_once_all_that_they_draw_was_tried() -> None:
    space = bg.Space(max_depth=bg.Int(5, 6))
    found = gather(space, bg.Task("Tune XGBoost"), knowledge=True)
    assert found is not None
    both = [Proposal({"max_depth": depth}, "knowledge") for depth in (5, 6)]
    trials = tuple(Trial(number, one, Outcome(1.0)) for number, one in enumerate(both))
    full = SearchState(space, bg.Task(), History("minimize", trials), seed=0, number=2)
    assert isinstance(Packs(space, found).propose(full), Pass)


def test_configurations_of_earlier_studies_come_before_those_of_packs() -> None:
    best = {"learning_rate": 0.5, "max_depth": 2, "noise": 0.9}
    others = [{"learning_rate": 0.01, "max_depth": depth, "noise": 0.5} for depth in (4, 8, 12)]
    one = EarlierStudy("old", 1.0, tuple(SPACE.names), (best, *others), (0.0, 1.0, 2.0, 3.0))
    packs = Packs.of(SPACE, known(), EarlierStudies(SPACE, [one]))
    assert packs is not None
    first = packs.propose(state(DEFAULT))
    assert isinstance(first, Proposal)
    assert (first.params, first.reason) == (best, "best of study old: it gave 0 there")
    then = packs.propose(state(DEFAULT, first))
    assert isinstance(then, Proposal)
    assert then.reason.startswith("what is known of ")
    alone = Packs.of(SPACE, None, EarlierStudies(SPACE, [one]))
    assert alone is not None
    assert not alone.says
    assert packs.says
    assert isinstance(alone.propose(state(DEFAULT, first)), Pass)
