"""The command `bestguess tell`: what came of a trial."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from bestguess.agent.commands._options import json_option, study_options
from bestguess.agent.commands._output import echo, echo_json
from bestguess.tools.errors import InputError
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import shown

if TYPE_CHECKING:
    from bestguess.agent.record.study import Study


@click.command(context_settings={"ignore_unknown_options": True})  # a negative value is an argument
@click.argument("what", nargs=-1, metavar="[NUMBER] [VALUE ...]")
@click.option("--failed", "--failure", "failed", metavar="TEXT", help="it gave no value, and this is why")
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
@click.option(
    "--trace",
    type=click.File(errors="replace"),
    metavar="FILE",
    help='the run\'s steps, as JSON [{"name": ..., "input": ..., "output": ..., "error": ...}]; - is stdin',
)
@click.option(
    "--step",
    type=int,
    metavar="STEP",
    help="the VALUE at this step of a trial that goes on, such as an epoch; says whether to stop it",
)
@click.option("--pruned", is_flag=True, help="it was stopped early; VALUE is its last one, or left out")
@study_options
@json_option
def command(
    what: tuple[str, ...],
    failed: str | None,
    params: str | None,
    feedback: str,
    feedback_file: Any,
    trace: Any,
    step: int | None,
    pruned: bool,
    storage: str,
    study_name: str | None,
    as_json: bool,
) -> None:
    """Tell the outcome of a trial: a VALUE, or that it FAILED and why.

    Of several metrics or with limits, VALUE is NAME=NUMBER for each of them. Several VALUEs are those of
    several runs with other seeds, whose mean counts, and whose spread is noise that the search knows of.

    Telling the same again changes nothing and says so (exit code 0); telling another outcome is an error that
    names both (exit code 2). Of a noisy task, --params told again are another run.

    With --step the trial goes on, and what is printed is `go on` or `stop` (with --json, `stop` is true or
    false), by the rule that `ask --pruner` gave the study. After a `stop`, tell the value, or --pruned.

    \b
    Examples:
      bestguess tell 3 0.25
      bestguess tell 3 -0.5 --feedback-file train.log --json
      bestguess tell 3 0.25 0.27 0.22
      bestguess tell 3 0.25 --trace steps.json
      bestguess tell 4 --failed "CUDA out of memory"
      bestguess tell 5 0.7 --step 3
      bestguess tell 5 val_loss=0.25 latency_ms=12 memory_mb=3800
      bestguess tell 0.2 --params '{"lr": 0.001, "depth": 3}'
    """
    from bestguess.agent.record.storage_url import shown_url
    from bestguess.agent.record.study import load
    from bestguess.agent.reports.front import best_so_far, unmoved_words, values_words
    from bestguess.agent.reports.stopped import stop_record, stop_words
    from bestguess.tools.trace import read_trace
    from bestguess.tools.trial import Outcome
    from bestguess.tools.words.documents import MAX_BYTES, read_json

    if trace is not None and step is not None:
        raise InputError("--trace is of a whole run; leave --step out")
    if (step is not None or pruned) and (params is not None or failed is not None):
        raise InputError("--step and --pruned are of a trial that was asked; leave --params and --failed out")
    number, value = _read_arguments(what, params=params, valued=None if pruned else failed is None)
    if isinstance(value, list) and (step is not None or pruned):
        raise InputError("--step and --pruned are of one run; of several none is stopped early")
    if feedback_file is not None:
        feedback = f"{feedback}\n{feedback_file.read()}".strip()
    study = load(storage, study_name)
    if step is not None:
        assert number is not None
        if isinstance(value, dict | list):
            raise InputError("--step is of one metric; a study of several stops no trial early")
        _tell_step(study, number, step, value, as_json=as_json)
        return
    if failed is not None:
        outcome = Outcome.failure(failed, feedback=feedback)
    elif isinstance(value, dict):
        outcome = Outcome(values=value, feedback=feedback, pruned=pruned)
    elif isinstance(value, list):
        outcome = Outcome.of_runs(value, feedback=feedback)
    else:
        outcome = Outcome(value, feedback=feedback, pruned=pruned)
    if trace is not None:
        steps = read_json(trace.read(MAX_BYTES), f"--trace {trace.name}", "write a list of steps")
        outcome = replace(outcome, trace=read_trace(steps))
    if params is not None:
        given = read_json(params, f"--params is {shown(params)}, which", "quote it for the shell")
        trial, recorded = study.tell_params(given, outcome)
    else:
        assert number is not None
        trial, recorded = study.tell(number, outcome)
    history = study.history
    best = history.incumbent
    if as_json:
        record = {
            "study_name": study.name,
            "storage": shown_url(storage),
            "number": trial.number,
            "state": trial.state,
            "value": trial.value,
            "values": trial.values,
            "front": [each.number for each in history.front],
            "stopped": stop_record(trial),
            "recorded": recorded,
            "best": {"number": best.number, "value": best.value, "params": best.params} if best else None,
        }
        echo_json(record)
        return
    came = f"failed ({clean_line(trial.feedback)})"
    if trial.value is not None:
        one = f"value {trial.value:.6g}"
        came = values_words(trial, history.goals, named=True) if trial.values else one
    came = stop_words(trial) if trial.is_unfinished else came
    ending = f"; best so far: trial {best.number}, {best.value:.6g}" if best else ""
    if history.goals or unmoved_words(history):
        ending = f"; {best_so_far(history)}"
    said = "" if recorded else "; it was told before and nothing changed"
    echo(f"trial {trial.number}: {came}{said}{ending}")


def _tell_step(study: Study, number: int, step: int, value: float | None, *, as_json: bool) -> None:
    """Report the value at a step, and print whether to stop."""
    from bestguess.agent.pruning.pruner import NONE, Pruner
    from bestguess.agent.pruning.run import Run

    rule = study.pruner or NONE
    run = Run(study, number, None if rule == NONE else Pruner(rule, seed=study.seed))
    run.report(step, value)  # type: ignore[arg-type]
    stop = run.should_stop()
    if as_json:
        echo_json({"study_name": study.name, "number": number, "step": step, "value": value, "stop": stop})
    else:
        echo("stop" if stop else "go on")


def _read_arguments(
    what: tuple[str, ...], *, params: str | None, valued: bool | None
) -> tuple[int | None, float | list[float] | dict[str, float] | None]:
    """Return the number and the value, each None where it has no place.

    Of several metrics that is their values by name, of several runs a list.

    Where `valued` is None a value may be left out.
    """
    numbered = params is None
    if valued is None:
        valued = len(what) > 1
    expected = ["NUMBER"] * numbered + ["VALUE"] * valued
    named_all = valued and len(what) >= len(expected) and all("=" in word for word in what[numbered:])
    runs = valued and len(what) > len(expected) and not named_all
    if (len(what) != len(expected) and not (named_all or runs)) or any(
        word.startswith("--") for word in what
    ):
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
        if named_all:
            named = [word.rpartition("=") for word in what[numbered:]]
            return number, {name: float(value) for name, _, value in named}
        if runs:
            return number, [float(word) for word in what[numbered:]]
        return number, float(what[-1]) if valued else None
    except ValueError:
        raise InputError(
            f"the value is {shown(' '.join(what[numbered:]))}; give a number, of several metrics NAME=NUMBER "
            "for each, or --failed with the reason"
        ) from None
