from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from bestguess.agent.lock import hold, lock_file
from bestguess.tools.errors import StudyError

HOLDER = """
import sys, time
from pathlib import Path
from bestguess.agent.lock import hold
with hold(Path(sys.argv[1]), timeout_s=0):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_lock_is_free_again_when_its_holder_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "study.db.ask.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(path)], stdout=subprocess.PIPE)
    assert holder.stdout is not None
    with holder.stdout:
        assert holder.stdout.readline() == b"held\n"
        started = time.monotonic()
        with hold(path, timeout_s=0.2) as held:
            assert not held
        assert 0.15 < time.monotonic() - started < 5
        os.kill(holder.pid, signal.SIGKILL)
        holder.wait()

    with hold(path, timeout_s=5) as held:
        assert held


def test_the_lock_lies_beside_a_file_and_is_this_machines_for_a_server(tmp_path: Path) -> None:
    assert lock_file(f"sqlite:///{tmp_path}/s.db", "ask") == tmp_path / "s.db.ask.lock"
    server = lock_file("postgresql://u:secret@h/db", "ask")
    assert server is not None
    assert "secret" not in str(server)
    assert server == lock_file("postgresql://u:secret@h/db", "ask")
    assert server != lock_file("postgresql://u:secret@h/other", "ask")
    assert lock_file(None, "ask") is lock_file("sqlite://", "ask") is None


def test_a_lock_file_that_cannot_be_written_is_an_error_that_names_it() -> None:
    with (
        pytest.raises(StudyError, match=r"/proc/s\.db\.ask\.lock cannot be written"),
        hold(Path("/proc/s.db.ask.lock"), timeout_s=0),
    ):
        pass
