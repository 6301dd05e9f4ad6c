"""What the MCP tools return, as the client's model and programs read it."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from bestguess.agent.advice.knowledge import name_family
from bestguess.agent.record.study import Study
from bestguess.agent.reports.front import why_no_best
from bestguess.agent.reports.recommendation import Recommendation
from bestguess.agent.reports.report import trial_record
from bestguess.tools.errors import StudyError
from bestguess.tools.scan.draft import Draft
from bestguess.tools.trial import History, State, Trial


class TrialRecord(BaseModel):
    """One trial."""

    number: int
    state: State
    params: dict[str, Any]
    value: float | None = None
    values: dict[str, float] = Field({}, description="of several metrics, or with limits, all by name")
    stopped: dict[str, Any] | None = Field(
        default=None,
        description="the step at which it was stopped early, with its value there; a control would have been",
    )
    source: str = Field(description="who proposed it: default, knowledge, llm, gp, random or user")
    reason: str = Field("", description="why it was proposed")
    verdict: str = Field("", description="what the Gaussian process said of it before it ran")
    expected: float | None = Field(None, description="the median of what was expected before it ran")
    expected_low: float | None = Field(default=None, description="the lower end of the central 90 %")
    expected_high: float | None = None
    feedback: str = Field("", description="the error, if it failed, what the objective said, then remarks")
    trace: list[dict[str, str]] = Field([], description="the objective's steps, as they were told")
    remarks: list[str] = Field([], description="what people said of it")
    advice: dict[str, Any] | None = Field(
        None,
        description="what a model advised with it: to stop, to fix or narrow a parameter; nobody did it yet",
    )

    @classmethod
    def of(cls, trial: Trial) -> TrialRecord:
        """Return the record of a trial."""
        record = trial_record(trial)
        prediction = record["prediction"] or {}
        return cls(
            expected=prediction.get("median"),
            expected_low=prediction.get("low"),
            expected_high=prediction.get("high"),
            **{key: record[key] for key in cls.model_fields if key in record},
        )


class StudyRecord(BaseModel):
    """A study."""

    study_name: str
    created: bool = Field(description="false if it was there, and is gone on with")
    direction: str
    metric: str
    metrics: dict[str, str] = Field(description="the metrics to improve, each with its direction")
    limits: dict[str, str] = Field(description="what metrics must keep")
    parameters: dict[str, Any]
    default: dict[str, Any] = Field(description="the configuration that is tried first")
    trials: int = Field(description="how many trials it has")
    notices: list[str] = Field(description="what was given and has no effect, as the study was there")

    @classmethod
    def of(cls, study: Study, *, created: bool, notices: list[str]) -> StudyRecord:
        """Return the record of a study."""
        return cls(
            study_name=study.name,
            created=created,
            direction=study.task.direction,
            metric=study.task.metric,
            metrics=dict(study.task.metrics) or {study.task.metric: study.task.direction},
            limits=dict(study.task.limits),
            parameters=study.space.to_dict()["parameters"],
            default=study.space.default(),
            trials=len(study.history),
            notices=notices,
        )


class StudySummary(BaseModel):
    """A study in short."""

    study_name: str
    direction: str | None = None
    metric: str | None = None
    description: str = Field("", description="what is tuned")
    trials: int | None = None
    best_value: float | None = None
    problem: str = Field("", description="why it cannot be read, if it cannot")

    @classmethod
    def of(cls, name: str, found: Study | StudyError) -> StudySummary:
        """Return the summary of a study that was found, or why there is none."""
        if isinstance(found, StudyError):
            return cls(study_name=name, description="", problem=str(found))
        history, task = found.history, found.task
        return cls(
            study_name=name,
            direction=task.direction,
            metric=task.metric,
            description=task.description,
            problem="",
            trials=len(history),
            best_value=history.incumbent.value if history.incumbent else None,
        )


class StudyList(BaseModel):
    """The studies of the server's storage."""

    studies: list[StudySummary]


class Asked(BaseModel):
    """Trials to run."""

    study_name: str
    trials: list[TrialRecord] = Field(description="run each, then tell its outcome by its number")
    running: list[int] = Field(
        description="all that were asked and not told, these included; history has their params"
    )


class Best(BaseModel):
    """The best trial so far."""

    study_name: str
    trial: TrialRecord | None = Field(
        description="null while no trial has a value within the limits, and without prefer where the front "
        "has several"
    )
    front: list[TrialRecord] = Field(
        description="the trials within the limits that no other is at least as good as in every metric"
    )
    note: str = Field("", description="why there is no best trial, though there is a front")
    default_value: float | None = Field(None, description="what the default configuration gave")
    recommended: dict[str, Any] | None = Field(
        default=None, description="what to take: of a noisy objective the best value may be the luckiest"
    )
    complete: int
    failed: int
    pruned: int = Field(description="how many were stopped early")
    partial: int = Field(0, description="how many were less than a whole run, by the space's fidelity")
    running: int
    since_best: int = Field(description="how many were told after the last that was a new best")

    @classmethod
    def of(cls, name: str, history: History, recommended: Recommendation | None = None) -> Best:
        """Return the record of a history."""
        best, default = history.incumbent, history.default
        return cls(
            study_name=name,
            trial=TrialRecord.of(best) if best else None,
            front=[TrialRecord.of(trial) for trial in history.front],
            note=why_no_best(history, "") if best is None and history.complete else "",
            default_value=default.value if default else None,
            recommended=recommended.record if recommended else None,
            complete=len(history.complete),
            failed=len(history.failed),
            pruned=len(history.pruned),
            partial=len(history.partial),
            running=len(history.running),
            since_best=history.since_best,
        )


class StepRecord(BaseModel):
    """What was reported of a running trial."""

    number: int
    step: int
    stop: bool = Field(description="whether to stop it: it could not become the best any more")


class Told(BaseModel):
    """What was recorded."""

    trial: TrialRecord
    recorded: bool = Field(description="false if the same had been told before; then nothing changed")
    best: Best


class HistoryRecord(BaseModel):
    """Trials of a study."""

    study_name: str
    direction: str
    total: int = Field(description="how many trials the study has")
    trials: list[TrialRecord]

    @classmethod
    def of(cls, name: str, history: History, *, state: State | None = None, last: int = 0) -> HistoryRecord:
        """Return the record of the `last` trials, of all for 0, in a `state`."""
        chosen = [TrialRecord.of(trial) for trial in history if state in (None, trial.state)]
        return cls(study_name=name, direction=history.direction, total=len(history), trials=chosen[-last:])


class Point(BaseModel, from_attributes=True):
    """A configuration worth trying."""

    params: dict[str, Any]
    source: str
    reason: str
    fallback: str = Field("", description="why the model's place was taken, if it was")


class Points(BaseModel):
    """Configurations to start with, the default first."""

    points: list[Point]


class Opinion(BaseModel):
    """What the evidence says of an idea."""

    params: dict[str, Any]
    sentence: str = Field(description="what is expected, and how that compares with the best so far")
    expected: float | None = None
    expected_low: float | None = Field(default=None, description="the lower end of the central 90 %")
    expected_high: float | None = None
    chance_of_best: float | None = Field(
        default=None, description="the probability that it beats the best so far"
    )
    likely_not_to_fail: float | None = None
    accepted: bool | None = Field(
        description="whether a guess of a model's might run in place of the Gaussian process's own choice"
        " now, which asks for more than a good value; null before two trials have a value"
    )
    gate: str = Field(default="", description="why it might or might not")
    worth: float | None = Field(
        description="its expected improvement, as a share of that of the Gaussian process's own choice"
    )


class Share(BaseModel):
    """How much one parameter matters."""

    name: str
    mean: float = Field(description="the share of the variance that it causes, alone and with others")
    low: float
    high: float
    varied: bool = Field(description="false if it had one value so far: the share is then a belief alone")
    apart: bool = Field(description="false if alone it may do nothing, whatever the share is")
    effect: dict[str, list[Any]] = Field(
        description="values, and the typical value there with its central 90 %"
    )


class Shares(BaseModel):
    """How much the parameters matter; empty before two trials have a value."""

    study_name: str
    parameters: list[Share]


class DraftRecord(BaseModel):
    """A space drafted from a script: look it over before it is used."""

    script: str
    description: str = Field(description="what is tuned, for create_study")
    space: dict[str, Any] | None = Field(description="give it to create_study; null if nothing can be tuned")
    metric: str | None
    metric_pattern: str | None
    direction: str | None
    left_out: dict[str, str] = Field(description="what is not tuned, and why")
    command: list[str] | None = Field(description="the script's command, {name} for a parameter's value")
    lacks: list[str] = Field(description="what the command has not, and the script does not run without")

    @classmethod
    def of(cls, draft: Draft, script: str) -> DraftRecord:
        """Return the record of a draft."""
        return cls(
            script=script,
            description=name_family(draft.description, draft.uses),
            space=draft.space.to_dict() if draft.space else None,
            metric=draft.metric.name if draft.metric else None,
            metric_pattern=draft.metric.pattern if draft.metric else None,
            direction=draft.metric.direction if draft.metric else None,
            left_out={finding.name: reason for finding, reason in draft.left_out},
            command=draft.command if draft.space else None,
            lacks=list(draft.lacks),
        )
