"""What earlier studies are worth is measured study for study, and finished studies are kept."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from bestguess.evals.measures import transfer
from bestguess.evals.measures.transfer import measure_transfer
from bestguess.evals.suites._make_hpob import INSIDE
from bestguess.tools.errors import InputError


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """A wheel with two small data sets of one search space."""
    rng = np.random.default_rng(0)
    settings = rng.random((40, 3)).round(4)
    tables = {
        f"4796_{number}": np.column_stack([settings, 1.0 - (settings[:, 2] - best) ** 2])
        for number, best in ((3, 0.8), (7, 0.7))
    }
    held = io.BytesIO()
    np.savez(held, allow_pickle=False, **tables)
    path = tmp_path / "bocode.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{INSIDE}data/hpob_data.npz", held.getvalue())
    return path


def test_a_chain_is_played_once_and_told_by_arm(
    wheel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transfer, "N_TRIALS", 5)
    monkeypatch.setattr(transfer, "SHOWN", (2, 5))
    kept = tmp_path / "kept.jsonl"
    known = [
        one
        for arm in ("without", "with", "misleading", "random")
        for one in transfer._play_chain(wheel, "4796", 0, (arm,), ())
        if one.arm == arm
    ]
    kept.write_text("".join(json.dumps(asdict(one)) + "\n" for one in known))
    monkeypatch.setattr(transfer, "_play_chain", None)
    lines = list(measure_transfer(wheel, kept, seeds=[0], arms=("without", "with", "misleading", "random")))
    assert lines[0].startswith("without              1 studies: 2: ")
    assert "(+0.000 ± 0.000)" in lines[0]
    second = {one.arm: one for one in known if one.place == 1}
    assert second["with"].regrets[1] < second["misleading"].regrets[1]


def test_a_wheel_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no .*; fetch it"):
        list(measure_transfer(tmp_path / "none.whl", tmp_path / "kept.jsonl", seeds=[0]))
