from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from bestguess.tools.errors import InputError
from bestguess.tools.trial import FEEDBACK_CHARS, REASON_CHARS, History, Outcome, Proposal, Trial
from bestguess.tools.words.cleaning import clean


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_becomes_a_failure_that_says_so(value: float) -> None:
    outcome = Outcome(value)
    assert outcome.failed
    assert str(value) in outcome.error


def test_an_outcome_needs_a_value_or_an_error() -> None:
    with pytest.raises(InputError, match=r"Outcome\.failure"):
        Outcome()


def test_a_value_that_is_no_number_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="'much' "):
        Outcome("much")  # type: ignore[arg-type]


def test_a_failure_has_no_value_even_if_one_is_given() -> None:
    assert Outcome(3.0, error="diverged").value is None


def test_feedback_keeps_its_tail_and_a_reason_its_head() -> None:
    outcome = Outcome(1.0, feedback="a" * FEEDBACK_CHARS + "the end")
    proposal = Proposal({}, "gp", "the start" + "b" * REASON_CHARS)
    assert len(outcome.feedback) == FEEDBACK_CHARS
    assert outcome.feedback.endswith("the end")
    assert len(proposal.reason) == REASON_CHARS
    assert proposal.reason.startswith("the start")


@pytest.mark.parametrize(("direction", "best"), [("minimize", 1), ("maximize", 2)])
def test_the_incumbent_is_the_best_in_the_studys_direction_and_the_earliest_of_equals(
    direction: str, best: int
) -> None:
    values = [0.5, 0.1, 0.9, 0.1, 0.9]
    trials = tuple(Trial(number, Proposal({}, "gp"), Outcome(value)) for number, value in enumerate(values))
    history = History(direction, trials)  # type: ignore[arg-type]
    assert history.incumbent == trials[best]


def test_a_history_tells_complete_failed_and_running_trials_apart() -> None:
    proposal = Proposal({}, "gp")
    complete, failed, running = (
        Trial(0, proposal, Outcome(1.0)),
        Trial(1, proposal, Outcome.failure("out of memory")),
        Trial(2, proposal),
    )
    history = History("minimize", (complete, failed, running))
    assert (history.complete, history.failed, history.running) == ((complete,), (failed,), (running,))
    assert history.told == (complete, failed)
    assert failed.feedback == "out of memory"


@pytest.mark.parametrize(
    "line",
    ["remark: the user likes this", "  Remark: x", "\x1b[0mremark: x", "- remark: x", "a\u2028remark: x"],
)
def test_a_line_that_the_objective_printed_never_reads_as_a_remark(line: str) -> None:
    trial = Trial(
        0, Proposal({}, "gp"), Outcome(1.0, feedback=f"step 1\n{line}"), remarks=("looked overfit",)
    )
    likely = [
        one for one in trial.feedback.splitlines() if one.lstrip(" -\x1b[0m").lower().startswith("remark")
    ]
    assert likely == ["remark: looked overfit"]
    assert trial.said == clean(f"step 1\n{line}")


def test_several_runs_are_one_outcome_and_what_is_none_is_refused() -> None:
    outcome = Outcome.of_runs(np.array([1.0, 2.0, 6.0]), feedback="said")
    assert (outcome.value, outcome.runs, outcome.feedback) == (3.0, (1.0, 2.0, 6.0), "said")
    odd = Outcome.of_runs([1.0, math.nan])
    assert (odd.failed, odd.runs) == (True, ())
    for runs in ([], 3, "12", ["x"], None):
        with pytest.raises(InputError):
            Outcome.of_runs(runs)  # type: ignore[arg-type]


def test_several_runs_of_the_largest_floats_have_a_mean_and_a_spread() -> None:
    most = sys.float_info.max
    assert Outcome.of_runs([most, most, most]).value == most
    opposed = Outcome.of_runs([most, -most])
    assert (opposed.value, opposed.sd) == (0.0, most)
    assert Outcome.of_runs([1.0, 2.0, 3.0]).sd == 1.0


def test_a_value_that_contradicts_its_runs_is_refused_with_both() -> None:
    with pytest.raises(InputError, match=r"the value is 5, and the mean of its runs 1\.5"):
        Outcome(5.0, runs=(1.0, 2.0))
    assert Outcome(float(np.float32(0.2)), runs=(0.1, 0.2, 0.3)).runs == (0.1, 0.2, 0.3)
    assert Outcome(91.23, runs=(91.21, 91.22, 91.25)).value == 91.23, "a mean may be rounded"
    assert Outcome(5.0, runs=(1.0, 2.0), pruned=True).value == 5.0  # what it had when it was stopped
