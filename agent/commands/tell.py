"""The command `bestguess tell`: what came of a trial."""

from __future__ import annotations

from typing import Any

import click

from bestguess.agent.commands._options import json_option, study_options
from bestguess.agent.commands._output import echo, echo_json
from bestguess.tools.errors import InputError
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import shown


@click.command(context_settings={"ignore_unknown_options": True})  # a negative value is an argument
@click.argument("what", nargs=-1, metavar="[NUMBER] [VALUE]")
@click.option("--failed", metavar="TEXT", help="it gave no value, and this is why")
@click.option(
    "--params", metavar="JSON", help="tell of these params, which nobody asked for, not of a number"
)
@click.option(
    "--feedback", default="", metavar="TEXT", help="what the tuner should read, such as a log's end"
)
@click.option(
    "--feedback-file",
    type=click.File(errors="replace"),
    metavar="FILE",
    help="the same from a file; - is stdin",
)
@study_options
@json_option
def command(
    what: tuple[str, ...],
    failed: str | None,
    params: str | None,
    feedback: str,
    feedback_file: Any,
    storage: str,
    study_name: str | None,
    as_json: bool,
) -> None:
    """Tell the outcome of a trial: a VALUE, or that it FAILED and why.

    Telling the same again changes nothing and says so (exit code 0); telling another outcome is an error that
    names both (exit code 2).

    \b
    Examples:
      bestguess tell 3 0.25
      bestguess tell 3 -0.5 --feedback-file train.log --json
      bestguess tell 4 --failed "CUDA out of memory"
      bestguess tell 0.2 --params '{"lr": 0.001, "depth": 3}'
    """
    from bestguess.agent.record.storage_url import shown_url
    from bestguess.agent.record.study import load
    from bestguess.tools.trial import Outcome, Proposal
    from bestguess.tools.words.documents import read_json

    number, value = _read_arguments(what, failed=failed, params=params)
    if feedback_file is not None:
        feedback = f"{feedback}\n{feedback_file.read()}".strip()
    outcome = (
        Outcome(value, feedback=feedback) if failed is None else Outcome.failure(failed, feedback=feedback)
    )
    study = load(storage, study_name)
    if params is not None:
        given = read_json(params, f"--params is {shown(params)}, which", "quote it for the shell")
        proposal = Proposal(study.space.validate(given), "user", "told by the user")
        trial, recorded = study.add(proposal, outcome), True
    else:
        assert number is not None
        trial, recorded = study.tell(number, outcome)
    best = study.history.incumbent
    if as_json:
        record = {
            "study_name": study.name,
            "storage": shown_url(storage),
            "number": trial.number,
            "state": trial.state,
            "value": trial.value,
            "recorded": recorded,
            "best": {"number": best.number, "value": best.value, "params": best.params} if best else None,
        }
        echo_json(record)
        return
    came = f"value {trial.value:.6g}" if trial.value is not None else f"failed ({clean_line(trial.feedback)})"
    ending = f"; best so far: trial {best.number}, {best.value:.6g}" if best else ""
    said = "" if recorded else "; it was told before and nothing changed"
    echo(f"trial {trial.number}: {came}{said}{ending}")


def _read_arguments(
    what: tuple[str, ...], *, failed: str | None, params: str | None
) -> tuple[int | None, float | None]:
    """Return the number and the value, each None where it has no place."""
    numbered, valued = params is None, failed is None
    expected = ["NUMBER"] * numbered + ["VALUE"] * valued
    if len(what) != len(expected) or any(word.startswith("--") for word in what):
        given = " ".join(what) or "nothing"
        raise InputError(
            f"tell was given {shown(given)}; give {' and '.join(expected) or 'neither NUMBER nor VALUE'} "
            "(see bestguess tell --help)"
        )
    try:
        number = int(what[0]) if numbered else None
    except ValueError:
        raise InputError(
            f"the trial is {shown(what[0])}; give the number that `bestguess ask` gave"
        ) from None
    try:
        value = float(what[-1]) if valued else None
    except ValueError:
        raise InputError(
            f"the value is {shown(what[-1])}; give a number, or --failed with the reason"
        ) from None
    return number, value
