"""Where a rehearsal plays: beside BestGuess, or in the environment of its tuner; and the table of them all.

An environment has the tuner at the versions in `peers/NAME.txt` and little else; those of the scoreboard's
peers are shared with it (`environments.py`).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace

from bestguess.agent.adapters import __all__ as NAMES  # noqa: N812 - they are names, and constant
from bestguess.evals.contestants import contestant_names
from bestguess.evals.environments import CHECKOUT, Environment, environment, environments_folder
from bestguess.evals.rehearsals import Verdict, rehearsal, rehearse
from bestguess.tools.errors import InputError
from bestguess.tools.words.cleaning import tail

SETUP = "make adapters-test"
TIMEOUT_S = 300.0
ERROR_CHARS = 300

__all__ = ["NAMES", "perform", "setting", "table"]


def setting(name: str) -> Environment:
    """Return the environment that the rehearsal of an adapter plays in, made or not."""
    if name not in NAMES:
        raise InputError(f"there is no adapter for {name!r}; there are {', '.join(NAMES)}")
    requires = rehearsal(name).REQUIRES
    if name in contestant_names() and requires:
        return replace(environment(name), setup=SETUP)
    return Environment(name, requires, environments_folder() / name, SETUP)


def perform(names: Iterable[str]) -> Iterator[Verdict]:
    """Yield the verdict on each; where there is no environment, or the run breaks off, with the reason."""
    for name in names:
        stage = setting(name)
        if not stage.ready:
            yield Verdict(name, ", ".join(stage.requires), problem=f"skipped: {stage.absence}")
        elif stage.requires:
            yield _play(name, stage)
        else:
            yield rehearse(name)


def _play(name: str, stage: Environment) -> Verdict:
    """Return the verdict of a rehearsal in another environment."""
    command = [str(stage.python), "-m", "bestguess.evals.rehearsals.play", name]
    # This checkout, whatever else may be on the path there.
    variables = {**os.environ, "PYTHONPATH": str(CHECKOUT / "src"), "PYTHONWARNINGS": "ignore"}
    nobody = Verdict(name, ", ".join(stage.requires))
    try:
        done = subprocess.run(  # noqa: S603 - an interpreter that we made, and a name that we checked
            command, capture_output=True, text=True, timeout=TIMEOUT_S, env=variables, check=False
        )
    except subprocess.TimeoutExpired:
        return replace(nobody, problem=f"no end within {TIMEOUT_S:g} s")
    if done.returncode:
        words = " ".join(tail(done.stderr.strip(), ERROR_CHARS).split())
        return replace(nobody, problem=f"exited with {done.returncode}: {words}")
    return Verdict(**json.loads(done.stdout.splitlines()[-1]))


def table(verdicts: Iterable[Verdict]) -> str:
    """Return the verdicts as a Markdown table."""
    lines = [
        "| adapter | library | points given | evaluated first | unchanged | own trials next | verdict |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for one in verdicts:
        words = "passed" if one.passed else one.problem or "failed"
        cells = (one.name, one.library, one.given, one.first, one.unchanged, one.own, words)
        lines.append(f"| {' | '.join(str(cell).replace('|', '/') for cell in cells)} |")
    python = ".".join(map(str, sys.version_info[:3]))
    return "\n".join([*lines, "", f"Python {python}; {len(lines) - 2} adapters."])
