"""The command line: it finds the command that was named, and turns errors into lines and exit codes.

Exit codes: 0 done; 1 no trial gave a value, or something is broken (`doctor`); 2 bad input, nothing was
written; 3 model weights could not be had; 4 the study's storage went away, and what was told is kept; 70 a
defect of BestGuess; 130 interrupted, go on with --resume. A command is a file in `agent/commands/`;
everything heavy is imported inside it, so that `--help` answers at once.
"""

from __future__ import annotations

import os
import pkgutil
import sys
import traceback
from collections.abc import Sequence
from importlib import import_module
from typing import Any, NoReturn

import click

from bestguess.agent import commands
from bestguess.agent.commands._options import CONTEXT
from bestguess.agent.commands._output import echo, steady_streams
from bestguess.tools.errors import BestGuessError, InputError, StudyDamaged, StudyUnavailable, WeightsError
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import text_problem
from bestguess.tools.words.redaction import keep_options, redact

LINE_CHARS = 1600
TRACEBACK_VARIABLE = "BESTGUESS_TRACEBACK"
EXIT_CODES = {StudyDamaged: 2, StudyUnavailable: 4, InputError: 2, WeightsError: 3, BestGuessError: 1}
"""The first kind of error that fits counts."""

REPORT_IT = f"please report it, {TRACEBACK_VARIABLE}=1 shows where"


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

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Keep all words for `invoke`, where what is wrong with them is said."""
        keep_options(args)
        ctx.meta[__name__] = tuple(args)
        return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        try:
            _check_working_folder()
            _check_words(ctx.meta[__name__])
            return super().invoke(ctx)
        except KeyboardInterrupt:
            _interrupted()
        except click.exceptions.NoArgsIsHelpError:  # its message is the help, laid out
            raise
        except click.ClickException as error:
            object.__setattr__(error, "message", _line(error.message))
            raise
        except BestGuessError as error:
            _fail(error, next(code for kind, code in EXIT_CODES.items() if isinstance(error, kind)))
        except click.Abort as error:
            if isinstance(error.__context__, KeyboardInterrupt):  # at a question
                _interrupted()
            raise
        except click.exceptions.Exit:
            raise
        except Exception as error:
            if os.environ.get(TRACEBACK_VARIABLE):
                raise
            what = "".join(traceback.format_exception_only(error)).strip()
            _fail(f"this went wrong inside BestGuess: {what}; {REPORT_IT}", 70)


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
    70 a defect of BestGuess; 130 interrupted (nothing told is lost, go on with --resume).
    """


def _check_working_folder() -> None:
    """Raise InputError if this process stands in a folder that is gone: no relative path leads anywhere."""
    try:
        os.getcwd()
    except OSError as error:
        raise InputError(f"the working folder cannot be used: {error.strerror}; go to another") from error


def _check_words(words: Sequence[str]) -> None:
    """Raise InputError for a word that no study, file of ours or database could hold."""
    for word in words:
        if text_problem(word):
            raise InputError(
                f"the argument {word[:80]!a} is no UTF-8 text, or holds a null character; "
                "give one without, and rename a file that is called so"
            )


def _interrupted() -> NoReturn:
    echo("interrupted", err=True)
    sys.exit(130)


def _fail(error: BestGuessError | str, code: int) -> NoReturn:
    echo(f"error: {_line(str(error))}", err=True)
    sys.exit(code)


def _line(text: str) -> str:
    """Return a text on one line; of a long one what is wrong, at its beginning, and the mend, at its end."""
    line = redact(clean_line(text))
    return line if len(line) <= LINE_CHARS else f"{line[: LINE_CHARS // 2]} … {line[-LINE_CHARS // 2 :]}"


if __name__ == "__main__":
    main()
