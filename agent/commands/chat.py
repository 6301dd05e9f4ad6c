"""The command `bestguess chat`: a tuning session in conversation, on a terminal or through pipes."""

from __future__ import annotations

from typing import Any

import click

from bestguess.agent.commands._options import session_options
from bestguess.agent.commands._output import echo, echo_json
from bestguess.tools.errors import InputError

EXIT_CODES = {"done": 0, "failed": 1, "unclear": 5, "refused": 6, "limit": 7}


@click.command()
@click.argument("opening", nargs=-1)
@session_options
@click.option(
    "--prompt", "-p", "prompts", multiple=True, metavar="WORDS", help="do this and end; may be given again"
)
@click.option(
    "--yes",
    "consents",
    multiple=True,
    metavar="WORDS",
    help="with -p, what may be done: trials=20, time=30m (or budget=30m), tokens=N, space, write, study",
)
@click.option("--web", is_flag=True, help="show the session on a page of this machine's browser, too")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="one JSON object an event on stdout, lines from stdin; with -p one object, the last line of stdout",
)
@click.option(
    "--wait/--no-wait",
    default=None,
    help="without a terminal, read a line once all trials are done; default: --wait, with --json --no-wait",
)
def command(
    opening: tuple[str, ...],
    prompts: tuple[str, ...],
    consents: tuple[str, ...],
    web: bool,
    as_json: bool,
    wait: bool | None,
    **options: Any,
) -> None:
    """Tune in conversation: say what, and talk while it runs.

    Good without a language model: plain words are understood by rules, and every number in an answer is
    computed. Nothing runs, costs more than agreed or changes the space without a yes. Everything is
    kept as it happens, in bestguess.db and bestguess.chat.jsonl.

    With -p nobody is asked: what --yes names may be done, all else is answered no, and said. Without a number
    of trials in the words all that --yes allows are run. Exit codes beside the usual ones: 1 something went
    wrong, or no trial gave a value; 5 nothing was understood; 6 something was not agreed to; 7 what was
    agreed to was used up before all was done.

    \b
    Examples:
      bestguess chat
      bestguess chat -p "tune train.py, minimise val_loss" --yes budget=30m --json
      bestguess chat tune train.py, minimise val_loss
      bestguess chat --resume --web
      printf 'tune train.py\\nyes\\nrun 10\\nyes\\nexport script\\nyes\\n' | bestguess chat
    """
    import asyncio
    import sys
    from itertools import chain

    from bestguess.agent.chat.session import Session
    from bestguess.agent.chat.terminal import Terminal, run_lines
    from bestguess.agent.commands._running import end_on_signals

    end_on_signals()
    if prompts or consents:
        if not prompts or opening or web or wait is not None:
            raise InputError(
                "--yes is for -p, and -p takes no other words, no --web and no --wait; give -p WORDS"
            )
        sys.exit(_do(prompts, consents, as_json=as_json, **options))
    session = Session(**options)
    first = [*(["/web"] if web else []), " ".join(opening)]
    if as_json or not (sys.stdin.isatty() and sys.stdout.isatty()):
        lines = chain(first, sys.stdin)
        try:
            run_lines(session, lines, sys.stdout, as_json=as_json, wait=not as_json if wait is None else wait)
        except KeyboardInterrupt:
            echo(f"\ninterrupted, nothing is lost; {session.resume_command} goes on from here", err=True)
            sys.exit(130)
        return
    asyncio.run(Terminal(session, first).run())


def _do(prompts: tuple[str, ...], consents: tuple[str, ...], *, as_json: bool, **options: Any) -> int:
    """Say all words, one after the other, and return the exit code; nobody is asked."""
    import sys

    from bestguess.agent.chat.terminal import event_printer
    from bestguess.agent.chat.unattended import Agent

    with Agent(yes=consents, **options) as agent:
        # Under --json stdout is one object, whoever reads it.
        agent.listen(event_printer(sys.stderr if as_json else sys.stdout))
        agent.session.greet()
        try:
            for words in prompts:
                turn = agent.do(words)
                if turn.status != "done":
                    break
        except KeyboardInterrupt:
            agent.session.discard_reply()
            again = agent.session.resume_command
            echo(f"\ninterrupted, nothing is lost; {again} goes on from here", err=True)
            if as_json:
                echo_json(agent.so_far().to_dict())
            return 130
    for title in turn.refused:
        echo(f"not done: {title}", err=True)
    if turn.limit:
        echo(f"ended: {turn.limit}", err=True)
    if as_json:
        echo_json(turn.to_dict())
    return EXIT_CODES[turn.status]
