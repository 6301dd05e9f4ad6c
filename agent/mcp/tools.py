"""The MCP server: BestGuess as tools for an agent, by the official package (https://modelcontextprotocol.io).

It translates between MCP and `studies.py`, and decides nothing. What a tool refuses comes back as its
error, in our own words. A call that its client cancels is left, and trials that it started are given back.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from inspect import Parameter, Signature, signature
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import anyio
import anyio.to_thread
from mcp.server import MCPServer
from mcp.server.mcpserver import Image
from mcp.server.mcpserver.exceptions import ResourceError, ToolError
from pydantic import Field

from bestguess.agent.chat.answers.facts import Known
from bestguess.agent.chat.commands.registry import Command
from bestguess.agent.mcp.records import (
    Asked,
    Best,
    DraftRecord,
    HistoryRecord,
    Opinion,
    Point,
    Points,
    Share,
    Shares,
    StudyRecord,
    Told,
    TrialRecord,
)
from bestguess.agent.mcp.server import StrictServer
from bestguess.tools.errors import BestGuessError, InputError, StudyError
from bestguess.tools.space.parameter import shown
from bestguess.tools.words.cleaning import clean

T = TypeVar("T")

INSTRUCTIONS = """BestGuess tunes expensive black-box functions: hyperparameters, or any knobs.
create_study with a space (scan_script drafts one), then again and again: ask, run what it says, tell the
value or the failure. Failures are data: tell them too. If you have an idea of your own, verify says what the
evidence thinks of it; run it and tell it by its params. After a lost connection, tell again whatever you are
not sure of: telling the same twice changes nothing; history has the trials that are still running."""

SPACE = """{"parameters": {"lr": {"type": "float", "low": 1e-5, "high": 0.1, "log": true, "default": 1e-3,
"doc": "Adam's"}, "depth": {"type": "int", "low": 1, "high": 8}, "act": {"type": "choice", "options": ["relu",
"gelu"]}, "slope": {"type": "float", "low": 0, "high": 1, "when": {"act": ["relu"]}}},
"constraints": ["depth * lr < 0.5"]}, or the same as YAML"""

MOST_WORDS = 20_000

StudyName = Annotated[
    str | None, Field(description="which study; may be left out when the storage holds one study")
]
Params = Annotated[dict[str, Any], Field(description="the active parameters by name")]


def make_server(
    storage: str, *, llm: str | None = None, llm_wait_s: float = 60.0, root: Path | None = None
) -> StrictServer:
    """Return the server for the studies in `storage`; scripts are read below `root`, here by default.

    Raises:
        InputError: an argument is wrong.
    """
    from bestguess.agent.chat.commands.all import REGISTRY
    from bestguess.agent.mcp.studies import MOST_AT_ONCE, Desk, Order, Studies

    server = StrictServer("bestguess", instructions=INSTRUCTIONS, log_level="WARNING")
    studies = Studies(storage, llm=llm, llm_wait_s=llm_wait_s)
    studies.check()
    folder = (root or Path.cwd()).resolve()

    def find(name: str | None) -> Desk:
        try:
            return studies.get(name)
        except StudyError as error:
            if studies.names():
                raise
            raise StudyError("there is no study yet; call create_study first") from error

    @server.tool()
    async def create_study(
        study_name: str,
        space: Annotated[
            dict[str, Any] | str,
            Field(description=SPACE),
        ],
        direction: Literal["minimize", "maximize"] = "minimize",
        metric: Annotated[str, Field(max_length=200, description="what the value means")] = "value",
        description: Annotated[
            str, Field(max_length=MOST_WORDS, description="what is tuned, on what, in words")
        ] = "",
        noisy: Annotated[bool, Field(description="the same params can give another value")] = False,
        seed: Annotated[int | None, Field(ge=0, description="makes proposals repeatable")] = None,
    ) -> StudyRecord:
        """Make a study, or go on with the one of that name if it has the same space and direction."""

        def work() -> StudyRecord:
            from bestguess.agent.task import Task

            task = Task(description, metric=metric, direction=direction, noisy=noisy)
            desk, created = studies.create(study_name, _read_space(space), task, seed=seed)
            study = desk.tuner.study
            return StudyRecord(
                study_name=study.name,
                created=created,
                direction=study.task.direction,
                metric=study.task.metric,
                parameters=study.space.to_dict()["parameters"],
                default=study.space.default(),
                trials=len(study.history),
                notices=list(study.differences(task, seed)),
            )

        return await _in_thread(work)

    @server.tool()
    async def ask(study_name: StudyName = None, n: int = 1) -> Asked:
        """Get the next trials to run, each with who proposed it and why. No two callers get the same one."""
        order = Order()

        def work() -> Asked:
            desk = find(study_name)
            trials = desk.ask(n, order)
            running = [trial.number for trial in desk.tuner.history.running]
            return Asked(
                study_name=desk.name, trials=[TrialRecord.of(trial) for trial in trials], running=running
            )

        return await _in_thread(work, order.cancel)

    @server.tool()
    async def tell(
        number: Annotated[
            int | None, Field(description="which trial; leave it out to tell of params")
        ] = None,
        value: Annotated[float | None, Field(description="the objective's value, if it gave one")] = None,
        failure: Annotated[str | None, Field(description="why it gave no value, if it did not")] = None,
        feedback: Annotated[str, Field(description="what the tuner should read, such as a log's end")] = "",
        params: Annotated[
            dict[str, Any] | None, Field(description="params that nobody asked for, in place of a number")
        ] = None,
        study_name: StudyName = None,
    ) -> Told:
        """Tell the outcome of a trial: a value or a failure. Telling the same again changes nothing."""

        def work() -> Told:
            outcome = _read_outcome(value, failure, feedback)
            if (number is None) == (params is None):
                raise InputError(
                    "give the number of a trial that was asked, or the params of one that was not"
                )
            desk = find(study_name)
            if params is not None:
                trial, recorded = desk.add(params, outcome), True
            else:
                assert number is not None
                trial, recorded = desk.tell(number, outcome)
            best = Best.of(desk.name, desk.tuner.history)
            return Told(trial=TrialRecord.of(trial), recorded=recorded, best=best)

        # What was told is kept, whether or not its client waits for the answer.
        return await _in_thread(work)

    @server.tool()
    async def warm_start(
        space: Annotated[dict[str, Any] | str, Field(description="as for create_study")],
        n: int = 5,
        description: Annotated[str, Field(max_length=MOST_WORDS)] = "",
        direction: Literal["minimize", "maximize"] = "minimize",
        seed: Annotated[int, Field(ge=0)] = 0,
    ) -> Points:
        """Get configurations that are worth evaluating first, by any tuner; nothing is recorded."""

        def work() -> Points:
            from bestguess.agent import warm_start
            from bestguess.agent.task import Task

            if n > MOST_AT_ONCE:
                raise InputError(f"n is {n}; ask for 1 to {MOST_AT_ONCE} points")
            task = Task(description, direction=direction)
            found = warm_start.warm_start(
                _read_space(space), task, n, llm=llm, seed=seed, llm_wait_s=llm_wait_s
            )
            return Points(points=[Point.of(one) for one in found])

        return await _in_thread(work)

    @server.tool()
    async def best(study_name: StudyName = None) -> Best:
        """Get the best trial so far."""

        def work() -> Best:
            desk = find(study_name)
            return Best.of(desk.name, desk.tuner.history)

        return await _in_thread(work)

    @server.tool()
    async def history(
        study_name: StudyName = None,
        state: Literal["running", "complete", "failed"] | None = None,
        last: Annotated[int, Field(ge=1, le=1000, description="at most so many, the latest")] = 100,
    ) -> HistoryRecord:
        """Get the trials: params, value, who proposed it, why, what was expected, and what came of it."""
        return await _in_thread(lambda: _history(find(study_name), state, last))

    @server.tool()
    async def importance(study_name: StudyName = None) -> Shares:
        """Get which parameters move the value, by how much and which way."""

        def work() -> Shares:
            from bestguess.agent.reports.insight import gain_insight

            study = find(study_name).tuner.study
            insights = gain_insight(study.space, study.history, noisy=study.task.noisy)
            return Shares(study_name=study.name, parameters=[Share(**one.record) for one in insights])

        return await _in_thread(work)

    @server.tool()
    async def verify(params: Params, study_name: StudyName = None) -> Opinion:
        """Get what the Gaussian process thinks of your idea, before you pay for running it."""

        def work() -> Opinion:
            given, verdict = find(study_name).verify(params)
            if verdict is None:
                words = (
                    "it fits the space; there is nothing to check it against before two trials have a value"
                )
                return Opinion(params=given, accepted=None, sentence=words, worth=None)
            return Opinion(
                params=given,
                accepted=verdict.accepted,
                sentence=verdict.sentence,
                expected=verdict.prediction.mean,
                expected_sd=verdict.prediction.sd,
                likely_not_to_fail=verdict.feasible,
                worth=verdict.worth,
            )

        return await _in_thread(work)

    @server.tool(structured_output=False)
    async def plot(
        study_name: StudyName = None,
        kind: Literal["history", "importance", "effect"] = "history",
        parameter: Annotated[str | None, Field(description="whose effect")] = None,
    ) -> Image:
        """Get a picture (PNG): how the study went, what matters, or the effect of one parameter."""
        return await _in_thread(lambda: Image(data=_draw(find(study_name), kind, parameter), format="png"))

    @server.tool()
    async def scan_script(
        path: Annotated[str, Field(description="a Python script, from the server's folder")],
    ) -> DraftRecord:
        """Read a script, without running it, and draft a space of what could be tuned in it."""
        return await _in_thread(lambda: _scan(folder, path))

    def answering(command: Command) -> Callable[..., Any]:
        """Return the tool that a session's command is for a study."""

        async def tool(study_name: str | None = None, **arguments: Any) -> str:
            def work() -> str:
                study = find(study_name).tuner.study
                return str(command.function(Known(study.space, study.task, study.history), **arguments))

            return await _in_thread(work)

        own = list(signature(command.function, eval_str=True).parameters.values())[1:]
        which = Parameter("study_name", Parameter.KEYWORD_ONLY, default=None, annotation=StudyName)
        tool.__signature__ = Signature([*own, which], return_annotation=str)  # type: ignore[attr-defined]
        return tool

    for command in REGISTRY:
        if command.of_study:
            server.add_tool(answering(command), command.name, description=command.help)

    @server.resource("bestguess://studies", mime_type="application/json")
    async def study_list() -> str:
        """The names of the studies."""
        return await _in_thread(lambda: json.dumps(studies.names()), error=ResourceError)

    @server.resource("bestguess://studies/{study_name}/space", mime_type="application/json")
    async def space_of(study_name: str) -> str:
        """The space of a study."""
        return await _in_thread(
            lambda: json.dumps(find(study_name).tuner.space.to_dict()), error=ResourceError
        )

    @server.resource("bestguess://studies/{study_name}/history", mime_type="application/json")
    async def history_of(study_name: str) -> str:
        """All trials of a study."""
        return await _in_thread(
            lambda: _history(find(study_name), None, None).model_dump_json(), error=ResourceError
        )

    @server.resource("bestguess://studies/{study_name}/report", mime_type="text/markdown")
    async def report_of(study_name: str) -> str:
        """The report on a study."""

        def work() -> str:
            from bestguess.agent.reports.report import write_report

            study = find(study_name).tuner.study
            return write_report(study.history, study.task, study.space, title=f"Study {study.name}")

        return await _in_thread(work, error=ResourceError)

    def _history(desk: Desk, state: str | None, last: int | None) -> HistoryRecord:
        all_trials = desk.tuner.history
        chosen = [trial for trial in all_trials if state in (None, trial.state)]
        return HistoryRecord(
            study_name=desk.name,
            direction=all_trials.direction,
            total=len(all_trials),
            trials=[TrialRecord.of(trial) for trial in (chosen if last is None else chosen[-last:])],
        )

    def _draw(desk: Desk, kind: str, parameter: str | None) -> bytes:
        from bestguess.agent.reports.insight import gain_insight
        from bestguess.tools.analysis import plots

        study = desk.tuner.study
        if kind == "history":
            return plots.draw_history(study.history, study.task.metric)
        insights = gain_insight(study.space, study.history, noisy=study.task.noisy)
        if kind == "importance":
            return plots.draw_importance([one.importance for one in insights])
        found = [one.effect for one in insights if one.importance.name == parameter]
        if not found:
            names = ", ".join(one.importance.name for one in insights) or "nothing yet"
            raise InputError(f"parameter is {parameter!r}; an effect is known of {names}")
        return plots.draw_effect(found[0], study.task.metric)

    return server


def serve_stdio(server: MCPServer[Any]) -> None:
    """Serve one client on stdin and stdout until it goes."""
    server.run("stdio")


async def _in_thread(
    work: Callable[[], T],
    cancel: Callable[[], None] | None = None,
    *,
    error: type[ToolError] | type[ResourceError] = ToolError,
) -> T:
    """Run `work` beside the event loop; if the client cancels, leave it and call `cancel`."""
    try:
        return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
    except BestGuessError as failure:
        raise error(str(failure)) from failure
    except anyio.get_cancelled_exc_class():
        if cancel is not None:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(cancel)
        raise


def _read_space(definition: dict[str, Any] | str) -> Any:
    from bestguess.tools.space.formats import load_yaml, read_definition

    if isinstance(definition, dict):
        return read_definition(definition, source="space")
    if "\n" not in definition.strip() and ":" not in definition:
        raise InputError(f"space is {shown(definition)}; give the definition itself, no path")
    return load_yaml(definition + "\n")[0]


def _read_outcome(value: float | None, failure: str | None, feedback: str) -> Any:
    from bestguess.tools.trial import Outcome

    if (value is None) == (failure is None):
        raise InputError("give a value, or the failure that kept the trial from one")
    feedback = clean(feedback)
    if failure is None:
        return Outcome(value, feedback=feedback)
    return Outcome.failure(clean(failure), feedback=feedback)


def _scan(folder: Path, path: str) -> DraftRecord:
    from bestguess.tools.scan.draft import scan

    try:
        script = (folder / path).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a null character
        raise InputError(f"the script {shown(path)} cannot be found; give its path from {folder}") from error
    if not script.is_relative_to(folder):
        raise InputError(f"the script {shown(path)} is outside {folder}; start the server where it is")
    # A link's end counts, not its name: what is hidden or no program may hold what is nobody's business.
    if script.suffix != ".py" or any(part.startswith(".") for part in script.relative_to(folder).parts):
        raise InputError(f"the script {shown(path)} is no Python file, or a hidden one; name a program (.py)")
    draft = scan(script)
    return DraftRecord(
        script=str(script.relative_to(folder)),
        space=draft.space.to_dict() if draft.space else None,
        metric=draft.metric.name if draft.metric else None,
        metric_pattern=draft.metric.pattern if draft.metric else None,
        direction=draft.metric.direction if draft.metric else None,
        left_out={one.finding.name: one.reason for one in draft.left_out},
        command=draft.command if draft.space else None,
    )
