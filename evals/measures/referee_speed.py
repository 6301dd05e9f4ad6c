"""How long the verbs of `bestguess experiment` take where thousands of experiments are recorded."""

from __future__ import annotations

import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from bestguess.agent.experiments.experiments import Experiments
from bestguess.agent.task import Task

COUNT = 2000
TIMES = 5
_WORDS = ("rotary", "dropout", "wider", "deeper", "warmup", "cosine", "batch")


def fill(path: Path, count: int) -> None:
    """Make a study of so many experiments, all copied from its first: to record each would take minutes."""
    Experiments(f"sqlite:///{path}", task=Task(metric="loss")).record(1.0, description="baseline")
    rng = random.Random(0)  # noqa: S311  # no secret
    with closing(sqlite3.connect(path)) as file, file:
        columns = "study_id, state, datetime_start, datetime_complete"
        query = f"SELECT {columns} FROM trials WHERE number = 0"  # noqa: S608  # the names are ours
        (first,) = file.execute(query).fetchall()
        found = file.execute("SELECT value_json FROM trial_user_attributes WHERE key = 'bestguess'")
        kept = json.loads(found.fetchone()[0])
        for number in range(1, count):
            state, fields = _copy(kept, number, first[1], rng)
            _insert(
                file, "trials", trial_id=number + 1, number=number, **_as(columns, first) | {"state": state}
            )
            noted = {"trial_id": number + 1, "key": "bestguess", "value_json": json.dumps(fields)}
            _insert(file, "trial_user_attributes", **noted)
            decision = {"keep": rng.random() < 0.2, "runs": 1, "against": 0, "gain": 0.01}
            key = f"bestguess:decision:{number:020d}-00000000:{number}"
            decided = {"study_id": first[0], "key": key, "value_json": json.dumps(decision)}
            _insert(file, "study_user_attributes", **decided)


def _copy(
    kept: Mapping[str, Any], number: int, state: str, rng: random.Random
) -> tuple[str, Mapping[str, Any]]:
    words = " ".join(rng.sample(_WORDS, 3))
    named = {"id": str(number), "description": words, "diff": f"+x = {number}\n" * 30}
    fields = {**kept, "key": f"k{number}", "experiment": named, "outcome": {"value": rng.gauss(1, 0.1)}}
    if rng.random() < 0.1:
        return "FAIL", fields | {"outcome": {"error": "out of memory"}}
    return state, fields


def _as(columns: str, row: tuple[Any, ...]) -> dict[str, Any]:
    return dict(zip(columns.split(", "), row, strict=True))


def _insert(file: sqlite3.Connection, table: str, **row: Any) -> None:
    places = ", ".join("?" * len(row))
    query = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({places})"  # noqa: S608  # the names are ours
    file.execute(query, tuple(row.values()))


def measure(count: int = COUNT) -> Iterator[str]:
    """Yield the processor time of each verb, in a sentence: the least of several times, read anew."""
    verbs: dict[str, Callable[[Experiments], object]] = {
        "open the study": lambda _: None,
        "keep": lambda experiments: experiments.keep(),
        "tried, by words": lambda experiments: experiments.tried("a wider layer with dropout"),
        "tried, by diff": lambda experiments: experiments.tried(diff="+x = 77\n+rate = 0.1"),
        "stop": lambda experiments: experiments.stop(),
        "report": lambda experiments: experiments.report(),
    }
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "s.db"
        fill(path, count)
        for name, verb in verbs.items():
            seconds = min(_time(path, verb) for _ in range(TIMES))
            yield f"{name}: {seconds:.3f} s of processor time with {count} experiments"


def _time(path: Path, verb: Callable[[Experiments], object]) -> float:
    began = time.process_time()
    verb(Experiments(f"sqlite:///{path}"))
    return time.process_time() - began
