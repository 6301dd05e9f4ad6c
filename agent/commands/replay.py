"""The command `bestguess replay`: does the record still give the trials it gave?"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bestguess.agent.commands._options import json_option, study_options
from bestguess.agent.commands._output import echo, echo_json


@click.command()
@study_options
@click.option(
    "--journal",
    "path",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
    help="the record of the model's answers  [default: beside the study]",
)
@json_option
def command(storage: str, study_name: str | None, path: Path | None, as_json: bool) -> None:
    """Propose a study's trials again from its record, without a model, and compare.

    Nothing is evaluated and nothing is written. Exit code 0: every trial is what it was; 1: some are not,
    as after a change of BestGuess or where several processes asked at once.

    \b
    Examples:
      bestguess replay
      bestguess replay --storage sqlite:///runs/study.db --study-name train --json
    """
    from bestguess.agent.advice.journal import Journal, beside
    from bestguess.agent.record.study import load
    from bestguess.agent.replay import replay

    study = load(storage, study_name)
    path = path or beside(storage)
    advice = Journal(path, reading=True).advice(study.name) if path is not None and path.exists() else {}
    replayed = list(replay(study, advice))
    changed = [one for one in replayed if not one.same]
    if as_json:
        rows = [
            {
                "number": one.trial.number,
                "was": {"source": one.trial.source, "params": one.trial.params},
                "is": {"source": one.source, "params": dict(one.params)},
            }
            for one in changed
        ]
        echo_json({"study_name": study.name, "trials": len(replayed), "changed": rows})
    else:
        for one in changed:
            echo(f"trial {one.trial.number} was {one.trial.source} {one.trial.params}")
            echo(f"{'is now':>{len(f'trial {one.trial.number} was')}} {one.source} {dict(one.params)}")
        answers = f"{len(advice)} answers of the model in {path}" if advice else "no answers of a model"
        same = len(replayed) - len(changed)
        echo(f"{same} of {len(replayed)} trials are what they were; {answers}")
    sys.exit(1 if changed else 0)
