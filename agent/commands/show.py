"""The command `bestguess show`: what a study came to."""

from __future__ import annotations

import click

from bestguess.agent.commands._options import json_option, prefer_option, study_options
from bestguess.agent.commands._output import console_for, echo_json, print_table


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
    from bestguess.agent.advice.knowledge import read_knowledge
    from bestguess.agent.record.storage_url import shown_url
    from bestguess.agent.record.study import load
    from bestguess.agent.record.trials import write_left_out
    from bestguess.agent.reports.insight import gain_insight, write_insight
    from bestguess.agent.reports.live import trials_table
    from bestguess.agent.reports.report import study_record, write_report

    study = load(storage, study_name)
    history = study.history.preferring(prefer)
    seconds = sum(trial.outcome.seconds or 0.0 for trial in history.told if trial.outcome)
    known = read_knowledge(study.knowledge, study.name)
    insights = gain_insight(study.space, history, noisy=study.task.noisy) if importance else ()
    left_out = study.left_out
    if as_json:
        record = {
            "study_name": study.name,
            "storage": shown_url(storage),
            **study_record(history, study.task, study.space, seconds=seconds),
            "left_out": [{"number": number, "reason": why} for number, why in left_out.items()],
        }
        if importance:
            record["importance"] = [one.record for one in insights]
        echo_json(record)
        return
    from rich.markdown import Markdown

    console = console_for()
    table = trials_table(history.trials, study.task, history.front)
    lines = (*(known.lines if known else ()), *write_left_out(left_out))
    texts = [write_report(history, study.task, study.space, title=f"Study {study.name}", lines=lines)]
    if importance:
        texts.append(write_insight(insights, study.task.metric))
    print_table(console, table)
    for text in texts:
        shown = Markdown(text, hyperlinks=False) if console.is_terminal else text
        console.print(shown, soft_wrap=not console.is_terminal)
