"""What words answer to an open question: a card, or what was meant."""

from __future__ import annotations

import pytest
from tests.agent.chat.conftest import Talk

from bestguess.agent.chat.answering import after_no, after_yes, with_other_number
from bestguess.agent.chat.language.intents import Intent
from bestguess.agent.chat.language.understanding import read_verdict


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("yeah go", "yes"), ("yes pls", "yes"), ("yess", "yes"), ("ok yes", "yes"), ("yes do it", "yes"),
        ("Sure, go ahead!", "yes"), ("yes please do", "yes"), ("ok, no", "no"), ("no dont", "no"),
        ("neither.", "no"), ("no, leave it as it is", "no"), ("no thanks", "no"), ("none of these", "no"),
        ("yes but", None), ("no go ahead", None), ("ok show me", None), ("yes no", None), ("ok thanks", None),
        ("yes\nyes", None), ("go on", None), ("no more than 5", None), ("fine tune it", None), ("do", None),
    ],
)  # fmt: skip
def test_several_words_that_say_the_same_are_that_answer(text: str, verdict: str | None) -> None:
    assert read_verdict(text) == verdict


@pytest.mark.parametrize(
    ("text", "number"),
    [("no, 5", 5), ("no wait, make it 8", 8), ("just 3 please", 3), ("yes but only 5 trials", 5),
     ("nine is enough", 9),
     ("5?", None), ("no more than 5", None), ("pin depth to 5", None), ("5 or 6", None),
     ("5 hours", None)],
)  # fmt: skip
def test_words_that_are_another_number_put_it_in_place_of_the_one_that_is_asked_about(
    text: str, number: int | None
) -> None:
    found = with_other_number(text, Intent("run", {"n": 10}, "person"))
    assert (found and found.arguments["n"]) == number
    assert (
        with_other_number(text, Intent("narrow", {"parameter": "lr", "low": 0.1, "high": 1}, "person"))
        is None
    )


def test_what_is_said_after_a_no_or_a_yes_is_told_from_it() -> None:
    assert after_no("no dont take that back") == "dont take that back"
    assert after_no("neither. lr should stay") == "lr should stay"
    assert [after_no(text) for text in ("no more dropout", "nobody knows", "none of them failed")] == [""] * 3
    assert after_yes("yes, and then run 3 more") == "run 3 more"
    assert [after_yes(text) for text in ("yes but run 3", "ok and then", "yesterday and today")] == [""] * 3


@pytest.mark.slow
def test_another_number_makes_another_card_and_runs_nothing(talk: Talk) -> None:
    talk.say("tune train.py", "yes", "run 3")
    assert talk.say("no, 2").text == "Run 2 trials?"
    assert talk.say("yes but just 1").text == "Run 1 trial?"
    assert len(talk.session.bench.history.told) == 1
    talk.say("yeah go")
    assert len(talk.session.bench.history.told) == 2


def test_a_no_with_more_closes_the_card_and_the_rest_is_understood(talk: Talk) -> None:
    talk.say("tune train.py", "yes", "run 3", "no dont run that")
    assert talk.session.pending is None
    assert len(talk.session.bench.history.told) == 1
    talk.say("run 3")
    assert talk.say("no, don't go above depth 5").text == "Change the space: depth ≤ 5?"


def test_a_yes_and_a_further_wish_do_the_first_and_ask_about_the_second(talk: Talk) -> None:
    talk.say("tune train.py", "yes", "don't go above depth 5")
    assert talk.say("yes, and then run 2").text == "Run 2 trials?"
    assert talk.session.bench.the_plan().limits.of["depth"].high == 5
    assert len(talk.session.bench.history.told) == 1
    talk.say("yes, and then run 5")  # it may be meant as another number
    assert talk.session.pending is not None
    assert len(talk.session.bench.history.told) == 1


def test_a_verdict_answers_the_question_that_was_asked_last(talk: Talk) -> None:
    talk.say("tune train.py", "yes", "don't go above depth 5", "flurb the wibble, run 2", "no")
    assert talk.of("answer")[-1].text == "Nothing was done."
    assert talk.session.pending is not None  # the card is open still
    talk.say("flurb the wibble, run 2")
    assert talk.say("yes").text == "Run 2 trials?"


@pytest.mark.slow
def test_who_began_to_write_before_what_was_meant_was_asked_answers_the_card_above_it(talk: Talk) -> None:
    talk.say("tune train.py", "yes", "don't go above depth 5")
    card = talk.session.pending
    assert card is not None
    talk.session.say("flurb the wibble, run 2", facing=card.number)
    talk.session.say("yes", facing=card.number)
    assert talk.session.bench.the_plan().limits.of["depth"].high == 5
    talk.session.say("run 2", facing=card.number)
    talk.session.say("flurb the wibble, run 2", facing=2)
    talk.session.say("no", facing=-2)
    talk.session.say("yes", facing=-2)  # it stands above on the same screen
    assert talk.session.bench.trials is not None
    assert talk.session.bench.trials.wait(60)
    assert len(talk.session.bench.history.told) == 3


def test_neither_of_what_was_offered_is_no_answer_to_what_follows(talk: Talk) -> None:
    talk.say("tune train.py", "yes", "flurb the wibble, run 2")
    assert talk.say("neither. show me the best").text.startswith("The best")
