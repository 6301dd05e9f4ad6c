"""The scoreboard's command line: `python -m bestguess.evals`.

It knows which contestants and how many seeds make a smoke run and a full one; how anything is played,
measured or shown is in the other modules.
"""

from __future__ import annotations

import fnmatch
import json
import os
import re
import sys
from pathlib import Path

import click

from bestguess.evals.contestants import Spec
from bestguess.evals.environments import CHECKOUT, make_environments
from bestguess.evals.pipe import ASK_TIMEOUT_S
from bestguess.evals.progress import Progress
from bestguess.evals.record import Results
from bestguess.evals.suites import suite, suite_names
from bestguess.tools.errors import BestGuessError, InputError

CONTESTANTS = (
    "random",
    "default",
    "sobol",
    "jitter:width=0.1",
    "jitter:width=0.03",
    "optuna:sampler=tpe",
    "optuna:sampler=gp",
    "bestguess:llm=none",
    "hyperopt",
    "nevergrad",
    "smac3",
    "skopt",
    "ax",
    "hebo",
    "openbox",
    "synetune",
)
"""Everyone who needs no language model."""

SMOKE_TRIALS = 12
SMOKE_SEEDS = 2
RESULTS = Path(__file__).resolve().parent / "results"
SMOKE_RESULTS = CHECKOUT / ".evals" / "smoke"

results_option = click.option(
    "--results",
    type=click.Path(file_okay=False, path_type=Path),
    default=RESULTS,
    show_default="evals/results",
    help="folder of finished runs",
)


class Commands(click.Group):
    """Turns our errors into one line on stderr."""

    def invoke(self, ctx: click.Context) -> object:
        """Run the command; exit with 2 on bad input, with 130 on Ctrl-C."""
        try:
            return super().invoke(ctx)
        except InputError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(2)
        except BestGuessError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(1)
        except KeyboardInterrupt:
            click.echo("interrupted; every finished run is kept, and the same command goes on", err=True)
            # Contestants under way are killed with their pipes; their threads need not be waited for.
            sys.stderr.flush()
            os._exit(130)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """The scoreboard: every contestant, the same start, the same evaluations, several seeds.

    \b
    python -m bestguess.evals smoke                 # all suites, minutes, then the report
    python -m bestguess.evals run --suite tables --contestant random --contestant bestguess:llm=none
    python -m bestguess.evals report --results evals/results
    """


@main.command("list")
@click.option("--json", "as_json", is_flag=True, help="one JSON object")
def list_everything(as_json: bool) -> None:
    """List suites, problems and contestants, and which contestants are installed."""
    from bestguess.evals.environments import environment

    suites = {name: list(suite(name).problems) for name in suite_names()}
    contestants = {label: environment(Spec.parse(label).name).absence or "ready" for label in CONTESTANTS}
    if as_json:
        click.echo(json.dumps({"suites": suites, "contestants": contestants}))
        return
    for name, problems in suites.items():
        click.echo(f"{name}: {suite(name).summary}\n  {', '.join(problems)}")
    for label, state in contestants.items():
        click.echo(f"{label:20} {state}")


@main.command("learn")
@click.option("--documents", type=click.Path(path_type=Path), default=CHECKOUT / ".evals" / "documents")
@click.option("--fetch", "fetches", is_flag=True, help="unpack their packages there first, by pip and apt")
@click.option("--llm", default="none", show_default=True, help="who reads them, as for bestguess learn")
@click.option("--only", default="", metavar="WORD", help="only documents with this in their name")
@click.option("--held-out", is_flag=True, help="those that were not looked at while the reading was made")
def learn_documents(documents: Path, fetches: bool, llm: str, only: str, held_out: bool) -> None:
    """Learn from real documents, and compare with what they advise."""
    from bestguess.evals.measures.documents import EXPECTED, HELD_OUT, fetch, measure

    if fetches:
        fetch(documents)
    advised = found = more = 0
    for learned in measure(documents, llm, only, HELD_OUT if held_out else EXPECTED):
        click.echo(learned.sentence)
        advised, found, more = advised + learned.advised, found + learned.found, more + len(learned.more)
    click.echo(f"{found} of {advised} found ({found / max(advised, 1):.0%}), {more} more")


@main.command()
@click.argument("names", nargs=-1)
@click.option("--pin", is_flag=True, help="write what was installed into evals/peers, as the versions to use")
def setup(names: tuple[str, ...], pin: bool) -> None:
    """Make the environments of the peers (NAMES, or all), each with its own dependencies.

    A peer that does not install is reported here and in every report, and stops nobody else.
    """
    for one, done in make_environments(names):
        if pin and done and one.ready:
            click.echo(f"{one.name}: pinned in {one.pin()}")
        click.echo(
            f"{one.name}: {(one.absence or 'ready') if done else 'installing ' + ', '.join(one.requires)}"
        )


@main.command()
@click.option("--suite", "suites", multiple=True, help="suite to run; all without")
@click.option("--problem", "patterns", multiple=True, help="only problems like this, such as 'f*-d02'")
@click.option("--contestant", "labels", multiple=True, metavar="SPEC", help="NAME or NAME:OPTION=VALUE,…")
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(1), help="seeds 0, 1, …")
@click.option("--n-trials", default=30, show_default=True, type=click.IntRange(2), help="evaluations a run")
@click.option("--no-default", is_flag=True, help="nobody is given the default configuration, nor told it")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1), help="runs at a time")
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
    specs = _specs(labels)  # before anything is written
    problems = {name: _matching(name, patterns) for name in suites or _present(results)}
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


@main.command()
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(1), help="runs at a time")
@click.option(
    "--results", type=click.Path(file_okay=False, path_type=Path), default=SMOKE_RESULTS, help="where to"
)
@click.option(
    "--contestant", "labels", multiple=True, metavar="SPEC", help="instead of all that need no model"
)
def smoke(jobs: int, results: Path, labels: tuple[str, ...]) -> None:
    """Run a few problems of every suite, briefly, and write the report: does everything work?"""
    specs = _specs(labels)  # before anything is written
    problems = {name: list(suite(name).smoke) for name in _present(results)}
    _run(problems, specs, results, seeds=SMOKE_SEEDS, n_trials=SMOKE_TRIALS, jobs=jobs)
    _report(results, results)


@main.command()
@results_option
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="where to; beside the results")
def report(results: Path, out: Path | None) -> None:
    """Write report.html and report.md from the results."""
    _report(results, out or results)


@main.command()
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


@main.command()
@click.option("--contestant", "labels", multiple=True, metavar="SPEC", help="only these")
@click.option("--starts", is_flag=True, help="only what a new process takes to import us, and our peers")
@results_option
def cost(labels: tuple[str, ...], starts: bool, results: Path) -> None:
    """Measure what asking costs: start-up, memory, and an ask after 10, 30, … and 10,000 results."""
    from bestguess.evals.measures.cost import measure_costs, measure_starts

    if starts:
        for name, seconds in measure_starts():
            click.echo(f"{name}: {seconds:.2f} s")
        return
    for one in measure_costs(_specs(labels), results):
        click.echo(one.sentence)


@main.command()
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or torch:cpu")
@click.option("--size", "sizes", type=int, multiple=True, default=(100, 1000, 10_000), show_default=True)
@click.option(
    "--asks", "batch", type=int, default=64, show_default=True, help="asks in a row, without a tell"
)
def scale(device: str, sizes: tuple[int, ...], batch: int) -> None:
    """Measure what asking costs us with thousands of results, and many times in a row without a tell."""
    import optuna
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]  # it ships no types

    from bestguess.evals.measures.scale import measure_scale

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    with threadpool_limits(1):
        for one in measure_scale(sizes, device=device, batch=batch):
            click.echo(one.sentence)


@main.command()
@click.option(
    "--curves", type=click.Choice(["lcdb", "trained", "formula"]), default="lcdb", show_default=True
)
@click.option("--folder", type=click.Path(path_type=Path), default=CHECKOUT / ".evals" / "lcdb")
@click.option("--fetch", "fetches", is_flag=True, help="have pip download LCDB (68 MB) into the folder first")
@click.option("--chosen-on", is_flag=True, help="the data sets on which constants were chosen")
@click.option("--splits", default=1, show_default=True, type=click.IntRange(1, 5), help="outer ones, of LCDB")
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(1), help="of what is trained here")
@click.option("--rule", "rules", multiple=True, help="only these; all without")
@click.option("--kept", type=click.Path(path_type=Path), help="a file of figures; the same command goes on")
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
    import optuna

    from bestguess.evals.learning_curves import LCDB, draw_problems, fetch_lcdb, read_lcdb, train_problems
    from bestguess.evals.measures.stopping import RULES, measure

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if fetches:
        fetch_lcdb(folder)
    if curves == "lcdb":
        problems = read_lcdb(folder / f"{LCDB}.tar.gz", chosen_on=chosen_on, outer=splits)
    else:
        problems = draw_problems(100) if curves == "formula" else train_problems(seeds)
    for one in measure(problems, rules or RULES, kept):
        click.echo(one.sentence)


@main.command("small-runs")
@click.option("--curves", type=click.Choice(["lcdb", "trained"]), default="lcdb", show_default=True)
@click.option("--folder", type=click.Path(path_type=Path), default=CHECKOUT / ".evals" / "lcdb")
@click.option("--fetch", "fetches", is_flag=True, help="have pip download LCDB (68 MB) into the folder first")
@click.option("--seeds", default=2, show_default=True, type=click.IntRange(1))
@click.option("--every", default=4, show_default=True, type=click.IntRange(1), help="of LCDB's data sets")
@click.option("--search", "names", multiple=True, help="only these; all without")
def small_runs(
    curves: str, folder: Path, fetches: bool, seeds: int, every: int, names: tuple[str, ...]
) -> None:
    """Measure what a Fidelity saves until the best is as good as that of whole runs, and others save."""
    import optuna
    from threadpoolctl import threadpool_limits

    from bestguess.evals.learning_curves import LCDB, fetch_lcdb, read_lcdb
    from bestguess.evals.measures.small_runs import SEARCHES, choose_learner, measure, train

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    if fetches:
        fetch_lcdb(folder)
    with threadpool_limits(1):
        if curves == "lcdb":
            problems = tuple(read_lcdb(folder / f"{LCDB}.tar.gz", chosen_on=False))[::every]
            found = measure([choose_learner(one) for one in problems], range(seeds), names or SEARCHES)
        else:
            found = measure(list(train(seeds)), (0,), names or SEARCHES)
        for one in found:
            click.echo(one.sentence)


@main.command()
@click.option("--suite", "names", multiple=True, default=("tables", "bbob"), show_default=True)
@click.option("--seeds", default="0:5", show_default=True, help="FROM:TO, the last one left out")
def calibration(names: tuple[str, ...], seeds: str) -> None:
    """Measure how often outcomes lie in the 90 % intervals given one step ahead, without a model."""
    import optuna
    from threadpoolctl import threadpool_limits

    from bestguess.evals.measures.calibration import measure_calibration

    chosen = _seeds(seeds)
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # a note for every study would tear the bar
    with threadpool_limits(1):
        for one in measure_calibration([suite(name) for name in names], chosen):
            click.echo(one.sentence)


@main.command()
@click.option("--problem", "patterns", multiple=True, help="only these, with * for any; all without")
@click.option("--search", "names", multiple=True, help="only these; all without")
@click.option("--seeds", default="0:5", show_default=True, help="FROM:TO, the last one left out")
@click.option("--kept", type=click.Path(dir_okay=False, path_type=Path), help="the file of finished runs")
def fronts(patterns: tuple[str, ...], names: tuple[str, ...], seeds: str, kept: Path | None) -> None:
    """Measure the hypervolume of fronts after 30 and 60 trials, of ours and of Optuna's samplers.

    The tables of graph networks are fetched the first time (6 MB).
    """
    import optuna
    from threadpoolctl import threadpool_limits

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
        for figure in measure_fronts(chosen, names or tuple(SEARCHES), _seeds(seeds), file):
            click.echo(figure.sentence)


@main.command()
@click.option("--table", "names", multiple=True, help="only these; all without")
@click.option("--seeds", default="0:5", show_default=True, help="FROM:TO, the last one left out")
def truth(names: tuple[str, ...], seeds: str) -> None:
    """Measure whether importances, effects and predictions are true, where the whole table is known."""
    import optuna
    from threadpoolctl import threadpool_limits

    from bestguess.evals.measures.truth import measure_truth

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with threadpool_limits(1):
        for figure in measure_truth(names or suite("tables").problems, _seeds(seeds)):
            click.echo(figure.sentence)


@main.command()
@click.option(
    "--wheels",
    type=click.Path(file_okay=False, path_type=Path),
    required=True,
    help="folder of bocode's, oboe's",
)
def portfolios(wheels: Path) -> None:
    """Learn the portfolios of our packs from what others measured; nothing is trained or installed."""
    from bestguess.evals.portfolios import learn_portfolios

    for sentence in learn_portfolios(wheels):
        click.echo(sentence)


@main.command()
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
    for one in measure_harm(name, names or tuple(ADVERSARIES), _seeds(seeds), file, jobs=jobs):
        click.echo(one.sentence)


@main.command()
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
    for line in measure_transfer(wheel, file, seeds=_seeds(seeds), arms=chosen, only=spaces, jobs=jobs):
        click.echo(line)


@main.command()
@click.option("--q", default=8, show_default=True, type=click.IntRange(2), help="trials at once")
@click.option("--seeds", default="0:5", show_default=True, help="from:to")
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1), help="runs at a time")
@click.option("--kept", type=click.Path(dir_okay=False, path_type=Path), help="the file of finished runs")
def parallel(q: int, seeds: str, jobs: int, kept: Path | None) -> None:
    """Measure what several trials at once gain in time on sleeps, and cost in regret on tables."""
    from bestguess.evals.measures.parallel import measure_regret, measure_speed

    click.echo(measure_speed(q))
    file = kept or CHECKOUT / ".evals" / f"parallel_{q}.jsonl"
    for line in measure_regret(q, file, seeds=_seeds(seeds), jobs=jobs):
        click.echo(line)


@main.command()
@click.option(
    "--root",
    default=CHECKOUT,
    show_default="this checkout",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="the checkout to measure",
)
@click.option("--gp", "fit", metavar="MODULE:NAME", help="the Gaussian process's fit; searched for without")
@click.option("--test-s", type=click.FloatRange(0.0), help="how long `make test` took, to be shown beside")
@click.option("--json", "as_json", is_flag=True, help="one JSON object")
def house(root: Path, fit: str | None, test_s: float | None, as_json: bool) -> None:
    """Measure how the code is built: modules, imports between rooms, the way of one proposal, lines."""
    from bestguess.evals.house import measure_house

    measured = measure_house(root, fit=fit, test_s=test_s)
    click.echo(measured.to_json() if as_json else measured.text)


@main.command()
@click.option("--seeds", default="0:8", show_default=True, help="from:to")
def texts(seeds: str) -> None:
    """Measure what a surrogate gains that reads texts, on objectives made by code; no model is asked."""
    from bestguess.evals.measures.texts import measure_texts

    for line in measure_texts(_seeds(seeds)):
        click.echo(line)


@main.command()
@click.option("--seeds", default=20, show_default=True, type=click.IntRange(2), help="worlds of each scene")
@click.option(
    "--part", type=click.Choice(["all", "simulation", "lcdb", "pairs"]), default="all", show_default=True
)
@click.option("--rule", "rules", multiple=True, help="only these; all without")
@click.option("--folder", type=click.Path(path_type=Path), default=CHECKOUT / ".evals" / "lcdb")
@click.option("--fetch", "fetches", is_flag=True, help="have pip download LCDB (68 MB) into the folder first")
@click.option("--chosen-on", is_flag=True, help="the data sets on which the referee was looked at")
@click.option("--every", default=3, show_default=True, type=click.IntRange(1), help="of LCDB's data sets")
def referee(
    seeds: int, part: str, rules: tuple[str, ...], folder: Path, fetches: bool, chosen_on: bool, every: int
) -> None:
    """Measure what rules keep, in a simulation and on LCDB's runs, and which ideas are recognized."""
    from bestguess.evals.learning_curves import LCDB, fetch_lcdb
    from bestguess.evals.measures import referee as simulation
    from bestguess.evals.measures import referee_lcdb, referee_pairs

    if unknown := set(rules) - set(simulation.RULES):
        raise InputError(f"no rule is called {unknown.pop()!r}; there are {', '.join(simulation.RULES)}")
    chosen = rules or tuple(simulation.RULES)
    if part != "pairs":
        click.echo(simulation.HEADER)
    if part in ("all", "simulation"):
        for figure in simulation.measure(simulation.SCENES, chosen, seeds):
            click.echo(figure.row)
    if part in ("all", "lcdb"):
        path = fetch_lcdb(folder) if fetches else folder / f"{LCDB}.tar.gz"
        worlds = referee_lcdb.read_worlds(path, orders=1, every=every, chosen_on=chosen_on)
        for figure in referee_lcdb.measure(worlds, [rule for rule in chosen if rule != "oracle"]):
            click.echo(figure.row)
    if part in ("all", "pairs"):
        for sentence in referee_pairs.measure():
            click.echo(sentence)


@main.command()
@click.option("--write", is_flag=True, help="write the chat's ranker, fitted on all sentences")
def sayings(write: bool) -> None:
    """Fit the chat's ranker on its example sentences; say how it does on each author that it did not see."""
    import tempfile

    from bestguess.agent.chat.language.ranking import Ranker
    from bestguess.evals.measures.sayings import agreement, examples, fit

    given = list(examples())
    if write:
        fit(given)
        return
    for author in sorted({saying.author for saying in given} - {"examples"}):
        with tempfile.TemporaryDirectory() as folder:
            fitted = Path(folder) / "ranker.npz"
            fit([saying for saying in given if saying.author != author], fitted)
            theirs = [saying for saying in given if saying.author == author]
            right, many = agreement(theirs, Ranker(fitted))
        click.echo(f"{author}: {right} of {many} sentences are likeliest what they are")


@main.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--llm", help="a language model, as for `bestguess chat`; none without")
@click.option("--only", type=click.Choice(["done", "asked", "wrong", "unable"]), help="list these only")
def turns(file: Path, llm: str | None, only: str | None) -> None:
    """Count how many sentences of a file are done as meant, asked back, wrong, or said to be unable."""
    from bestguess.evals.measures.turns import measure_turns, summary

    said = []
    for each in measure_turns(file, llm):
        said.append(each)
        if only in (None, each.verdict):
            click.echo(each.sentence)
    click.echo(summary(said))


@main.command()
@click.argument("names", nargs=-1)
@click.option("--model", default="toy", show_default=True, help="whose prompt is tuned: toy, or as for --llm")
@click.option("--method", "chosen", multiple=True, help="only these methods; once for each")
@click.option("--calls", multiple=True, type=int, default=(150, 300), show_default=True)
@click.option("--seeds", default="0:3", show_default=True)
@click.option("--kept", type=click.Path(path_type=Path), default=CHECKOUT / ".evals" / "prompts.jsonl")
@click.option(
    "--cache", type=click.Path(path_type=Path), default=CHECKOUT / ".evals" / "prompts", show_default=True
)
def prompts(
    names: tuple[str, ...],
    model: str,
    chosen: tuple[str, ...],
    calls: tuple[int, ...],
    seeds: str,
    kept: Path,
    cache: Path,
) -> None:
    """Tune prompts of the tasks NAMES, or all, by each method, and score them on items that none has seen."""
    from bestguess.evals.prompts.measure import measure_prompts, table

    rows = []
    for row in measure_prompts(
        model, names, chosen, calls=calls, seeds=_seeds(seeds), kept=kept, cache=cache
    ):
        rows.append(row)
        click.echo(
            f"{row['task']:12} seed {row['seed']} {row['calls']} calls  {row['score']:.3f}  {row['method']}"
        )
    click.echo(table(rows))


@main.command()
@click.argument("name")
def freeze(name: str) -> None:
    """Work out the references of a suite anew: the optimum, and the median of random configurations."""
    from bestguess.evals.references import freeze as freeze_references

    click.echo(freeze_references(suite(name)))


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


def _seeds(text: str) -> range:
    ends = re.fullmatch(r"([0-9]+):([0-9]+)", text)
    chosen = range(int(ends[1]), int(ends[2])) if ends else range(0)
    if not chosen:
        raise InputError(f"--seeds is {text!r}; give two numbers such as 0:5")
    return chosen


def _specs(labels: tuple[str, ...]) -> list[Spec]:
    return [Spec.parse(label) for label in labels or CONTESTANTS]


def _matching(name: str, patterns: tuple[str, ...]) -> list[str]:
    return [
        problem
        for problem in suite(name).problems
        if not patterns or any(fnmatch.fnmatch(problem, pattern) for pattern in patterns)
    ]


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
    from threadpoolctl import threadpool_limits

    from bestguess.evals import runner

    plan = runner.Plan(problems, specs, seeds=seeds, n_trials=n_trials, default=default)
    shown = Progress(total=sum(1 for _ in plan.records()))
    with threadpool_limits(1):
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


if __name__ == "__main__":
    main()
