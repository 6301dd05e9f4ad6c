"""Searches beside each other: fronts, earlier studies, several trials at once, models that mean no good."""

from __future__ import annotations

from pathlib import Path

import click

from bestguess.evals.commands._options import jobs_option, kept_option, like, seeds_option, undisturbed
from bestguess.evals.environments import CHECKOUT
from bestguess.tools.errors import InputError


@click.command()
@click.option("--problem", "patterns", multiple=True, help="only these, with * for any; all without")
@click.option("--search", "names", multiple=True, help="only these; all without")
@seeds_option()
@kept_option
def fronts(patterns: tuple[str, ...], names: tuple[str, ...], seeds: range, kept: Path | None) -> None:
    """Measure the hypervolume of fronts after 30 and 60 trials, of ours and of Optuna's samplers.

    The tables of graph networks are fetched the first time (6 MB).
    """
    from bestguess.evals.fronts.measure import measure_fronts
    from bestguess.evals.fronts.problems import problems
    from bestguess.evals.fronts.searches import SEARCHES
    from bestguess.evals.fronts.tables import table_problems, tables

    every = {**problems(), **table_problems(tables())}
    chosen = {name: every[name] for name in like(every, patterns)}
    if not chosen:
        raise InputError(f"no problem is called {' or '.join(patterns)}; there are {', '.join(every)}")
    file = kept or CHECKOUT / ".evals" / "fronts.jsonl"
    with undisturbed():
        for figure in measure_fronts(chosen, names or tuple(SEARCHES), seeds, file):
            click.echo(figure.sentence)


@click.command()
@click.option(
    "--wheel", required=True, type=click.Path(path_type=Path), help="that of bocode 1.0.1; see the module"
)
@seeds_option()
@click.option("--arm", "arms", multiple=True, help="only these: without, with, misleading, or a contestant")
@click.option("--space", "spaces", multiple=True, help="only these search spaces, by number")
@jobs_option
@kept_option
def transfer(
    wheel: Path, seeds: range, arms: tuple[str, ...], spaces: tuple[str, ...], jobs: int, kept: Path | None
) -> None:
    """Measure what earlier studies are worth on HPO-B's data sets in order, and misleading ones cost."""
    from bestguess.evals.measures.transfer import OURS, PEERS, measure_transfer

    file = kept or CHECKOUT / ".evals" / "transfer.jsonl"
    chosen = arms or (*OURS, *PEERS)
    for line in measure_transfer(wheel, file, seeds=seeds, arms=chosen, only=spaces, jobs=jobs):
        click.echo(line)


@click.command()
@click.option("--q", default=8, show_default=True, type=click.IntRange(2), help="trials at once")
@seeds_option()
@jobs_option
@kept_option
def parallel(q: int, seeds: range, jobs: int, kept: Path | None) -> None:
    """Measure what several trials at once gain in time on sleeps, and cost in regret on tables."""
    from bestguess.evals.measures.parallel import measure_regret, measure_speed

    click.echo(measure_speed(q))
    file = kept or CHECKOUT / ".evals" / f"parallel_{q}.jsonl"
    for line in measure_regret(q, file, seeds=seeds, jobs=jobs):
        click.echo(line)


@click.command()
@click.option("--suite", "name", default="tables", show_default=True)
@seeds_option()
@click.option("--adversary", "names", multiple=True, help="only these; all without")
@jobs_option
@kept_option
def harm(name: str, seeds: range, names: tuple[str, ...], jobs: int, kept: Path | None) -> None:
    """Measure what models that mean no good cost, beside the surrogate alone."""
    from bestguess.evals.adversaries import ADVERSARIES
    from bestguess.evals.measures.harm import measure_harm

    file = kept or CHECKOUT / ".evals" / f"harm_{name}.jsonl"
    for one in measure_harm(name, names or tuple(ADVERSARIES), seeds, file, jobs=jobs):
        click.echo(one.sentence)
