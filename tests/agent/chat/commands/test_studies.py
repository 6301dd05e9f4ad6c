"""Several studies in one session, and more than one number."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.agent.chat.commands.conftest import Tell
from tests.agent.chat.conftest import Talk

from bestguess.agent.chat.session import Session


@pytest.mark.slow
def test_one_goes_back_to_a_study_as_it_was_left(talk: Talk, told: Tell, folder: Path) -> None:
    told(0.2)
    talk.say("/pin depth=2", "yes", "/new svm.py latency_ms minimize", "no")
    talk.session.consents.add("code")
    assert talk.session.bench.the_plan().task.metric == "latency_ms"
    talk.say("/study train")
    plan = talk.session.bench.the_plan()
    assert (plan.study, plan.limits.of["depth"].options) == ("train", (2,))
    assert [trial.value for trial in talk.session.bench.history] == [0.2]
    assert "code" not in talk.session.consents
    talk.session.close()
    again = Talk(Session(folder, resume=True))
    assert again.session.bench.the_plan().study == "train"
    assert "| **train** | train.py | 1 | val_loss | 0.2 |" in again.say("/studies").text
    assert "there is no study 'forest'" in again.say("/study forest").text
    again.session.close()


@pytest.mark.slow
def test_a_name_may_be_a_part_and_one_that_fits_several_is_asked_for(talk: Talk, told: Tell) -> None:
    told(0.2)
    talk.say("/fix epochs=20", "yes", "/study in-2")
    assert talk.session.bench.the_plan().study == "train-2"
    assert "there are train, train-2" in talk.say("/study trai").text


@pytest.mark.slow
def test_a_second_metric_goes_on_with_the_trials_that_printed_both(talk: Talk, told: Tell) -> None:
    told(0.2, printed="latency_ms=7\nval_loss=0.2\nlatency_ms=5")
    told(0.1, printed="val_loss=0.1", depth=4)
    told(None)
    answer = talk.say("/metrics val_loss=minimize latency_ms=minimize")
    assert "begins with the 2 of 3 trials that printed all of it" in answer.text
    history = talk.session.bench.history
    assert [trial.values for trial in history] == [{"val_loss": 0.2, "latency_ms": 5.0}, {}]
    assert "Back in the study *train*" in talk.say("/undo").text
    assert len(talk.session.bench.history) == 3


@pytest.mark.slow
def test_a_limit_goes_on_with_the_trials_that_printed_it_and_early_stopping_ends(
    talk: Talk, told: Tell
) -> None:
    told(0.2, printed="latency_ms=5")
    talk.say("/pruner median", "/limit latency_ms <= 4")
    bench = talk.session.bench
    assert bench.history.incumbent is None
    assert len(bench.history.complete) == 1
    assert bench.the_plan().pruner == "none"
