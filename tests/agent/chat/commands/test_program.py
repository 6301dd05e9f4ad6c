"""Options of the program that are tuned, dropped and fixed."""

from __future__ import annotations

import sys

import pytest
from tests.agent.chat.commands.conftest import Tell
from tests.agent.chat.conftest import Talk

from bestguess.agent.chat.state import Agreed


@pytest.mark.slow
def test_an_added_parameter_keeps_the_trials_that_ran_with_its_present_value(talk: Talk, told: Tell) -> None:
    told(0.2, lr=0.01)
    told(None, lr=0.02)
    talk.session.say("/add epochs 5..50")
    card = talk.of("card")[-1]
    assert "epochs is tuned, too: 5 … 50" in card.text
    assert (
        "the trials so far ran with epochs=10: a study of its own begins with 2 of 2" in card.fields["lines"]
    )
    assert "--epochs={epochs}" in card.fields["lines"][0]
    assert "epochs" not in talk.session.bench.the_plan().space
    talk.session.say("yes")
    history = talk.session.bench.history
    assert [trial.params["epochs"] for trial in history] == [10, 10]
    assert [trial.state for trial in history] == ["complete", "failed"]
    assert history.default is not None
    assert talk.session.bench.the_plan().study == "train-2"
    assert "/study train" in talk.of("answer")[-1].text


@pytest.mark.slow
def test_an_added_parameter_keeps_no_trial_whose_value_lies_outside_of_its_range(
    talk: Talk, told: Tell
) -> None:
    told(0.2)
    talk.say("/add epochs 20..50", "yes")
    assert len(talk.session.bench.history) == 0
    assert talk.session.bench.the_plan().space.parameters["epochs"].default == 20


@pytest.mark.parametrize(
    ("line", "parameter"),
    [("/add amp", "amp"), ("/add epochs 1 4", "epochs"), ("/add epochs 4..8", "epochs")],
)
def test_before_the_first_trial_the_study_stays_and_its_command_changes(
    talk: Talk, told: Tell, line: str, parameter: str
) -> None:
    talk.say(line, "yes")
    plan = talk.session.bench.the_plan()
    assert (plan.study, parameter in plan.space) == ("train", True)
    assert f"{{{parameter}" in plan.command_line


@pytest.mark.slow
def test_a_fixed_option_stands_in_the_command_and_values_of_before_are_another_objective(
    talk: Talk, told: Tell
) -> None:
    told(0.2)
    talk.say("/fix epochs=20", "yes")
    plan = talk.session.bench.the_plan()
    assert plan.words == (
        sys.executable, "train.py", "--lr={lr}", "--depth={depth}", "--opt={opt}", "--epochs=20"
    )  # fmt: skip
    assert (plan.study, len(talk.session.bench.history)) == ("train-2", 0)
    told(0.1)
    talk.say("/add epochs 5..50", "yes")
    assert [trial.params["epochs"] for trial in talk.session.bench.history] == [20]
    assert talk.session.bench.the_plan().fixed == {}


@pytest.mark.slow
def test_a_fixed_option_that_changes_nothing_keeps_all_trials(talk: Talk, told: Tell) -> None:
    told(0.2)
    talk.say("/fix epochs=10 amp=false", "yes")
    assert len(talk.session.bench.history) == 1
    assert "amp" not in talk.session.bench.the_plan().command_line


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/fix depth=4", "depth is tuned; /pin depth=4"),
        ("/fix nope=4", "has no option 'nope'"),
        ("/add batch_size 8..64", "Once the program takes it, as --batch-size, say /add batch_size again"),
        ("/fix api_key=mine", "it may be a secret"),
        ("/fix epochs=many", "is of another type; 'many' is not possible"),
        ("/fix epochs=2.5", "2.5 is not possible"),
        ("/fix epochs", "to what? It is 10 now"),
        ("/add api_key", "it may be a secret"),
        ("/add epochs", "from where to where, which is 10 now"),
        ("/add epochs 9..9", "the lesser first"),
    ],
)
def test_what_cannot_be_set_is_refused_with_the_mend(talk: Talk, told: Tell, line: str, words: str) -> None:
    plan = talk.session.bench.the_plan()
    assert words in talk.say(line).text
    assert talk.session.bench.the_plan() == plan


@pytest.mark.slow
def test_a_dropped_parameter_stays_as_in_the_best_and_is_taken_up_again(talk: Talk, told: Tell) -> None:
    told(0.2)
    told(0.1, depth=5)
    talk.say("/drop depth", "yes")
    bench = talk.session.bench
    assert bench.the_plan().limits.of["depth"].options == (5,)
    assert len(bench.history) == 2
    assert bench.tuner.ask().params["depth"] == 5
    talk.say("/add depth", "yes")
    assert not bench.the_plan().limits


@pytest.mark.slow
def test_patience_pauses_once_so_many_trials_brought_nothing_better(talk: Talk, told: Tell) -> None:
    told(0.0)
    talk.say("/patience 2", "/run 5", "yes")
    assert "2 trials in a row brought nothing better: paused." in [event.text for event in talk.of("remark")]
    assert len(talk.session.bench.history) == 3
    talk.say("/patience none")
    assert talk.session.bench.the_plan().patience is None


@pytest.mark.slow
def test_a_run_of_some_time_takes_as_many_trials_as_fit_and_leaves_none(talk: Talk, told: Tell) -> None:
    talk.session.say("/run minutes=0.001")
    assert talk.of("card")[-1].text == "Run trials for 0.06 s?"
    talk.say("yes")
    assert talk.session.bench.trials is not None
    assert talk.session.bench.trials.left == 0
    assert talk.of("remark")[-1].text.startswith("Paused: the time is up")
    run = len(talk.session.bench.history)
    talk.session.consents.add("code")
    talk.session.say("/run 2")
    assert "that is after the time that was agreed; yes allows it" in talk.of("card")[-1].fields["lines"]
    talk.say("yes")
    assert len(talk.session.bench.history) == run + 2
    talk.session.bench.set_agreed(Agreed(trials=run + 2))
    talk.session.bench.trials.wanted, talk.session.bench.trials.paused = 1, True
    talk.say("/resume", "yes")
    assert len(talk.session.bench.history) == run + 3


@pytest.mark.slow
def test_a_parameter_is_kept_as_in_the_best_trial_where_that_is_said(talk: Talk, told: Tell) -> None:
    assert "no trial with a value of lr is the best yet" in talk.say("/pin lr=best").text
    told(0.2, lr=0.02)
    told(0.1, lr=0.05)
    talk.say("keep the learning rate from the best trial", "yes")
    assert talk.session.bench.the_plan().limits.of["lr"].options == (0.05,)
