"""The command `bestguess report`: what a study came to, as one document."""

from __future__ import annotations

from pathlib import Path

import click

from bestguess.agent.commands._options import (
    force_option,
    json_option,
    out_option,
    prefer_option,
    refuse_existing,
    study_options,
)
from bestguess.agent.commands._output import console_for, echo, echo_json, write_file


@click.command()
@study_options
@out_option("write it to this Markdown file; default: print it")
@prefer_option
@force_option
@json_option
def command(
    storage: str,
    study_name: str | None,
    out: Path | None,
    prefer: dict[str, float] | None,
    force: bool,
    as_json: bool,
) -> None:
    """Report on a study in Markdown: default against best, who proposed what, what moves the value.

    \b
    Examples:
      bestguess report
      bestguess report --out report.md
      bestguess report --storage sqlite:///runs/study.db --study-name train --json
    """
    from bestguess.agent.record.storage_url import shown_url
    from bestguess.agent.record.study import load
    from bestguess.agent.reports.study_report import report_on

    refuse_existing(out, force=force)
    study = load(storage, study_name)
    text = report_on(study, prefer=prefer)
    if out is not None:
        write_file(out, text + "\n")
    if as_json:
        where = None if out is None else str(out)
        echo_json({"study_name": study.name, "storage": shown_url(storage), "out": where, "report": text})
    elif out is not None:
        echo(f"Wrote {out}")
    else:
        from rich.markdown import Markdown

        console = console_for()
        shown = Markdown(text, hyperlinks=False) if console.is_terminal else text
        console.print(shown, soft_wrap=not console.is_terminal)
