"""The command `bestguess web`: a tuning session on a page of this machine's browser."""

from __future__ import annotations

from typing import Any

import click

from bestguess.agent.commands._options import session_options
from bestguess.agent.commands._output import echo


@click.command()
@session_options
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="default: any that is free")
def command(port: int, **options: Any) -> None:
    """Tune in conversation on a page: the chat, the curve, the trials, the space.

    The page is at 127.0.0.1 and opens with the token in the printed address only. Several tabs may watch one
    session. It needs the extra `web`: pip install 'bestguess[web]'.

    \b
    Examples:
      bestguess web
      bestguess web --resume --llm embedded
    """
    from bestguess.agent.chat.session import Session
    from bestguess.agent.chat.web import load_server
    from bestguess.agent.commands._running import end_on_signals
    from bestguess.agent.llm.serving.loopback import listen

    page_server = load_server()
    end_on_signals()
    listening = listen(port)  # before a session leaves its first trace
    session = Session(**options)
    try:
        page = session.page = page_server(session, listening)
        session.greet()
        echo(f"Open {page.url}\nCtrl-C ends it; everything is kept.")
        page.run()
    finally:
        session.close()
