"""Turns of others, counted: done as meant, asked back, wrong, said to be unable."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from bestguess.evals.measures.turns import measure_turns, summary

OPEN = Path(__file__).parents[3] / "evals" / "turns" / "open.yaml"
TURNS = [
    {"id": "a", "says": ["run 5", "should we run 5 more?"], "means": [{"run": 5}]},
    {"id": "b", "says": ["which parameters matter?"], "means": [{"read": "importance"}]},
    {
        "id": "c",
        "says": ["dont bother with tanh anymore"],
        "means": [{"drop_option": "activation", "option": "tanh"}],
    },
    {"id": "d", "says": ["flurb the wibble"], "means": [{"run": 5}]},
    {"id": "e", "says": ["flurb it, run 5"], "means": [{"run": 5}]},
]


@pytest.mark.slow
def test_each_way_of_saying_is_judged_by_what_was_meant(tmp_path: Path) -> None:
    state = yaml.safe_load(OPEN.read_text(encoding="utf-8"))["state"]
    file = tmp_path / "turns.yaml"
    file.write_text(yaml.safe_dump({"state": state, "turns": TURNS}))
    said = list(measure_turns(file))
    assert [each.verdict for each in said] == ["done", "wrong", "done", "done", "unable", "asked"]
    assert "wrong 1" in summary(said)
    assert "0 acted at once" in summary(said)


def test_the_open_file_has_30_turns_of_three_wordings_and_more() -> None:
    turns = yaml.safe_load(OPEN.read_text(encoding="utf-8"))["turns"]
    assert len(turns) == 30
    assert all(len(turn["says"]) >= 3 for turn in turns)
