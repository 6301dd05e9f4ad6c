from __future__ import annotations

import numpy as np
import pytest

import bestguess as bg
from bestguess.tools.errors import InputError
from bestguess.tools.importance import main_effect, rank_importance
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


def test_parameters_are_ranked_by_the_variance_that_they_cause() -> None:
    found = rank_importance(fitted(60), SPACE, np.random.default_rng(0))

    assert [one.name for one in found[:3]] == ["strong", "kind", "weak"]
    # Var(2u^2) = 16/45, Var(u/2) = 1/48, Var(fair coin) = 1/4.
    total = 16 / 45 + 1 / 48 + 1 / 4
    assert found[0].mean == pytest.approx(16 / 45 / total, abs=0.12)
    assert found[1].mean == pytest.approx(1 / 4 / total, abs=0.12)
    assert found[-1].mean < 0.03
    assert all(one.low <= one.mean <= one.high for one in found)


def test_few_trials_leave_more_open_than_many() -> None:
    def width(n: int) -> float:
        found = {one.name: one for one in rank_importance(fitted(n), SPACE, np.random.default_rng(0))}
        return found["strong"].high - found["strong"].low

    assert width(6) > 2 * width(60)


def test_an_effect_follows_the_function_in_the_users_units() -> None:
    effect = main_effect(fitted(80), SPACE, "strong", np.random.default_rng(0))

    truth = 2 * np.array(effect.values) ** 2 + 1 / 4 + 1 / 2
    assert effect.values[0] == 0.0
    assert effect.values[-1] == 1.0
    assert effect.mean == pytest.approx(truth, abs=0.15)
    assert (effect.low <= effect.high).all()


def test_an_effect_of_something_maximized_is_turned_back() -> None:
    posterior = fitted(40)
    plain = main_effect(posterior, SPACE, "strong", np.random.default_rng(0))
    turned = main_effect(posterior, SPACE, "strong", np.random.default_rng(0), maximize=True)

    np.testing.assert_allclose(turned.mean, -plain.mean)
    np.testing.assert_allclose(turned.low, -plain.high)


def test_every_category_has_its_effect_and_a_conditional_parameter_is_shown_where_it_exists() -> None:
    kinds = main_effect(fitted(60), SPACE, "kind", np.random.default_rng(0))
    only_b = main_effect(fitted(60), SPACE, "only_b", np.random.default_rng(0))

    assert kinds.values == ("a", "b")
    assert kinds.mean[1] - kinds.mean[0] == pytest.approx(1.0, abs=0.25)
    assert len(only_b.values) == 9
    assert only_b.mean.mean() == pytest.approx(kinds.mean[1], abs=0.25)


def test_a_name_that_is_not_there_is_refused() -> None:
    with pytest.raises(InputError, match="no parameter 'lr'; there are strong"):
        main_effect(fitted(10), SPACE, "lr", np.random.default_rng(0))
