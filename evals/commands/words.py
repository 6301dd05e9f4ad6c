"""Texts and prompts, and the sentences of a chat."""

from __future__ import annotations

from pathlib import Path

import click

from bestguess.evals.commands._options import seeds_option
from bestguess.evals.environments import CHECKOUT


@click.command()
@seeds_option("0:8")
def texts(seeds: range) -> None:
    """Measure what a surrogate gains that reads texts, on objectives made by code; no model is asked."""
    from bestguess.evals.measures.texts import measure_texts

    for line in measure_texts(seeds):
        click.echo(line)


@click.command()
@click.argument("names", nargs=-1)
@click.option("--model", default="toy", show_default=True, help="whose prompt is tuned: toy, or as for --llm")
@click.option("--method", "chosen", multiple=True, help="only these methods; once for each")
@click.option("--calls", multiple=True, type=int, default=(150, 300), show_default=True)
@seeds_option("0:3")
@click.option("--kept", type=click.Path(path_type=Path), default=CHECKOUT / ".evals" / "prompts.jsonl")
@click.option(
    "--cache", type=click.Path(path_type=Path), default=CHECKOUT / ".evals" / "prompts", show_default=True
)
def prompts(
    names: tuple[str, ...],
    model: str,
    chosen: tuple[str, ...],
    calls: tuple[int, ...],
    seeds: range,
    kept: Path,
    cache: Path,
) -> None:
    """Tune prompts of the tasks NAMES, or all, by each method, and score them on items that none has seen."""
    from bestguess.evals.prompts.measure import measure_prompts, table

    rows = []
    for row in measure_prompts(model, names, chosen, calls=calls, seeds=seeds, kept=kept, cache=cache):
        rows.append(row)
        click.echo(
            f"{row['task']:12} seed {row['seed']} {row['calls']} calls  {row['score']:.3f}  {row['method']}"
        )
    click.echo(table(rows))


@click.command()
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


@click.command()
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
