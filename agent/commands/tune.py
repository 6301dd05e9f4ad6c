"""The command `bestguess tune`: a function or a command is tuned."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bestguess.agent.commands._metrics import metric_options, patterns_for, read_metrics
from bestguess.agent.commands._options import (
    json_option,
    note_direction,
    parallel_option,
    prefer_option,
    read_objective,
    read_space,
    read_task,
    search_options,
    seconds_option,
    storage_option,
    study_name_option,
    task_option,
)
from bestguess.agent.commands._running import tune_and_report

if TYPE_CHECKING:
    from bestguess.tools.objective.reading import Which


@click.command()
@click.argument("objective", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--space", "space_spec", required=True, metavar="FILE", help="YAML file, or module:attribute of a Space"
)
@metric_options
@click.option(
    "--match",
    type=click.Choice(["last", "min", "max"]),
    help="which of a run's matches of --metric counts; default: last",
)
@prefer_option
@task_option
@click.option("--n-trials", type=int, default=20, show_default=True, help="trials in the study when it ends")
@seconds_option("--timeout", "timeout_s", words="start no trial after this")
@click.option("--patience", type=int, metavar="N", help="stop where N trials in a row are no new best")
@seconds_option("--trial-timeout", "trial_timeout_s", words="end a command that runs longer", above_0=True)
@storage_option(words="'none' keeps it in memory", or_none=True)
@study_name_option("default: the space file's name")
@click.option("--resume", is_flag=True, help="go on with the study if it exists")
@click.option(
    "--repeats",
    type=int,
    default=1,
    show_default=True,
    help="runs a trial, whose mean is its value; {seed} in a command is 0, 1, …",
)
@click.option("--keep-going", is_flag=True, help="do not stop where the first three trials all fail alike")
@parallel_option
@click.option("--processes", is_flag=True, help="run each trial of a Python function in a process of its own")
@search_options()
@json_option
def command(
    objective: tuple[str, ...],
    space_spec: str,
    metrics: tuple[str, ...],
    directions: tuple[str, ...],
    limits: tuple[str, ...],
    match: Which | None,
    description: str | None,
    trial_timeout_s: float | None,
    storage: str,
    study_name: str | None,
    parallel: int,
    **terms: Any,
) -> None:
    """Tune a Python function or a command.

    OBJECTIVE is `module:function`, called with a dict of params, or after `--` a command in which {name}
    stands for a parameter's value. The command is run without a shell; an argument that names an inactive
    parameter is left out, along with the flag before it. {amp:--amp} or {amp:--amp/--no-amp} is the word
    for true, or none or the other for false.

    The text of a Text parameter may be a model's, and never becomes code: give {name} as an argument of its
    own to your script or program, or {name:file} for the path of a file that holds it, or {name:stdin}. Every
    command also finds its params as JSON in the variable BESTGUESS_PARAMS.

    Of several metrics there is a front: the trials that no other is at least as good as in all of them. What
    breaks a --limit is never on it.

    \b
    Examples:
      bestguess tune --space space.yaml --n-trials 30 mymodule:objective
      bestguess tune --space space.yaml --metric 'loss=(\\S+)' --llm embedded \\
          -- python train.py --lr {lr} --depth {depth}
      bestguess tune --space space.yaml --metric 'acc=(\\S+)' --direction maximize --repeats 3 \\
          -- python train.py --lr {lr} --seed {seed}
      bestguess tune --space space.yaml --metric val_loss --metric latency_ms --limit 'memory_mb <= 4000' \\
          -- python train.py --lr {lr} --depth {depth}
      bestguess tune --space space.yaml --resume ... (the same command again)
    """
    space, words = read_space(space_spec)
    words.setdefault("description", "Tune " + " ".join(objective))
    given = bool(directions or words.get("direction") or words.get("metrics"))
    patterns = read_metrics(metrics, directions, limits, words)
    task = read_task(words, description=description)
    note_direction(task, given=given)
    function = read_objective(
        objective, space, metric=patterns_for(task, patterns), trial_timeout_s=trial_timeout_s, match=match
    )
    name = study_name or Path(space_spec.partition(":")[0]).stem
    tune_and_report(
        function,
        space,
        task,
        title=f"Study {name}",
        storage=None if storage == "none" else storage,
        study_name=name,
        n_jobs=parallel,
        **terms,
    )
