"""A script that can be tuned in milliseconds, a session beside it that keeps its events, and a browser."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bestguess.agent.chat.events import Event
from bestguess.agent.chat.session import Session

SCRIPT = '''"""A bowl with a cliff."""
import argparse
import os
import sys
import time

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.01, help="learning rate")
parser.add_argument("--depth", type=int, default=3)
parser.add_argument("--booster", choices=["gbtree", "dart"], default="gbtree")
parser.add_argument("--seed", type=int, default=0)
parser.add_argument("--nap-s", type=float, default=float(os.environ.get("NAP_S", "0")))
args = parser.parse_args()
time.sleep(args.nap_s)
if args.booster == "dart" and args.depth > 4:
    sys.exit("MemoryError: 17 GB wanted")
print(f"train_loss: {args.lr}")
print(f"val_loss={(args.lr - 0.03) ** 2 * 100 + (args.depth - 4) ** 2 * 0.01:.6f}")
'''


class Talk:
    """A session and what it said."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.events: list[Event] = []
        session.listen(self.events.append)

    def say(self, *texts: str) -> Event:
        """Say texts one after the other, each once all trials are done; return the last event but state."""
        for text in texts:
            self.session.say(text)
            if self.session.bench.trials:
                assert self.session.bench.trials.wait(60)
        return [event for event in self.events if event.kind != "state"][-1]

    def of(self, kind: str) -> list[Event]:
        """Return the events of a kind."""
        return [event for event in self.events if event.kind == kind]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, for a module: while it is open, no other loop of events can run in this thread."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("there is no chromium")
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with the script."""
    (tmp_path / "train.py").write_text(SCRIPT)
    return tmp_path


@pytest.fixture
def talk(folder: Path) -> Iterator[Talk]:
    """A session in that folder."""
    session = Session(folder, seed=0)
    yield Talk(session)
    session.close()
