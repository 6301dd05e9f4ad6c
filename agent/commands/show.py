"""The command `bestguess show`: what a study came to."""

from __future__ import annotations

import click

from bestguess.agent.commands._options import json_option, prefer_option, study_options
from bestguess.agent.commands._output import console_for, echo_json, print_markdown, print_table


@click.command()
@study_options
@prefer_option
@click.option("--importance", is_flag=True, help="also which parameters move the value, and which way")
@json_option
def command(
    storage: str,
    study_name: str | None,
    prefer: dict[str, float] | None,
    importance: bool,
    as_json: bool,
) -> None:
    """Show a study: its trials, the best, who proposed what, and why turns were not taken.

    \b
    Examples:
      bestguess show
      bestguess show --importance
      bestguess show --storage sqlite:///runs/study.db --study-name train --json
    """
    from bestguess.agent.record.storage_url import shown_url
    from bestguess.agent.record.study import load
    from bestguess.agent.reports.insight import gain_insight
    from bestguess.agent.reports.live import trials_table
    from bestguess.agent.reports.report import study_record
    from bestguess.agent.reports.study_report import report_on

    study = load(storage, study_name)
    history = study.history.preferring(prefer)
    if as_json:
        record = {
            "study_name": study.name,
            "storage": shown_url(storage),
            **study_record(history, study.task, study.space),
            "left_out": [{"number": number, "reason": why} for number, why in study.left_out.items()],
        }
        if importance:
            insights = gain_insight(study.space, history, noisy=study.task.noisy)
            record["importance"] = [one.record for one in insights]
        echo_json(record)
        return
    console = console_for()
    table = trials_table(history.trials, study.task, history.front)
    text = report_on(study, importance=importance, prefer=prefer)
    print_table(console, table)
    print_markdown(console, text)
