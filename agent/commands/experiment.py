"""The command `bestguess experiment`: what an agent that edits code asks of its experiments."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bestguess.agent.commands._options import (
    force_option,
    json_option,
    out_option,
    read_space,
    refuse_existing,
    storage_option,
    study_name_option,
    together,
)
from bestguess.agent.commands._output import echo, echo_json
from bestguess.tools.errors import InputError
from bestguess.tools.words.given import shown
from bestguess.tools.words.private import write_private

if TYPE_CHECKING:
    from bestguess.agent.experiments.experiments import Experiments
    from bestguess.agent.task import Task

MOST_CHARS = 200_000
"""Of a diff; of a longer one the rest is left unread."""

_where = together(
    storage_option(),
    study_name_option("which experiments; default: experiments"),
    click.option(
        "--folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=Path(),
        help="the repository and its scripts; git is only read",
    ),
    json_option,
)
_commit = click.option("--commit", metavar="REVISION", help="the commit that was run, such as HEAD")
_diff = click.option(
    "--diff", type=click.File(errors="replace"), metavar="FILE", help="the change as a diff; - is stdin"
)
_params = click.option(
    "--param", "params", multiple=True, metavar="NAME=VALUE", help="a number in the code; once for each"
)
_script = click.option("--script", metavar="FILE", help="the script whose numbers are meant, from --folder")
_space = click.option("--space", metavar="FILE", help="a space of your own in place of the script's")


@click.group()
def command() -> None:
    """Referee an agent that edits code: better or luck, tried before, what next, when to stop.

    \b
    A session of an agent:
      bestguess experiment report                               first: what was tried, in 300 words
      bestguess experiment tried "rotary embeddings"            before an idea is built
      bestguess experiment record --commit HEAD --value 0.31 --seed 1
      bestguess experiment keep                                 then keep the commit, or reset it
      bestguess experiment next --script train.py               numbers worth trying, as an edit
      bestguess experiment stop --cost-per-run 0.4              are more runs worth it?
    """


@command.command()
@click.argument("experiment", required=False)
@_commit
@click.option("--value", "values", multiple=True, type=float, metavar="NUMBER", help="once for each run")
@click.option("--seed", "seeds", multiple=True, type=int, metavar="N", help="of each run, in the same order")
@click.option(
    "--metric",
    "metrics",
    multiple=True,
    metavar="NAME=NUMBER",
    help="another metric, or each of several; again for the next run",
)
@click.option("--failure", "--failed", "failure", metavar="TEXT", help="it gave no value, and this is why")
@click.option(
    "--description", "-m", default="", metavar="TEXT", help="what was changed; default: the commit's"
)
@_diff
@click.option("--note", default="", metavar="TEXT", help="what else to remember of it")
@_params
@click.option("--cost", type=float, metavar="NUMBER", help="what the runs cost, such as dollars")
@click.option("--key", metavar="TEXT", help="a word of this outcome's own: told again, it changes nothing")
@click.option(
    "--direction", type=click.Choice(["minimize", "maximize"]), help="the first time; default: minimize"
)
@click.option(
    "--goal",
    "goals",
    multiple=True,
    metavar="NAME=DIRECTION",
    help="the first time, of a named metric or several",
)
@click.option(
    "--limit", "limits", multiple=True, metavar="'NAME <= NUMBER'", help="the first time: what must hold"
)
@_where
def record(
    experiment: str | None,
    commit: str | None,
    values: tuple[float, ...],
    seeds: tuple[int, ...],
    metrics: tuple[str, ...],
    failure: str | None,
    diff: Any,
    params: tuple[str, ...],
    direction: str | None,
    goals: tuple[str, ...],
    limits: tuple[str, ...],
    storage: str,
    study_name: str | None,
    folder: Path,
    as_json: bool,
    **told: Any,
) -> None:
    """Record what a change came to; without --value and --failure, that it runs.

    The same commit (or diff, or description, with the same --param) is the same EXPERIMENT, to which runs are
    added; so it is by its number. The metric and its direction are given once.

    \b
    Examples:
      bestguess experiment record --commit HEAD --value 0.31 --seed 1 --value 0.33 --seed 2
      bestguess experiment record --commit HEAD --goal val_bpb=minimize --limit 'memory_gb <= 40' \\
          --metric val_bpb=0.998 --metric memory_gb=31.5
      bestguess experiment record --commit HEAD --failure "CUDA out of memory" --cost 0.4
      bestguess experiment record -m "wider layers" --param width=512 --value 0.29 --key job-17
      bestguess experiment record 4 --value 0.30 --seed 2
    """
    opened = _open(storage, study_name, folder, _task(direction, goals, limits)).expect(direction)
    recorded = opened.record(
        list(values) or None,
        experiment=experiment,
        commit=commit,
        seed=list(seeds) or None,
        metrics=_runs(metrics) or None,
        failure=failure,
        diff=diff.read(MOST_CHARS) if diff else "",
        params=_read_params(params),
        **told,
    )
    _say(recorded, as_json)


@command.command()
@click.argument("experiment", required=False)
@_where
def keep(experiment: str | None, storage: str, study_name: str | None, folder: Path, as_json: bool) -> None:
    """Say whether to keep an EXPERIMENT (a number or a commit; default: the latest), and record that.

    It is compared with what was kept last: the chance that it is better, how much of the difference is luck,
    and whether another run is worth its cost. The noise is learned from all runs.

    \b
    Examples:
      bestguess experiment keep
      bestguess experiment keep HEAD --json
      bestguess experiment keep 4
    """
    _say(_open(storage, study_name, folder).keep(experiment), as_json)


@command.command()
@click.argument("description", default="")
@_diff
@_commit
@_params
@click.option("--most", type=click.IntRange(1, 100), default=5, show_default=True, help="how many are shown")
@_where
def tried(
    description: str,
    diff: Any,
    commit: str | None,
    params: tuple[str, ...],
    most: int,
    storage: str,
    study_name: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Say what like an idea was tried, by DESCRIPTION, diff, commit or params, and what came of it.

    \b
    Examples:
      bestguess experiment tried "use rotary embeddings"
      git diff | bestguess experiment tried --diff -
      bestguess experiment tried --param lr=0.01 --json
    """
    found = _open(storage, study_name, folder).tried(
        description,
        diff=diff.read(MOST_CHARS) if diff else "",
        commit=commit,
        params=_read_params(params),
        most=most,
    )
    _say(found, as_json)


@command.command("next")
@_script
@_space
@_where
def next_(
    script: str | None, space: str | None, storage: str, study_name: str | None, folder: Path, as_json: bool
) -> None:
    """Propose numbers of a script to try next, by the experiments recorded with --param, as an edit.

    The edit is printed and not applied. Record it with the params that it sets.

    \b
    Examples:
      bestguess experiment next --script train.py
      bestguess experiment next --space space.yaml --json
    """
    read = read_space(space)[0] if space else None
    _say(_open(storage, study_name, folder).next(script, space=read), as_json)


@command.command()
@click.option("--n", type=click.IntRange(1, 10_000), default=10, show_default=True, help="so many more runs")
@click.option("--cost-per-run", type=float, metavar="NUMBER", help="default: as recorded with --cost")
@_script
@_space
@_where
def stop(
    n: int,
    cost_per_run: float | None,
    script: str | None,
    space: str | None,
    storage: str,
    study_name: str | None,
    folder: Path,
    as_json: bool,
) -> None:
    """Say whether more runs are worth it: what they may gain, and cost.

    \b
    Examples:
      bestguess experiment stop
      bestguess experiment stop --n 20 --cost-per-run 0.40 --script train.py --json
    """
    read = read_space(space)[0] if space else None
    opened = _open(storage, study_name, folder)
    _say(opened.stop(n, cost_per_run=cost_per_run, script=script, space=read), as_json)


@command.command()
@_where
def report(storage: str, study_name: str | None, folder: Path, as_json: bool) -> None:
    """Report in at most 300 words what was tried, what helped, what never did, and what runs.

    \b
    Examples:
      bestguess experiment report
      bestguess experiment report --storage sqlite:///runs/night.db --json
    """
    text = _open(storage, study_name, folder).report()
    echo_json({"report": text}) if as_json else echo(text)


@command.command()
@out_option("a file of your agent's skills, whose folder is made if need be; default: it is printed")
@force_option
def skill(out: Path | None, force: bool) -> None:
    """Print how an agent uses these commands, as a skill that coding agents read; write it with --out.

    \b
    Examples:
      bestguess experiment skill
      bestguess experiment skill --out .claude/skills/bestguess-experiments/SKILL.md
    """
    from importlib.resources import files

    text = files("bestguess.agent.experiments").joinpath("SKILL.md").read_text("utf-8")
    if out is None:
        echo(text, nl=False)
        return
    refuse_existing(out, force=force, makes_folder=True)
    with suppress(OSError):  # that it cannot be made is said when the file is written
        out.parent.mkdir(parents=True, exist_ok=True)
    write_private(out, text)
    echo(f"{out} written; an agent reads it when it starts")


def _open(storage: str, study_name: str | None, folder: Path, task: Task | None = None) -> Experiments:
    from bestguess.agent.experiments.experiments import Experiments

    return Experiments(storage, study_name, task, folder=folder)


def _say(answer: Any, as_json: bool) -> None:
    echo_json(answer.record) if as_json else echo(answer.words)


def _task(direction: str | None, goals: tuple[str, ...], limits: tuple[str, ...]) -> Task | None:
    from bestguess.agent.commands._metrics import read_metrics
    from bestguess.agent.task import Task

    named = dict(_pair("--goal", goal, "val_loss=minimize") for goal in goals)
    if direction and named:
        raise InputError("--direction is of one metric without a name, and a --goal has its own; drop one")
    if not (direction or named or limits):
        return None
    words: dict[str, Any] = {"metrics": named} if named else {}
    read_metrics((), [direction] if direction else [], limits, words)
    return Task.from_dict(words)


def _runs(metrics: tuple[str, ...]) -> list[dict[str, float]]:
    """Return the metrics of each run: a name that comes again is of the next run."""
    runs: list[dict[str, float]] = []
    for name, number in (_pair("--metric", word, "memory_mb=380") for word in metrics):
        run = next((run for run in runs if name not in run), None)
        if run is None:
            runs.append(run := {})
        try:
            run[name] = float(number)
        except ValueError:
            raise InputError(f"--metric {name} is {shown(number)}; give a number") from None
    return runs


def _read_params(words: tuple[str, ...]) -> dict[str, Any]:
    """Return params as JSON reads their values, or as the words that they are."""
    found: dict[str, Any] = {}
    for name, text in (_pair("--param", word, "lr=0.01") for word in words):
        try:
            found[name] = json.loads(text)
        except (ValueError, RecursionError):
            found[name] = text
    return found


def _pair(option: str, word: str, example: str) -> tuple[str, str]:
    name, equals, value = word.partition("=")
    if not equals or not name.strip() or not value.strip():
        more = (
            "; the metric and its direction are given by --goal NAME=minimize" if option == "--metric" else ""
        )
        raise InputError(f"{option} is {shown(word)}; give NAME=VALUE, for example {option} {example}{more}")
    return name.strip(), value.strip()
