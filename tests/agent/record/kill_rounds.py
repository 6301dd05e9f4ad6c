"""Kills BestGuess at random moments and counts what that cost; a script, run once a scenario.

    python kill_rounds.py SCENARIO KILLS FOLDER

Everything is imported once, and what is killed is a fork of that: a kill costs a second, not five. One JSON
object is printed: how many kills there were, how many told results were acknowledged, lost or told twice, how
many processes outlived their tuner, and how many trials stayed running for ever.
"""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

os.environ["OMP_NUM_THREADS"] = "1"

import numpy as np
import optuna
import psutil
import torch

import bestguess as bg
from bestguess.agent import cli
from bestguess.agent.tuner import Tuner

torch.set_num_threads(1)

SPACE = """
parameters:
  x: {type: float, low: -2, high: 2, default: 1.5}
  n: {type: int, low: 1, high: 60}
"""
BOWL = "x ** 2 + 0.001 * (n - 40) ** 2"
FUNCTION = f"""
import time
def f(params):
    time.sleep(0.05)
    x, n = params["x"], params["n"]
    return {BOWL}
"""
SCRIPT = f"""
import argparse, time
parser = argparse.ArgumentParser()
parser.add_argument("--x", type=float, default=1.5)
parser.add_argument("--n", type=int, default=3)
given = parser.parse_args()
time.sleep(0.05)
x, n = given.x, given.n
print(f"loss={{{BOWL}!r}}")
"""
LINE = re.compile(r"^trial (\d+) of \d+ \[\w+\] \S+ ([-+.\de]+),", re.MULTILINE)
ASKERS = 16
GONE_S = 2.0
"""How long what a killed process was running may take to end."""

Acked = list[tuple[int, float]]


def fork(act: Callable[[], Any], out: Path) -> int:
    """Return the number of a child in a session of its own that does `act`, its output appended to `out`."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setsid()
        file = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(file, 1)
        os.dup2(file, 2)
        act()
        code = 0
    except SystemExit as leaving:
        code = leaving.code if isinstance(leaving.code, int) else 0
    except BaseException:  # noqa: BLE001 - a child shows what ended it, and ends
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        os._exit(code)


def command(folder: Path, *arguments: str) -> Callable[[], Any]:
    """Return what runs `bestguess` with these arguments in a folder."""

    def act() -> None:
        os.chdir(folder)
        sys.path.insert(0, str(folder))
        cli.main(list(arguments), prog_name="bestguess")

    return act


def kill(pid: int) -> None:
    """End a child at once, if it has not ended by itself."""
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def wait(pid: int, timeout_s: float) -> int:
    """Return the exit code of a child; it is killed if it takes longer."""
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        ended, status = os.waitpid(pid, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    kill(pid)
    return -1


def outliving(folder: Path) -> int:
    """Return how many processes still work in a folder, once they had the time to end."""
    deadline = time.monotonic() + GONE_S
    while True:
        alive = 0
        for process in psutil.process_iter():
            try:
                alive += process.cwd() == str(folder) and process.status() != psutil.STATUS_ZOMBIE
            except (psutil.NoSuchProcess, psutil.AccessDenied):
                continue
        if not alive or time.monotonic() > deadline:
            return alive
        time.sleep(0.05)


def recorded(folder: Path) -> dict[int, tuple[str, float | None, str]]:
    """Return each trial's state, value and params, as plain Optuna reads them."""
    (one,) = optuna.storages.RDBStorage(f"sqlite:///{folder / 'bestguess.db'}").get_all_studies()
    study = optuna.load_study(study_name=one.study_name, storage=f"sqlite:///{folder / 'bestguess.db'}")
    return {trial.number: (trial.state.name, trial.value, json.dumps(trial.params)) for trial in study.trials}


def verdict(folder: Path, kills: int, acked: Acked, left: int, log: str, code: int) -> dict[str, Any]:
    """Return what the kills cost."""
    trials = recorded(folder)
    numbers = [number for number, _ in acked]
    kept = {number: value for number, (_, value, _) in trials.items() if value is not None}
    lost = [
        number
        for number, value in acked
        if number not in kept or abs(kept[number] - value) > 1e-3 * abs(value) + 1e-9
    ]
    complete = [params for state, _, params in trials.values() if state == "COMPLETE"]
    return {
        "kills": kills,
        "acked": len(acked),
        "lost": lost,
        "told_twice": len(numbers) - len(set(numbers)),
        "params_twice": len(complete) - len(set(complete)),
        "left": left,
        "stuck": [number for number, (state, _, _) in trials.items() if state == "RUNNING"],
        "tracebacks": log.count("Traceback"),
        "last_code": code,
    }


def tune(kills: int, folder: Path, *, function: bool, full: bool = False) -> dict[str, Any]:
    """Kill `tune --resume`; with `full`, while the disk that its study is on has no room left."""
    (folder / "space.yaml").write_text(SPACE)
    (folder / "bowl.py").write_text(FUNCTION)
    (folder / "script.py").write_text(SCRIPT)
    objective = ["bowl:f"]
    if not function:
        objective = ["--metric", "loss=(.*)", "--", sys.executable, "script.py", "--x={x}", "--n={n}"]

    def run(n_trials: int, out: Path) -> int:
        options = ["--space", "space.yaml", "--resume", "--seed", "0", "--n-trials", str(n_trials)]
        return fork(command(folder, "tune", *options, *objective), out)

    rng = np.random.default_rng(kills)
    outputs = folder.parent / f"{folder.name}-out"
    outputs.mkdir()
    acked: Acked = []
    left = 0
    for index in range(kills):
        out = outputs / f"{index}.txt"
        pid = run(100_000, out)
        begun = time.monotonic()
        if full:
            while b"\ntrial " not in _read(out) and time.monotonic() - begun < 20:
                time.sleep(0.01)
            _fill(folder)
        time.sleep(float(rng.uniform(0.0, 3.0 if full or index % 3 else 0.8)))
        kill(pid)
        left += outliving(folder)
        acked += _acked(out)
        (folder / "filling").unlink(missing_ok=True)
    told = sum(state in ("COMPLETE", "FAIL") for state, _, _ in recorded(folder).values())
    code = wait(run(told + 3, outputs / "last.txt"), 120)
    log = "".join(one.read_text() for one in outputs.iterdir())
    acked += _acked(outputs / "last.txt")
    return verdict(folder, kills, acked, left + outliving(folder), log, code)


def _acked(out: Path) -> Acked:
    return [(int(number), float(value)) for number, value in LINE.findall(_read(out).decode())]


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _fill(folder: Path) -> None:
    """Leave no room on the disk of a folder."""
    try:
        with (folder / "filling").open("wb", buffering=0) as file:
            for size in (65536, 1):
                try:
                    while True:
                        file.write(b"x" * size)
                except OSError:
                    continue
    except OSError:
        return


def ask_and_tell(kills: int, folder: Path) -> dict[str, Any]:
    """Kill one of sixteen processes that ask and tell in one study, and start another in its place."""
    space = bg.Space(x=bg.Float(-2, 2, default=1.5), n=bg.Int(1, 60))
    storage = f"sqlite:///{folder / 'bestguess.db'}"
    told = folder / "told.txt"

    def work() -> None:
        with Tuner(space, storage=storage, study_name="s", seed=0) as tuner, told.open("a") as file:
            while True:
                trial = tuner.ask()
                x, n = trial.params["x"], trial.params["n"]
                value = x**2 + 0.001 * (n - 40) ** 2
                tuner.tell(trial, value)
                file.write(f"{trial.number} {value!r}\n")
                file.flush()

    def finish() -> None:
        with Tuner(space, storage=storage, study_name="s", seed=0) as tuner:
            while tuner.interrupted:
                tuner.tell(tuner.ask(), 1.0)

    rng = np.random.default_rng(kills)
    log = folder / "log.txt"
    workers = [fork(work, log) for _ in range(ASKERS)]
    while _read(told).count(b"\n") < ASKERS:
        time.sleep(0.1)
    for _ in range(kills):
        time.sleep(float(rng.uniform(0.2, 2.0)))
        which = int(rng.integers(ASKERS))
        kill(workers[which])
        workers[which] = fork(work, log)
    for pid in workers:
        kill(pid)
    acked = [(int(number), float(value)) for number, value in (line.split() for line in told.open())]
    code = wait(fork(finish, log), 300)
    return verdict(folder, kills + ASKERS, acked, outliving(folder), log.read_text(), code)


def web(kills: int, folder: Path) -> dict[str, Any]:
    """Kill the page's server while its session runs trials, and resume it."""
    (folder / "script.py").write_text(SCRIPT)
    rng = np.random.default_rng(kills)
    left = 0
    for index in range(kills):
        out = folder.parent / f"{folder.name}-{index}.txt"
        options = ["--seed", "0", *(["--resume"] if index else [])]
        pid = fork(command(folder, "web", *options), out)
        said = ["tune script.py", "yes", "run 3000", "always"] if not index else ["/resume", "always"]
        _talk(out, said)
        time.sleep(float(rng.uniform(0.0, 2.5)))
        kill(pid)
        left += outliving(folder)
    acked = [
        (event["trial"]["number"], event["trial"]["value"])
        for event in map(json.loads, _read(folder / "bestguess.chat.jsonl").splitlines())
        if event["kind"] == "trial_finished" and event["trial"]["value"] is not None
    ]

    def finish() -> None:
        os.chdir(folder)
        from bestguess.agent.chat.session import Session

        session = Session(folder, seed=0, resume=True)
        assert session.bench.trials is not None
        session.bench.trials.wanted = len(session.bench.tuner.interrupted)
        session.say("/resume")
        session.say("always")
        session.bench.trials.wait(60)
        session.close()

    log = folder.parent / f"{folder.name}-last.txt"
    code = wait(fork(finish, log), 120)
    outputs = folder.parent.glob(f"{folder.name}-*.txt")
    return verdict(folder, kills, acked, left, "".join(map(Path.read_text, outputs)), code)


def _talk(out: Path, texts: list[str]) -> None:
    """Say texts on the page whose address the server prints to `out`."""
    deadline = time.monotonic() + 30
    while not (found := re.search(rb"(http://[\d.:]+)/\?token=(\w+)", _read(out))):
        if time.monotonic() > deadline:
            raise AssertionError(f"no page: {_read(out)!r}")
        time.sleep(0.05)
    address, token = found[1].decode(), found[2].decode()
    port = address.rpartition(":")[2]
    headers = {"Cookie": f"bestguess_{port}={token}", "Origin": address}
    for text in texts:
        said = urllib.request.Request(f"{address}/say", urlencode({"text": text}).encode(), headers)
        for _ in range(100):
            try:
                urllib.request.urlopen(said, timeout=30).close()
                break
            except urllib.error.URLError as error:
                if isinstance(error, urllib.error.HTTPError):
                    raise
                time.sleep(0.05)


def mcp(kills: int, folder: Path) -> dict[str, Any]:
    """Kill an MCP server on stdio while it is asked and told, and connect to another."""
    rng = np.random.default_rng(kills)
    told: dict[int, float] = {}
    acked: dict[int, float] = {}
    log = folder / "log.txt"
    space = {
        "parameters": {
            "x": {"type": "float", "low": -2, "high": 2},
            "n": {"type": "int", "low": 1, "high": 60},
        }
    }
    code = 0
    for index in range(kills + 1):
        server = _Server(folder, log)
        last = index == kills
        until = time.monotonic() + (0.0 if last else float(rng.uniform(0.1, 2.5)))
        try:
            server.call("create_study", study_name="s", space=space, seed=0)
            waiting = server.call("history", state="running")["trials"]
            for trial in waiting if last or rng.random() < 0.5 else ():
                _tell(server, trial, told, acked)
            dead = None
            while time.monotonic() < until:
                for trial in server.call("ask", n=2)["trials"]:
                    if time.monotonic() >= until:
                        dead = trial  # killed with this call on its way
                        break
                    _tell(server, trial, told, acked)
            if dead:
                value = told.setdefault(dead["number"], _bowl(dead["params"]))
                server.send(
                    "tools/call", {"name": "tell", "arguments": {"number": dead["number"], "value": value}}
                )
        finally:
            kill(server.pid)
            server.close()
    return verdict(folder, kills, list(acked.items()), outliving(folder), log.read_text(), code)


def _bowl(params: dict[str, Any]) -> float:
    return float(params["x"] ** 2 + 0.001 * (params["n"] - 40) ** 2)


def _tell(server: _Server, trial: dict[str, Any], told: dict[int, float], acked: dict[int, float]) -> None:
    number = trial["number"]
    told.setdefault(number, _bowl(trial["params"]))
    server.call("tell", number=number, value=told[number])
    acked[number] = told[number]


class _Server:
    """A server on pipes, spoken to in JSON-RPC."""

    def __init__(self, folder: Path, log: Path) -> None:
        to_server, self._to = os.pipe()
        self._of, of_server = os.pipe()

        def act() -> None:
            os.dup2(to_server, 0)
            os.dup2(of_server, 1)
            os.close(self._to)
            os.close(self._of)
            command(folder, "mcp")()

        self.pid = fork(act, log)
        os.close(to_server)
        os.close(of_server)
        self._lines = os.fdopen(self._of, "rb")
        self._id = 0
        self.send(
            "initialize",
            {
                "protocolVersion": "2025-06-18",
                "capabilities": {},
                "clientInfo": {"name": "k", "version": "0"},
            },
        )
        self._answer()
        os.write(self._to, b'{"jsonrpc": "2.0", "method": "notifications/initialized"}\n')

    def send(self, method: str, params: dict[str, Any]) -> None:
        """Send a request, and wait for nothing."""
        self._id += 1
        os.write(
            self._to,
            json.dumps({"jsonrpc": "2.0", "id": self._id, "method": method, "params": params}).encode()
            + b"\n",
        )

    def call(self, tool: str, **arguments: Any) -> Any:
        """Return what a tool answers."""
        self.send("tools/call", {"name": tool, "arguments": arguments})
        result = self._answer()["result"]
        assert not result.get("isError"), result
        return result["structuredContent"]

    def _answer(self) -> Any:
        while line := self._lines.readline():
            message = json.loads(line)
            if message.get("id") == self._id:
                return message
        raise AssertionError("the server ended")

    def close(self) -> None:
        """Let go of the pipes."""
        self._lines.close()
        os.close(self._to)


def full_disk(kills: int, folder: Path) -> dict[str, Any]:
    """Kill `tune` while its disk is full; the disk is a small one in memory, which needs root."""
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(folder)], check=True)
    try:
        return tune(kills, folder, function=True, full=True)
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


SCENARIOS: dict[str, Callable[[int, Path], dict[str, Any]]] = {
    "command": lambda kills, folder: tune(kills, folder, function=False),
    "function": lambda kills, folder: tune(kills, folder, function=True),
    "ask-and-tell": ask_and_tell,
    "web": web,
    "mcp": mcp,
    "full-disk": full_disk,
}


if __name__ == "__main__":
    name, count, where = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]).resolve()
    where.mkdir(parents=True)
    print(json.dumps(SCENARIOS[name](count, where)))
