"""What a message usually means becomes a claim about the parameters that a space has."""

from __future__ import annotations

from dataclasses import replace

import pytest

import bestguess as bg
from bestguess import tools
from bestguess.agent.advice.failures import alike_from_the_start, common_claims
from bestguess.tools.goals import Bound, Goals
from bestguess.tools.search.failure_rules import kind_of
from bestguess.tools.trial import History, Outcome, Proposal, Trial

SPACE = bg.Space(
    batch_size=bg.Int(8, 512, log=True),
    lr=bg.Float(1e-5, 1.0, log=True),
    n_units_1=bg.Int(16, 512),
    p1=bg.Float(0, 1),
)


def failed(*messages: str) -> History:
    trials = (Trial(i, Proposal({}, "random"), Outcome.failure(one)) for i, one in enumerate(messages))
    return History("minimize", tuple(trials))


@pytest.mark.parametrize(
    ("message", "signs"),
    [
        (
            "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 2 GiB",
            {"batch_size": 1, "n_units_1": 1},
        ),
        ("loss is NaN at step 12", {"lr": 1, "n_units_1": 1, "batch_size": -1}),
        ("killed after 600 s", {"n_units_1": 1, "batch_size": -1, "lr": -1}),
    ],
)
def test_common_messages_accuse_the_usual_parameters(message: str, signs: dict[str, int]) -> None:
    (claim,) = common_claims(SPACE, failed(message))
    assert claim.kind == kind_of(message)
    assert dict(claim.signs) == signs


def test_messages_of_one_kind_make_one_claim_and_unknown_ones_none() -> None:
    history = failed("CUDA out of memory: 5 MiB", "CUDA out of memory: 7 MiB", "KeyError: 'x'")
    assert len(common_claims(SPACE, history)) == 1


def test_names_that_mean_nothing_are_accused_of_nothing() -> None:
    assert common_claims(bg.Space(p1=bg.Float(0, 1)), failed("out of memory")) == ()


def begun(*errors: str, feedback: str = "") -> History:
    """Return trials that failed so, the default first; an empty error is a success."""
    outcomes = (Outcome(error=error, value=0.0, feedback=feedback) for error in errors)
    trials = (
        Trial(number, Proposal({}, "random" if number else "default"), outcome)
        for number, outcome in enumerate(outcomes)
    )
    return History("minimize", tuple(trials))


NOTHING = r"the metric 'loss: (\S+)' matched nothing in the output; it ended with "


@pytest.mark.parametrize(
    ("errors", "feedback", "mend"),
    [
        (
            ["ZeroDivisionError: division by zero"] * 3,
            'Traceback:\n  File "train.py", line 7, in train\n    return 1 / 0\n           ~~^~~\n'
            '  File "/usr/lib/python3.12/ast.py", line 2, in f\n    g()',
            "division by zero. To mend: train.py, line 7: return 1 / 0",
        ),
        (
            [f"{NOTHING}'val_mae = {i}'" for i in range(3)],
            "val_mae = 7",
            "give --metric val_mae",
        ),
        (["the metric 'b' matched nothing in the output"] * 3, 'loss = 1 {"val": [3]}', "give --metric loss"),
        (
            [f"OSError: {i}: no such file" for i in range(3)],
            f'File "run.py", line 3, in f\n    g()\n  File "{tools.__path__[0]}/trial.py", line 2\n    x',
            "To mend: run.py, line 3: g()",
        ),
        (["exited with code 2: train.py: error: unrecognized arguments: --lr=0.1"] * 4, "", "--lr=0.1"),
        ([f"cannot open /tmp/run-{i}/a.csv: no such file" for i in range(3)], "", "no such file"),
    ],
)
def test_what_fails_alike_from_the_start_is_named_with_the_line_to_mend(
    errors: list[str], feedback: str, mend: str
) -> None:
    said = alike_from_the_start(begun(*errors, feedback=feedback))
    assert said.startswith(f"the first {len(errors)} trials failed alike, the default among them: ")
    assert said.endswith(mend)


@pytest.mark.parametrize(
    "errors",
    [
        ["KeyError: 'x'"] * 2,
        ["KeyError: 'x'", "KeyError: 'x'", "TypeError: x"],
        ["", *["KeyError: 'x'"] * 5],
        [*["KeyError: 'x'"] * 3, ""],
        ["CUDA out of memory. Tried to allocate 2 GiB"] * 3,
        ["the objective's value was nan, which is not finite"] * 5,
        ["timed out after 600 s"] * 3,
    ],
)
def test_what_may_be_a_matter_of_the_params_goes_on(errors: list[str]) -> None:
    assert alike_from_the_start(begun(*errors)) == ""


def test_without_the_default_among_them_the_search_goes_on() -> None:
    assert alike_from_the_start(failed(*["KeyError: 'x'"] * 5)) == ""


def test_a_limit_whose_metric_is_not_printed_is_mended_as_a_limit() -> None:
    goals = Goals({"loss": "minimize"}, {"mb": Bound("<=", 10.0)})
    told = begun(*["the metric 'mb' matched nothing in the output"] * 3, feedback="loss=1\npeak=3")
    said = alike_from_the_start(replace(told, goals=goals))
    assert said.endswith("its output has peak, so give --limit 'peak <= 10'")
