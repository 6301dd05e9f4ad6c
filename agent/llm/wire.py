"""The HTTP client for a model server that nobody vouches for: no redirect, no body without an end.

What a call may read is bounded after decompression, over all of its requests and attempts; the time that it
may take is bounded by whoever asks. It knows no key and no completion.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator

import httpx2

from bestguess.agent.llm.connect import origin
from bestguess.tools.errors import ModelUnavailable, ReplyError
from bestguess.tools.words.redaction import redact

MOST_MIB = 8
"""Of everything that one call reads; sixteen answers of 500 tokens are 50 kB."""

MOST_EVENT_KIB = 64
"""Of a stream without a blank line: openai 3.54 copies what it has of an event with each line of it."""


def client_for(*, may_use_proxy: bool, streams: bool) -> httpx2.AsyncClient:
    """Return the client for one call; a redirect raises ModelUnavailable, too long a body ReplyError."""
    allowance = _Allowance()

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
        response.stream = _Bounded(decoded, allowance, streams=streams and response.request.method == "POST")

    return httpx2.AsyncClient(
        trust_env=may_use_proxy,
        follow_redirects=False,
        headers={"accept-encoding": "identity"},
        event_hooks={"response": [bound]},
    )


class _Allowance:
    """What a call may still read."""

    def __init__(self) -> None:
        self._left = MOST_MIB * 2**20

    def spend(self, count: int) -> None:
        self._left -= count
        if self._left < 0:
            raise ReplyError(f"it sends more than {MOST_MIB} MiB, which no answer needs")


class _Bounded(httpx2.AsyncByteStream):
    """The decoded body of a response, as far as the allowance goes."""

    def __init__(self, decoded: httpx2.Response, allowance: _Allowance, *, streams: bool) -> None:
        self._decoded = decoded
        self._allowance = allowance
        self._streams = streams

    async def __aiter__(self) -> AsyncIterator[bytes]:
        since_blank_line = 0
        async for piece in self._decoded.aiter_bytes():
            self._allowance.spend(len(piece))
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
