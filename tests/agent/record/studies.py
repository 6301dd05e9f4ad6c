"""Studies for the tests of the record."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import bestguess as bg
from bestguess.agent.record.owner import Owner
from bestguess.agent.record.study import Study

SPACE = bg.Space(
    lr=bg.Float(1e-5, 1e-1, log=True, default=1e-3),
    depth=bg.Int(1, 8, default=3),
    booster=bg.Choice(["gbtree", "dart"]),
    rate_drop=bg.Float(0, 0.5, when={"booster": ["dart"]}),
)
DART = {"lr": 0.01, "depth": 5, "booster": "dart", "rate_drop": 0.1}
TREE = {"lr": 0.001, "depth": 3, "booster": "gbtree"}
TASK = bg.Task("Tune it", metric="error")


def open_study(folder: Path, **options: object) -> Study:
    """Open the study `s` in a folder, with other options if given."""
    arguments = {"storage": f"sqlite:///{folder / 'study.db'}", "name": "s", "seed": 1} | options
    return Study.open(SPACE, TASK, **arguments)  # type: ignore[arg-type]


def dead_owner() -> Owner:
    """Return a process that has ended."""
    child = subprocess.Popen([sys.executable, "-c", ""])
    child.wait()
    return replace(Owner.this_process(), pid=child.pid)
