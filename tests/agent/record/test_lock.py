from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bestguess.agent.record.lock import hold, lock_file
from bestguess.tools.errors import StudyError

HOLDER = """
import sys, time
from pathlib import Path
from bestguess.agent.record.lock import hold
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
        assert 0.15 < time.monotonic() - started < 30  # of the 60 that it is held
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


@pytest.mark.slow
def test_who_waits_for_a_lock_gets_it_in_the_order_in_which_they_came(tmp_path: Path) -> None:
    path, order = tmp_path / "lock", list[int]()

    def wait(who: int) -> None:
        with hold(path, timeout_s=30) as held:
            assert held
            order.append(who)
            time.sleep(0.01)

    threads = [threading.Thread(target=wait, args=(who,)) for who in range(5)]
    with hold(path, timeout_s=0):
        for thread in threads:
            thread.start()
            time.sleep(0.2)
    for thread in threads:
        thread.join()
    assert order == list(range(5))


def test_who_gave_up_waiting_keeps_nobody_from_the_lock_later(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    with hold(path, timeout_s=0) as held:
        assert held
        with hold(path, timeout_s=0) as second, hold(path, timeout_s=0.05) as third:
            assert (second, third) == (False, False)
    for _ in range(3):
        with hold(path, timeout_s=5) as held:
            assert held
