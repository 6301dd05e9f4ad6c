"""BestGuess as tools for an agent, by the official MCP package (https://modelcontextprotocol.io).

What a tool refuses comes back as its error, in our own words. A call that its client cancels is left, and
trials that it started are given back.
"""

from __future__ import annotations

from collections.abc import Callable
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from bestguess.agent.chat.answers.facts import Known
from bestguess.agent.chat.command import Command
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.checks import check_count
from bestguess.agent.export import Form, export_study
from bestguess.agent.mcp.arguments import (
    MOST_WORDS,
    SPACE,
    EarlierNames,
    StudyName,
    find_script,
    in_storage,
    read_space,
)
from bestguess.agent.mcp.experiments import ExperimentTools
from bestguess.agent.mcp.records import (
    DraftRecord,
    Opinion,
    Point,
    Points,
    Share,
    Shares,
    StudyList,
    StudyRecord,
    StudySummary,
)
from bestguess.agent.mcp.resources import add_resources
from bestguess.agent.mcp.server import StrictServer, threaded
from bestguess.agent.mcp.studies import MOST_AT_ONCE, Studies
from bestguess.agent.mcp.trials import TrialTools
from bestguess.agent.reports.insight import gain_insight
from bestguess.agent.reports.study_report import report_on
from bestguess.agent.task import Task
from bestguess.agent.warm_start import warm_start
from bestguess.tools.scan.draft import scan
from bestguess.tools.surrogate.device import AUTO
from bestguess.tools.trial import Direction

INSTRUCTIONS = """BestGuess tunes expensive black-box functions: hyperparameters, or any knobs.
create_study with a space (scan_script drafts one), then again and again: ask, run what it says, tell the
value or the failure. Failures are data: tell them too. If you have an idea of your own, verify says what the
evidence thinks of it; run it and tell it by its params. After a lost connection, tell again whatever you are
not sure of: telling the same twice changes nothing (in a noisy study by number only: look in history before
you tell params again); history has the trials that are still running.
Where you edit a program instead, and run it: experiment_report first, experiment_tried before you build an
idea, then experiment_record what came of it, and experiment_keep says whether it is better or luck.
list_studies has the studies there are; report says what one came to; widen allows more where the best lies at
an end of its range."""

UNCHECKED = "it fits the space; there is nothing to check it against before two trials have a value"


def make_server(
    storage: str,
    *,
    llm: str | None = None,
    llm_wait_s: float = 60.0,
    device: str = AUTO,
    root: Path | None = None,
) -> StrictServer:
    """Return the server for the studies in `storage`; scripts are read below `root`, here by default.

    Raises:
        InputError: an argument is wrong.
    """
    server = StrictServer("bestguess", instructions=INSTRUCTIONS, log_level="WARNING")
    studies = Studies(storage, llm=llm, llm_wait_s=llm_wait_s, device=device)
    folder = (root or Path.cwd()).resolve()
    tools = Tools(studies, folder)
    server.tool()(tools.ask)
    for function in (
        tools.list_studies,
        tools.create_study,
        tools.widen,
        tools.tell,
        tools.report_step,
        tools.warm_start,
        tools.best,
        tools.history,
        tools.importance,
        tools.report,
        tools.export,
        tools.verify,
        tools.scan_script,
    ):
        server.tool()(threaded(function))
    ExperimentTools(storage, folder, find_script).add_to(server)
    for command in REGISTRY.values():
        if command.of_study:
            server.add_tool(threaded(tools.answering(command)), command.name, description=command.help)
    add_resources(server, studies)
    return server


class Tools(TrialTools):
    """What an agent can do with the studies of one storage: a method is a tool, its docstring the help."""

    def __init__(self, studies: Studies, folder: Path) -> None:
        super().__init__(studies)
        self._folder = folder

    def create_study(
        self,
        study_name: str,
        space: Annotated[dict[str, Any] | str, Field(description=SPACE)],
        direction: Direction = "minimize",
        metric: Annotated[str, Field(max_length=200, description="what the value means")] = "value",
        description: Annotated[
            str, Field(max_length=MOST_WORDS, description="what is tuned, on what, in words")
        ] = "",
        noisy: Annotated[bool, Field(description="the same params can give another value")] = False,
        metrics: Annotated[
            dict[str, Direction] | None,
            Field(description="several metrics to improve, each with its direction, in place of metric"),
        ] = None,
        limits: Annotated[
            dict[str, str] | None, Field(description='what metrics must keep: {"memory_mb": "<= 4000"}')
        ] = None,
        seed: Annotated[int | None, Field(ge=0, description="makes proposals repeatable")] = None,
        earlier: EarlierNames = True,
        pruner: Annotated[
            str | None,
            Field(description="stops hopeless trials early, by what report_step is told: forecast, median"),
        ] = None,
    ) -> StudyRecord:
        """Make a study, or go on with the one of that name if it has the same space and direction."""
        task = Task(description, metric, direction, noisy=noisy, metrics=metrics or {}, limits=limits or {})
        opened, created = self._studies.create(
            study_name, read_space(space), task, seed=seed, earlier=in_storage(earlier), pruner=pruner
        )
        study = opened.tuner.study
        return StudyRecord.of(study, created=created, notices=list(study.differences(task, seed)))

    def list_studies(self) -> StudyList:
        """Get the studies there are, each with how many trials it has and its best value."""
        return StudyList(studies=[StudySummary.of(*found) for found in self._studies.kept()])

    def widen(
        self,
        parameter: str,
        low: Annotated[float | None, Field(description="the new least value of a number")] = None,
        high: Annotated[float | None, Field(description="the new greatest value of a number")] = None,
        options: Annotated[
            list[str] | None, Field(description="more options of a choice; the program has to know them")
        ] = None,
        study_name: StudyName = None,
    ) -> StudyRecord:
        """Allow more of a parameter than the space does now. What was learned stays; it cannot be undone."""
        opened = self._studies.get(study_name)
        opened.widen(parameter, low, high, options or [])
        return StudyRecord.of(opened.tuner.study, created=False, notices=[])

    def report(self, study_name: StudyName = None) -> str:
        """Get the report in Markdown: default against best, who proposed what, what moves the value."""
        return report_on(self._studies.get(study_name).tuner.study)

    def export(
        self,
        form: Annotated[
            Form, Field(description="csv: a row a trial; json: all of it; result: for bestguess.Result.load")
        ] = "csv",
        study_name: StudyName = None,
    ) -> str:
        """Get all trials of a study as text, for other programs."""
        return export_study(self._studies.get(study_name).tuner.study, form)

    def warm_start(
        self,
        space: Annotated[dict[str, Any] | str, Field(description="as for create_study")],
        n: int = 5,
        description: Annotated[str, Field(max_length=MOST_WORDS)] = "",
        direction: Direction = "minimize",
        metric: Annotated[str, Field(max_length=200, description="what the value means")] = "value",
        seed: Annotated[int, Field(ge=0)] = 0,
        earlier: EarlierNames = True,
    ) -> Points:
        """Get configurations that are worth evaluating first, by any tuner; nothing is recorded."""
        check_count("n", n, MOST_AT_ONCE)
        task = Task(description, metric=metric, direction=direction)
        found = warm_start(
            read_space(space),
            task,
            n,
            llm=self._studies.llm,
            seed=seed,
            llm_wait_s=self._studies.llm_wait_s,
            earlier=in_storage(earlier),
            storage=self._studies.storage,
        )
        return Points(points=[Point.model_validate(proposal) for proposal in found])

    def importance(self, study_name: StudyName = None) -> Shares:
        """Get which parameters move the value, by how much and which way, as numbers to draw."""
        study = self._studies.get(study_name).tuner.study
        insights = gain_insight(study.space, study.history, noisy=study.task.noisy)
        return Shares(study_name=study.name, parameters=[Share(**insight.record) for insight in insights])

    def verify(
        self,
        params: Annotated[dict[str, Any], Field(description="the active parameters by name")],
        study_name: StudyName = None,
    ) -> Opinion:
        """Get what the Gaussian process thinks of your idea, before you pay for running it."""
        given, verdict = self._studies.get(study_name).verify(params)
        if verdict is None:
            return Opinion(params=given, accepted=None, sentence=UNCHECKED, worth=None)
        return Opinion(
            params=given,
            sentence=verdict.expectation,
            expected=verdict.prediction.median,
            expected_low=verdict.prediction.low,
            expected_high=verdict.prediction.high,
            chance_of_best=verdict.chance_of_best,
            likely_not_to_fail=verdict.feasible,
            accepted=verdict.accepted,
            gate=verdict.gate,
            worth=verdict.acquisition_ratio,
        )

    def scan_script(
        self, path: Annotated[str, Field(description="a Python script, from the server's folder")]
    ) -> DraftRecord:
        """Read a script, without running it, and draft a space of what could be tuned in it."""
        script = find_script(self._folder, path)
        return DraftRecord.of(scan(script), str(script.relative_to(self._folder)))

    def answering(self, command: Command) -> Callable[..., str]:
        """Return the tool that a session's command is for a study."""

        def tool(study_name: str | None = None, **arguments: Any) -> str:
            study = self._studies.get(study_name).tuner.study
            known = Known(study.space, study.task, study.history, aside=study.trials_aside)
            return str(command.function(known, **arguments))

        own = list(signature(command.function, eval_str=True).parameters.values())[1:]
        which = Parameter("study_name", Parameter.KEYWORD_ONLY, default=None, annotation=StudyName)
        tool.__signature__ = Signature([*own, which], return_annotation=str)  # type: ignore[attr-defined]
        return tool
