from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from bestguess.agent.record.lock import hold_sign, is_held
from bestguess.agent.record.owner import Owner, life_of

SIGNING = """
import json, sys
from pathlib import Path
from bestguess.agent.record.owner import Owner
print(json.dumps(Owner.this_process().signing(Path(sys.argv[1])).fields), flush=True)
sys.stdin.read()
"""
LOOKING = """
import json, sys
from pathlib import Path
from bestguess.agent.record.owner import Owner
owner = Owner.read(json.loads(sys.argv[2]))
print(owner.life(), owner.life(Path(sys.argv[1])))
"""
OTHER_NUMBERS = ["unshare", "--pid", "--fork", "--mount-proc"]
CLOCK_SET = ["unshare", "--mount", "sh", "-c", 'mount --bind "$0" /proc/stat && exec "$@"']


def needs(words: list[str]) -> pytest.MarkDecorator:
    may = shutil.which(words[0]) and subprocess.run([*words, "true"], capture_output=True).returncode == 0
    return pytest.mark.skipif(not may, reason=f"{' '.join(words)} is not permitted here")


@contextmanager
def process(signs: Path, *before: str) -> Iterator[dict[str, Any]]:
    """Run a process that shows that it lives, and yield its record as an owner."""
    words = [*before, sys.executable, "-c", SIGNING, str(signs)]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as running:
        assert running.stdout is not None
        yield json.loads(running.stdout.readline())


def look(signs: Path, record: dict[str, Any], *before: str) -> str:
    words = [*before, sys.executable, "-c", LOOKING, str(signs), json.dumps(record)]
    return subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip()


def test_a_process_is_alive_until_it_ends_and_gone_even_before_its_parent_asks_for_its_end() -> None:
    child = subprocess.Popen(["sleep", "60"])
    owner = Owner.process(child.pid)
    assert owner.life() == "alive"
    child.kill()
    while Path(f"/proc/{child.pid}/stat").read_bytes().rpartition(b")")[2].split()[0] != b"Z":
        pass
    assert owner.life() == "gone"
    child.wait()
    assert owner.life() == "gone"


def test_a_later_process_with_the_same_number_is_another_one() -> None:
    owner = Owner.this_process()
    assert replace(owner, started=owner.started - 1).life() == "gone"


@pytest.mark.parametrize(
    "changes",
    [
        {"namespace": "pid:[1] time:[1]"},
        {"namespace": "pid:[1] time:[1]", "host": "elsewhere"},
        {"boot": "another", "host": "elsewhere"},
        {"boot": "another", "machine": "another"},
        {"boot": "another", "machine": ""},
    ],
)
def test_what_cannot_be_seen_from_here_never_counts_as_ended(changes: dict[str, str]) -> None:
    assert replace(Owner.this_process(), pid=2**22 + 1, **changes).life() == "unknown"  # type: ignore[arg-type]


def test_a_machine_that_was_started_again_has_ended_its_processes() -> None:
    owner = replace(Owner.this_process(), machine="m", boot="before")
    assert owner.life() == "unknown"
    owner = Owner.this_process()
    if owner.machine:
        assert replace(owner, boot="before").life() == "gone"


def test_a_record_of_an_earlier_version_counts_as_ended_only_where_its_number_is_free() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    started = psutil.Process().create_time()
    ended = {"host": socket.gethostname(), "pid": child.pid, "started": started}
    assert life_of({"owner": ended}, None) == "gone"
    assert life_of({"owner": ended | {"pid": os.getpid()}}, None) == "unknown"
    stepped = ended | {"pid": os.getpid(), "started": started - 5}  # the clock was set
    assert life_of({"owner": stepped}, None) == "unknown"
    assert life_of({"owner": ended | {"host": "elsewhere"}}, None) == "unknown"


@pytest.mark.parametrize(
    "record",
    [None, 7, "me", [], {}, {"host": "h"}, {"host": 1, "pid": 1, "started": 1}]
    + [{"host": "h", "pid": pid, "started": 1.0} for pid in (0, -1, True, 1.5, "1", 10**30)],
)
def test_what_is_no_record_of_an_owner_is_nobodys_trial(record: object) -> None:
    assert Owner.read(record) is None
    assert life_of({"owner": record}, None) == "unknown"


def test_the_record_of_an_owner_is_read_as_it_was_written(tmp_path: Path) -> None:
    owner = Owner.this_process().signing(tmp_path / "signs")
    assert owner.sign is not None
    assert Owner.read(json.loads(json.dumps(owner.fields))) == owner
    assert Owner.read(owner.fields | {"sign": ["a"]}) == replace(owner, sign=None)


def test_a_process_gives_no_sign_of_life_for_another(tmp_path: Path) -> None:
    assert Owner.process(os.getppid()).signing(tmp_path / "signs").sign is None


def test_a_sign_ends_with_its_process_only_and_not_when_the_file_is_read_or_copied(tmp_path: Path) -> None:
    signs = tmp_path / "signs"
    with process(signs) as record:
        sign = tuple(record["sign"])
        own = hold_sign(signs)
        assert own is not None
        assert own == hold_sign(signs) != sign
        shutil.copy(signs, tmp_path / "copy")
        assert is_held(signs, own)
        assert is_held(signs, sign)
        assert is_held(signs, (*sign[:2], sign[2] + 1)) is False
        assert is_held(tmp_path / "copy", sign) is None
        assert is_held(tmp_path / "none", sign) is None
    assert is_held(signs, sign) is False


@pytest.mark.parametrize("place", [-1, 2**62, 10**30])
def test_a_sign_that_no_process_wrote_says_nothing_or_that_nobody_holds_it(
    tmp_path: Path, place: int
) -> None:
    own = hold_sign(tmp_path / "signs")
    assert own is not None
    assert not is_held(tmp_path / "signs", (*own[:2], place))


@pytest.mark.slow
@needs(OTHER_NUMBERS)
def test_two_containers_see_by_its_sign_whether_the_others_process_lives(tmp_path: Path) -> None:
    signs = tmp_path / "signs"
    with process(signs) as record:
        assert look(signs, record, *OTHER_NUMBERS) == "unknown alive"
        assert look(signs, record | {"sign": None}, *OTHER_NUMBERS) == "unknown unknown"
    assert look(signs, record, *OTHER_NUMBERS) == "unknown gone"


@pytest.mark.slow
@needs(OTHER_NUMBERS[:3])
def test_a_process_whose_proc_has_other_numbers_still_shows_that_it_lives(tmp_path: Path) -> None:
    signs = tmp_path / "signs"
    with process(signs, *OTHER_NUMBERS[:3]) as record:
        assert look(signs, record) == "unknown alive"
        assert look(signs, record, *OTHER_NUMBERS[:3]) == "unknown alive"
    assert look(signs, record) == "unknown gone"


@pytest.mark.slow
@needs(["unshare", "--mount"])
def test_a_clock_that_is_set_ends_no_process(tmp_path: Path) -> None:
    lines = Path("/proc/stat").read_text().splitlines()
    later = [f"btime {int(line.split()[1]) + 5}" if line.startswith("btime") else line for line in lines]
    (tmp_path / "stat").write_text("\n".join(later) + "\n")
    with process(tmp_path / "signs") as record:
        set_clock = [*CLOCK_SET, str(tmp_path / "stat")]
        assert look(tmp_path / "signs", record, *set_clock) == "alive alive"
    assert look(tmp_path / "signs", record, *set_clock) == "gone gone"
