"""A session with trials that nothing ran: they are told, with what a run would have printed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.agent.chat.conftest import Talk

from bestguess.tools.trial import Outcome, Proposal

SCRIPT = """import argparse
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.01)  # the rate
p.add_argument("--depth", type=int, default=3)
p.add_argument("--epochs", type=int, default=10)
p.add_argument("--amp", action="store_true")
p.add_argument("--api-key", default="none")
p.add_argument("--opt", choices=["adam", "sgd"], default="adam")
a = p.parse_args()
print(f"val_loss={a.lr} latency_ms={a.depth}")
"""

Tell = Callable[..., None]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the script, in place of the session tests' own."""
    (tmp_path / "train.py").write_text(SCRIPT)
    (tmp_path / "svm.py").write_text(SCRIPT)
    return tmp_path


@pytest.fixture
def told(talk: Talk) -> Tell:
    """Begin a study of train.py and return what tells a trial of it."""
    talk.session.say("/new train.py val_loss minimize")
    talk.session.say("no")

    def tell(value: float | None, *, printed: str = "", **params: Any) -> None:
        bench = talk.session.bench
        bench.start_trials()
        given = {**bench.the_plan().space.default(), **params}
        outcome = Outcome.failure("it broke") if value is None else Outcome(value, feedback=printed)
        source = "user" if len(bench.history) else "default"
        bench.study.add(Proposal(given, source, "told"), outcome)  # type: ignore[arg-type]
        talk.session.say("/save")  # each turn keeps where the study stands

    return tell
