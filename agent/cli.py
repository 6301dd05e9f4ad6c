"""The command line: it finds the command that was named, and turns errors into lines and exit codes.

Exit codes: 0 done; 1 no trial gave a value, or something is broken (`doctor`); 2 bad input, nothing was
written; 3 model weights could not be had; 4 the study's storage went away, and what was told is kept; 130
interrupted, go on with --resume. A command is a file in `agent/commands/`; everything heavy is imported
inside it, so that `--help` answers at once.
"""

from __future__ import annotations

import pkgutil
import sys
from importlib import import_module
from typing import Any

import click

from bestguess.agent import commands
from bestguess.agent.commands._options import CONTEXT
from bestguess.agent.commands._output import echo, steady_streams
from bestguess.tools.cleaning import clean_line
from bestguess.tools.errors import BestGuessError, InputError, StudyDamaged, StudyUnavailable, WeightsError


class Group(click.Group):
    """The commands in `agent/commands/`, whose errors are one line on stderr and a documented exit code."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002  # click's signature
        """Return the names of the commands: the files that do not start with an underscore."""
        return sorted(one.name for one in pkgutil.iter_modules(commands.__path__) if one.name[0] != "_")

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command of that name."""
        if cmd_name not in self.list_commands(ctx):
            return None
        found: click.Command = import_module(f"{commands.__name__}.{cmd_name}").command
        return found

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run the command line, on streams that end nothing."""
        with steady_streams():
            return super().main(*args, **kwargs)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(130)
        except click.ClickException as error:
            object.__setattr__(error, "message", clean_line(error.message))
            raise
        except StudyUnavailable as error:
            _fail(error, 2 if isinstance(error, StudyDamaged) else 4)
        except InputError as error:
            _fail(error, 2)
        except WeightsError as error:
            _fail(error, 3)
        except BestGuessError as error:
            _fail(error, 1)


@click.group(cls=Group, context_settings=CONTEXT)
@click.version_option(package_name="bestguess")
def main() -> None:
    """A language model guesses, a Gaussian process verifies, you keep the best.

    \b
    Examples:
      bestguess demo                          a local model tunes a scikit-learn model, start to finish
      bestguess tune --space space.yaml --metric 'loss=([0-9.eE+-]+)' -- python train.py --lr {lr}
      bestguess chat tune train.py            the same in conversation; bestguess web: on a page
      bestguess show                          what the study in bestguess.db came to
      bestguess replay                        does its record still give the same trials?
      bestguess models list                   local models that can be pulled
      bestguess doctor                        what this machine has

    \b
    Exit codes: 0 done; 1 no trial gave a value; 2 bad input, nothing was written;
    3 model weights could not be had; 4 the study's storage went away (what was told is kept);
    130 interrupted (nothing told is lost, go on with --resume).
    """


def _fail(error: BestGuessError, code: int) -> None:
    echo(f"error: {error}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
