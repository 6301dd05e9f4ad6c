"""What a model advises is shown with what the trials say to it, and nothing acts on it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

import bestguess as bg
from bestguess.agent.reports.advised import collect_advice, weigh
from bestguess.agent.reports.report import study_record, write_report
from bestguess.tools.suggestion import Suggestion

SPACE = bg.Space(length=bg.Int(1, 20), lr=bg.Float(0, 1))
FIX = Suggestion("fix", "the \x1b[31mrecords are <b>short</b>", "length", value=12)


def history(*advised: int) -> bg.History:
    rows = [(12, 0.1, 0.5), (12, 0.6, 0.4), (3, 0.3, 0.9), (7, 0.2, None)]
    trials = []
    for number, (length, lr, value) in enumerate(rows):
        said = FIX if number in advised else None
        proposal = bg.Proposal({"length": length, "lr": lr}, "gp", suggestion=said)
        outcome = bg.Outcome.failure("no") if value is None else bg.Outcome(value)
        trials.append(bg.Trial(number, proposal, outcome))
    return bg.History("minimize", tuple(trials))


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (FIX, "2 (the best 0.4) keep to it, 1 (the best 0.9) do not"),
        (replace(FIX, value=19), "0 keep to it, 3 (the best 0.4) do not"),
        (
            Suggestion("narrow", "", "lr", low=0.05, high=0.35),
            "2 (the best 0.5) keep to it, 1 (the best 0.4) do not",
        ),
        (Suggestion("stop"), "2 came after the best"),
        (Suggestion("fix", "", "gone", value=1), "0 keep to it, 0 do not"),
    ],
)
def test_the_trials_say_what_became_of_those_that_keep_to_it(said: Suggestion, words: str) -> None:
    assert weigh(said, history()) == words


def test_the_report_and_the_record_have_it_once_with_the_trials_at_which_it_was_given() -> None:
    told = history(1, 3)
    (advised,) = collect_advice(told)
    assert advised.trials == (1, 3)
    (line,) = [
        line for line in write_report(told, bg.Task(), SPACE, title="t").splitlines() if "advises" in line
    ]
    assert line.startswith(
        "- The model advises, and nothing was done: fix length at 12 (trials 1, 3): `the records"
    )
    record = json.loads(json.dumps(study_record(told, bg.Task(), SPACE, seconds=0.0)))
    (said,) = record["advice"]
    assert (said["kind"], said["parameter"], said["value"], said["trials"]) == ("fix", "length", 12, [1, 3])
    assert [bool(trial["advice"]) for trial in record["trials"]] == [False, True, False, True]
    assert "advises" not in write_report(history(), bg.Task(), SPACE, title="t")
