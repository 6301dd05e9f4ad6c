"""The command `bestguess ask`: what to try next, for whoever runs it."""

from __future__ import annotations

from pathlib import Path

import click

from bestguess.agent.commands._options import (
    SearchTerms,
    json_option,
    note_direction,
    read_space,
    read_task,
    search_options,
    storage_option,
    study_name_option,
    task_options,
)
from bestguess.agent.commands._output import echo, echo_json, place, say_wait
from bestguess.tools.errors import InputError, StudyError
from bestguess.tools.words.cleaning import clean_line

MOST_AT_ONCE = 10_000


@click.command()
@click.option(
    "--space", "space_spec", metavar="FILE", help="makes the study if it is not there; needed the first time"
)
@task_options
@click.option(
    "--n",
    "count",
    type=click.IntRange(1, MOST_AT_ONCE),
    metavar="N",
    help="how many trials at once",
)
@click.option(
    "--pid",
    type=int,
    metavar="PID",
    help="who runs the trial ($$ in a shell): if it ends without telling, the trial is handed out again",
)
@storage_option()
@study_name_option("default: the space file's name, or the only study")
@search_options(exam=False)
@json_option
def command(
    space_spec: str | None,
    direction: str | None,
    description: str | None,
    count: int | None,
    pid: int | None,
    storage: str,
    study_name: str | None,
    terms: SearchTerms,
    as_json: bool,
) -> None:
    """Ask for the next trial, run it yourself, then `bestguess tell` what came of it.

    As many processes as you like may ask at once; no two get the same trial. With --json, one object:
    number, params, source, reason, prediction; with --n, `trials`, a list of these.

    \b
    Examples:
      bestguess ask --space space.yaml --json
      bestguess ask --n 4
      while trial=$(bestguess ask --space space.yaml --pid $$ --json); do
          value=$(python train.py --lr "$(jq .params.lr <<< "$trial")" | tail -1)
          bestguess tell "$(jq .number <<< "$trial")" "$value"
      done
    """
    from bestguess.agent.record.owner import Owner
    from bestguess.agent.record.storage_url import shown_url
    from bestguess.agent.record.study import load
    from bestguess.agent.reports.report import trial_record
    from bestguess.agent.tuner import Tuner

    given = True
    if space_spec is not None:
        space, words = read_space(space_spec)
        stem = Path(space_spec.partition(":")[0]).stem
        words.setdefault("description", f"Tune {stem}")
        task = read_task(words, description=description, direction=direction)
        given = bool(direction or words.get("direction") or words.get("metrics"))
        study_name = study_name or stem
    elif description is not None or direction is not None:
        raise InputError("--task and --direction describe a new study, which needs --space too")
    else:
        try:
            kept = load(storage, study_name)
        except StudyError as error:
            raise StudyError(f"{error}; --space FILE makes a study") from None
        space, task, study_name = kept.space, kept.task, kept.name
    with Tuner(
        space,
        task,
        storage=storage,
        study_name=study_name,
        owner=None if pid is None else Owner.process(pid),
        prefetch=False,
        **terms,
    ) as tuner:
        note_direction(task, given=given or len(tuner.history) > 0)
        for difference in tuner.study.differences(task, terms["seed"]):
            echo(f"note: {difference}", err=True)
        say_wait(str(terms["llm"]), terms["llm_wait_s"])
        trials = [tuner.ask() for _ in range(count or 1)]
    if as_json:
        records = [trial_record(trial) for trial in trials]
        asked = {"trials": records} if count is not None else records[0]
        echo_json({"study_name": study_name, "storage": shown_url(storage), **asked})
        return
    for trial in trials:
        echo(f"trial {trial.number} ({trial.source}: {trial.reason})")
        for name, value in trial.params.items():
            echo(f"  {name} = {clean_line(str(value))}")
    value = " ".join(f"{name}=NUMBER" for name in task.names) if task.goals else "VALUE"
    assert study_name is not None
    where = place(storage, study_name)
    echo(f"When it has run: bestguess tell {trials[0].number} {value} {where}")
    echo("or in place of what it gave: --failed 'what went wrong'")
