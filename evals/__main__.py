"""The scoreboard's command line: `python -m bestguess.evals`, the commands of `evals/commands/`."""

from __future__ import annotations

import os
import pkgutil
import sys
from importlib import import_module

import click

from bestguess.evals import commands
from bestguess.tools.errors import BestGuessError, InputError


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


for _file in pkgutil.iter_modules(commands.__path__):
    for _found in vars(import_module(f"{commands.__name__}.{_file.name}")).values():
        if isinstance(_found, click.Command):
            main.add_command(_found)

if __name__ == "__main__":
    main()
