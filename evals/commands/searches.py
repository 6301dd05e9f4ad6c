"""Searches beside each other: fronts, earlier studies, several trials at once, models that mean no good."""

from __future__ import annotations

import fnmatch
from pathlib import Path

import click

from bestguess.evals.commands._options import read_seeds
from bestguess.evals.environments import CHECKOUT
from bestguess.tools.errors import InputError


@click.command()
@click.option("--problem", "patterns", multiple=True, help="only these, with * for any; all without")
@click.option("--search", "names", multiple=True, help="only these; all without")
@click.option("--seeds", default="0:5", show_default=True, help="FROM:TO, the last one left out")
@click.option("--kept", type=click.Path(dir_okay=False, path_type=Path), help="the file of finished runs")
def fronts(patterns: tuple[str, ...], names: tuple[str, ...], seeds: str, kept: Path | None) -> None:
    """Measure the hypervolume of fronts after 30 and 60 trials, of ours and of Optuna's samplers.

    The tables of graph networks are fetched the first time (6 MB).
    """
    import optuna
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

    from bestguess.evals.fronts.measure import measure_fronts
    from bestguess.evals.fronts.problems import problems
    from bestguess.evals.fronts.searches import SEARCHES
    from bestguess.evals.fronts.tables import table_problems, tables

    every = {**problems(), **table_problems(tables())}
    chosen = {
        name: problem
        for name, problem in every.items()
        if not patterns or any(fnmatch.fnmatch(name, pattern) for pattern in patterns)
    }
    if not chosen:
        raise InputError(f"no problem is called {' or '.join(patterns)}; there are {', '.join(every)}")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    file = kept or CHECKOUT / ".evals" / "fronts.jsonl"
    with threadpool_limits(1):
        for figure in measure_fronts(chosen, names or tuple(SEARCHES), read_seeds(seeds), file):
            click.echo(figure.sentence)


@click.command()
@click.option(
    "--wheel", required=True, type=click.Path(path_type=Path), help="that of bocode 1.0.1; see the module"
)
@click.option("--seeds", default="0:5", show_default=True, help="from:to")
@click.option("--arm", "arms", multiple=True, help="only these: without, with, misleading, or a contestant")
@click.option("--space", "spaces", multiple=True, help="only these search spaces, by number")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1), help="chains at a time")
@click.option("--kept", type=click.Path(dir_okay=False, path_type=Path), help="the file of finished studies")
def transfer(
    wheel: Path, seeds: str, arms: tuple[str, ...], spaces: tuple[str, ...], jobs: int, kept: Path | None
) -> None:
    """Measure what earlier studies are worth on HPO-B's data sets in order, and misleading ones cost."""
    from bestguess.evals.measures.transfer import OURS, PEERS, measure_transfer

    file = kept or CHECKOUT / ".evals" / "transfer.jsonl"
    chosen = arms or (*OURS, *PEERS)
    for line in measure_transfer(wheel, file, seeds=read_seeds(seeds), arms=chosen, only=spaces, jobs=jobs):
        click.echo(line)


@click.command()
@click.option("--q", default=8, show_default=True, type=click.IntRange(2), help="trials at once")
@click.option("--seeds", default="0:5", show_default=True, help="from:to")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1), help="runs at a time")
@click.option("--kept", type=click.Path(dir_okay=False, path_type=Path), help="the file of finished runs")
def parallel(q: int, seeds: str, jobs: int, kept: Path | None) -> None:
    """Measure what several trials at once gain in time on sleeps, and cost in regret on tables."""
    from bestguess.evals.measures.parallel import measure_regret, measure_speed

    click.echo(measure_speed(q))
    file = kept or CHECKOUT / ".evals" / f"parallel_{q}.jsonl"
    for line in measure_regret(q, file, seeds=read_seeds(seeds), jobs=jobs):
        click.echo(line)


@click.command()
@click.option("--suite", "name", default="tables", show_default=True)
@click.option("--seeds", default="0:5", show_default=True, help="FROM:TO, the last one left out")
@click.option("--adversary", "names", multiple=True, help="only these; all without")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1), help="runs at a time")
@click.option("--kept", type=click.Path(dir_okay=False, path_type=Path), help="the file of finished runs")
def harm(name: str, seeds: str, names: tuple[str, ...], jobs: int, kept: Path | None) -> None:
    """Measure what models that mean no good cost, beside the surrogate alone."""
    from bestguess.evals.adversaries import ADVERSARIES
    from bestguess.evals.measures.harm import measure_harm

    file = kept or CHECKOUT / ".evals" / f"harm_{name}.jsonl"
    for one in measure_harm(name, names or tuple(ADVERSARIES), read_seeds(seeds), file, jobs=jobs):
        click.echo(one.sentence)
