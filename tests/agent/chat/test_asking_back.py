"""Whoever is not sure asks: what may have been meant is offered, nothing is done before the answer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.agent.chat.conftest import Talk

from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.language.intents import Context, Intent
from bestguess.agent.chat.language.understanding import understand
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space

SPACE = Space(
    lr=Float(1e-5, 0.1, log=True, default=1e-3),
    hidden=Int(16, 512, log=True, default=64),
    dropout=Float(0.0, 0.6, default=0.1),
    activation=Choice(["relu", "tanh", "gelu"]),
)
CONTEXT = Context(
    SPACE,
    options=("epochs", "batch_size"),
    trials=12,
    left=18,
    metric="val_loss",
    best={"lr": 0.004},
    called={"best": 7, "winner": 7, "default": 0, "failed": 5},
)


def written(text: str) -> list[str]:
    """Return the commands that a text is, as they are typed."""
    return [REGISTRY[one.command].write(one.arguments) for one in understand(text, CONTEXT).intents]


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("do 15 more but with epochs at 20", ["/fix epochs=20", "/run n=15"]),
        (
            "no tanh anymore, lr only from 0.002 to 0.008, then 10 more",
            ["/forbid activation=tanh", "/narrow parameter=lr low=0.002 high=0.008", "/run n=10"],
        ),
        ("pin lr at 0.01.. no wait make that 0.005, and then run 5", ["/pin lr=0.005", "/run n=5"]),
        ("dont stop yet, do the remaining 18, just leave tanh out", ["/forbid activation=tanh", "/run n=18"]),
        ("20 more but bail out if 5 in a row bring nothing", ["/patience n=5", "/run n=20"]),
        ("also tune batch_size between 16 and 128", ["/add parameter=batch_size low=16 high=128"]),
        ("stop if nothing improves for 8", ["/patience n=8"]),
        (
            "tune train.py for an hour, tell me what matters",
            ["/new script=train.py", "/budget minutes=60", "/importance"],
        ),
        ("whats the best so far, and give me a script for it", ["/best", "/export form=script"]),
        ("the learing rate shouldnt be bigger then 0.01", ["/narrow parameter=lr high=0.01"]),
    ],
)
def test_every_half_of_a_sentence_is_done(text: str, commands: list[str]) -> None:
    assert written(text) == commands


@pytest.mark.parametrize(
    "text",
    [
        "should we run 20 more?",
        "how long will 2 more trials take?",
        "2 more trials, how many secs is that",
        "is it worth running 50 more",
        "what would happen if i dropped dropout?",
        "why not pin lr=0.01?",
        "would it help to forbid tanh",
        "can tanh be excluded?",
        "is lr max 0.01 enough?",
        "should I stop here?",
        "do we export the best as json yet?",
        "what does undo do?",
        "are 10 more runs too many?",
    ],
)
def test_a_question_reaches_only_what_reads(text: str) -> None:
    reading = understand(text, CONTEXT)
    for choice in (reading.intents, *reading.choices):
        assert all(REGISTRY[one.command].effect == "reads" for one in choice), choice


@pytest.mark.parametrize(
    "text",
    [
        "don't run 5",
        "do not run 20 more",
        "never run 20 more",
        "don't pin lr=0.01",
        "do not leave tanh out",
        "don't exclude tanh",
        "never stop using tanh",
        "don't stop using tanh",
        "do not narrow lr to 0.001..0.01",
        "don't export the best as json",
        "not 15 more",
        "don't undo",
        "please don't set the budget to 50 trials",
        "no, run nothing",
        "don't retry trial 5",
        "stop forbidding tanh",
        "don't forget tanh",
    ],
)
def test_a_negation_is_never_lost(text: str) -> None:
    reading = understand(text, CONTEXT)
    acts = [one for one in reading.intents if REGISTRY[one.command].effect != "reads"]
    assert acts == [], acts


@pytest.mark.parametrize(
    "text",
    [
        "run 20 if it is worth it",
        "run 20 unless it has converged",
        "pin lr=0.01 except for trial 7",
        "run 5 with lr=0.01 and tanh maybe",
        "run 20 trials on the cluster",
        "export the best to s3",
        "delete the study and run 5",
        "run 5 or 10 more",
        "set lr max to 0.01 after trial 15",
        "undo it unless that hurts",
        "run 10 more as root",
        "email me the best as json",
        "run rm -rf / 5 times",
    ],
)
def test_what_is_not_understood_as_a_whole_is_not_done_without_a_card(text: str) -> None:
    reading = understand(text, CONTEXT)
    assert not [
        one for one in reading.intents if REGISTRY[one.command].effect != "reads" and one.origin != "guess"
    ]


def test_what_may_be_meant_is_offered_by_number_and_its_rest_is_quoted(talk: Talk) -> None:
    talk.say("tune train.py", "yes", "flurb the wibble, run 2")
    (asked,) = talk.of("choice")
    assert "I did not understand *flurb the wibble*" in asked.text
    assert asked.fields["choices"] == [["/run n=2"]]
    assert talk.session.pending is None
    assert len(talk.session.bench.history.told) == 1
    assert talk.say("1").text == "Run 2 trials?"
    talk.say("no", "flurb the wibble, run 2", "no")
    assert talk.of("answer")[-1].text == "Nothing was done."
    assert talk.say("1 of question 2").text == "that question is closed"
    talk.say("flurb the wibble, run 2")
    assert talk.say("1 of question 2").text == "that question is closed"
    talk.say("1")
    assert talk.session.pending is None, "a choice is answered in the next turn or never"


def test_a_question_with_a_word_that_is_not_known_is_answered_and_changes_nothing(talk: Talk) -> None:
    talk.say("tune train.py", "yes")
    before = len(talk.session.bench.history.told)
    assert "1 trial (" in talk.say("what did the flurb cost us so far?").text
    assert not talk.of("choice")
    assert talk.session.pending is None
    assert len(talk.session.bench.history.told) == before


@pytest.mark.parametrize(
    "text",
    [
        "would you be a dear and get eight more of those done",
        "hidden has to stay under 200 from here",
        "chuck relu out please",
    ],
)
def test_what_is_only_probably_meant_is_put_on_a_card_or_asked(text: str) -> None:
    reading = understand(text, CONTEXT)
    assert reading.intents or reading.choices
    assert all(one.origin == "guess" for one in reading.intents)


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("delete the study and run 5", "delete the study"),
        ("run 5, then deploy the best to sagemaker", "sagemaker"),
    ],
)
def test_what_there_is_not_is_said_beside_what_is_done(text: str, left: str) -> None:
    reading = understand(text, CONTEXT)
    assert left in reading.unclear
    assert [one.command for one in (reading.intents or reading.choices[0])] == ["run"]


def test_a_question_about_a_trial_is_no_remark_about_it() -> None:
    reading = understand("number nine looks awful, how come it got proposed", CONTEXT)
    assert all(one.command != "note" for one in reading.intents)


@pytest.mark.parametrize("words", ["for me", "for my thesis please", "for both of us"])
def test_who_a_program_is_tuned_for_is_no_metric(words: str) -> None:
    reading = understand(f"hey can you tune train.py {words}", Context())
    for intents in (reading.intents, *reading.choices):
        assert all("metric" not in intent.arguments for intent in intents)


@pytest.mark.parametrize("trials", [0, 4, 40])
def test_how_many_is_no_number_of_a_trial(trials: int) -> None:
    reading = understand("stop if nothing improves for 15", replace(CONTEXT, trials=trials))
    assert reading.intents == (Intent("patience", {"n": 15}, reading.intents[0].origin),)


def test_what_a_program_should_do_is_part_of_its_study(talk: Talk) -> None:
    talk.say("hi! can u tune train.py for me, val_loss should go down")
    assert talk.session.pending is not None
    given = {"script": "train.py", "metric": "val_loss", "direction": "minimize"}
    assert dict(talk.session.pending.intent.arguments) == given


def test_before_there_is_a_study_a_program_that_is_named_is_offered(talk: Talk) -> None:
    talk.say("how good can train.py get, u think")
    assert talk.of("choice")[-1].fields["choices"][0] == ["/new script=train.py"]
    assert talk.session.bench.plan is None
    talk.say("1")
    assert talk.session.bench.plan is not None
    talk.say("flurb the wibble of nothing.py")
    assert len(talk.of("choice")) == 1
