"""What a study is taken away as: a script that reproduces the best, JSON, a report, a copy, its trials."""

from __future__ import annotations

import json
import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path

from bestguess.agent.chat.answers.report_page import report_page
from bestguess.agent.chat.answers.templating import render_file
from bestguess.agent.chat.plan import Plan
from bestguess.agent.export import export_study
from bestguess.agent.record.sqlite import connect
from bestguess.agent.record.study import Study
from bestguess.agent.reports.front import why_no_best
from bestguess.agent.reports.report import study_record
from bestguess.tools.errors import InputError
from bestguess.tools.trial import History, Trial
from bestguess.tools.words.private import make_private, open_private

FILE_NAMES = {
    "script": "best_{study}.py",
    "json": "best_{study}.json",
    "report": "report_{study}.html",
    "study": "{study}.db",
    "csv": "trials_{study}.csv",
    "result": "result_{study}.json",
}


def best_of(history: History) -> Trial:
    """Return the best trial; raises InputError before any has a value."""
    best = history.incumbent
    if best is None:
        if history.goals and history.complete:
            raise InputError(f"there is no best to export: {why_no_best(history, '')} (/prefer)")
        raise InputError("no trial has a value yet, so there is no best to export")
    return best


def write(form: str, path: Path, plan: Plan, study: Study, database: Path) -> None:
    """Write one of FILE_NAMES' forms to `path`; the command runs where the database is. Raises InputError."""
    try:
        if form == "study":
            if path.exists():
                raise InputError(f"{path.name} cannot be written: it exists already; choose another name")
            make_private(path)
            with closing(connect(database, timeout_s=5.0)) as here, closing(sqlite3.connect(path)) as there:
                here.backup(there)  # as one file, whatever its log still holds
            return
        text = _FORMS[form](plan, study, database.parent)
        with open_private(path, encoding="utf-8") as file:
            file.write(text)
    except (OSError, sqlite3.Error) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{path.name} cannot be written ({why}); see whether its folder is there") from error


def _script(plan: Plan, study: Study, folder: Path) -> str:
    best = best_of(study.history.preferring(plan.prefer))
    rendered = plan.render(best.params, folder)
    command = ", ".join("sys.executable" if word == sys.executable else repr(word) for word in rendered)
    told, params = len(study.history.told), json.dumps(best.params)
    return render_file("best_script.py", plan=plan, best=best, told=told, params=params, command=command)


def _json(plan: Plan, study: Study, folder: Path) -> str:
    history = study.history.preferring(plan.prefer)
    record = {
        "study_name": plan.study,
        "task": plan.task.to_dict(),
        "command": plan.typed(best_of(history).params, folder),
        "space": plan.space.to_dict(),
        "limits": plan.limits.to_dict(),
        **study_record(history, plan.task, plan.space),
    }
    return json.dumps(record, indent=2) + "\n"


def _report(plan: Plan, study: Study, folder: Path) -> str:
    best = best_of(study.history.preferring(plan.prefer))
    prefer = dict(plan.prefer) if plan.prefer else None
    return report_page(study, prefer=prefer, script=plan.script, command=plan.typed(best.params, folder))


_FORMS: Mapping[str, Callable[[Plan, Study, Path], str]] = {
    "script": _script,
    "json": _json,
    "report": _report,
    "csv": lambda _plan, study, _folder: export_study(study, "csv"),
    "result": lambda _plan, study, _folder: export_study(study, "result"),
}
