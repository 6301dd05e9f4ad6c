"""The command `bestguess doctor`: what this machine has, and what a model honours."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from bestguess.agent.commands._options import json_option
from bestguess.agent.commands._output import echo, echo_json, say_wait
from bestguess.tools.words.cleaning import clean_line

if TYPE_CHECKING:
    from bestguess.agent.llm.shared import SharedLLM
    from bestguess.agent.reports.machine import Finding


@click.command()
@click.option(
    "--llm",
    default="none",
    metavar="SPEC",
    help="also ask this model: is it up, what does it honour, are its guesses better than chance?",
)
@json_option
def command(llm: str, as_json: bool) -> None:
    """Report what this machine has: Python, torch and CUDA, models, disk, versions.

    Exits with 1 when something that BestGuess needs is missing.

    \b
    Examples:
      bestguess doctor --json
      bestguess doctor --llm http://127.0.0.1:8000/v1
    """
    from bestguess.agent.reports.machine import examine_machine

    findings = examine_machine()
    if llm != "none":
        from bestguess.agent.llm.connect import connect
        from bestguess.agent.reports.exam import TIMEOUT_S, examine_model

        say_wait(llm, 3 * TIMEOUT_S)
        model = connect(llm)
        assert model is not None
        findings += examine_model(model)
        if all(finding.ok for finding in findings):
            findings += (_exam(model),)
        model.close()
    if as_json:
        echo_json({finding.name: {"ok": finding.ok, "detail": finding.detail} for finding in findings})
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            mark = "ok " if finding.ok else "NO "
            echo(f"{mark} {finding.name:<{width}}  {clean_line(finding.detail)}")
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


def _exam(model: SharedLLM) -> Finding:
    """Return the model's grade; what it was not asked yet it is asked now."""
    from bestguess.agent.advice.exam.examination import examine, grade_for, kept_of
    from bestguess.agent.reports.machine import Finding
    from bestguess.tools.errors import ModelError

    try:
        grade = grade_for(model) or examine(model, kept_of(model))
    except ModelError as error:
        return Finding("exam", False, str(error))
    return Finding("exam", True, grade.sentence)
