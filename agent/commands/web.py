"""The command `bestguess web`: a tuning session on a page of this machine's browser."""

from __future__ import annotations

from pathlib import Path

import click

from bestguess.agent.commands._options import CONTEXT, session_options
from bestguess.tools.errors import InputError


@click.command(context_settings=CONTEXT)
@session_options
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="default: any that is free")
def command(folder: Path, llm: str, resume: bool, parallel: int, seed: int | None, port: int) -> None:
    """Tune in conversation on a page: the chat, the curve, the trials, the space.

    The page is at 127.0.0.1 and opens with the token in the printed address only. Several tabs may watch one
    session. It needs the extra `web`: pip install 'bestguess[web]'.

    \b
    Examples:
      bestguess web
      bestguess web --resume --llm embedded
    """
    import secrets
    import socket

    try:
        import uvicorn

        from bestguess.agent.chat.web.app import build_app
    except ImportError as error:
        raise InputError(f"the page needs {error.name}; install it: pip install 'bestguess[web]'") from error

    from bestguess.agent.chat.session import Session
    from bestguess.agent.commands._running import share_cores

    share_cores()
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind(("127.0.0.1", port))
            listening.listen()
        except OSError as error:
            raise InputError(f"port {port} cannot be had: {error.strerror}; give another --port") from error
        address = f"127.0.0.1:{listening.getsockname()[1]}"
        session = Session(folder, llm=llm, parallel=parallel, seed=seed, resume=resume)
        token = secrets.token_urlsafe(24)
        hosts = frozenset({address, address.replace("127.0.0.1", "localhost")})
        app = build_app(session, token=token, hosts=hosts)
        click.echo(f"Open http://{address}/?token={token}\nCtrl-C ends it; everything is kept.")
        settings = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=2)
        try:
            uvicorn.Server(settings).run(sockets=[listening])
        finally:
            session.close()
