"""The trials of a study as tools: asked for, told, and looked at."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from pydantic import Field

from bestguess.agent.mcp.arguments import StudyName
from bestguess.agent.mcp.records import Asked, Best, HistoryRecord, StepRecord, Told, TrialRecord
from bestguess.agent.mcp.server import in_thread
from bestguess.agent.mcp.studies import AskCall, Studies
from bestguess.agent.reports.recommendation import recommend
from bestguess.tools.errors import InputError
from bestguess.tools.trace import read_trace
from bestguess.tools.trial import Outcome, State


class TrialTools:
    """What an agent can do with trials: a method is a tool, its docstring the help."""

    def __init__(self, studies: Studies) -> None:
        self._studies = studies

    async def ask(self, study_name: StudyName = None, n: int = 1) -> Asked:
        """Get the next trials to run, each with who proposed it and why. No two callers get the same one."""
        call = AskCall()

        def work() -> Asked:
            opened = self._studies.get(study_name)
            trials = [TrialRecord.of(trial) for trial in opened.ask(n, call)]
            running = [trial.number for trial in opened.tuner.history.running]
            return Asked(study_name=opened.name, trials=trials, running=running)

        return await in_thread(work, call.cancel)

    def tell(
        self,
        number: Annotated[
            int | None, Field(description="which trial; leave it out to tell of params")
        ] = None,
        value: Annotated[float | None, Field(description="the objective's value, if it gave one")] = None,
        values: Annotated[
            dict[str, float] | None,
            Field(description="of several metrics or with limits, all of them by name"),
        ] = None,
        runs: Annotated[
            list[float] | None,
            Field(
                description="the values of several runs with other seeds, in place of one: the mean counts"
            ),
        ] = None,
        failure: Annotated[str | None, Field(description="why it gave no value, if it did not")] = None,
        feedback: Annotated[str, Field(description="what the tuner should read, such as a log's end")] = "",
        trace: Annotated[
            list[dict[str, Any]] | None,
            Field(description="the run's steps, each {name, input, output, error}: what a model proposes by"),
        ] = None,
        params: Annotated[
            dict[str, Any] | None, Field(description="params that nobody asked for, in place of a number")
        ] = None,
        study_name: StudyName = None,
    ) -> Told:
        """Tell the outcome of a trial: a value or a failure. Telling the same again changes nothing.

        In a noisy study that holds by number only: params that are told again are another run.
        """
        if (value is not None or bool(values)) + bool(runs) + (failure is not None) != 1:
            raise InputError(
                "give a value, or the failure that kept the trial from one; of several metrics, values, of "
                "several runs, runs"
            )
        if (number is None) == (params is None):
            raise InputError("give the number of a trial that was asked, or the params of one that was not")
        if runs:
            outcome = Outcome.of_runs(runs, feedback=feedback)
        elif failure is None:
            outcome = Outcome(value, feedback=feedback, values=values or {})
        else:
            outcome = Outcome.failure(failure, feedback=feedback)
        outcome = replace(outcome, trace=read_trace(trace or ()))
        opened = self._studies.get(study_name)
        if params is not None:
            trial, recorded = opened.add(params, outcome)
        else:
            assert number is not None
            trial, recorded = opened.tuner.study.tell(number, outcome)
        best = Best.of(opened.name, opened.tuner.history)
        return Told(trial=TrialRecord.of(trial), recorded=recorded, best=best)

    def report_step(
        self,
        number: Annotated[int, Field(description="which running trial")],
        step: Annotated[int, Field(ge=0, description="how far it is: an epoch, a number of rows or trees")],
        value: Annotated[float, Field(description="the objective's value there")],
        study_name: StudyName = None,
    ) -> StepRecord:
        """Report the value that a running trial has at a step, and hear whether the rest is worth its cost.

        If it is to stop, stop it and tell the value; it is recorded as stopped early, which is no failure.
        """
        stop = self._studies.get(study_name).report_step(number, step, value)
        return StepRecord(number=number, step=step, stop=stop)

    def best(
        self,
        study_name: StudyName = None,
        prefer: Annotated[
            dict[str, float] | None,
            Field(
                description="of several metrics, how much each counts; ask your user where you do not know"
            ),
        ] = None,
    ) -> Best:
        """Get the best trial so far, and the front; of several metrics there is a best by preference only."""
        opened = self._studies.get(study_name)
        study = opened.tuner.study
        history = study.history.preferring(prefer)
        recommended = recommend(study.space, history, noisy=study.task.noisy)
        return Best.of(opened.name, history, recommended)

    def history(
        self,
        study_name: StudyName = None,
        state: State | None = None,
        last: Annotated[int, Field(ge=1, le=1000, description="at most so many, the latest")] = 100,
    ) -> HistoryRecord:
        """Get the trials: params, value, who proposed it, why, what was expected, and what came of it."""
        opened = self._studies.get(study_name)
        return HistoryRecord.of(opened.name, opened.tuner.history, state=state, last=last)
