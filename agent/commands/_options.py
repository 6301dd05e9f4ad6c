"""What several commands share: options, and the space, task and objective that they name."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bestguess.tools.errors import CommandError, InputError

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from bestguess.agent.task import Task
    from bestguess.tools.objective.run import Objective
    from bestguess.tools.space.space import Space

LLM_HELP = "none; embedded[:NAME]; a model folder; an OpenAI-compatible URL; module:attribute"
WIDEST = 100_000
"""Columns of a pipe."""

DEFAULT_STORAGE = "sqlite:///bestguess.db"
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}

json_option = click.option("--json", "as_json", is_flag=True, help="one JSON object on stdout")


def study_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that name a study which is there."""
    return storage_option()(study_name_option("may be left out when the storage holds one study")(command))


def storage_option(
    default: str | None = DEFAULT_STORAGE, *, words: str | None = None, or_none: bool = False
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option that says where studies are kept, which outlives the command; 'none' if `or_none`."""

    def read(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
        from bestguess.agent.record.storage_url import is_memory, read_url
        from bestguess.tools.errors import StudyError

        if given is None or (or_none and given == "none"):
            return given
        if is_memory(read_url(given)):
            mend = "'none' says so" if or_none else "name a file, as sqlite:///study.db"
            raise StudyError(f"storage is {given!r}, which ends with the command; {mend}")
        return given

    return click.option(
        "--storage",
        default=default,
        show_default=default is not None,
        metavar="URL",
        callback=read,
        help=words,
    )


def seed_option() -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option that makes proposals repeatable."""

    def read(_context: click.Context, _option: click.Parameter, given: int | None) -> int | None:
        from bestguess.agent.checks import check_seed

        return check_seed(given)

    return click.option("--seed", type=int, default=None, callback=read, help="makes proposals repeatable")


def read_seconds(_context: click.Context, option: click.Parameter, given: float | None) -> float | None:
    """Return an option's duration, for a callback; raise InputError unless it is a finite number from 0."""
    import math

    if given is not None and not (math.isfinite(given) and given >= 0):
        raise InputError(f"{option.name} is {given}; give 0 or more seconds")
    return given


def study_name_option(words: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the option that names a study, with the words of its help."""
    return click.option("--study-name", metavar="NAME", callback=_read_study_name, help=words)


def _read_study_name(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    if given is None:
        return None
    from bestguess.agent.checks import check_study_name

    return check_study_name(given)


def session_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options of a session in conversation, whatever shows it."""
    for option in reversed(
        (
            click.option(
                "--folder",
                type=click.Path(exists=True, file_okay=False, path_type=Path),
                default=Path(),
                help="where the scripts are, and files are written; nothing outside of it is touched",
            ),
            click.option("--llm", default="none", show_default=True, metavar="SPEC", help=LLM_HELP),
            click.option("--resume", is_flag=True, help="go on with the folder's last session"),
            click.option(
                "--parallel", type=click.IntRange(1, 64), default=1, show_default=True, help="trials at once"
            ),
            seed_option(),
        )
    ):
        command = option(command)
    return command


def knowledge_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that says which packs of what is known to work have a part."""
    return click.option(
        "--knowledge",
        default="on",
        show_default=True,
        metavar="SPEC",
        callback=_read_knowledge,
        help="packs of what is known to work: on, off, or a folder with more of your own",
    )(command)


def _read_knowledge(_context: click.Context, _option: click.Parameter, given: str) -> bool | str:
    return {"on": True, "off": False}.get(given, given)


def llm_options(default: str, *, wait_s: float = 120.0) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the options that say which language model guesses, and how long it is waited for."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(
            (
                click.option(
                    "--llm",
                    default=default,
                    show_default=True,
                    metavar="SPEC",
                    help=LLM_HELP,
                ),
                click.option(
                    "--llm-wait",
                    "llm_wait_s",
                    type=float,
                    default=wait_s,
                    show_default=True,
                    metavar="SECONDS",
                    callback=read_seconds,
                    help="longest wait for the model before a trial; the search goes on without it",
                ),
                click.option(
                    "--llm-tokens",
                    type=click.IntRange(0),
                    metavar="N",
                    help="what the model may read and write",
                ),
                click.option(
                    "--llm-requests", type=click.IntRange(0), metavar="N", help="how often it may be asked"
                ),
                seed_option(),
                click.option(
                    "--json", "as_json", is_flag=True, help="one JSON object as the last line of stdout"
                ),
            )
        ):
            command = option(command)
        return command

    return add


def read_space(spec: str) -> tuple[Space, dict[str, Any]]:
    """Return the space in a YAML file or at module:attribute, and the file's words about the task."""
    from bestguess.tools.objective.run import load_object
    from bestguess.tools.space.formats import load_yaml
    from bestguess.tools.space.space import Space

    if ":" in spec and not os.path.exists(spec):
        space = load_object(spec)
        if not isinstance(space, Space):
            raise CommandError(f"--space {spec} is a {type(space).__name__}; name a bestguess.Space")
        return space, {}
    return load_yaml(Path(spec))


def read_task(
    words: dict[str, Any],
    *,
    description: str | None,
    metric: str | None,
    direction: str | None,
    objective: Sequence[str],
) -> Task:
    """Return the task: what the file says, overruled by the options, filled in from the command."""
    from bestguess.agent.task import Task

    given = {"description": description, "direction": direction}
    words = {**words, **{key: value for key, value in given.items() if value is not None}}
    words.setdefault("description", "Tune " + " ".join(objective))
    if metric is not None:
        # The last word before the group is usually the metric's name: 'val_loss=(...)', '"loss": (...)'.
        before = re.sub(r"\(\?[a-z]+\)|\\[a-zA-Z]|\[[^\]]*\]", " ", metric).partition("(")[0]
        named = re.findall(r"[A-Za-z_][\w.@/-]*", before)
        words.setdefault("metric", named[-1].strip("./-") if named else "value")
    return Task.from_dict(words)


def read_objective(
    objective: Sequence[str], space: Space, *, metric: str | None, trial_timeout_s: float | None
) -> Objective:
    """Return the objective: one word with a colon is a Python function, anything else a command."""
    from bestguess.tools.objective.run import CommandObjective, FunctionObjective, load_function

    if len(objective) == 1 and ":" in objective[0] and "{" not in objective[0]:
        if metric is not None or trial_timeout_s is not None:
            raise CommandError("--metric and --trial-timeout are for commands; a function returns its value")
        return FunctionObjective(load_function(objective[0]))
    if metric is None:
        raise CommandError("a command needs --metric, for example --metric 'loss=([0-9.eE+-]+)'")
    command = CommandObjective(
        objective, metric=metric, space_names=space.names, text_names=space.texts, timeout_s=trial_timeout_s
    )
    if shutil.which(objective[0]) is None:
        raise CommandError(
            f"there is no program {objective[0]!r} to run, here or on the PATH, or it may not be executed; "
            "see whether the command runs by hand"
        )
    return command


def console_for(*, stderr: bool = False) -> Console:
    """Return the console to print on."""
    from bestguess.agent.reports.console import CleanConsole

    return CleanConsole(stderr=stderr)


def print_table(console: Console, table: Table) -> None:
    """Print a table; in a pipe, which is nobody's window, nothing of it is cut or wrapped."""
    if not console.is_terminal:
        table.expand = False
        console.width = console.measure(table, options=console.options.update(max_width=WIDEST)).maximum
    console.print(table)
