"""The command `bestguess plot`: a study as a chart in the terminal, or as a page with plotly's figure."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from bestguess.agent.commands._options import (
    force_option,
    json_option,
    out_option,
    refuse_existing,
    study_options,
)
from bestguess.agent.commands._output import console_for, echo, echo_json
from bestguess.tools.errors import InputError
from bestguess.tools.words.private import write_private

if TYPE_CHECKING:
    from bestguess.agent.chat.events import Plot
    from bestguess.agent.record.study import Study

KINDS = (
    "history",
    "importance",
    "predictions",
    "slice",
    "parallel_coordinate",
    "contour",
    "pareto_front",
    "timeline",
)


@click.command()
@click.argument("parameter", required=False)
@click.option(
    "--kind",
    type=click.Choice(KINDS),
    default="history",
    show_default=True,
    help="what is drawn where no PARAMETER is named; all but history need --out",
)
@study_options
@out_option("write plotly's figure to this HTML file, which loads nothing from elsewhere")
@force_option
@json_option
def command(
    parameter: str | None,
    kind: str,
    storage: str,
    study_name: str | None,
    out: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Draw a study: the best value so far, or the value by one PARAMETER, in the terminal.

    With --out it is a page for the browser, drawn by plotly: pip install 'bestguess[plot]'.

    \b
    Examples:
      bestguess plot
      bestguess plot lr
      bestguess plot lr --out lr.html
      bestguess plot --kind contour --out contour.html
      bestguess plot lr --json                the numbers
    """
    from bestguess.agent.record.study import load

    refuse_existing(out, force=force)
    study = load(storage, study_name)
    if out is not None:
        figure = _figure(study, parameter, kind)
        write_private(out, figure.to_html(include_plotlyjs=True))
        if as_json:
            echo_json({"study_name": study.name, "out": str(out)})
        else:
            echo(f"Wrote {out}")
        return
    if parameter is None and kind != "history":
        raise InputError(f"--kind {kind} is drawn as a page only; give --out {kind}.html")
    plot = _plot(study, parameter)
    if as_json:
        echo_json({"study_name": study.name, **asdict(plot)})
        return
    from rich.text import Text

    from bestguess.agent.chat.answers.rendering import draw

    console = console_for()
    console.print(Text.from_ansi(draw(plot, console)), soft_wrap=True)


def _figure(study: Study, parameter: str | None, kind: str) -> Any:
    from bestguess.agent.result import Result

    result = Result(study, None, 0.0)
    _plot(study, None)  # raises where there is nothing to draw
    if parameter is not None:
        return result.plot_effect(parameter)
    name = "optimization_history" if kind == "history" else kind
    return getattr(result, f"plot_{name}")()


def _plot(study: Study, parameter: str | None) -> Plot:
    from bestguess.agent.chat.answers.plots import effect_plot, progress_plot
    from bestguess.agent.reports.insight import find_insight

    if parameter is None:
        return progress_plot(study.history, study.task.metric)
    insight = find_insight(study.space, study.history, parameter, noisy=study.task.noisy)
    return effect_plot(study.space, study.task, study.history, insight.effect)
