"""A study in a PostgreSQL server: what holds there without SQLite's locks."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, inspect, text

import bestguess as bg
from bestguess.agent.cli import main
from bestguess.agent.record import steady
from bestguess.tools.errors import StudyUnavailable

pytestmark = pytest.mark.slow

SPACE = bg.Space(a=bg.Int(1, 16), b=bg.Int(1, 20))

# Run by several processes at once: tells of each trial after it was told.
WORKER = """
import sys, time
import bestguess as bg


space = bg.Space(a=bg.Int(1, 16), b=bg.Int(1, 20))
tuner = bg.Tuner(space, storage=sys.argv[1], study_name="shared", seed=0)
for _ in range(int(sys.argv[2])):
    trial = tuner.ask()
    print("asked", trial.number, flush=True)
    time.sleep(float(sys.argv[3]))
    tuner.tell(trial, (trial.params["a"] - 5) ** 2 + (trial.params["b"] - 11) ** 2)
    print("told", trial.number, flush=True)
"""


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server in a folder of its own, reached by a socket in there only."""

    folder: Path
    programs: Path
    user: str | None

    @property
    def url(self) -> str:
        return f"postgresql://bg:secret@/postgres?host={self.folder}"

    def run(self, program: str, *words: str) -> None:
        command = [str(self.programs / program), "-D", str(self.folder / "pg"), *words]
        log = self.folder / "output"
        with log.open("ab") as output:
            done = subprocess.run(
                command, user=self.user, cwd=self.folder, stdout=output, stderr=output, check=False
            )
        assert done.returncode == 0, log.read_text()

    def start(self) -> None:
        settings = f"-c listen_addresses= -c unix_socket_directories={self.folder} -c fsync=off"
        self.run("pg_ctl", "start", "--wait", "-l", str(self.folder / "log"), "-o", settings)

    def stop(self) -> None:
        self.run("pg_ctl", "stop", "--wait", "-m", "immediate")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    folders = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    found = shutil.which("initdb") or next((str(one / "initdb") for one in reversed(folders)), None)
    if found is None or not Path(found).exists():
        pytest.skip("no PostgreSQL server here: no initdb on the path or in /usr/lib/postgresql")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("no PostgreSQL driver here: pip install 'psycopg[binary]'")
    user = "postgres" if os.getuid() == 0 else None  # it refuses to run as root
    with tempfile.TemporaryDirectory(prefix="bestguess-pg-") as name:
        folder = Path(name)
        if user:
            shutil.chown(folder, user)
        running = Server(folder, Path(found).resolve().parent, user)
        running.run("initdb", "--auth=trust", "--username=bg", "--no-sync")
        running.start()
        try:
            yield running
        finally:
            running.stop()


@pytest.fixture
def url(server: Server) -> str:
    """An empty database."""
    engine = create_engine(server.url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    return server.url


def bowl(params: dict[str, Any]) -> float:
    return float((params["a"] - 5) ** 2 + (params["b"] - 11) ** 2)


def work(url: str, n_trials: int, seconds: float) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", WORKER, url, str(n_trials), str(seconds)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


def test_a_study_goes_on_in_a_database_server_and_shows_no_password(url: str) -> None:
    bg.tune(bowl, SPACE, n_trials=3, storage=url, study_name="one", seed=0)

    result = bg.tune(bowl, SPACE, n_trials=5, storage=url, study_name="one")

    assert [trial.number for trial in result.trials] == [0, 1, 2, 3, 4]
    for words in (["show"], ["show", "--json"], ["show", "--study-name", "two"], ["tell", "9", "7"]):
        shown = CliRunner().invoke(main, [*words, "--storage", url])
        assert "study" in shown.output.lower()
        assert "secret" not in shown.output


def test_a_connection_that_was_cut_while_the_objective_ran_loses_nothing(server: Server, url: str) -> None:
    tuner = bg.Tuner(SPACE, storage=url, seed=0)
    trial = tuner.ask()

    server.stop()
    server.start()
    tuner.tell(trial, 1.0)

    assert tuner.history.told[0].value == 1.0
    tuner.close()


def test_processes_share_an_empty_database_and_one_that_is_killed_loses_no_trial(url: str) -> None:
    workers = [work(url, 8, 0.2) for _ in range(3)]
    victim = work(url, 8, 60.0)
    assert victim.stdout is not None
    interrupted = int(victim.stdout.readline().split()[1])

    victim.send_signal(signal.SIGKILL)
    victim.communicate()
    told = [line for one in workers for line in one.communicate()[0].splitlines() if "told" in line]

    assert [one.returncode for one in workers] == [0, 0, 0]
    assert len(set(told)) == len(told) == 24
    with bg.Tuner(SPACE, storage=url, study_name="shared") as tuner:
        # A worker that was opened after the kill has run the trial already.
        if f"told {interrupted}" not in told:
            assert tuner.ask().number == interrupted
            tuner.tell(interrupted, 1.0)
        configurations = {tuple(trial.params.values()) for trial in tuner.history}
        assert len(configurations) == len(tuner.history) == len(tuner.history.told)


@contextmanager
def outage(server: Server, seconds: float) -> Iterator[None]:
    """Have no server while the block begins, and one again after a while."""
    server.stop()
    back = threading.Timer(seconds, server.start)
    back.start()
    try:
        yield
    finally:
        back.join()


@pytest.mark.parametrize(
    "act",
    [
        lambda tuner, trial: tuner.tell(trial, 1.0),
        lambda tuner, trial: tuner.tell(trial.params, 1.0),
        lambda tuner, trial: tuner.tell(tuner.ask(), 1.0),
    ],
    ids=["tell", "tell of params", "ask"],
)
def test_ten_seconds_without_the_server_are_waited_for_and_said(
    act: Callable[[bg.Tuner, bg.Trial], Any], server: Server, url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with bg.Tuner(SPACE, storage=url, seed=0) as tuner:
        trial = tuner.ask()

        with outage(server, 10.0):
            act(tuner, trial)

        assert [one.value for one in tuner.history.told] == [1.0]
        assert len(tuner.study.optuna_study.trials) <= 2
    said = [one for one in caplog.messages if "trying again" in one]
    assert len(said) == 1
    assert "secret" not in said[0]


def test_a_value_is_kept_where_the_server_stays_away_and_taken_in_when_it_is_back(
    server: Server, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BESTGUESS_HOME", str(tmp_path))
    monkeypatch.setattr(steady, "PATIENCE_S", 0.5)
    tuner = bg.Tuner(SPACE, storage=url, study_name="s", seed=0)
    trial = tuner.ask()

    server.stop()
    try:
        with pytest.raises(StudyUnavailable, match=r"the value 1\.0 of trial 0 is kept in") as caught:
            tuner.tell(trial, 1.0)
        with pytest.raises(StudyUnavailable):
            tuner.tell({"a": 1, "b": 2}, 2.0)
    finally:
        server.start()

    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)
    (kept,) = (tmp_path / "spool").iterdir()
    assert "secret" not in kept.read_text()
    assert [one.value for one in bg.Tuner(SPACE, storage=url, study_name="s").history] == [1.0, 2.0]
    assert not kept.exists()


def test_reading_makes_no_tables_in_an_empty_database(url: str) -> None:
    shown = CliRunner().invoke(main, ["show", "--storage", url])

    assert (shown.exit_code, "holds 0 studies" in shown.output) == (2, True)
    engine = create_engine(url)
    assert inspect(engine).get_table_names() == []
    engine.dispose()
