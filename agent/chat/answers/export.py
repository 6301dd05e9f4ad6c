"""What a study can be taken away as: a script that reproduces the best, a command, JSON, a report, a copy.

It writes the files that it is told to write; where they may lie is settled by whoever asks.
"""

from __future__ import annotations

import json
import shlex
import sqlite3
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bestguess.agent.chat.answers import facts, words
from bestguess.agent.chat.answers.svg import draw
from bestguess.agent.chat.answers.templating import render_file
from bestguess.agent.chat.plan import Plan, assignments
from bestguess.agent.record.study import Study
from bestguess.agent.reports.insight import gain_insight
from bestguess.agent.reports.live import format_prediction, format_value
from bestguess.agent.reports.report import credit_sources, study_record
from bestguess.tools.errors import CommandError, InputError
from bestguess.tools.objective.command import CommandTemplate
from bestguess.tools.objective.run import PARAMS_VARIABLE
from bestguess.tools.trial import History, Trial
from bestguess.tools.words.private import make_private, open_private

FILE_NAMES = {
    "script": "best_{study}.py",
    "json": "best_{study}.json",
    "report": "report_{study}.html",
    "study": "{study}.db",
}
EFFECTS = 4


def best_of(history: History) -> Trial:
    """Return the best trial.

    Raises:
        InputError: no trial has a value yet.
    """
    best = history.incumbent
    if best is None:
        raise InputError("no trial has a value yet, so there is no best to export")
    return best


def command_line(plan: Plan, params: Mapping[str, Any], folder: Path) -> str:
    """Return the command with params written in, as it is typed in the session's folder."""
    try:
        rendered = _render(plan, params, folder)
    except CommandError as error:
        return f"# no command: {error}"
    line = shlex.join(["python" if word == sys.executable else word for word in rendered])
    if any("{" in word for word in plan.words):
        return line
    return f"{PARAMS_VARIABLE}={shlex.quote(json.dumps(dict(params)))} {line}"


def write(form: str, path: Path, plan: Plan, study: Study, folder: Path) -> None:
    """Write one of FILE_NAMES' forms to `path`; `folder` is where the command runs.

    Raises:
        InputError: there is nothing to write yet, or the file cannot be written.
    """
    try:
        if form == "study":
            _copy_database(study, path)
            return
        text = _FORMS[form](plan, study, folder)
        with open_private(path, encoding="utf-8") as file:
            file.write(text)
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{path.name} cannot be written ({why}); see whether its folder is there") from error


def _script(plan: Plan, study: Study, folder: Path) -> str:
    history = study.history
    best = best_of(history)
    rendered = _render(plan, best.params, folder)
    command = ", ".join("sys.executable" if word == sys.executable else repr(word) for word in rendered)
    return render_file(
        "best_script.py",
        script=plan.script,
        study=plan.study,
        number=best.number,
        told=len(history.told),
        metric=plan.task.metric,
        direction=plan.task.direction,
        value=best.value,
        params=json.dumps(best.params),
        command=command,
        pattern=plan.pattern,
    )


def _render(plan: Plan, params: Mapping[str, Any], folder: Path) -> list[str]:
    return CommandTemplate(plan.words, plan.space.names, plan.space.texts, folder).render(params)


def _json(plan: Plan, study: Study, folder: Path) -> str:
    history = study.history
    best = best_of(history)
    seconds = sum(trial.outcome.seconds or 0.0 for trial in history.told if trial.outcome)
    record = {
        "study_name": plan.study,
        "task": plan.task.to_dict(),
        "command": command_line(plan, best.params, folder),
        "space": plan.space.to_dict(),
        "limits": plan.limits.to_dict(),
        **study_record(history, seconds=seconds),
    }
    return json.dumps(record, indent=2) + "\n"


def _report(plan: Plan, study: Study, folder: Path) -> str:
    history, aside = study.history, study.aside
    best = best_of(history)
    insights = gain_insight(plan.space, history, noisy=plan.task.noisy)
    plots = [facts.progress_plot(history, plan.task.metric)]
    plots += [facts.effect_plot(plan, history, one.importance.name) for one in insights[:EFFECTS]]
    rows = [
        {
            "number": trial.number,
            "source": trial.source,
            "value": format_value(trial),
            "expected": format_prediction(trial),
            "params": assignments(trial.params),
            "why": trial.outcome.error if trial.outcome and trial.outcome.error else trial.reason,
            "kind": "aside"
            if trial.number in aside
            else "best"
            if trial.number == best.number
            else trial.state,
        }
        for trial in study.everything
    ]
    return render_file(
        "report.html",
        study=plan.study,
        standing=f"{plan.script}: {words.standing(history, plan.task)}",
        command=command_line(plan, best.params, folder),
        metric=plan.task.metric,
        plots=[{"title": plot.title, "svg": draw(plot)} for plot in plots],
        importances=[one.importance for one in insights],
        credits=credit_sources(history),
        trials=rows,
    )


def _copy_database(study: Study, path: Path) -> None:
    """Write the database as one file, whatever its log still holds; an existing file is not replaced."""
    engine = getattr(getattr(study.storage, "_backend", study.storage), "engine", None)
    source = engine.url.database if engine is not None else None
    if source is None or path.exists():
        why = "it exists already" if path.exists() else "the study is in memory only"
        raise InputError(f"{path.name} cannot be written: {why}; choose another name")
    make_private(path)
    with sqlite3.connect(source) as here, sqlite3.connect(path) as there:
        here.backup(there)
    here.close()
    there.close()


_FORMS = {"script": _script, "json": _json, "report": _report}
