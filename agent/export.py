"""A study taken away as text, for other programs: `bestguess export`, `/export` and the MCP tool write it."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from bestguess.agent.record.study import Study
from bestguess.agent.reports.report import study_record
from bestguess.agent.reports.rows import trial_rows
from bestguess.agent.result import Result
from bestguess.tools.trial import Proposal, Trial

Form = Literal["csv", "json", "result"]
"""A row a trial; all that is known of the study, and its space; what `Result.load` reads."""


_FORMULA = tuple("=+-@\t\r\n\uff1d\uff0b\uff0d\uff20")
"""What begins a formula for a spreadsheet, full-width forms included."""


def export_study(study: Study, form: Form) -> str:
    """Return the text of a study in a form."""
    return _FORMS[form](study)


def _csv(study: Study) -> str:
    history = study.history
    # Of no trial there are no rows, but the columns.
    blank = replace(history, trials=(Trial(0, Proposal(study.space.default(), "default")),))
    head = [*trial_rows(study.space, blank)[0]]
    rows = ([*row.values()] for row in trial_rows(study.space, history))
    out = io.StringIO()
    bare = csv.writer(out, lineterminator="\n")
    quoted = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
    for row in map(_cells, (head, *rows)):
        # Before Python 3.13 a carriage return stays bare, where readers end the row.
        (quoted if "\r" in "".join(map(str, row)) else bare).writerow(row)
    return out.getvalue()


def _cells(row: Sequence[Any]) -> list[Any]:
    return [f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell for cell in row]


def _json(study: Study) -> str:
    history = study.history
    record = {
        "study_name": study.name,
        "task": study.task.to_dict(),
        "space": study.space.to_dict(),
        **study_record(history, study.task, study.space),
    }
    return json.dumps(record, indent=2) + "\n"


def _result(study: Study) -> str:
    return json.dumps(Result(study, None, 0.0).document, allow_nan=False) + "\n"


_FORMS: Mapping[Form, Callable[[Study], str]] = {"csv": _csv, "json": _json, "result": _result}
