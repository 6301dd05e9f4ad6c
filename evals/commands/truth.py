"""Whether what is said is true: intervals, importances, effects."""

from __future__ import annotations

import click

from bestguess.evals.commands._options import read_seeds
from bestguess.evals.suites import suite


@click.command()
@click.option("--suite", "names", multiple=True, default=("tables", "bbob"), show_default=True)
@click.option("--seeds", default="0:5", show_default=True, help="FROM:TO, the last one left out")
def calibration(names: tuple[str, ...], seeds: str) -> None:
    """Measure how often outcomes lie in the 90 % intervals given one step ahead, without a model."""
    import optuna
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

    from bestguess.evals.measures.calibration import measure_calibration

    chosen = read_seeds(seeds)
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # a note for every study would tear the bar
    with threadpool_limits(1):
        for one in measure_calibration([suite(name) for name in names], chosen):
            click.echo(one.sentence)


@click.command()
@click.option("--table", "names", multiple=True, help="only these; all without")
@click.option("--seeds", default="0:5", show_default=True, help="FROM:TO, the last one left out")
def truth(names: tuple[str, ...], seeds: str) -> None:
    """Measure whether importances, effects and predictions are true, where the whole table is known."""
    import optuna
    from threadpoolctl import threadpool_limits

    from bestguess.evals.measures.truth import measure_truth

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with threadpool_limits(1):
        for figure in measure_truth(names or suite("tables").problems, read_seeds(seeds)):
            click.echo(figure.sentence)
