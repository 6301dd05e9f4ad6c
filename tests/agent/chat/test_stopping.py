"""A session's process is ended while a trial runs."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path
from urllib.parse import urlencode

import psutil
import pytest

from bestguess.agent.record.study import load


def wait_for(path: Path, pattern: str = ".") -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if path.exists() and (found := re.search(pattern, path.read_text())):
            return found[0]
        time.sleep(0.1)
    raise AssertionError(f"no {pattern} in {path}")


def start_trial_on_page(page: subprocess.Popen[bytes], folder: Path) -> None:
    url = wait_for(folder / "said", r"http://\S+token=\w+")
    address = url.partition("/?")[0]
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(CookieJar()))
    browser.open(url).close()

    def post(path: str, **form: str) -> None:
        body = urlencode(form).encode()
        browser.open(urllib.request.Request(address + path, body, {"Origin": address})).close()

    post("/say", text="tune train.py")
    wait_for(folder / "bestguess.chat.jsonl", '"kind": "card"')
    time.sleep(2.0)  # it is seen before it is answered
    post("/answer/1", verdict="yes")


def start_trial_by_lines(chat: subprocess.Popen[bytes], folder: Path) -> None:
    assert chat.stdin is not None
    chat.stdin.write(b"tune train.py\nyes\n")
    chat.stdin.flush()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("door", ["web", "chat"])
def test_a_trial_does_not_outlive_its_session_and_is_given_back(door: str, number: int, folder: Path) -> None:
    (folder / "train.py").write_text(
        "import argparse, os, time\nparser = argparse.ArgumentParser()\n"
        "parser.add_argument('--lr', type=float, default=0.01)\nlr = parser.parse_args().lr\n"
        "open('pid', 'w').write(str(os.getpid()))\ntime.sleep(99)\nprint(f'val_loss={lr}')\n"
    )
    with (folder / "said").open("w") as said:
        session = subprocess.Popen(
            [sys.executable, "-m", "bestguess.agent.cli", door, "--folder", str(folder)],
            stdin=subprocess.PIPE, stdout=said, stderr=subprocess.STDOUT, cwd=folder,
        )  # fmt: skip
    try:
        (start_trial_on_page if door == "web" else start_trial_by_lines)(session, folder)
        pid = int(wait_for(folder / "pid", r"\d+"))
        os.kill(session.pid, number)
        code = session.wait(30)
    finally:
        session.kill()
        session.communicate()
    deadline = time.monotonic() + 10
    while psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "Traceback" not in (folder / "said").read_text()
    assert code == 130
    study = load(f"sqlite:///{folder / 'bestguess.db'}", "train")
    assert [trial.number for trial in study.look().orphans] == [0]
    study.close()
