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
from bestguess.agent.commands._output import console_for, echo, echo_json, print_markdown
from bestguess.tools.words.cleaning import inert
from bestguess.tools.words.private import write_private


@click.command()
@study_options
@out_option("write it to this Markdown file; default: print it")
@click.option(
    "--html",
    "page",
    type=click.Path(dir_okay=False, path_type=Path),
    help="write it to this HTML file, with charts, which needs nothing from elsewhere",
)
@prefer_option
@force_option
@json_option
def command(
    storage: str,
    study_name: str | None,
    out: Path | None,
    page: Path | None,
    prefer: dict[str, float] | None,
    force: bool,
    as_json: bool,
) -> None:
    """Report on a study in Markdown, or as a page: default against best, who proposed what, what matters.

    \b
    Examples:
      bestguess report
      bestguess report --out report.md
      bestguess report --html report.html
      bestguess report --storage sqlite:///runs/study.db --study-name train --json
    """
    from bestguess.agent.record.storage_url import shown_url
    from bestguess.agent.record.study import load
    from bestguess.agent.reports.study_report import report_on

    for path in (out, page):
        refuse_existing(path, force=force)
    study = load(storage, study_name)
    text = report_on(study, prefer=prefer)
    if out is not None:
        write_private(out, inert(text) + "\n")
    if page is not None:
        from bestguess.agent.chat.answers.report_page import report_page

        write_private(page, report_page(study, prefer=prefer))
    if as_json:
        written = {name: str(path) if path else None for name, path in (("out", out), ("html", page))}
        echo_json({"study_name": study.name, "storage": shown_url(storage), **written, "report": text})
    elif out is not None or page is not None:
        echo(f"Wrote {' and '.join(str(path) for path in (out, page) if path is not None)}")
    else:
        print_markdown(console_for(), text)
