"""The MCP server over HTTP: on this machine only, for whoever has the token of this start."""

from __future__ import annotations

import hmac
import os
import re
import secrets
from collections.abc import Callable
from typing import Any

import uvicorn
from mcp.server import MCPServer
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from bestguess.agent.llm.serving.loopback import HOST, listen
from bestguess.tools.errors import InputError
from bestguess.tools.words.redaction import keep_secret

TOKEN_VARIABLE = "BESTGUESS_MCP_TOKEN"  # noqa: S105 - a name
GRACE_S = 2
_TOKEN = re.compile(r"[A-Za-z0-9._~+/=-]{16,512}")
"""What RFC 6750 lets a header carry, and too long to be guessed."""


class TokenGuard:
    """Lets a request through that has the header `Authorization: Bearer TOKEN`; any other gets 401."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._header = f"bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if scope["type"] == "http":
            scheme, _, token = Headers(scope=scope).get("authorization", "").partition(" ")
            if not hmac.compare_digest(f"{scheme.lower()} {token.strip()}".encode(), self._header):
                await _UNKNOWN(scope, receive, send)
                return
        await self._app(scope, receive, send)


_UNKNOWN = PlainTextResponse(
    "401: send the header Authorization: Bearer TOKEN, with the token that `bestguess mcp --http` printed\n",
    status_code=401,
    headers={"WWW-Authenticate": "Bearer"},
)


def serve_http(server: MCPServer[Any], port: int, say: Callable[[str], object]) -> None:
    """Serve clients of this machine on http://127.0.0.1:port/mcp until interrupted; say where and the token.

    A request without the token is refused, and one whose Host or Origin is another's, so that no other user
    and no web page can reach the server.

    Raises:
        InputError: the port cannot be had, or the environment's token is none.
    """
    given = os.environ.get(TOKEN_VARIABLE)
    if given is not None and not _TOKEN.fullmatch(given):
        raise InputError(
            f"{TOKEN_VARIABLE} is no token ({len(given)} characters); give 16 to 512 letters, digits and "
            "signs of ._~+/=-, or unset it and one is made"
        )
    token = given or secrets.token_urlsafe(24)
    keep_secret(token)
    with listen(port) as listening:
        port = listening.getsockname()[1]
        names = (f"{HOST}:{port}", f"localhost:{port}")
        security = TransportSecuritySettings(
            allowed_hosts=list(names), allowed_origins=[f"http://{name}" for name in names]
        )
        app = TokenGuard(server.streamable_http_app(host=HOST, transport_security=security), token)
        shown = f"the one in {TOKEN_VARIABLE}" if given else token
        say(
            f"serving on http://{HOST}:{port}/mcp\n"
            f"token: {shown}\n"
            "clients send it in the header Authorization: Bearer TOKEN"
        )
        settings = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GRACE_S)
        uvicorn.Server(settings).run(sockets=[listening])
