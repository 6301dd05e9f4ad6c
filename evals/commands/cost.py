"""What it costs: an ask, and many results."""

from __future__ import annotations

from pathlib import Path

import click

from bestguess.evals.commands._options import read_specs, results_option, undisturbed


@click.command()
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
    for one in measure_costs(read_specs(labels), results):
        click.echo(one.sentence)


@click.command()
@click.option("--device", default="auto", show_default=True, help="auto, cpu, cuda or torch:cpu")
@click.option("--size", "sizes", type=int, multiple=True, default=(100, 1000, 10_000), show_default=True)
@click.option(
    "--asks", "batch", type=int, default=64, show_default=True, help="asks in a row, without a tell"
)
def scale(device: str, sizes: tuple[int, ...], batch: int) -> None:
    """Measure what asking costs us with thousands of results, and many times in a row without a tell."""
    from bestguess.evals.measures.scale import measure_scale

    with undisturbed():
        for one in measure_scale(sizes, device=device, batch=batch):
            click.echo(one.sentence)
