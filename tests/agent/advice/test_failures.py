"""What a message usually means becomes a claim about the parameters that a space has."""

from __future__ import annotations

import pytest

import bestguess as bg
from bestguess.agent.advice.failures import common_claims
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
