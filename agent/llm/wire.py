"""The HTTP client for a model server that nobody vouches for: no redirect, no body without an end.

What a call may read is bounded after decompression, over all of its requests and attempts; the time that it
may take is bounded by whoever asks.
"""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from functools import cache
from urllib.parse import urlsplit

import httpx2

from bestguess.tools.errors import ModelUnavailable, ReplyError
from bestguess.tools.words.redaction import redact

MOST_MIB = 8
"""Of everything that one call reads; sixteen answers of 500 tokens are 50 kB."""

MOST_EVENT_KIB = 64
"""Of a stream without a blank line: openai 3.54 copies what it has of an event with each line of it."""


MOST_HOST_CHARS = 253


def origin(url: str) -> str:
    """Return scheme, host and port of a URL, to which a key is given; nothing for what is no URL."""
    try:
        parts = urlsplit(url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return ""
    host = parts.hostname or ""
    is_host = 0 < len(host) <= MOST_HOST_CHARS and host.isprintable() and " " not in host
    return f"{parts.scheme}://{host}:{port}" if is_host else ""


def client_for(*, may_use_proxy: bool, key: str, query: Sequence[tuple[str, str]] = ()) -> httpx2.AsyncClient:
    """Return the client for one call, each request with `key`, and with `query` in its address.

    A redirect raises ModelUnavailable, too long a body ReplyError.
    """
    left = MOST_MIB * 2**20

    def spend(count: int) -> None:
        nonlocal left
        left -= count
        if left < 0:
            raise ReplyError(f"it sends more than {MOST_MIB} MiB, which no answer needs")

    async def bound(response: httpx2.Response) -> None:
        if 300 <= response.status_code < 400:
            target = origin(str(response.request.url.join(response.headers.get("location", ""))))
            raise ModelUnavailable(
                f"answered {response.status_code} and points to {target or 'no address'}; no redirect is "
                "followed: name that address if you trust it"
            )
        # Decoded here, in the pieces of 1 MiB that httpx2 makes, so that what is counted is what is kept.
        decoded = httpx2.Response(response.status_code, headers=response.headers, stream=response.stream)
        response.headers.pop("content-encoding", None)
        response.stream = _Bounded(decoded, spend, streams=streams(response.headers))

    async def head_of_ours(request: httpx2.Request) -> None:
        # What openai takes from the environment (OPENAI_CUSTOM_HEADERS and more) is for another server.
        length = request.headers.get("content-length")
        request.headers = httpx2.Headers(
            {
                "host": request.url.netloc.decode(),
                "user-agent": "bestguess",
                "accept": "application/json",
                "accept-encoding": "identity",
                "authorization": f"Bearer {key}",
                **({"content-type": "application/json", "content-length": length} if length else {}),
            }
        )

    return httpx2.AsyncClient(
        trust_env=may_use_proxy,
        verify=_certificates(may_use_proxy, os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")),
        follow_redirects=False,
        params=list(query),
        event_hooks={"request": [head_of_ours], "response": [bound]},
    )


@cache
def _certificates(trust_env: bool, _file: str | None, _folder: str | None) -> ssl.SSLContext:
    """Return what a server's certificate is checked by, read once: that takes longer than a short call."""
    return httpx2.create_ssl_context(trust_env=trust_env)


def streams(headers: Mapping[str, str]) -> bool:
    """Whether a response comes as events."""
    return "event-stream" in headers.get("content-type", "")


class _Bounded(httpx2.AsyncByteStream):
    """The decoded body of a response; `spend` is told of each piece, and may refuse it."""

    def __init__(self, decoded: httpx2.Response, spend: Callable[[int], None], *, streams: bool) -> None:
        self._decoded = decoded
        self._spend = spend
        self._streams = streams

    async def __aiter__(self) -> AsyncIterator[bytes]:
        since_blank_line = 0
        async for piece in self._decoded.aiter_bytes():
            self._spend(len(piece))
            last = max(piece.rfind(end) for end in (b"\n\n", b"\r\n\r\n", b"\r\r"))
            since_blank_line = len(piece) - last if last >= 0 else since_blank_line + len(piece)
            if self._streams and since_blank_line > MOST_EVENT_KIB * 1024:
                raise ReplyError(f"it sends more than {MOST_EVENT_KIB} KiB as one piece of an answer")
            yield piece

    async def aclose(self) -> None:
        await self._decoded.aclose()


def _redacted(record: logging.LogRecord) -> bool:
    record.msg, record.args = redact(record.getMessage()), ()
    return True


# At level INFO it notes every address, and some hold a key.
logging.getLogger("httpx2").addFilter(_redacted)
