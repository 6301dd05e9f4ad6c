"""The command `bestguess importance`: which parameters move the value."""

from __future__ import annotations

import click

from bestguess.agent.commands._options import json_option, study_options
from bestguess.agent.commands._output import console_for, echo, echo_json, print_table


@click.command()
@study_options
@json_option
def command(storage: str, study_name: str | None, as_json: bool) -> None:
    """Show which parameters move the value, by how much and which way, as the Gaussian process has it.

    \b
    Examples:
      bestguess importance
      bestguess importance --storage sqlite:///runs/study.db --study-name train --json
    """
    from bestguess.agent.record.storage_url import shown_url
    from bestguess.agent.record.study import load
    from bestguess.agent.reports.insight import gain_insight, insight_rows, write_insight

    study = load(storage, study_name)
    insights = gain_insight(study.space, study.history, noisy=study.task.noisy)
    if as_json:
        records = [insight.record for insight in insights]
        echo_json({"study_name": study.name, "storage": shown_url(storage), "parameters": records})
        return
    if not insights:
        echo(write_insight(insights, study.task.metric))
        return
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for title in ("parameter", "importance", study.task.metric):
        table.add_column(Text(title))
    for row in insight_rows(insights):
        table.add_row(*map(Text, row))
    print_table(console_for(), table)
