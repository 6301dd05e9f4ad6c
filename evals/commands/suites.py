"""What there is: suites, problems, contestants and their environments, references."""

from __future__ import annotations

import json

import click

from bestguess.evals.commands._options import CONTESTANTS
from bestguess.evals.contestants import Spec
from bestguess.evals.environments import make_environments
from bestguess.evals.suites import suite, suite_names


@click.command("list")
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


@click.command()
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


@click.command()
@click.argument("name")
def freeze(name: str) -> None:
    """Work out the references of a suite anew: the optimum, and the median of random configurations."""
    from bestguess.evals.references import freeze as freeze_references

    click.echo(freeze_references(suite(name)))
