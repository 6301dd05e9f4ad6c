"""The command `bestguess chat`: a tuning session in conversation, on a terminal or through pipes."""

from __future__ import annotations

from typing import Any

import click

from bestguess.agent.commands._options import session_options
from bestguess.agent.commands._output import echo


@click.command()
@click.argument("opening", nargs=-1)
@session_options
@click.option("--web", is_flag=True, help="show the session on a page of this machine's browser, too")
@click.option("--json", "as_json", is_flag=True, help="one JSON object an event on stdout; lines from stdin")
@click.option(
    "--wait/--no-wait",
    default=None,
    help="without a terminal, read a line once all trials are done; default: --wait, with --json --no-wait",
)
def command(opening: tuple[str, ...], web: bool, as_json: bool, wait: bool | None, **options: Any) -> None:
    """Tune in conversation: say what, and talk while it runs.

    Good without a language model: plain words are understood by rules, and every number in an answer is
    computed. Nothing runs, costs more than agreed or changes the space without a yes. Everything is
    kept as it happens, in bestguess.db and bestguess.chat.jsonl.

    \b
    Examples:
      bestguess chat
      bestguess chat tune train.py, minimise val_loss
      bestguess chat --resume --web
      printf 'tune train.py\\nyes\\nrun 10\\nyes\\nexport script\\n' | bestguess chat
    """
    import asyncio
    import sys
    from itertools import chain

    from bestguess.agent.chat.session import Session
    from bestguess.agent.chat.terminal import Terminal, run_lines
    from bestguess.agent.commands._running import end_on_signals

    end_on_signals()
    session = Session(**options)
    first = [*(["/web"] if web else []), " ".join(opening)]
    if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        lines = chain(first, sys.stdin)
        try:
            run_lines(session, lines, sys.stdout, as_json=as_json, wait=not as_json if wait is None else wait)
        except KeyboardInterrupt:
            echo("\ninterrupted, nothing is lost; bestguess chat --resume goes on from here", err=True)
            sys.exit(130)
        return
    asyncio.run(Terminal(session, first).run())
