"""The adapters' table: `python -m bestguess.evals.rehearsals`.

python -m bestguess.evals.rehearsals setup      make the environments that are missing
python -m bestguess.evals.rehearsals table      every adapter with the real library
python -m bestguess.evals.rehearsals pin NAME   write down what is installed there
"""

from __future__ import annotations

import sys

import click

NAME = click.argument("names", nargs=-1)


@click.group()
def main() -> None:
    """Every adapter tried with the tuner that it is for."""


@main.command()
@NAME
def setup(names: tuple[str, ...]) -> None:
    """Make the environments that are missing, of NAMES or of all."""
    from bestguess.evals.rehearsals.stage import NAMES, setting

    failed = False
    for name in names or NAMES:
        stage = setting(name)
        if not stage.ready:
            click.echo(f"{name}: installing {' '.join(stage.requires)}")
            stage.make()
        failed |= not stage.ready
        click.echo(f"{name}: {stage.absence or 'ready'}")
    sys.exit(1 if failed else 0)


@main.command()
@NAME
def pin(names: tuple[str, ...]) -> None:
    """Write what is installed in the environments of NAMES into their files in `peers/`."""
    from bestguess.evals.rehearsals.stage import setting

    for name in names:
        click.echo(setting(name).pin())


@main.command()
@NAME
def table(names: tuple[str, ...]) -> None:
    """Print the table of NAMES or of all; exit with 1 unless all passed or were skipped for a reason."""
    from bestguess.evals.rehearsals import stage

    verdicts = []
    for verdict in stage.perform(names or stage.NAMES):
        click.echo(f"{verdict.name}: {'passed' if verdict.passed else verdict.problem}", err=True)
        verdicts.append(verdict)
    click.echo(stage.table(verdicts))
    sys.exit(0 if all(one.passed or one.problem.startswith("skipped") for one in verdicts) else 1)


if __name__ == "__main__":
    main()
