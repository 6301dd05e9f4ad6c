"""A model server that misbehaves as told: real HTTP on loopback, for tests of whatever speaks to one.

    with MisbehavingServer(["truncated", "hang", "good"]) as server:
        bg.tune(objective, space, llm=server.url, llm_wait_s=2.0)
    server.served                              # what it did, in order

It needs no weights and no pytest. `BEHAVIOURS` names everything it can do; "good" answers within the schema.
"""

from __future__ import annotations

import json
import socket
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import cycle, repeat
from typing import Any, Self

from bestguess.agent.llm import Request
from bestguess.agent.testing.stand_ins import SPOILED, SchemaLLM

HANG_S = 30.0
DRIP_S = 0.05
MEGABYTE = 2**20
COMPLETION = {"id": "1", "object": "chat.completion", "created": 0, "model": "misbehaving"}


class MisbehavingServer(ThreadingHTTPServer):
    """Serves `script`, one behaviour a request and then from the start again, on a free port.

    A behaviour is a name in BEHAVIOURS, or a function of the exchange and the request's body that answers it
    itself. Raises ValueError for a name that is none.
    """

    daemon_threads = True

    def __init__(self, script: Iterable[str | Behaviour], *, seed: int = 0) -> None:
        steps = list(script)
        unknown = [step for step in steps if isinstance(step, str) and step not in BEHAVIOURS]
        if unknown or not steps:
            raise ValueError(f"no behaviour is called {unknown}; there are {', '.join(BEHAVIOURS)}")
        super().__init__(("127.0.0.1", 0), Exchange)
        self.served: list[str] = []
        self.model = SchemaLLM(seed)
        self.closing = threading.Event()
        self._steps = cycle(steps)
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """What to give as `llm`."""
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that hung up."""

    def next(self) -> Behaviour:
        """Return what is to be done next, and note it."""
        with self._lock:
            step = next(self._steps)
            self.served.append(step if isinstance(step, str) else getattr(step, "__name__", "own"))
        return BEHAVIOURS[step] if isinstance(step, str) else step

    def guesses(self, body: Mapping[str, Any]) -> list[str]:
        """Return as many valid answers to a request as it asks for."""
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema")
        asked = Request((), n=body.get("n", 1), schema=schema, seed=body.get("seed"))
        return self.model.texts(asked)


class Exchange(BaseHTTPRequestHandler):
    """One request and its answer; behaviours use what has no underscore."""

    server: MisbehavingServer

    def do_GET(self) -> None:
        """List one model."""
        self.send(200, {"object": "list", "data": [{"id": "misbehaving"}]})

    def do_POST(self) -> None:
        """Do what is next in the script."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.next()(self, body)

    def begin(self, status: int = 200, **headers: object) -> None:
        """Send the status and headers, JSON's type unless another is among them."""
        self.send_response(status)
        for name, value in ({"content_type": "application/json"} | headers).items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def send(self, status: int, content: Any, **headers: str) -> None:
        """Send JSON, or bytes as they are."""
        payload = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.begin(status, content_length=len(payload), **headers)
        self.wfile.write(payload)

    def complete(self, texts: Iterable[str]) -> None:
        """Send a chat completion with these answers."""
        self.send(200, completion(texts))

    def trickle(self, parts: Iterable[bytes], pause_s: float = DRIP_S) -> None:
        """Send the parts of a body one by one, until the server closes; a client that leaves ends it."""
        for part in parts:
            if self.server.closing.is_set():
                return
            self.wfile.write(part)
            self.wfile.flush()
            time.sleep(pause_s)

    def write(self, pieces: Iterable[str], *, pause_s: float = DRIP_S) -> None:
        """Send one answer piece by piece, as a stream that was asked for."""
        self.write_deltas(({"content": piece} for piece in pieces), pause_s=pause_s)

    def write_deltas(self, deltas: Iterable[Mapping[str, Any]], *, pause_s: float = DRIP_S) -> None:
        """Send the pieces of one message, of which some may be calls."""
        self.begin(content_type="text/event-stream")
        choices = ([{"index": 0, "delta": delta}] for delta in deltas)
        chunks = (COMPLETION | {"object": "chat.completion.chunk", "choices": choice} for choice in choices)
        self.trickle((f"data: {json.dumps(chunk)}\n\n".encode() for chunk in chunks), pause_s)
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Say nothing."""


Behaviour = Callable[[Exchange, Mapping[str, Any]], None]


def completion(texts: Iterable[str]) -> dict[str, Any]:
    """Return the body of a chat completion with these answers."""
    choices = [
        {"index": index, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": 50, "completion_tokens": 10 * len(choices), "total_tokens": 0}
    return COMPLETION | {"choices": choices, "usage": usage}


def _changed(change: Callable[[str], str]) -> Behaviour:
    """Return the behaviour that changes each valid answer by `change`."""

    def behave(exchange: Exchange, body: Mapping[str, Any]) -> None:
        exchange.complete([change(text) for text in exchange.server.guesses(body)])

    return behave


def _hang(exchange: Exchange, _: Mapping[str, Any]) -> None:
    exchange.server.closing.wait(HANG_S)


def _drip(exchange: Exchange, body: Mapping[str, Any]) -> None:
    payload = json.dumps(completion(exchange.server.guesses(body))).encode()
    exchange.begin(content_length=len(payload))
    exchange.trickle(bytes([byte]) for byte in payload)


def _reset(exchange: Exchange, body: Mapping[str, Any]) -> None:
    payload = json.dumps(completion(exchange.server.guesses(body))).encode()
    exchange.begin(content_length=len(payload))
    exchange.wfile.write(payload[: len(payload) // 2])
    exchange.wfile.flush()
    exchange.connection.shutdown(socket.SHUT_RDWR)


def _echo(exchange: Exchange, body: Mapping[str, Any]) -> None:
    prompt = "\n".join(turn["content"] for turn in body["messages"])
    exchange.complete([prompt] * body.get("n", 1))


def _duplicates(exchange: Exchange, body: Mapping[str, Any]) -> None:
    exchange.complete(exchange.server.guesses(body)[:1] * body.get("n", 1))


def _redirect(exchange: Exchange, _: Mapping[str, Any]) -> None:
    elsewhere = exchange.server.url.replace("127.0.0.1", "localhost")
    exchange.send(307, {}, location=f"{elsewhere}/chat/completions")


def _bomb(exchange: Exchange, _: Mapping[str, Any]) -> None:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(b" " * MEGABYTE) for _ in range(64)) + packer.flush()
    exchange.send(200, packed, content_encoding="gzip")


def _endless(exchange: Exchange, body: Mapping[str, Any]) -> None:
    streams = body.get("stream")
    exchange.begin(content_type="text/event-stream" if streams else "application/json")
    exchange.trickle(repeat(b"data: " if streams else b" " * MEGABYTE), pause_s=0.0)


def _leak(exchange: Exchange, body: Mapping[str, Any]) -> None:
    exchange.complete([f"{exchange.path} {exchange.headers['authorization']}"] * body.get("n", 1))


def _counted(prompt_tokens: Any, completion_tokens: Any) -> Behaviour:
    """Return the behaviour that answers well and says that it read and wrote so many tokens."""

    def behave(exchange: Exchange, body: Mapping[str, Any]) -> None:
        usage = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
        exchange.send(200, completion(exchange.server.guesses(body)) | {"usage": usage})

    return behave


BEHAVIOURS: Mapping[str, Behaviour] = {
    "good": _changed(lambda text: text),
    **{name: _changed(spoil) for name, spoil in SPOILED.items()},
    "duplicates": _duplicates,
    "echo": _echo,
    "drip": _drip,
    "hang": _hang,
    "reset": _reset,
    "busy": lambda exchange, _: exchange.send(429, {"error": {"message": "busy"}}, retry_after="1"),
    "broken": lambda exchange, _: exchange.send(500, {"error": {"message": "CUDA out of memory"}}),
    "bad_request": lambda exchange, _: exchange.send(400, {"error": {"message": "no"}}),
    "html": lambda exchange, _: exchange.send(200, b"<html>hello</html>", content_type="text/html"),
    "no_json": lambda exchange, _: exchange.send(200, b'{"choices": ['),
    "empty_choices": lambda exchange, _: exchange.complete([]),
    "redirect": _redirect,
    "bomb": _bomb,
    "endless": _endless,
    "leak": _leak,
    "negative_usage": _counted(-(10**9), -(10**12)),
    "huge_usage": _counted(10**30, 10**30),
    "usage_in_words": _counted("many", ["lots"]),
    "null_message": lambda exchange, _: exchange.send(200, {"choices": [{"message": None}]}),
}
"""Everything that the server can do, by name."""
