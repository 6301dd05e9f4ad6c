"""What one's own finished studies found, as a pack."""

from __future__ import annotations

from pathlib import Path

import pytest

import bestguess as bg
from bestguess.agent.learning.studies import learn_from_studies
from bestguess.tools.errors import InputError

SPACE = bg.Space(x=bg.Float(0, 1, default=0.9), n=bg.Int(1, 9), kind=bg.Choice(["a", "b"]))
TASK = bg.Task("bowls", metric="depth")


def run(storage: str, name: str, best: float, trials: int = 8) -> None:
    study = bg.Tuner(SPACE, TASK, storage=storage, study_name=name, seed=0, knowledge=False)
    for step in range(trials):
        x = step / (trials - 1)
        study.tell({"x": x, "n": 1 + step % 9, "kind": "ab"[step % 2]}, abs(x - best))
    study.close()


@pytest.mark.slow
def test_the_best_configurations_are_its_portfolio_and_the_best_quarter_its_intervals(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 's.db'}"
    run(storage, "one", 0.0)
    run(storage, "two", 1.0)
    run(storage, "short", 0.5, trials=2)
    draft = learn_from_studies(storage, study_name="one")
    assert draft.entries["x"]["float"] == pytest.approx([0, 1 / 7])
    assert draft.portfolio == ({"x": 0.0, "n": 1, "kind": "a"},)
    draft = learn_from_studies(storage)
    assert draft.learned_on == 2
    assert [configuration["x"] for configuration in draft.portfolio] == [0.0, 1.0]
    assert draft.entries["x"] == {}  # their best quarters together are the whole range
    assert "study one, 8 trials: best depth 0 (trial 0)" in draft.lines[0]
    assert "short is left out: 2 of its trials" in draft.notes[0]
    draft.save(tmp_path / "packs")
    points = bg.warm_start(SPACE, TASK, n=3, knowledge=tmp_path / "packs")
    assert [point.params["x"] for point in points] == [0.9, 0.0, 1.0]


def test_a_storage_without_a_finished_study_is_an_error(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path / 's.db'}"
    run(storage, "short", 0.5, trials=2)
    with pytest.raises(InputError, match=r"no finished study to learn from .*8 are needed"):
        learn_from_studies(storage)
