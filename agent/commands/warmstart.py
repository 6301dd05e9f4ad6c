"""The command `bestguess warmstart`: what to evaluate first, for any tuner."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bestguess.agent.adapters import __all__ as tuners
from bestguess.agent.commands._options import (
    SearchTerms,
    force_option,
    json_option,
    read_native,
    read_task,
    refuse_existing,
    search_options,
    storage_option,
    task_options,
)
from bestguess.agent.commands._output import echo, echo_json, say_wait
from bestguess.tools.errors import InputError, SpaceError
from bestguess.tools.words.given import shown

if TYPE_CHECKING:
    from bestguess.agent.warm_start import WarmStart

MOST_AT_ONCE = 1000
NO_OUT = "warmstart.json"
"""The file that the shown code reads where --out names none."""


@click.command()
@click.option(
    "--space",
    "space_spec",
    required=True,
    metavar="FILE",
    help="YAML file, or module:attribute of a Space or of the tuner's own space",
)
@click.option("--for", "tuner", type=click.Choice(tuners), default="json", show_default=True)
@click.option("--n", type=int, default=5, show_default=True, help="points, the default among them")
@task_options
@click.option("--metric", metavar="NAME", help="what the objective's value is")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="write the document that any adapter can load later; the rows, if FILE ends in .csv",
)
@click.option(
    "--reader",
    is_flag=True,
    help="write bestguess_points.py beside it, too, which reads it where BestGuess is not installed",
)
@storage_option(None, words="where earlier studies are kept; default: none are looked for")
@force_option
@search_options(wait_s=300.0, seed=0, exam=False, search=False)
@json_option
def command(
    space_spec: str,
    tuner: str,
    n: int,
    description: str | None,
    metric: str | None,
    direction: str | None,
    out: Path | None,
    reader: bool,
    storage: str | None,
    force: bool,
    terms: SearchTerms,
    as_json: bool,
) -> None:
    """Give another tuner a few good configurations to evaluate first.

    The default comes first, then what is known of the task, the model's guesses, and points that fill the
    space. They are shown as the tuner writes them (Hyperopt: a choice by its index).

    \b
    Examples:
      bestguess warmstart --space space.yaml --for optuna --llm embedded
      bestguess warmstart --space train:search_space --for hyperopt --out warmstart.json
      bestguess warmstart --space space.yaml --for csv --n 8 --out first.csv
    """
    from bestguess.agent.adapters import adapter, csv
    from bestguess.agent.adapters._document import READER, document, reader_text, save
    from bestguess.agent.checks import check_count
    from bestguess.agent.warm_start import WarmStart, write_text

    check_count("n", n, MOST_AT_ONCE)
    chosen = adapter(tuner)
    native, words = read_native(space_spec)
    try:
        translation = chosen.read(native)
    except SpaceError as error:
        raise SpaceError(f"--space {space_spec} is a {type(native).__name__}: {error}") from None
    is_csv = out is not None and out.suffix == ".csv"
    if reader and (out is None or is_csv):
        raise InputError("--reader goes with a document; give --out FILE.json with it")
    refuse_existing(out, force=force)
    if reader and out is not None and not _holds(out.with_name(READER), reader_text()):
        refuse_existing(out.with_name(READER), force=force)
    task = read_task(words, description=description, metric=metric, direction=direction)
    say_wait(str(terms["llm"]), terms["llm_wait_s"])
    guess: Any = WarmStart.guess  # a seed is given, and no exam
    made: WarmStart = guess(translation.space, task, n, storage=storage, **terms)
    written = document(made, tuner, native)
    code = _code(tuner, chosen.HAND_OVER, space_spec, out)
    if out is not None and is_csv:
        write_text(out, csv.to_native(made, made.space))
    elif out is not None:
        save(made, out, tuner, native, reader=reader)
    if as_json:
        echo_json(written)
        return
    if tuner == "csv" and out is None:
        echo(csv.to_native(made, made.space), nl=False)
        return
    _show(made, translation.native(made), out, reader=reader)
    first = "" if out else f"write them to a file with --out {NO_OUT}, then "
    echo(f"Hand them over: {first}in Python")
    for line in code:
        echo(f"  {line}")


def _code(tuner: str, hand_over: str, space_spec: str, out: Path | None) -> list[str]:
    """Return the lines of Python that read the written points and hand them to the tuner, that one last."""
    path = str(out or NO_OUT)
    is_csv = path.endswith(".csv")
    if tuner == "csv" and is_csv:
        rows = f"csv.DictReader(Path({path!r}).read_text('utf-8').splitlines())"
        return ["import csv", "from pathlib import Path", f"rows = {rows}"]
    if tuner in {"csv", "json"} and not is_csv:
        return ["import bestguess as bg", f"points = bg.WarmStart.load({path!r}).points"]
    module, _, attribute = space_spec.partition(":")
    is_named = bool(attribute) and not os.path.exists(space_spec)
    lines = ["import bestguess as bg"]
    loaded, theirs = f"bg.WarmStart.load({path!r})", "warm_start.space"
    if is_csv:
        lines.append("from pathlib import Path")
        theirs = f"bg.Space.from_yaml({space_spec!r})"
    if is_named:
        lines.append(f"import {module}")
        theirs = f"{module}.{attribute}"
    if is_csv:
        ours = f"bg.adapters.{tuner}.from_native({theirs})" if is_named else theirs
        loaded = f"bg.adapters.csv.load(Path({path!r}).read_text('utf-8'), {ours})"
    if tuner == "json":
        return [*lines, f"points = {loaded}"]
    lines.append(f"warm_start = {loaded}")
    if "warm_start" not in hand_over:
        lines.append(f"points = bg.adapters.{tuner}.to_native(warm_start, {theirs})")
    return [*lines, hand_over]


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8", errors="replace") == text


def _show(made: WarmStart, rows: list[Any], out: Path | None, *, reader: bool) -> None:
    from bestguess.agent.adapters._document import READER

    echo(f"Evaluate first ({made.model or 'no model'}):")
    for number, (point, row) in enumerate(zip(made.points, rows, strict=True), start=1):
        why = f"{point.reason} ({point.fallback})" if point.fallback else point.reason
        echo(f"{number}. {point.source}: {why}\n   {json.dumps(row, ensure_ascii=False, default=shown)}")
    if out is not None:
        echo(f"Written to {out}")
        if out.suffix != ".csv":
            beside = f"{READER} reads it" if reader else f"--reader writes {READER} beside it, which reads it"
            echo(f"Where BestGuess is not installed, {beside}: points = load({out.name!r})")
