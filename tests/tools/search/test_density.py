from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import parameters, values_of

from bestguess.tools.errors import InputError
from bestguess.tools.search.density import BINS, Density, estimate
from bestguess.tools.space.parameters import Choice, Float, Int, Text


@given(st.data())
def test_whatever_is_guessed_it_is_a_density_that_rules_nothing_out(data: st.DataObject) -> None:
    parameter = data.draw(parameters())
    guesses = data.draw(st.lists(values_of(parameter), max_size=5))
    density = estimate(parameter, guesses)
    assert math.isclose(sum(density.probabilities), 1.0)
    assert min(density.probabilities) > 0
    assert density.guesses == len(guesses)
    assert Density.from_dict(density.to_dict()) == density
    if density.edges:
        assert list(density.edges) == sorted(set(density.edges))


def test_without_guesses_it_is_flat_on_the_parameters_own_scale() -> None:
    density = estimate(Float(1e-4, 1e4, log=True), [])
    assert density.probabilities == pytest.approx([1 / BINS] * BINS)
    assert density.edges[0] == pytest.approx(1e-4)
    assert density.edges[BINS // 2] == pytest.approx(1.0)


def test_a_categorical_value_has_its_share_of_the_guesses() -> None:
    density = estimate(Choice(["a", "b"]), ["a", "a", "a"])
    assert dict(zip(density.values, density.probabilities, strict=True)) == {"a": 3.5 / 4, "b": 0.5 / 4}


def test_a_text_that_was_not_known_has_a_place_of_its_own() -> None:
    assert estimate(Text(default="x"), ["y"]).values == ("x", "y")


def test_few_numbers_are_listed_and_many_share_bins_between_them() -> None:
    assert estimate(Int(1, 4), [2]).values == (1, 2, 3, 4)
    assert estimate(Int(1, 160), [2]).edges[:2] == (0.5, 10.5)
    assert estimate(Int(1, 160, log=True), []).edges[-1] == pytest.approx(160.5)


@pytest.mark.parametrize(
    "fields",
    [
        {"guesses": 1, "probabilities": [1.0]},
        {"guesses": 1, "probabilities": [0.5, 0.4], "values": [1, 2]},
        {"guesses": 1, "probabilities": [1.5, -0.5], "values": [1, 2]},
        {"guesses": 1, "probabilities": [1.0], "edges": [1.0]},
        {"probabilities": [1.0], "values": [1]},
        {"guesses": 1, "probabilities": 7, "values": [1]},
    ],
)
def test_what_is_no_density_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(InputError, match="the density"):
        Density.from_dict(fields)
