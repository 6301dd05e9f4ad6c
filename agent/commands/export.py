"""The command `bestguess export`: the trials of a study, for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bestguess.agent.commands._options import (
    force_option,
    json_option,
    out_option,
    refuse_existing,
    study_options,
)
from bestguess.agent.commands._output import echo, echo_json
from bestguess.tools.words.private import write_private
from bestguess.tools.words.sentences import counted

if TYPE_CHECKING:
    from bestguess.agent.export import Form


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
    storage: str, study_name: str | None, form: Form, out: Path | None, force: bool, as_json: bool
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
    from bestguess.agent.export import export_study
    from bestguess.agent.record.storage_url import shown_url
    from bestguess.agent.record.study import load

    refuse_existing(out, force=force)
    study = load(storage, study_name)
    text = export_study(study, form)
    if out is not None:
        write_private(out, text)
    if as_json:
        content = {} if out is not None else {"content": text}
        where = None if out is None else str(out)
        record = {"study_name": study.name, "storage": shown_url(storage), "format": form, "out": where}
        echo_json({**record, "trials": len(study.history), **content})
    elif out is not None:
        echo(f"Wrote {out}: {counted(len(study.history), 'trial')}")
    else:
        echo(text, nl=False)
