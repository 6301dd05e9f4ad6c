"""Rules of failure: found from few trials, told apart by message, no better than the evidence for them."""

from __future__ import annotations

import numpy as np
import pytest

import bestguess as bg
from bestguess.tools.search.failure_rules import LINEAR, Claim, FailureRules, _scale, kind_of
from bestguess.tools.trial import Outcome, Proposal, Trial

SPACE = bg.Space(
    batch=bg.Int(8, 512, log=True),
    width=bg.Int(16, 2048, log=True),
    lr=bg.Float(1e-5, 1.0, log=True),
    act=bg.Choice(["relu", "tanh"]),
)
OUT_OF_MEMORY = "RuntimeError: out of memory, tried to allocate {} MiB"
NAN = "FloatingPointError: loss is nan at step {}"


def outcome(params: dict[str, float], number: int) -> Outcome:
    if params["batch"] * params["width"] > 20_000:
        return Outcome.failure(OUT_OF_MEMORY.format(number))
    if params["lr"] > 0.03:
        return Outcome.failure(NAN.format(number))
    return Outcome(1.0)


def trials(n: int, seed: int = 0) -> list[Trial]:
    rng = np.random.default_rng(seed)
    drawn = [SPACE.sample(rng) for _ in range(n)]
    return [Trial(i, Proposal(params, "random"), outcome(params, i)) for i, params in enumerate(drawn)]


def fit(rows: list[Trial], claims: tuple[Claim, ...] = ()) -> FailureRules:
    rules = FailureRules.fit(SPACE, rows, SPACE.encode_many([one.params for one in rows]), claims)
    assert rules is not None
    return rules


def test_messages_that_differ_in_numbers_and_paths_are_of_one_kind() -> None:
    assert kind_of("OOM: 512 MiB at /tmp/a") == kind_of("OOM: 1.5e3 MiB at /home/b/c")
    assert kind_of("OOM: 512 MiB") != kind_of("loss is nan at step 3")


def test_a_limit_on_a_product_and_one_on_a_rate_are_both_found() -> None:
    rules = fit(trials(60))
    said = " | ".join(rules.describe())
    assert rules.credit > 0.9
    assert "higher batch and higher width: runtimeerror" in said
    assert "higher lr: floatingpointerror" in said


def test_one_failure_alone_is_not_told_as_a_rule() -> None:
    first = next(i for i, one in enumerate(trials(60)) if one.state == "failed")
    rules = fit(trials(first + 1))
    assert rules.credit > 0.5
    assert rules.describe() == []


def test_of_rules_between_which_nothing_decides_only_what_they_share_is_told() -> None:
    rng = np.random.default_rng(1)
    space = bg.Space({name: bg.Float(1, 100, log=True) for name in ("a", "b", "c", "width")})
    rows = []
    for i in range(30):
        a, width = (10 ** rng.uniform(0, 2, size=2)).tolist()
        failed = a * width > 200
        params = {"a": a, "b": a, "c": a, "width": width}  # nothing tells a, b and c apart
        rows.append(Trial(i, Proposal(params, "random"), Outcome.failure("stop") if failed else Outcome(1.0)))
    rules = FailureRules.fit(space, rows, space.encode_many([one.params for one in rows]))
    assert rules
    assert rules.credit > 0.9
    assert rules.describe() == ["higher width: stop"]


def test_predictions_hold_on_trials_that_were_not_seen() -> None:
    rules, unseen = fit(trials(40)), trials(400, seed=1)
    finished = np.array([one.state == "complete" for one in unseen])
    said = rules.predict(SPACE.encode_many([one.params for one in unseen])) > 0.5
    assert (said == finished).mean() > 0.9


def test_failures_by_chance_give_no_rule_credit() -> None:
    rng = np.random.default_rng(3)
    rows = [
        Trial(i, Proposal(SPACE.sample(rng), "random"), Outcome.failure("x") if i % 3 == 0 else Outcome(1.0))
        for i in range(45)
    ]
    assert fit(rows).credit < 0.5
    assert fit(rows).describe() == []


def test_a_claim_helps_while_there_is_little_evidence_and_a_false_one_is_overruled() -> None:
    kind = kind_of(OUT_OF_MEMORY.format(1))
    true, false = Claim(kind, {"batch": 1, "width": 1}), Claim(kind, {"batch": -1, "lr": 1})
    unseen = trials(400, seed=1)
    x = SPACE.encode_many([one.params for one in unseen])
    finished = np.array([one.state == "complete" for one in unseen])

    def hits(rules: FailureRules) -> float:
        return float(((rules.predict(x) > 0.5) == finished).mean())

    few, many = trials(12), trials(80)
    assert hits(fit(few, (true,))) >= hits(fit(few, (false,)))
    assert hits(fit(many, (false,))) == pytest.approx(hits(fit(many)), abs=0.05)


def test_without_a_failure_there_are_no_rules() -> None:
    fine = [one for one in trials(40) if one.state == "complete"]
    assert FailureRules.fit(SPACE, fine, SPACE.encode_many([one.params for one in fine])) is None


@pytest.mark.parametrize(
    "parameter",
    [
        bg.Int(1, 4),
        bg.Int(1, 8, log=True),
        bg.Float(0.5, 2.0, step=0.5),
        bg.Choice([1, 2, 4, 8], ordered=True),
    ],
)
def test_levels_are_the_logarithms_of_the_values(parameter: bg.Int | bg.Float | bg.Choice) -> None:
    values = np.array(parameter.values(), dtype=float)
    levels = _scale(parameter)(np.array([parameter.encode(value) for value in parameter.values()]))
    assert np.diff(levels) == pytest.approx(np.diff(np.log(values)))


def test_levels_of_options_that_have_no_logarithm_are_shares_of_their_range() -> None:
    options = bg.Choice([0, 1000, 1])
    levels = _scale(options)(np.array([options.encode(value) for value in (0, 1000, 1)]))
    assert levels == pytest.approx([0.0, LINEAR, LINEAR / 1000])
