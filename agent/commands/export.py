"""The command `bestguess export`: the trials of a study, for other programs."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bestguess.agent.commands._options import (
    force_option,
    json_option,
    out_option,
    refuse_existing,
    study_options,
)
from bestguess.agent.commands._output import echo, echo_json, write_file

if TYPE_CHECKING:
    from bestguess.agent.record.study import Study


@click.command()
@study_options
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv", "json", "result"]),
    default="csv",
    show_default=True,
    help="csv: a row a trial; json: all that `show --json` has, and the space; result: for bg.Result.load",
)
@out_option("write it to this file; default: print it")
@force_option
@json_option
def command(
    storage: str, study_name: str | None, form: str, out: Path | None, force: bool, as_json: bool
) -> None:
    """Take a study away: its trials as comma-separated values, or all of it as JSON.

    A cell of words that a spreadsheet would run as a formula gets an apostrophe in front.

    \b
    Examples:
      bestguess export > trials.csv
      bestguess export --format json --out study.json
      bestguess export --format result --out result.json    # bg.Result.load("result.json")
      bestguess export --out trials.csv --json
    """
    from bestguess.agent.record.storage_url import shown_url
    from bestguess.agent.record.study import load

    refuse_existing(out, force=force)
    study = load(storage, study_name)
    text = {"csv": _csv, "json": _json, "result": _result}[form](study)
    if out is not None:
        write_file(out, text)
    if as_json:
        content = {} if out is not None else {"content": text}
        where = None if out is None else str(out)
        record = {"study_name": study.name, "storage": shown_url(storage), "format": form, "out": where}
        echo_json({**record, "trials": len(study.history), **content})
    elif out is not None:
        echo(f"Wrote {out}: {len(study.history)} trials")
    else:
        echo(text, nl=False)


def _csv(study: Study) -> str:
    from bestguess.agent.reports.rows import trial_rows

    rows = trial_rows(study.space, study.history)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerows(_cells(row) for row in ([*rows[0]] if rows else [], *([*row.values()] for row in rows)))
    return out.getvalue()


def _cells(row: Sequence[Any]) -> list[Any]:
    return [f"'{cell}" if isinstance(cell, str) and cell[:1] in tuple("=+-@\t\r") else cell for cell in row]


def _json(study: Study) -> str:
    from bestguess.agent.reports.report import study_record

    history = study.history
    seconds = sum(trial.outcome.seconds or 0.0 for trial in history.told if trial.outcome)
    record = {
        "study_name": study.name,
        "task": study.task.to_dict(),
        "space": study.space.to_dict(),
        **study_record(history, study.task, study.space, seconds=seconds),
    }
    return json.dumps(record, indent=2) + "\n"


def _result(study: Study) -> str:
    from bestguess.agent.result import Result

    return json.dumps(Result(study, None, 0.0).document, allow_nan=False) + "\n"
