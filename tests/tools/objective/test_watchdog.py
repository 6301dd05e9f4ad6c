from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from bestguess.tools.objective.run import PARAMS_VARIABLE, stop_run
from bestguess.tools.objective.watchdog import MARK_VARIABLE, Watchdog, mark_of

FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGHUP, signal.SIG_IGN)
def start(**options):
    return subprocess.Popen(["sleep", "99"], **options).pid
pids = [os.getpid(), start(), start(process_group=0), start(start_new_session=True)]
open(sys.argv[1] + ".new", "w").write(repr(pids))
os.rename(sys.argv[1] + ".new", sys.argv[1])
time.sleep(99)
"""

TUNER = """
import os, sys, threading, time
from bestguess.tools.objective.run import CommandObjective
from bestguess.tools.objective.watchdog import WATCHDOG
def run(*words):
    return CommandObjective(words, metric="(x)", space_names=["x"])({"x": 1})
"""


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


@pytest.fixture
def family(tmp_path: Path) -> str:
    (tmp_path / "family.py").write_text(FAMILY)
    return f"{sys.executable!r}, {str(tmp_path / 'family.py')!r}, {str(tmp_path / 'pids')!r}"


@pytest.fixture
def tuner(tmp_path: Path) -> Iterator[Callable[[str], subprocess.Popen[str]]]:
    """Start Python code that runs commands, in a process group of its own."""
    started = []

    def start(code: str) -> subprocess.Popen[str]:
        words = [sys.executable, "-c", TUNER + code]
        one = subprocess.Popen(words, stderr=subprocess.PIPE, text=True, process_group=0)
        started.append(one)
        return one

    yield start
    for one in started:
        one.kill()
        one.communicate()


def pids_of(tmp_path: Path) -> list[int]:
    wait_until((tmp_path / "pids").exists)
    found: list[int] = json.loads((tmp_path / "pids").read_text())
    return found


@pytest.mark.parametrize(
    "code",
    [
        "run({family})",
        "run('env', '-i', {family})",
        "threading.Thread(target=run, args=({family},)).start(); time.sleep(99)",
        "WATCHDOG.started = lambda *_: None; run({family})",
        pytest.param(
            "run('true'); pid = os.fork(); run({family}) if pid else time.sleep(5)", marks=pytest.mark.slow
        ),
        "WATCHDOG.begin(); pid = os.fork(); time.sleep(99) if pid else run({family})",
    ],
    ids=[
        "plain",
        "without environment",
        "in a thread",
        "not told of yet",
        "a fork holds the pipe",
        "in a fork",
    ],
)
def test_a_command_does_not_outlive_a_tuner_that_is_killed(
    code: str, family: str, tuner: Callable[[str], subprocess.Popen[str]], tmp_path: Path
) -> None:
    one = tuner(code.format(family=family))
    pids = pids_of(tmp_path)
    if "env" in code:  # without a mark, a session of its own is a daemon's
        os.kill(pids.pop(), signal.SIGKILL)
    if "time.sleep(99) if pid" in code:
        psutil.Process(pids[0]).parent().kill()  # type: ignore[union-attr]
    else:
        one.kill()
    wait_until(lambda: not any(map(is_running, pids)))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_however_often_a_run_is_interrupted_nothing_is_left(
    number: int, family: str, tuner: Callable[[str], subprocess.Popen[str]], tmp_path: Path
) -> None:
    (tmp_path / "family.py").write_text(FAMILY.replace("SIGHUP", "SIGTERM"))  # it takes SIGKILL
    one = tuner(
        "import signal; signal.signal(signal.SIGTERM, signal.default_int_handler)\n"
        f"try: run({family})\nexcept KeyboardInterrupt: sys.exit(130)"
    )
    pids = pids_of(tmp_path)
    for _ in range(4):
        one.send_signal(number)
        time.sleep(0.05)
    one.communicate(timeout=60)
    wait_until(lambda: not any(map(is_running, pids)))


@pytest.mark.slow
def test_a_tuner_that_ends_leaves_no_watchdog_and_the_daemons_of_its_commands(
    tuner: Callable[[str], subprocess.Popen[str]], tmp_path: Path
) -> None:
    daemon = (
        "import subprocess, sys; daemon = subprocess.Popen(['sleep', '99'], start_new_session=True);"
        f"open({str(tmp_path / 'daemon')!r}, 'w').write(str(daemon.pid))"
    )
    one = tuner(
        f"run(sys.executable, '-Ic', {daemon!r}); print(WATCHDOG._process.pid, file=sys.stderr, flush=True)"
    )
    _, said = one.communicate(timeout=60)
    pid = int((tmp_path / "daemon").read_text())
    try:
        assert is_running(pid)
        assert not is_running(int(said))
    finally:
        os.kill(pid, signal.SIGKILL)


def test_a_watchdog_that_was_killed_is_replaced_and_knows_what_runs() -> None:
    watchdog = Watchdog()
    sleeper = subprocess.Popen(["sleep", "99"], start_new_session=True)
    number, _ = watchdog.begin()
    watchdog.started(number, sleeper.pid)
    first = watchdog._process
    assert first is not None
    first.kill()
    first.wait()
    other, _ = watchdog.begin()
    watchdog.ended(other)
    assert watchdog._process is not first
    watchdog.close()
    assert sleeper.wait(10) == -signal.SIGTERM


def test_only_what_a_gone_process_ran_for_these_params_is_stopped() -> None:
    def start(mark: str, params: dict[str, object]) -> subprocess.Popen[bytes]:
        env = {**os.environ, MARK_VARIABLE: mark, PARAMS_VARIABLE: json.dumps(params)}
        return subprocess.Popen(["sleep", "99"], env=env)

    theirs = start(f"{mark_of(4_000_001, 7)}3", {"x": 0.1, "opt": "é"})
    others = [
        start(f"{mark_of(4_000_001, 7)}4", {"x": 0.2, "opt": "é"}),
        start(f"{mark_of(4_000_001, 71)}3", {"x": 0.1, "opt": "é"}),
        start("", {"x": 0.1, "opt": "é"}),
    ]
    try:
        assert stop_run(4_000_001, 7, {"opt": "é", "x": 0.1}) == 1
        assert theirs.wait(5) == -signal.SIGTERM
        assert [one.poll() for one in others] == [None] * 3
        assert stop_run(4_000_001, 7, {"opt": "é", "x": 0.1}) == 0
    finally:
        for one in (theirs, *others):
            one.kill()
            one.wait()
