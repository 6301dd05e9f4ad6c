from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import bestguess as bg
from bestguess.tools.analysis.importance import Effect, main_effect, rank_importance
from bestguess.tools.errors import InputError
from bestguess.tools.surrogate.gp import GaussianProcess, GPPosterior

SPACE = bg.Space(
    strong=bg.Float(0, 1),
    weak=bg.Float(0, 1),
    useless=bg.Float(0, 1),
    kind=bg.Choice(["a", "b"]),
    only_b=bg.Float(0, 1, when={"kind": ["b"]}),
)


def fitted(n: int, seed: int = 0) -> GPPosterior:
    """A posterior of strong^2 + weak / 4 + (kind is b) / 2 at n random places."""
    rng = np.random.default_rng(seed)
    many = [SPACE.sample(rng) for _ in range(n)]
    y = np.array([one["strong"] ** 2 * 2 + one["weak"] / 2 + (one["kind"] == "b") for one in many])
    active = np.array([SPACE.active_mask(one) for one in many])
    return GaussianProcess(SPACE.column_kinds).fit(SPACE.encode_many(many), y, active=active)


def effect_of(posterior: GPPosterior, name: str, **options: Any) -> Effect:
    effect = main_effect(posterior, SPACE, name, np.random.default_rng(0), **options)
    assert effect is not None
    return effect


def test_parameters_are_ranked_by_the_variance_that_they_cause() -> None:
    found = rank_importance(fitted(60), SPACE, np.random.default_rng(0))

    assert [one.name for one in found[:3]] == ["strong", "kind", "weak"]
    # Var(2u^2) = 16/45, Var(u/2) = 1/48, Var(fair coin) = 1/4.
    total = 16 / 45 + 1 / 48 + 1 / 4
    assert found[0].mean == pytest.approx(16 / 45 / total, abs=0.12)
    assert found[1].mean == pytest.approx(1 / 4 / total, abs=0.12)
    assert found[-1].mean < 0.03
    assert all(one.low <= one.mean <= one.high for one in found)


@pytest.mark.parametrize("number", [bg.Float(0, 1), bg.Int(0, 26), bg.Int(1, 1000, log=True)])
def test_numbers_and_choices_that_cause_as_much_are_told_as_important(number: bg.Parameter) -> None:
    space = bg.Space(number=number, kind=bg.Choice(["a", "b"]))
    rng = np.random.default_rng(0)
    x = space.encode_many([space.sample(rng) for _ in range(40)])
    posterior = GaussianProcess(space.column_kinds).fit(x, x[:, 0] + (x[:, 1] > 0.5) / 3**0.5)

    found = {one.name: one.mean for one in rank_importance(posterior, space, rng)}

    assert found == pytest.approx({"number": 0.5, "kind": 0.5}, abs=0.02)


def test_few_trials_leave_more_open_than_many() -> None:
    def width(n: int) -> float:
        found = {one.name: one for one in rank_importance(fitted(n), SPACE, np.random.default_rng(0))}
        return found["strong"].high - found["strong"].low

    assert width(6) > 2 * width(60)


def test_an_effect_follows_the_function_in_the_users_units() -> None:
    effect = effect_of(fitted(80), "strong")

    truth = 2 * np.array(effect.values) ** 2 + 1 / 4 + 1 / 2
    assert effect.values[0] == 0.0
    assert effect.values[-1] == 1.0
    assert effect.median == pytest.approx(truth, abs=0.15)
    assert (effect.low <= effect.high).all()


def test_an_effect_of_something_maximized_is_turned_back() -> None:
    posterior = fitted(40)
    plain = effect_of(posterior, "strong")
    turned = effect_of(posterior, "strong", maximize=True)

    np.testing.assert_allclose(turned.median, -plain.median)
    np.testing.assert_allclose(turned.low, -plain.high)


def test_every_category_has_its_effect_and_a_conditional_parameter_is_shown_where_it_exists() -> None:
    kinds = effect_of(fitted(60), "kind")
    only_b = effect_of(fitted(60), "only_b")

    assert kinds.values == ("a", "b")
    assert kinds.median[1] - kinds.median[0] == pytest.approx(1.0, abs=0.25)
    assert len(only_b.values) == 9
    assert only_b.median.mean() == pytest.approx(kinds.median[1], abs=0.25)


@pytest.mark.parametrize("order", [("lr", "decay"), ("decay", "lr")])
def test_an_effect_beside_two_values_of_a_parent_is_that_of_random_places(order: tuple[str, str]) -> None:
    space = bg.Space(
        {
            "kind": bg.Choice(["a", "b", "c"]),
            **{name: bg.Float(0, 1) for name in order},
            "momentum": bg.Float(0, 1, when={"kind": ["a", "b"]}),
        }
    )
    rng = np.random.default_rng(0)
    many = [space.sample(rng) for _ in range(80)]
    best = {"a": 0.9, "b": 0.1, "c": 0.5}
    y = np.array([abs(one["lr"] - best[one["kind"]]) + one.get("momentum", 0.5) / 4 for one in many])
    active = np.array([space.active_mask(one) for one in many])
    posterior = GaussianProcess(space.column_kinds).fit(space.encode_many(many), y, active=active)

    effect = main_effect(posterior, space, "momentum", np.random.default_rng(0))

    assert effect is not None
    at = [one | {"momentum": 0.0} for one in many if one["kind"] != "c"]
    active = np.array([space.active_mask(one) for one in at])
    mean, _ = posterior.predict_latent(space.encode_many(at), active)
    assert effect.median[0] == pytest.approx(posterior.transform.inverse(mean.mean()), abs=0.05)


def test_a_choice_of_hundreds_that_plays_no_part_is_not_the_most_important() -> None:
    space = bg.Space(lr=bg.Float(0, 1), user=bg.Choice([f"user {number}" for number in range(600)]))
    rng = np.random.default_rng(0)
    many = [space.sample(rng) for _ in range(40)]
    y = np.array([(one["lr"] - 0.4) ** 2 for one in many])
    posterior = GaussianProcess(space.column_kinds).fit(space.encode_many(many), y)

    found = {one.name: one for one in rank_importance(posterior, space, rng)}

    assert found["lr"].mean > 0.9
    assert found["user"].mean < 0.1


def test_a_name_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="no parameter 'lr'; there are strong"):
        main_effect(fitted(10), SPACE, "lr", np.random.default_rng(0))


def test_an_effect_where_parents_share_an_ancestor_is_shown_where_all_conditions_hold() -> None:
    space = bg.Space(
        a=bg.Int(1, 3),
        b=bg.Choice(["x", "y"], when={"a": [1, 2]}),
        c=bg.Float(0, 1, when={"a": [2, 3], "b": ["x"]}),
        never=bg.Float(0, 1, when={"a": [3], "b": ["x"]}),
    )
    rng = np.random.default_rng(0)
    many = [{"a": 2, "b": "x", "c": float(value)} for value in rng.random(12)]
    active = np.array([space.active_mask(one) for one in many])
    y = np.array([float(str(one["c"])) * 3 for one in many])
    posterior = GaussianProcess(space.column_kinds).fit(space.encode_many(many), y, active=active)

    effect = main_effect(posterior, space, "c", rng)

    assert effect is not None
    assert effect.median == pytest.approx(3 * np.array(effect.values), abs=0.2)
    assert main_effect(posterior, space, "never", rng) is None
    assert {one.name for one in rank_importance(posterior, space, rng)} == {"a", "b", "c", "never"}


def test_a_text_that_nobody_listed_counts_once_it_was_tried() -> None:
    space = bg.Space(prompt=bg.Text(default="be brief"), x=bg.Float(0, 1))
    rng = np.random.default_rng(0)
    many = [{"prompt": word, "x": float(rng.random())} for word in ("be brief", "be bold", "be kind") * 6]
    y = np.array([3.0 * (one["prompt"] == "be bold") for one in many])
    posterior = GaussianProcess(space.column_kinds).fit(space.encode_many(many), y)

    first, _ = rank_importance(posterior, space, rng, known=many)
    effect = main_effect(posterior, space, "prompt", rng, known=many)

    assert (first.name, effect is not None) == ("prompt", True)
    assert first.mean > 0.5
    assert effect is not None
    assert dict(zip(effect.values, effect.median.round(1), strict=True))["be bold"] == pytest.approx(
        3, abs=0.3
    )


def test_effects_are_what_is_typical_in_the_users_units_however_the_values_are_warped() -> None:
    space = bg.Space(x=bg.Float(0, 1), y=bg.Float(0, 1))
    rng = np.random.default_rng(0)
    x = rng.random((60, 2))
    posterior = GaussianProcess(space.column_kinds).fit(x, np.exp(3 * x[:, 0] + 4 * x[:, 1]))

    effect = main_effect(posterior, space, "x", rng)

    assert posterior.transform.warped
    assert effect is not None
    steps, others = np.array(effect.values)[:, None], np.linspace(0, 1, 200)
    latent = posterior.transform.forward(np.exp(3 * steps + 4 * others))
    truth = posterior.transform.inverse(latent.mean(axis=1))
    assert effect.median == pytest.approx(truth, rel=0.1)
