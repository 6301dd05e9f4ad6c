"""The command `bestguess mcp`: a server for agents that speak the Model Context Protocol."""

from __future__ import annotations

import click

from bestguess.agent.commands._options import (
    device_option,
    llm_option,
    llm_wait_option,
    storage_option,
)
from bestguess.agent.commands._output import echo
from bestguess.tools.errors import InputError

DEFAULT_PORT = 8765


@click.command()
@click.option("--http", is_flag=True, help="serve on http://127.0.0.1:PORT/mcp, not on stdin and stdout")
@click.option("--port", type=click.IntRange(1, 65535), default=DEFAULT_PORT, show_default=True)
@storage_option()
@llm_option()
@llm_wait_option(60.0)
@device_option
def command(http: bool, port: int, storage: str, llm: str, llm_wait_s: float, device: str) -> None:
    """Serve BestGuess to an agent, over the Model Context Protocol (MCP).

    The agent makes studies, asks what to try, tells what came of it, and has its own ideas judged by the
    Gaussian process. It is a language model itself, so none is needed here. Kill the server when you like:
    what was told is in the storage. Over --http, clients of this machine need the token that is printed with
    the address: it is new at every start, or that of BESTGUESS_MCP_TOKEN. On stdin and stdout there is none.
    Needs `pip install 'bestguess[mcp]'`.

    \b
    Examples:
      claude mcp add bestguess -- bestguess mcp
      bestguess mcp --http --storage sqlite:////data/studies.db
      claude mcp add --transport http bestguess http://127.0.0.1:8765/mcp \\
          --header "Authorization: Bearer TOKEN"
    """
    try:
        from bestguess.agent.mcp.http import serve_http
        from bestguess.agent.mcp.tools import make_server
    except ImportError as error:
        words = f"bestguess mcp needs the package mcp ({error}): pip install 'bestguess[mcp]'"
        raise InputError(words) from error

    server = make_server(storage, llm=None if llm == "none" else llm, llm_wait_s=llm_wait_s, device=device)
    if http:
        serve_http(server, port, lambda words: echo(words, err=True))
    else:
        server.run("stdio")
