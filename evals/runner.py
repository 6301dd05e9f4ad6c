"""Plays contestants against problems, several at a time, and keeps every finished run.

A run that is in the results is not played again. Contestants sit in worker processes, which go when their
pipe closes: a killed scoreboard leaves nothing running and loses the runs under way, no others. Objectives
run in this process, on one thread each.
"""

from __future__ import annotations

import fcntl
import os
import platform
import subprocess
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bestguess.agent.warm_start import warm_start
from bestguess.evals.contestants import Spec
from bestguess.evals.environments import CHECKOUT, environment
from bestguess.evals.own_packs import knowledge_with
from bestguess.evals.pipe import ASK_TIMEOUT_S, ContestantError, Worker
from bestguess.evals.protocol import Brief, Problem
from bestguess.evals.record import Key, Record, Results
from bestguess.evals.suites import suite
from bestguess.tools.errors import InputError
from bestguess.tools.trial import Outcome, Params, Proposal

CHUNK = 4
"""So many problems at a time are played by one worker process."""

SOURCES = {"default": "d", "knowledge": "k", "llm": "l", "gp": "g", "random": "r", "user": "u", "": "-"}


def play(problem: Problem, worker: Worker, record: Record, *, guesses: int = 0) -> Record:
    """Return `record` completed with what one run came to, after so many `guesses` that it is handed."""
    values: list[float | None] = []
    tests: list[float | None] = []
    sources, error = "", ""
    seconds = {"wall_s": 0.0, "cpu_s": 0.0}
    answer: dict[str, Any] = {}

    def count(answer: Mapping[str, Any]) -> None:
        for clock in seconds:
            seconds[clock] += answer[clock]

    def evaluate(params: Params) -> None:
        evaluation = problem.evaluate(dict(params))
        values.append(evaluation.outcome.value)
        tests.append(evaluation.test)
        count(worker.request("tell", params=params, outcome=_heard(evaluation.outcome)))

    try:
        worker.request("start", brief=Brief.of(problem).to_dict())
        for params in problem.start[: problem.n_trials]:
            evaluate(problem.space.validate(params))
        for guess in _guess(problem, guesses):
            sources += SOURCES[guess.source]
            evaluate(guess.params)
        while len(values) < problem.n_trials:
            answer = worker.request("ask")
            count(answer)
            sources += SOURCES[answer["source"]]
            evaluate(answer["params"])
        answer |= worker.request("close")
    except ContestantError as failure:
        error = str(failure)
    return replace(
        record,
        values=values,
        started=min(len(problem.start), problem.n_trials),
        maximize=problem.task.direction == "maximize",
        variant=problem.variant,
        tests=tests if any(test is not None for test in tests) else [],
        wall_s=round(seconds["wall_s"], 3),
        cpu_s=round(seconds["cpu_s"], 3),
        sources=sources if sources.strip("-") else "",
        error=error,
        **{
            name: answer[name]
            for name in ("tokens", "requests", "llm_s", "peak_mib", "versions")
            if name in answer
        },
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be run: every contestant on every problem with every seed."""

    problems: Mapping[str, Sequence[str]]
    """Names of problems by suite."""

    contestants: Sequence[Spec]
    seeds: int = 5
    n_trials: int = 30
    default: bool = True

    def records(self) -> Iterator[Record]:
        """Yield an empty record for each run, seed by seed, so that a plan cut short compares fairly."""
        for seed in range(self.seeds):
            for name, problems in self.problems.items():
                for spec in self.contestants:
                    for problem in problems:
                        yield Record(name, problem, seed, spec.label, self.default, self.n_trials, values=[])


Progress = Callable[[Record], None]


def _heard(outcome: Outcome) -> dict[str, Any]:
    """Return what contestants hear of an outcome; problems have one number each."""
    return {name: getattr(outcome, name) for name in ("value", "error", "feedback", "seconds")}


def run(
    plan: Plan,
    results: Results,
    *,
    jobs: int = 1,
    ask_timeout_s: float = ASK_TIMEOUT_S,
    again: Callable[[Record], bool] = lambda _: False,
    progress: Progress = lambda _: None,
) -> tuple[int, int]:
    """Play what is missing in `results`; return how many runs were played and how many were there.

    A run that is there and for which `again` is true is played again. KeyboardInterrupt passes through;
    what was finished is kept. Contestants that are not installed are noted in the results.

    Raises:
        InputError: a suite's source is missing, or another process writes to the results.
    """
    usable = {spec.label: environment(spec.name) for spec in plan.contestants}
    absent = {label: one.absence for label, one in usable.items() if not one.ready}
    with _sole_writer(results.folder):
        results.note_absent(usable, absent)
        done: set[Key] = {record.key for record in results.read() if not again(record)}
        missing = [record for record in plan.records() if record.contestant not in absent]
        there = sum(record.key in done for record in missing)
        chunks = list(_chunks(record for record in missing if record.key not in done))
        specs = {spec.label: spec for spec in plan.contestants}
        stop = threading.Event()
        lock = threading.Lock()
        here, this = commit(), machine()

        def play_chunk(chunk: Sequence[Record]) -> int:
            spec = specs[chunk[0].contestant]
            played = 0
            worker = Worker(spec, usable[spec.label].python, ask_timeout_s=ask_timeout_s)
            try:
                for record in chunk:
                    if stop.is_set():
                        break
                    finished = play(
                        _problem(record),
                        worker,
                        replace(record, commit=here, machine=this),
                        guesses=spec.guesses,
                    )
                    if stop.is_set():
                        break
                    with lock:
                        results.add(finished)
                        progress(finished)
                    played += 1
                    if finished.error:
                        worker.close()
                        worker = Worker(spec, usable[spec.label].python, ask_timeout_s=ask_timeout_s)
            finally:
                worker.close()
            return played

        with ThreadPoolExecutor(jobs) as pool:
            futures = [pool.submit(play_chunk, chunk) for chunk in chunks]
            try:
                played = sum(future.result() for future in as_completed(futures))
            except BaseException:
                stop.set()
                pool.shutdown(wait=False, cancel_futures=True)
                raise
    return played, there


def _guess(problem: Problem, count: int) -> list[Proposal]:
    """Return points of our warm start, without a language model, that are not among the start."""
    if not count:
        return []
    with knowledge_with(problem.pack) as knowledge:
        most = len(problem.start) + count
        points = warm_start(problem.space, problem.task, most, seed=problem.seed, knowledge=knowledge)
    known = [problem.space.validate(params) for params in problem.start]
    new = [point for point in points[1:] if dict(point.params) not in known]
    return new[: min(count, problem.n_trials - len(problem.start))]


def commit() -> str:
    """Return the checkout's commit, with a + when it was changed since; nothing outside a checkout."""
    git = ["git", "-C", str(CHECKOUT), "describe", "--always", "--dirty=+", "--abbrev=12", "--match="]
    try:
        done = subprocess.run(  # noqa: S603 - git, on our own checkout
            git, capture_output=True, text=True, check=False
        )
    except FileNotFoundError:
        return ""
    return done.stdout.strip()


def machine() -> str:
    """Return the processor and how many cores there are, in a few words."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = [
            line.partition(":")[2].strip()
            for line in cpuinfo.read_text().splitlines()
            if "model name" in line
        ]
        model = names[0] if names else model
    return f"{model}, {os.cpu_count()} cores, Python {platform.python_version()}"


def _problem(record: Record) -> Problem:
    problem = replace(suite(record.suite).problem(record.problem, record.seed), n_trials=record.n_trials)
    return problem if record.default else problem.without_default()


def _chunks(records: Iterable[Record]) -> Iterator[list[Record]]:
    """Yield runs of one suite, seed and contestant together, CHUNK at most."""
    chunk: list[Record] = []
    for record in records:
        same = chunk and (record.suite, record.seed, record.contestant) == (
            chunk[0].suite,
            chunk[0].seed,
            chunk[0].contestant,
        )
        if chunk and (not same or len(chunk) == CHUNK):
            yield chunk
            chunk = []
        chunk.append(record)
    if chunk:
        yield chunk


@contextmanager
def _sole_writer(folder: Path) -> Iterator[None]:
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"another run writes to {folder}; wait for it, or give another folder") from None
        yield
