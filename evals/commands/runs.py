"""Playing contestants against problems, and the pages that say what came of it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from bestguess.evals.commands._options import jobs_option, like, read_specs, results_option, undisturbed
from bestguess.evals.contestants import Spec
from bestguess.evals.environments import CHECKOUT
from bestguess.evals.pipe import ASK_TIMEOUT_S
from bestguess.evals.progress import Progress
from bestguess.evals.record import Results
from bestguess.evals.suites import suite, suite_names
from bestguess.tools.errors import InputError

SMOKE_TRIALS = 12
SMOKE_SEEDS = 2
SMOKE_RESULTS = CHECKOUT / ".evals" / "smoke"


@click.command()
@click.option("--suite", "suites", multiple=True, help="suite to run; all without")
@click.option("--problem", "patterns", multiple=True, help="only problems like this, such as 'f*-d02'")
@click.option("--contestant", "labels", multiple=True, metavar="SPEC", help="NAME or NAME:OPTION=VALUE,…")
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(1), help="seeds 0, 1, …")
@click.option("--n-trials", default=30, show_default=True, type=click.IntRange(2), help="evaluations a run")
@click.option("--no-default", is_flag=True, help="nobody is given the default configuration, nor told it")
@jobs_option
@click.option(
    "--ask-timeout-s", default=ASK_TIMEOUT_S, show_default=True, help="longest that one ask may take"
)
@click.option("--redo", multiple=True, metavar="SPEC", help="play this contestant again although it is there")
@click.option("--retry", is_flag=True, help="play runs again that ended with an error")
@results_option
def run(
    suites: tuple[str, ...],
    patterns: tuple[str, ...],
    labels: tuple[str, ...],
    seeds: int,
    n_trials: int,
    no_default: bool,
    jobs: int,
    ask_timeout_s: float,
    redo: tuple[str, ...],
    retry: bool,
    results: Path,
) -> None:
    """Play contestants against problems; runs that are in the results are not played again.

    \b
    python -m bestguess.evals run --jobs 2
    python -m bestguess.evals run --suite bbob --problem 'f*-d02' --contestant optuna:sampler=gp
    python -m bestguess.evals run --suite real --contestant bestguess:llm=embedded,trust=off --seeds 2
    """
    specs = read_specs(labels)  # before anything is written
    problems = {name: like(suite(name).problems, patterns) for name in suites or _present(results)}
    if not any(problems.values()):
        raise InputError(f"no problem is like {', '.join(patterns)}; see: python -m bestguess.evals list")
    _run(
        problems,
        specs,
        results,
        seeds=seeds,
        n_trials=n_trials,
        default=not no_default,
        jobs=jobs,
        ask_timeout_s=ask_timeout_s,
        redo=redo,
        retry=retry,
    )


@click.command()
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1), help="runs at a time")
@click.option(
    "--results", type=click.Path(file_okay=False, path_type=Path), default=SMOKE_RESULTS, help="where to"
)
@click.option(
    "--contestant", "labels", multiple=True, metavar="SPEC", help="instead of all that need no model"
)
def smoke(jobs: int, results: Path, labels: tuple[str, ...]) -> None:
    """Run a few problems of every suite, briefly, and write the report: does everything work?"""
    specs = read_specs(labels)  # before anything is written
    problems = {name: list(suite(name).smoke) for name in _present(results)}
    _run(problems, specs, results, seeds=SMOKE_SEEDS, n_trials=SMOKE_TRIALS, jobs=jobs)
    _report(results, results)


@click.command()
@results_option
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="where to; beside the results")
def report(results: Path, out: Path | None) -> None:
    """Write report.html and report.md from the results."""
    _report(results, out or results)


@click.command()
@results_option
@click.option("--check", is_flag=True, help="change nothing; exit with 1 where something is not up to date")
def readme(results: Path, check: bool) -> None:
    """Write the tables and the chart of README.md and docs/benchmarks.md from the results."""
    from bestguess.evals.readme import update_pages

    changed = update_pages(CHECKOUT, results, write=not check)
    for path in changed:
        click.echo(f"{path}: {'out of date' if check else 'written'}")
    if not changed:
        click.echo("README.md, docs/benchmarks.md and the chart are up to date")
    if check and changed:
        sys.exit(1)


def _present(results: Path) -> list[str]:
    """Return the suites whose source is on this machine, and note the others in the results."""
    absent = {}
    for name in suite_names():
        try:
            suite(name).problem(suite(name).problems[0], 0)
        except InputError as error:
            absent[f"suite {name}"] = str(error)
            click.echo(f"left out: suite {name}: {error}", err=True)
    Results(results).note_absent([f"suite {name}" for name in suite_names()], absent)
    return [name for name in suite_names() if f"suite {name}" not in absent]


def _run(
    problems: dict[str, list[str]],
    specs: list[Spec],
    results: Path,
    *,
    seeds: int,
    n_trials: int,
    default: bool = True,
    jobs: int,
    ask_timeout_s: float = ASK_TIMEOUT_S,
    redo: tuple[str, ...] = (),
    retry: bool = False,
) -> None:
    from bestguess.evals import runner

    plan = runner.Plan(problems, specs, seeds=seeds, n_trials=n_trials, default=default)
    shown = Progress(total=sum(1 for _ in plan.records()))
    with undisturbed():
        played, there = runner.run(
            plan,
            Results(results),
            jobs=jobs,
            ask_timeout_s=ask_timeout_s,
            again=lambda record: record.contestant in redo or (retry and bool(record.error)),
            progress=shown,
        )
    shown.close()
    click.echo(f"{played} runs played, {there} were there; results in {results}", err=True)
    for label, why in Results(results).absent.items():
        if label in {spec.label for spec in specs}:
            click.echo(f"did not run: {label}: {why}", err=True)


def _report(results: Path, out: Path) -> None:
    from bestguess.evals.report import write_reports

    for path in write_reports(Results(results), out):
        click.echo(path)
