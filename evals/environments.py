"""A virtual environment for each contestant whose library cannot be expected beside BestGuess.

An environment holds what the contestant's file asks for, at the versions in `peers/NAME.txt`, and
BestGuess itself without its dependencies: the worker needs little of it. An environment that cannot be
made is remembered with the reason, so that the report can say so; it is tried again at the next `setup`.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bestguess.evals.contestants import Spec, contestant_names
from bestguess.tools.errors import InputError

CHECKOUT = Path(__file__).resolve().parents[1]
PINS = Path(__file__).parent / "peers"
OURS = ("numpy", "pydantic", "pyyaml", "simpleeval")
"""What the worker needs besides the contestant's library."""


@dataclass(frozen=True, slots=True)
class Environment:
    """Where one contestant runs."""

    name: str
    requires: tuple[str, ...]
    folder: Path
    setup: str = "make evals-setup"
    """The command that makes it."""

    @property
    def python(self) -> Path:
        """The interpreter: this one for a contestant that asks for nothing."""
        return self.folder / "bin" / "python" if self.requires else Path(sys.executable)

    @property
    def ready(self) -> bool:
        """Whether it can be used as it is."""
        return not self.requires or (self._stamp.exists() and self._stamp.read_text() == self._fingerprint)

    @property
    def absence(self) -> str:
        """Why it cannot be used; nothing when it can."""
        if self.ready:
            return ""
        if self._failure.exists():
            return f"did not install: {self._failure.read_text().strip()}"
        return f"not installed; run: {self.setup}"

    def make(self) -> None:
        """Make it anew, or leave the reason why that failed."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        self._failure.unlink(missing_ok=True)
        pins = ["-c", str(self._pins)] if self._pins.exists() else []
        pip = [str(self.python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        for command in (
            [sys.executable, "-m", "venv", str(self.folder)],
            [*pip, "--upgrade", "pip", "setuptools"],
            [*pip, *pins, *self.requires, *OURS],
            [*pip, "--no-deps", "--no-build-isolation", "-e", str(CHECKOUT)],
        ):
            done = _run(command)
            if done.returncode:
                lines = [line for line in done.stderr.splitlines() if line.strip()]
                self._failure.write_text(" | ".join(lines[-3:])[:500] or f"pip exited with {done.returncode}")
                return
        self._stamp.write_text(self._fingerprint)

    def pin(self) -> Path:
        """Write what is installed into `peers/NAME.txt` and return the file."""
        pip = [str(self.python), "-m", "pip", "freeze", "--exclude", "bestguess"]
        done = _run(pip)
        done.check_returncode()
        # torch without its local version, so that each machine takes the build that its registry offers.
        pins = "".join(f"{line.partition('+')[0]}\n" for line in done.stdout.splitlines())
        self._pins.write_text(pins, encoding="utf-8")
        self._stamp.write_text(self._fingerprint)
        return self._pins

    @property
    def _pins(self) -> Path:
        return PINS / f"{self.name}.txt"

    @property
    def _stamp(self) -> Path:
        return self.folder / "ready"

    @property
    def _failure(self) -> Path:
        return self.folder.with_suffix(".failed")

    @property
    def _fingerprint(self) -> str:
        pins = self._pins.read_text() if self._pins.exists() else ""
        return hashlib.sha256("\n".join((str(CHECKOUT), *self.requires, *OURS, pins)).encode()).hexdigest()


def _run(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603 - pip and venv, with what the contestants' own files ask for
        command, capture_output=True, text=True, check=False
    )


def environments_folder() -> Path:
    """Return where the environments are: `$BESTGUESS_EVALS_ENVS`, or `.evals/envs` in the checkout."""
    folder = os.environ.get("BESTGUESS_EVALS_ENVS")
    return Path(folder) if folder else CHECKOUT / ".evals" / "envs"


def environment(name: str) -> Environment:
    """Return the environment of the contestant of that name, made or not."""
    return Environment(name, Spec.parse(name).contestant.requires, environments_folder() / name)


def make_environments(names: tuple[str, ...]) -> Iterator[tuple[Environment, bool]]:
    """Make what is missing among the environments of `names` (all, when empty); yield each before and after.

    Raises:
        InputError: this is no checkout, which the environments install BestGuess from.
    """
    for name in names or contestant_names():
        one = environment(name)
        if one.requires:
            yield one, False
            if not one.ready:
                if not (CHECKOUT / "pyproject.toml").exists():
                    raise InputError(
                        f"{CHECKOUT} is no checkout of BestGuess; clone the repository to set up the peers"
                    )
                one.make()
            yield one, True
