"""The command `bestguess init`: a script is read, and a space drafted."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bestguess.agent.commands._metrics import NO_METRIC
from bestguess.agent.commands._options import force_option, json_option, refuse_existing
from bestguess.agent.commands._output import echo, echo_json
from bestguess.tools.errors import InputError
from bestguess.tools.words.cleaning import plain_line
from bestguess.tools.words.given import shorten
from bestguess.tools.words.sentences import counted

if TYPE_CHECKING:
    from bestguess.tools.scan.draft import Draft
    from bestguess.tools.scan.finding import Finding

"""Without a group, so that bestguess tune refuses it before anything runs."""


@click.command()
@click.argument("script", type=click.Path(path_type=Path))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("space.yaml"),
    show_default=True,
    help="where the space goes; - is stdout",
)
@force_option
@json_option
def command(script: Path, out: Path, force: bool, as_json: bool) -> None:
    """Draft a space by reading a script: what could be tuned, around what it is now.

    Read are constants and plain classes of settings, dataclasses, the command lines of argparse, click,
    Typer, Fire, absl, LightningCLI and HfArgumentParser, what of these the script imports from its own
    folder, and YAML files that it names, by Hydra, OmegaConf or plainly. Nothing is executed. What is left
    out is listed with the reason, and what the command lacks to run: look the draft over before you tune.

    \b
    Examples:
      bestguess init train.py
      bestguess init train.py --out train.space.yaml --json
    """
    from bestguess.agent.warm_start import write_text
    from bestguess.tools.scan.draft import scan

    draft = scan(script)
    refuse_existing(None if out == Path("-") else out, force=force)
    if draft.space is None:
        reasons = shorten("; ".join(f"{one.name}: {reason}" for one, reason in draft.left_out), 2000)
        raise InputError(
            f"{script} has nothing to tune that init can read "
            f"({reasons or 'no constants, flags or fields'}); "
            "write the space by hand, see bestguess tune --help"
        )
    text = write_space(draft)
    if out == Path("-"):
        if not as_json:
            echo(text, nl=False)
            return
    else:
        write_text(out, text)
    words = tune_command(draft, out)
    if as_json:
        echo_json(_record(draft, out, words))
        return
    _print(draft, out, words)


def write_space(draft: Draft) -> str:
    """Return the draft as the YAML of `bestguess tune --space`."""
    from bestguess.agent.advice.knowledge import name_family

    assert draft.space is not None
    task: dict[str, Any] = {"description": name_family(draft.description, draft.uses)}
    if draft.metric:
        task |= {"metric": draft.metric.name, "direction": draft.metric.direction}
    comments = [f"Drafted by bestguess init {draft.script}; look it over."]
    comments += [f"Left out: {one.name} ({reason})" for one, reason in draft.left_out]
    comments += [f"To do: {sentence}" for sentence in draft.lacks]
    lines = [f"# {plain_line(comment)}" for comment in comments]  # a name may hold a line break
    return "\n".join([*lines, f"task: {json.dumps(task, ensure_ascii=False)}", draft.space.to_yaml()])


def tune_command(draft: Draft, out: Path) -> list[str]:
    """Return the words of the command that tunes the script over the draft."""
    metric = NO_METRIC
    if draft.metric:
        metric = draft.metric.name if draft.metric.by_name else draft.metric.pattern
    words = ["bestguess", "tune", "--space", str(out), "--metric", metric, "--n-trials", "20", "--"]
    return [*words, *draft.command]


def _record(draft: Draft, out: Path, words: list[str]) -> dict[str, Any]:
    assert draft.space is not None
    metric = draft.metric
    return {
        "space": str(out),
        "parameters": draft.space.to_dict()["parameters"],
        "found": [_finding_record(finding) for finding in draft.chosen],
        "left_out": [_left_out_record(*left) for left in draft.left_out],
        "metric": metric and metric.name,
        "metric_pattern": metric and metric.pattern,
        "direction": metric and metric.direction,
        "to_fill_in": None if metric else NO_METRIC,
        "lacks": list(draft.lacks),
        "command": words,
        "command_line": shlex.join(words),
    }


def _left_out_record(finding: Finding, reason: str) -> dict[str, Any]:
    """Return what is known of it; its text, if it is one, may be a password and is not shown."""
    value = None if isinstance(finding.value, str) else finding.value
    return {**_finding_record(finding), "value": value, "reason": reason}


def _finding_record(finding: Finding) -> dict[str, Any]:
    return {name: getattr(finding, name) for name in ("name", "value", "origin", "file", "line")}


def _print(draft: Draft, out: Path, words: list[str]) -> None:
    assert draft.space is not None
    echo(f"{out} has {counted(len(draft.chosen), 'parameter')} of {draft.script}:")
    for one in draft.chosen:
        parameter = draft.space[one.name]
        doc = f": {shorten(parameter.doc, 100)}" if parameter.doc else ""
        echo(f"  {replace(parameter, doc='')!r}  {one.name}, {one.origin} in {one.file}:{one.line}{doc}")
    if draft.left_out:
        echo("Left out:")
        for left, reason in draft.left_out:
            echo(f"  {left.name}: {reason}")
    if draft.metric is None:
        echo(
            f"No line was found that prints a result by a name of its own. In place of {NO_METRIC}, write "
            f"what {draft.script} prints before its result, with (\\S+) for the number, such as 'loss=(\\S+)'"
            "; add --direction maximize if more is better."
        )
    else:
        echo(f"The result: {draft.metric.name} ({draft.metric.direction}), line {draft.metric.line}")
    echo(f"Look the file over, then:\n  {shlex.join(words)}")
    for sentence in draft.lacks:
        echo(f"Before it can run: {sentence}")
