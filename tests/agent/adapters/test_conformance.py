"""Every adapter with the real library: in an environment of its own where it cannot share this one.

Those that need an environment are marked slow; `make adapters-test` makes the environments and runs all.
"""

from __future__ import annotations

from typing import Any

import pytest

from bestguess.agent.adapters import __all__ as names
from bestguess.agent.adapters import adapter
from bestguess.evals.rehearsals import Verdict, rehearsal, stage

NAMES = [pytest.param(name, marks=pytest.mark.slow if rehearsal(name).REQUIRES else ()) for name in names]


@pytest.fixture(scope="class", params=NAMES)
def verdict(request: pytest.FixtureRequest) -> Verdict:
    """The verdict on a rehearsal of each adapter."""
    place = stage.setting(request.param)
    if not place.ready:
        pytest.skip(f"{request.param}: {place.absence}")
    (played,) = stage.perform([request.param])
    return played


@pytest.mark.timeout(400)
class TestConformance:
    def test_the_points_are_evaluated_first(self, verdict: Verdict) -> None:
        assert verdict.given >= 5, verdict
        assert verdict.first == verdict.given, verdict

    def test_the_points_are_evaluated_in_their_order_and_unchanged(self, verdict: Verdict) -> None:
        assert verdict.unchanged == verdict.given, verdict

    def test_the_tuner_goes_on_with_trials_of_its_own(self, verdict: Verdict) -> None:
        assert verdict.own >= 1, verdict

    def test_values_are_of_the_types_that_the_tuner_draws(self, verdict: Verdict) -> None:
        assert verdict.problem == ""


@pytest.mark.parametrize("name", names)
def test_an_adapter_has_what_the_others_have(name: str) -> None:
    module: Any = adapter(name)
    assert module.HAND_OVER
    assert isinstance(module.DISTRIBUTION, str)
    for function in (module.read, module.from_native, module.to_native):
        assert function.__doc__


@pytest.mark.parametrize("name", [name for name in names if rehearsal(name).REQUIRES])
def test_what_a_tuner_asks_for_is_pinned_with_all_it_needs(name: str) -> None:
    place = stage.setting(name)
    pins = [line.lower() for line in place._pins.read_text().splitlines()]
    assert all("==" in pin and "+" not in pin for pin in pins)
    for required in place.requires:
        distribution, _, version = required.lower().partition("==")
        assert f"{distribution.partition('[')[0]}=={version}" in pins
