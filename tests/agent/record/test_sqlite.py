from __future__ import annotations

import os
import shutil
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import optuna
import pytest
from click.testing import CliRunner

import bestguess as bg
from bestguess.agent.advice.journal import Journal, beside
from bestguess.agent.cli import main
from bestguess.agent.record.opening import study_names
from bestguess.agent.record.sqlite import connect, use_wal
from bestguess.agent.record.storage import check_storage, open_storage
from bestguess.agent.record.study import Study, load
from bestguess.evals.cache import EvaluationCache
from bestguess.tools.errors import StudyError

SPACE = bg.Space(x=bg.Float(0, 1))
NOBODY = 65534


def url(path: Path) -> str:
    return f"sqlite:///{path}"


def open_study(path: Path) -> Study:
    study = Study.open(SPACE, bg.Task(), storage=url(path), name="s", seed=1)
    study.finish(study.start(bg.Proposal({"x": 0.5}, "gp")).number, bg.Outcome(0.25))
    return study


def closed(path: Path) -> None:
    open_study(path).close()


def killed(path: Path) -> None:
    """Leave what lies there when the process is gone in the middle."""
    original = path.parent.parent / "original"
    original.mkdir()
    study = open_study(original / path.name)
    for one in original.glob(f"{path.name}*"):
        shutil.copy(one, path.parent)
    study.close()
    shutil.rmtree(original)


def copied(path: Path) -> None:
    """Leave the file and its log, as who copies a study may do."""
    killed(path)
    path.with_name(f"{path.name}-shm").unlink()


def not_in_wal_mode(path: Path) -> None:
    closed(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")


def interrupted_in_its_journal(path: Path) -> None:
    """Leave a hot journal: a transaction that was begun on the disk and has to be rolled back."""
    not_in_wal_mode(path)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("PRAGMA cache_size = 1")
        writer.execute("BEGIN IMMEDIATE")
        writer.execute("UPDATE trial_values SET value = 99")
        writer.execute("CREATE TABLE filling AS SELECT randomblob(100000) AS x")
        halfway = {one: one.read_bytes() for one in path.parent.glob(f"{path.name}*")}
        writer.execute("ROLLBACK")
    for one, content in halfway.items():
        one.write_bytes(content)


def snapshot(folder: Path) -> dict[str, object]:
    files = {one.name: (one.read_bytes(), one.stat().st_mtime_ns) for one in folder.iterdir()}
    return {**files, "the folder": folder.stat().st_mtime_ns}


@pytest.fixture(params=[closed, killed, copied, not_in_wal_mode, interrupted_in_its_journal])
def study_file(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The file of a study with one trial, in a folder of its own that everybody may enter."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name, "studies")
        folder.mkdir()
        request.param(folder / "study.db")
        for one in (*folder.glob("*.lock"), *folder.glob("*.spool")):
            one.unlink()
        Path(name).chmod(0o755)
        yield folder / "study.db"
        folder.chmod(0o755)


@contextmanager
def no_rights() -> Iterator[None]:
    """Be nobody: root may write everywhere."""
    was = os.geteuid()
    if was == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(was)


def read(path: Path) -> list[float | None]:
    study = load(url(path), None)
    values = [one.value for one in study.history]
    study.close()
    return values


@pytest.mark.slow
def test_reading_a_study_leaves_its_folder_as_it_was(study_file: Path) -> None:
    before = snapshot(study_file.parent)

    assert read(study_file) == [0.25]
    assert study_names(url(study_file)) == ["s"]
    check_storage(url(study_file))
    for command in (["show"], ["show", "--json"], ["show", "--importance"], ["replay"]):
        done = CliRunner().invoke(main, [*command, "--storage", url(study_file)])
        assert done.exit_code in (0, 1), done.output  # 1: no tuner proposed its trial
        assert done.exception is None or isinstance(done.exception, SystemExit)

    assert snapshot(study_file.parent) == before


@pytest.mark.slow
def test_a_study_that_may_not_be_written_is_read(study_file: Path) -> None:
    for one in study_file.parent.iterdir():
        one.chmod(0o444)
    study_file.parent.chmod(0o555)
    before = snapshot(study_file.parent)
    read(study_file)  # what is imported on the way, nobody may not find

    with no_rights():
        if not os.access(Path(optuna.__file__), os.R_OK, effective_ids=True):
            pytest.skip("nobody may not read the packages of this environment")
        values = read(study_file)

    assert values == [0.25]
    assert snapshot(study_file.parent) == before


def test_a_study_that_is_being_written_is_read_as_it_is_at_each_moment(tmp_path: Path) -> None:
    study = open_study(tmp_path / "study.db")
    reading = load(url(tmp_path / "study.db"), None)

    for value in (1.0, 2.0, 3.0):
        study.add(bg.Proposal({"x": 0.5}, "user"), bg.Outcome(value))
        told = list(reading.history)
        assert told[-1].value == value

    assert len(told) == 4


def test_a_study_that_is_opened_to_go_on_with_is_changed_only_when_a_trial_begins(tmp_path: Path) -> None:
    folder = tmp_path / "studies"
    folder.mkdir()
    options: dict[str, Any] = {"storage": url(folder / "study.db"), "study_name": "s", "seed": 1}
    with bg.Tuner(SPACE, **options) as tuner:
        tuner.tell(tuner.ask(), 0.25)
    for one in folder.glob("*.lock"):
        one.unlink()
    before = snapshot(folder)

    with bg.Tuner(SPACE, **options) as tuner:
        assert [one.value for one in tuner.history] == [0.25]
        assert snapshot(folder) == before
        tuner.tell(tuner.ask(), 0.5)
        assert [one.value for one in tuner.history] == [0.25, 0.5]


def test_a_study_that_was_loaded_can_be_told(tmp_path: Path) -> None:
    study = open_study(tmp_path / "study.db")
    number = study.start(bg.Proposal({"x": 0.5}, "gp")).number

    load(url(tmp_path / "study.db"), None).finish(number, bg.Outcome(0.5))

    assert [one.value for one in study.history] == [0.25, 0.5]


@pytest.mark.slow
def test_a_file_whose_log_a_killed_writer_left_half_done_is_read_beside_the_next_one(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    writes = (
        "import os, sqlite3, sys\n"
        "writer = sqlite3.connect(sys.argv[1], isolation_level=None)\n"
        "writer.execute('PRAGMA journal_mode=WAL')\n"
        "writer.executescript('CREATE TABLE t (x); INSERT INTO t VALUES (1); BEGIN IMMEDIATE')\n"
        "os.write(os.open(sys.argv[1] + '-shm', os.O_WRONLY), b'\\xff' * 8)\n"
        "print('holds it', flush=True)\n"
        "sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", writes, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as writer:
        assert writer.stdout
        assert writer.stdout.readline()
        with closing(connect(path, timeout_s=1.0)) as reading:
            assert reading.execute("SELECT x FROM t").fetchall() == [(1,)]
        writer.kill()


def test_a_journal_is_read_without_a_trace(tmp_path: Path) -> None:
    closed(tmp_path / "study.db")
    path = beside(url(tmp_path / "study.db"))
    assert path is not None
    Journal(path)
    before = snapshot(tmp_path)

    done = CliRunner().invoke(main, ["replay", "--storage", url(tmp_path / "study.db")])

    assert "trials are what they were" in done.output
    assert snapshot(tmp_path) == before


def places(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE moz_places (url)")


def places_in_wal_mode(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("CREATE TABLE trials (patient, dose)")
        connection.execute("INSERT INTO trials VALUES (1, 2)")


def django(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num)")
        connection.execute("CREATE TABLE users (name)")


def plain_optuna(path: Path) -> None:
    optuna.create_study(storage=url(path), study_name="theirs")


@pytest.mark.parametrize("make", [places, django, places_in_wal_mode, plain_optuna])
@pytest.mark.parametrize(
    "words",
    [["show"], ["replay"], ["tell", "0", "1.5"], ["ask"], ["ask", "--space"], ["tune", "--space"]],
    ids=" ".join,
)
def test_a_strangers_database_is_refused_and_stays_as_it_is(
    words: list[str], make: Callable[[Path], None], tmp_path: Path
) -> None:
    if make is plain_optuna and "--space" in words:
        pytest.skip("a study of Optuna's may be gone on with, and others added to it")
    folder, space = tmp_path / "theirs", tmp_path / "space.yaml"
    folder.mkdir()
    make(folder / "theirs.sqlite")
    space.write_text("parameters: {x: {type: float, low: 0.0, high: 1.0}}\n")
    before = snapshot(folder)
    given = [*words, *([str(space)] if "--space" in words else [])]
    if "tune" in words:
        given.append("math:sqrt")

    done = CliRunner().invoke(main, [*given, "--storage", url(folder / "theirs.sqlite")])

    assert done.exit_code == 2, done.output
    assert "theirs.sqlite" in done.output
    assert len(done.output.strip().splitlines()) == 1
    assert snapshot(folder) == before


def test_an_empty_file_becomes_a_study(tmp_path: Path) -> None:
    (tmp_path / "study.db").touch()
    assert study_names(url(tmp_path / "study.db")) == []
    assert (tmp_path / "study.db").stat().st_size == 0

    assert len(open_study(tmp_path / "study.db").history) == 1


def hold_for_writing(path: Path) -> sqlite3.Connection:
    """Begin to write the file, as a program does that knows nothing of us."""
    writer = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
    writer.execute("PRAGMA user_version = 7")
    writer.execute("BEGIN IMMEDIATE")
    return writer


@pytest.mark.parametrize(
    "use",
    [
        lambda path: open_storage(f"sqlite:///{path}").get_all_studies(),
        lambda path: Journal(path).calls(),
        lambda path: EvaluationCache(path).close(),
    ],
    ids=["study", "journal", "evaluations"],
)
def test_a_file_that_another_program_is_writing_is_waited_for(
    use: Callable[[Path], Any], tmp_path: Path
) -> None:
    path = tmp_path / "shared.db"
    with closing(hold_for_writing(path)) as writer:
        ends = threading.Timer(0.3, writer.rollback)
        ends.start()

        use(path)

        assert ends.finished.is_set()
        ends.join()
    with closing(sqlite3.connect(path)) as reader:
        assert reader.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_file_that_stays_busy_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "shared.db"
    with closing(hold_for_writing(path)), pytest.raises(sqlite3.OperationalError, match="locked"):
        use_wal(path, timeout_s=0.2)


OTHER_PROCESS = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1])
other.execute("PRAGMA journal_mode=WAL")
other.execute("CREATE TABLE IF NOT EXISTS studies (study_id INTEGER)")
other.commit()
print("written", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Path]:
    """A file that another process has open and has written to, so that it has a log."""
    command = [sys.executable, "-c", OTHER_PROCESS, str(tmp_path / "shared.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
        assert other.stdout
        assert other.stdout.readline() == b"written\n"
        yield tmp_path / "shared.db"
        other.kill()


def test_reading_a_file_does_not_keep_the_same_process_from_writing_it(elsewhere: Path) -> None:
    ends = threading.Timer(0.3, connect(elsewhere, timeout_s=1).close)
    ends.start()

    use_wal(elsewhere, timeout_s=10)
    ends.join()

    with closing(connect(elsewhere, timeout_s=1)), closing(sqlite3.connect(elsewhere)) as ours:
        ours.execute("CREATE TABLE ours (x)")


def test_a_file_that_this_process_goes_on_reading_is_given_up(elsewhere: Path) -> None:
    with closing(connect(elsewhere, timeout_s=1)):
        started = time.monotonic()
        with pytest.raises(sqlite3.OperationalError, match="readonly"):
            use_wal(elsewhere, timeout_s=0.5)
        assert time.monotonic() - started > 0.4


def naming(journal: Path, victim: Path, pages: int = 28, page_size: int = 4096) -> None:
    """Make a journal with nothing to roll back, that ends as one of several databases does."""
    magic, name = bytes.fromhex("d9d505f920a163d7"), os.fsencode(victim)
    head = (magic + struct.pack(">5I", 0, 0, pages, 512, page_size)).ljust(512, b"\0")
    behind = struct.pack(">2I", len(name), sum(name)) + magic
    journal.write_bytes(head + struct.pack(">I", 2**30 // page_size + 1) + name + behind)


def reads_the_journal_of_calls(path: Path) -> None:
    list(Journal(path, reading=True).calls())


USES: list[Callable[[Path], Any]] = [
    lambda path: load(url(path), None),
    open_study,
    reads_the_journal_of_calls,
    Journal,
    lambda path: use_wal(path, timeout_s=1.0),
]


@pytest.mark.parametrize("linked", [False, True], ids=["here", "through a link"])
@pytest.mark.parametrize("use", USES, ids=["load", "go on", "read calls", "note calls", "write"])
def test_no_file_is_deleted_that_a_journal_names(
    use: Callable[[Path], Any], linked: bool, tmp_path: Path
) -> None:
    path, victim = tmp_path / "a.db", tmp_path / "victim.txt"
    (Journal if "calls" in str(use) or use is Journal else not_in_wal_mode)(path)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    victim.write_text("mine")
    naming(tmp_path / "a.db-journal", victim, pages)
    if linked:
        (tmp_path / "other").mkdir()
        (tmp_path / "other" / "b.db").symlink_to(path)
        path = tmp_path / "other" / "b.db"

    with pytest.raises(StudyError, match=r"a\.db-journal names another file"):
        use(path)

    assert victim.read_text() == "mine"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("ending", ["-journal", "-wal", "-shm"])
def test_what_is_no_file_beside_a_study_is_refused_by_its_name(ending: str, tmp_path: Path) -> None:
    for name, make in (("pipe", os.mkfifo), ("link", lambda path: os.symlink("/dev/zero", path))):
        not_in_wal_mode(tmp_path / f"{name}.db")
        make(tmp_path / f"{name}.db{ending}")
        for use in USES:
            with pytest.raises(StudyError, match=f"{name}.db{ending} is a link, a folder, a pipe"):
                use(tmp_path / f"{name}.db")


def test_what_is_copied_to_be_read_has_a_bound(tmp_path: Path) -> None:
    interrupted_in_its_journal(tmp_path / "a.db")
    os.truncate(tmp_path / "a.db", 2**40)  # which takes no room
    with pytest.raises(StudyError, match=r"a\.db is not read: a copy takes 1024\.0 GiB"):
        load(url(tmp_path / "a.db"), None)
