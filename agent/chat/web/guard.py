"""Who may use the page: this machine's browser, by the token of this start; everybody else gets 403.

A page of another site can send requests here, and a name of another site can be made to point here; hence the
checks of Origin and Host beside the token.
"""

from __future__ import annotations

import hmac
from urllib.parse import parse_qs

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "bestguess_{port}"
"""A cookie of a host goes to all its ports: under one name, two pages would sign each other out."""

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class Guard:
    """Lets a request through if its Host is ours, its Origin is ours or none, and it has the token.

    The token comes once in the URL, which answers with a cookie that scripts cannot read and no other site
    can send; from then on the cookie counts.
    """

    def __init__(self, app: ASGIApp, *, token: str, hosts: frozenset[str]) -> None:
        self._app = app
        self._token = token
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self._refuse(scope)
        await (refusal or self._app)(scope, receive, send_with_headers)

    def _refuse(self, scope: Scope) -> Response | None:
        """Return the answer to a request that does not go through; also the redirect that sets the cookie."""
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        if host not in self._hosts:
            return _forbidden("this page answers to its own address only")
        cookie = COOKIE.format(port=host.partition(":")[2])
        origin = headers.get("origin")
        if origin is not None and origin not in {f"http://{host}" for host in self._hosts}:
            return _forbidden("this page answers to itself only")
        if scope["method"] not in ("GET", "HEAD") and origin is None:
            return _forbidden("a change must come from the page")
        if self._is_token(cookie_parser(headers.get("cookie", "")).get(cookie, "")):
            return None
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        if scope["method"] == "GET" and scope["path"] == "/" and self._is_token(given):
            answer = RedirectResponse("/", status_code=303)
            answer.set_cookie(cookie, self._token, httponly=True, samesite="strict")
            return answer
        return _forbidden("open the address that `bestguess web` printed, with its token")

    def _is_token(self, given: str) -> bool:
        return hmac.compare_digest(given.encode(), self._token.encode())


def _forbidden(why: str) -> Response:
    return PlainTextResponse(f"403: {why}\n", status_code=403)
