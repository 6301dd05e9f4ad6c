"""The experiments of an agent that edits code, as tools: the verbs of `bestguess experiment`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from bestguess.agent.experiments.experiments import STUDY_NAME, Experiments
from bestguess.agent.mcp.server import StrictServer, threaded
from bestguess.agent.task import Task
from bestguess.tools.space.formats import read_definition
from bestguess.tools.trial import Direction

StudyName = Annotated[str, Field(description="which experiments, where there are several kinds")]
Which = Annotated[
    int | str | None, Field(description="which: its number, or its commit; the latest if left out")
]
Commit = Annotated[
    str | None, Field(description="a commit of the repository where the server runs: a hash, or HEAD")
]
Diff = Annotated[str, Field(description="the change as a unified diff, where there is no commit")]
Params = Annotated[dict[str, Any] | None, Field(description="numbers in the code that it sets, by name")]
Script = Annotated[str | None, Field(description="a Python script, from the server's folder")]
Answer = Annotated[dict[str, Any], Field(description="the answer; `words` says it in words")]


class ExperimentTools:
    """The tools for experiments in one storage: a method is a tool, its docstring the help.

    `find` returns the script of a path that a client may read.
    """

    def __init__(self, storage: str, folder: Path, find: Callable[[Path, str], Path]) -> None:
        self._storage = storage
        self._folder = folder
        self._find = find
        self._open: dict[str, Experiments] = {}
        self._lock = threading.Lock()

    def add_to(self, server: StrictServer) -> None:
        """Add the tools to a server."""
        server.tool()(threaded(self.experiment_record))
        server.tool()(threaded(self.experiment_keep))
        server.tool()(threaded(self.experiment_tried))
        server.tool()(threaded(self.experiment_next))
        server.tool()(threaded(self.experiment_stop))
        server.tool()(threaded(self.experiment_report))

    def experiment_record(
        self,
        value: Annotated[float | list[float] | None, Field(description="the metric, of each run")] = None,
        commit: Commit = None,
        description: Annotated[str, Field(description="what was changed; left out, the commit's")] = "",
        experiment: Annotated[int | str | None, Field(description="add runs to this one")] = None,
        seed: Annotated[int | list[int] | None, Field(description="of each run")] = None,
        metrics: Annotated[
            dict[str, float] | list[dict[str, float]] | None,
            Field(description="several metrics by name, of each run"),
        ] = None,
        failure: Annotated[str | None, Field(description="why it gave no value")] = None,
        diff: Diff = "",
        note: Annotated[str, Field(description="what else to remember of it")] = "",
        params: Params = None,
        cost: Annotated[float | None, Field(description="what the runs cost, such as dollars")] = None,
        key: Annotated[
            str | None,
            Field(description="a word of this recording's own, so that telling it again changes nothing"),
        ] = None,
        direction: Annotated[Direction | None, Field(description="the first time")] = None,
        goals: Annotated[
            dict[str, Direction] | None, Field(description="the first time: named metrics with directions")
        ] = None,
        limits: Annotated[
            dict[str, str] | None, Field(description='the first time: {"memory_gb": "<= 40"}')
        ] = None,
        study_name: StudyName = STUDY_NAME,
    ) -> Answer:
        """Record what a change to a program came to; without a value and a failure, that it runs.

        The same commit (or diff, or description, with the same params) is the same experiment, to which runs
        are added.
        """
        words: dict[str, Any] = {"metrics": goals or {}, "limits": limits or {}}
        words |= {"direction": direction} if direction else {}
        with self._lock:
            if direction or goals or limits:
                task = Task.from_dict(words)
                self._open[study_name] = Experiments(self._storage, study_name, task, folder=self._folder)
            recorded = (
                self._get(study_name)
                .expect(direction)
                .record(
                    value,
                    commit=commit,
                    description=description,
                    experiment=experiment,
                    seed=seed,
                    metrics=metrics,
                    failure=failure,
                    diff=diff,
                    note=note,
                    params=params,
                    cost=cost,
                    key=key,
                )
            )
        return _answer(recorded)

    def experiment_keep(self, experiment: Which = None, study_name: StudyName = STUDY_NAME) -> Answer:
        """Decide whether to keep an experiment in place of what was kept last, and record the decision.

        Says the chance that it is better, how much of the difference is luck, and whether to run it again.
        """
        with self._lock:
            return _answer(self._get(study_name).keep(experiment))

    def experiment_tried(
        self,
        description: Annotated[str, Field(description="the idea in words")] = "",
        diff: Diff = "",
        commit: Commit = None,
        params: Params = None,
        most: Annotated[int, Field(ge=1, le=100)] = 5,
        study_name: StudyName = STUDY_NAME,
    ) -> Answer:
        """Get the experiments that are like an idea, and what came of them, before you build it."""
        with self._lock:
            return _answer(
                self._get(study_name).tried(description, diff=diff, commit=commit, params=params, most=most)
            )

    def experiment_next(
        self,
        script: Script = None,
        space: Annotated[
            dict[str, Any] | None, Field(description="a space in place of the script's, as for create_study")
        ] = None,
        study_name: StudyName = STUDY_NAME,
    ) -> Answer:
        """Get numbers of a script to try next, with the edit that sets them, which nobody applied."""
        path, read = self._read(script, space)
        with self._lock:
            return _answer(self._get(study_name).next(path, space=read))

    def experiment_stop(
        self,
        n: Annotated[int, Field(ge=1, le=10_000, description="so many more runs")] = 10,
        cost_per_run: Annotated[float | None, Field(ge=0, description="left out, as recorded")] = None,
        script: Script = None,
        space: Annotated[dict[str, Any] | None, Field(description="as for experiment_next")] = None,
        study_name: StudyName = STUDY_NAME,
    ) -> Answer:
        """Get whether more runs are worth it: what they may gain, and cost."""
        path, read = self._read(script, space)
        with self._lock:
            return _answer(self._get(study_name).stop(n, cost_per_run=cost_per_run, script=path, space=read))

    def experiment_report(self, study_name: StudyName = STUDY_NAME) -> str:
        """Get in at most 300 words what was tried, what helped, what never did, what runs; read it first."""
        with self._lock:
            return self._get(study_name).report()

    def _get(self, study_name: str) -> Experiments:
        if study_name not in self._open:
            self._open[study_name] = Experiments(self._storage, study_name, folder=self._folder)
        return self._open[study_name]

    def _read(self, script: str | None, space: dict[str, Any] | None) -> tuple[Path | None, Any]:
        path = self._find(self._folder, script) if script is not None else None
        return path, read_definition(space, source="space") if space is not None else None


def _answer(found: Any) -> dict[str, Any]:
    return {"words": found.words, **found.record}
