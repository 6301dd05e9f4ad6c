"""Learning curves: stopping early, small runs, and which change of a program to keep."""

from __future__ import annotations

from pathlib import Path

import click

from bestguess.evals.commands._options import fetch_option, kept_option, lcdb_option, undisturbed
from bestguess.tools.errors import InputError


@click.command()
@click.option(
    "--curves", type=click.Choice(["lcdb", "trained", "formula"]), default="lcdb", show_default=True
)
@lcdb_option
@fetch_option
@click.option("--chosen-on", is_flag=True, help="the data sets on which constants were chosen")
@click.option("--splits", default=1, show_default=True, type=click.IntRange(1, 5), help="outer ones, of LCDB")
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(1), help="of what is trained here")
@click.option("--rule", "rules", multiple=True, help="only these; all without")
@kept_option
def stopping(
    curves: str,
    folder: Path,
    fetches: bool,
    chosen_on: bool,
    splits: int,
    seeds: int,
    rules: tuple[str, ...],
    kept: Path | None,
) -> None:
    """Measure what stopping trials early saves and loses, on learning curves: ours and Optuna's pruners."""
    from bestguess.evals.learning_curves import LCDB, draw_problems, fetch_lcdb, read_lcdb, train_problems
    from bestguess.evals.measures.stopping import RULES, measure

    if fetches:
        fetch_lcdb(folder)
    with undisturbed():
        if curves == "lcdb":
            problems = read_lcdb(folder / f"{LCDB}.tar.gz", chosen_on=chosen_on, outer=splits)
        else:
            problems = draw_problems(100) if curves == "formula" else train_problems(seeds)
        for one in measure(problems, rules or RULES, kept):
            click.echo(one.sentence)


@click.command("small-runs")
@click.option("--curves", type=click.Choice(["lcdb", "trained"]), default="lcdb", show_default=True)
@lcdb_option
@fetch_option
@click.option("--seeds", default=2, show_default=True, type=click.IntRange(1))
@click.option("--every", default=4, show_default=True, type=click.IntRange(1), help="of LCDB's data sets")
@click.option("--search", "names", multiple=True, help="only these; all without")
def small_runs(
    curves: str, folder: Path, fetches: bool, seeds: int, every: int, names: tuple[str, ...]
) -> None:
    """Measure what a Fidelity saves until the best is as good as that of whole runs, and others save."""
    from bestguess.evals.learning_curves import LCDB, fetch_lcdb, read_lcdb
    from bestguess.evals.measures.small_runs import SEARCHES, choose_learner, measure, train

    if fetches:
        fetch_lcdb(folder)
    with undisturbed():
        if curves == "lcdb":
            problems = tuple(read_lcdb(folder / f"{LCDB}.tar.gz", chosen_on=False))[::every]
            found = measure([choose_learner(one) for one in problems], range(seeds), names or SEARCHES)
        else:
            found = measure(list(train(seeds)), (0,), names or SEARCHES)
        for one in found:
            click.echo(one.sentence)


@click.command()
@click.option("--seeds", default=20, show_default=True, type=click.IntRange(2), help="worlds of each scene")
@click.option(
    "--part",
    type=click.Choice(["all", "simulation", "lcdb", "speed"]),
    default="all",
    show_default=True,
)
@click.option("--rule", "rules", multiple=True, help="only these; all without")
@lcdb_option
@fetch_option
@click.option("--chosen-on", is_flag=True, help="the data sets on which the referee was looked at")
@click.option("--every", default=3, show_default=True, type=click.IntRange(1), help="of LCDB's data sets")
def referee(
    seeds: int, part: str, rules: tuple[str, ...], folder: Path, fetches: bool, chosen_on: bool, every: int
) -> None:
    """Measure what rules keep, simulated and on LCDB's runs, and how fast."""
    from bestguess.evals.learning_curves import LCDB, fetch_lcdb
    from bestguess.evals.measures import referee as simulation
    from bestguess.evals.measures import referee_lcdb, referee_speed

    if unknown := set(rules) - set(simulation.RULES):
        raise InputError(f"no rule is called {unknown.pop()!r}; there are {', '.join(simulation.RULES)}")
    chosen = rules or tuple(simulation.RULES)
    if part in ("all", "simulation", "lcdb"):
        click.echo(simulation.HEADER)
    if part in ("all", "simulation"):
        for figure in simulation.measure(simulation.SCENES, chosen, seeds):
            click.echo(figure.row)
    if part in ("all", "lcdb"):
        path = fetch_lcdb(folder) if fetches else folder / f"{LCDB}.tar.gz"
        worlds = referee_lcdb.read_worlds(path, orders=1, every=every, chosen_on=chosen_on)
        for figure in referee_lcdb.measure(worlds, [rule for rule in chosen if rule != "oracle"]):
            click.echo(figure.row)
    if part in ("all", "speed"):
        for sentence in referee_speed.measure():
            click.echo(sentence)
