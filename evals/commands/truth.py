"""Whether what is said is true: intervals, importances, effects."""

from __future__ import annotations

import click

from bestguess.evals.commands._options import seeds_option, undisturbed
from bestguess.evals.suites import suite


@click.command()
@click.option("--suite", "names", multiple=True, default=("tables", "bbob"), show_default=True)
@seeds_option()
def calibration(names: tuple[str, ...], seeds: range) -> None:
    """Measure how often outcomes lie in the 90 % intervals given one step ahead, without a model."""
    from bestguess.evals.measures.calibration import measure_calibration

    with undisturbed():
        for one in measure_calibration([suite(name) for name in names], seeds):
            click.echo(one.sentence)


@click.command()
@click.option("--table", "names", multiple=True, help="only these; all without")
@seeds_option()
def truth(names: tuple[str, ...], seeds: range) -> None:
    """Measure whether importances, effects and predictions are true, where the whole table is known."""
    from bestguess.evals.measures.truth import measure_truth

    with undisturbed():
        for figure in measure_truth(names or suite("tables").problems, seeds):
            click.echo(figure.sentence)
