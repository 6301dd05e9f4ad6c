"""What the model was worth is reckoned against the default and against the surrogate's own choices."""

from __future__ import annotations

import pytest
from tests.predictions import normal

from bestguess.agent.reports.report import study_record, write_report
from bestguess.agent.reports.worth import weigh_model
from bestguess.agent.task import Task
from bestguess.tools.goals import Goals
from bestguess.tools.space.parameters import Float
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Outcome, Prediction, Proposal, Source, Trial

SPACE = Space(x=Float(0, 1))


def trial(
    number: int, source: Source, value: float, rival: Prediction | None = None, tokens: int = 0
) -> Trial:
    return Trial(number, Proposal({"x": number / 9}, source, tokens=tokens, rival=rival), Outcome(value))


def test_first_guesses_are_measured_against_the_default() -> None:
    history = History(
        "maximize", (trial(0, "default", 0.6), trial(1, "llm", 0.7, tokens=900), trial(2, "llm", 0.5))
    )
    worth = weigh_model(history)
    assert worth is not None
    assert (worth.first_guesses, worth.search_guesses, worth.tokens) == (2, 0, 900)
    assert worth.over_default == pytest.approx(0.1)
    assert "beat the default" in worth.verdict


def test_first_guesses_that_beat_the_default_do_not_hide_what_came_of_later_ones() -> None:
    first = (trial(0, "default", 0.6), trial(1, "llm", 0.5))
    good = weigh_model(History("minimize", (*first, trial(2, "llm", 0.2, normal(0.45, 1e-6)))))
    unsure = weigh_model(History("minimize", (*first, trial(2, "llm", 0.6, normal(0.5, 0.1)))))
    assert good
    assert unsure
    assert good.verdict == "it earned its keep"
    assert unsure.verdict.endswith("its guesses in the search are too close to call")


def test_the_lift_is_the_gain_beyond_what_was_expected_of_the_surrogates_own_choice() -> None:
    sure = normal(0.4, 1e-6)
    history = History("minimize", (trial(0, "default", 0.5), trial(1, "llm", 0.2, sure)))
    worth = weigh_model(history)
    assert worth is not None
    assert worth.lift == pytest.approx(0.2)
    assert worth.lift_low > 0
    assert worth.verdict == "it earned its keep"


def test_a_guess_that_took_the_place_of_a_certain_gain_is_a_loss() -> None:
    sure = normal(0.4, 1e-6)
    history = History("minimize", (trial(0, "default", 0.5), trial(1, "llm", 0.6, sure)))
    worth = weigh_model(history)
    assert worth is not None
    assert worth.lift == pytest.approx(-0.1)
    assert worth.verdict == "the surrogate alone would have done better"


def test_nothing_is_concluded_where_the_interval_holds_zero() -> None:
    history = History("minimize", (trial(0, "default", 0.5), trial(1, "llm", 0.6, normal(0.5, 0.1))))
    worth = weigh_model(history)
    assert worth is not None
    assert worth.verdict == "too close to call"


def test_a_study_without_a_model_says_nothing_of_one_and_the_report_does_otherwise() -> None:
    without = History("minimize", (trial(0, "default", 0.5), trial(1, "gp", 0.4)))
    assert weigh_model(without) is None
    assert "earn its keep" not in write_report(without, Task(), SPACE, title="t")
    history = History("minimize", (*without.trials, trial(2, "llm", 0.3, normal(0.35, 0.1), tokens=7)))
    assert "earn its keep" in write_report(history, Task(), SPACE, title="t")
    assert study_record(history, Task(), SPACE, seconds=0.0)["model_worth"]["search_guesses"] == 1


def test_of_several_metrics_worth_is_how_often_guesses_joined_the_front() -> None:
    goals = Goals({"a": "minimize", "b": "minimize"}, {})

    def told(number: int, source: Source, a: float, b: float, rival: Prediction | None = None) -> Trial:
        proposal = Proposal({}, source, rival=rival, rival_chance=0.5 if rival else 0.0)
        return Trial(number, proposal, Outcome(a, values={"a": a, "b": b}))

    rival = normal(0.5, 0.1)
    trials = (
        told(0, "default", 1, 1),
        told(1, "llm", 2, 0),
        told(2, "llm", 0, 2, rival),
        told(3, "llm", 3, 3, rival),
    )
    worth = weigh_model(History("minimize", trials, goals))
    assert worth is not None
    assert (worth.first_hits, worth.hits, worth.expected_hits, worth.lift) == (1, 1, 1.0, 0.0)
    assert worth.sentences[0] == "1 first guess, 1 of them joined the front"
    assert "2 guesses in the search, 1 of them joined the front (1.0 expected" in worth.sentences[1]
    assert worth.verdict.startswith("first guesses of its own joined the front; its guesses in the search")
