from __future__ import annotations

import json
from pathlib import Path

import pytest

from bestguess.evals.contestants import Spec
from bestguess.evals.measures import cost


def test_costs_are_measured_by_size_and_kept_beside_those_of_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cost, "SIZES", (2, 5))
    for label in ("random", "jitter:width=0.1"):
        (measured,) = cost.measure_costs([Spec.parse(label)], tmp_path)
        assert list(measured.ask_ms) == ["2", "5"]
        assert measured.peak_mib > 10
        assert label in measured.sentence
    kept = json.loads((tmp_path / "cost.json").read_text())
    assert list(kept["contestants"]) == ["random", "jitter:width=0.1"]


def test_a_contestant_that_fails_keeps_what_was_measured_and_says_why(tmp_path: Path) -> None:
    (measured,) = cost.measure_costs([Spec.parse("jitter:width=wide")], tmp_path)
    assert "width is 'wide'" in measured.error
