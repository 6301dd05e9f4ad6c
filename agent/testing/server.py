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
from itertools import cycle
from types import TracebackType
from typing import Any, Self

from bestguess.agent.llm import Request
from bestguess.agent.testing.stand_ins import SchemaLLM

HANG_S = 30.0
DRIP_S = 0.05
MEGABYTE = 2**20


class MisbehavingServer:
    """Serves `script`, one behaviour a request and then from the start again, on a free port.

    A behaviour is a name in BEHAVIOURS, or a function of the handler and the request's body that answers it
    itself. Raises ValueError for a name that is none.
    """

    def __init__(self, script: Iterable[str | Behaviour], *, seed: int = 0) -> None:
        steps = list(script)
        unknown = [step for step in steps if isinstance(step, str) and step not in BEHAVIOURS]
        if unknown or not steps:
            raise ValueError(f"no behaviour is called {unknown}; there are {', '.join(BEHAVIOURS)}")
        self.served: list[str] = []
        self.model = SchemaLLM(seed)
        self.closing = threading.Event()
        self._steps = cycle(steps)
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]  # a client that hung up
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)

    @property
    def url(self) -> str:
        """What to give as `llm`."""
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

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
        return list(self.model.texts(asked))


class Exchange(BaseHTTPRequestHandler):
    """One request and its answer; behaviours use `send` and `complete`."""

    owner: MisbehavingServer

    def do_GET(self) -> None:
        """List one model."""
        self.send(200, {"object": "list", "data": [{"id": "misbehaving"}]})

    def do_POST(self) -> None:
        """Do what is next in the script."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.owner.next()(self, body)

    def send(self, status: int, content: Any, **headers: str) -> None:
        """Send JSON, or bytes as they are."""
        payload = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        known = {"content-type": "application/json", "content-length": str(len(payload))}
        for name, value in (known | {key.replace("_", "-"): value for key, value in headers.items()}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(payload)

    def complete(self, texts: Iterable[str]) -> None:
        """Send a chat completion with these answers."""
        self.send(200, completion(texts))

    def write(self, pieces: Iterable[str], *, pause_s: float = DRIP_S) -> None:
        """Send one answer piece by piece, as a stream that was asked for; a client that leaves ends it."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()
        known = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "misbehaving"}
        for piece in pieces:
            if self.owner.closing.is_set():
                return
            chunk = known | {"choices": [{"index": 0, "delta": {"content": piece}}]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            self.wfile.flush()
            time.sleep(pause_s)
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
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "misbehaving",
        "choices": choices,
        "usage": usage,
    }


def _changed(change: Callable[[str], str]) -> Behaviour:
    """Return the behaviour that spoils each valid answer by `change`."""

    def behave(exchange: Exchange, body: Mapping[str, Any]) -> None:
        exchange.complete([change(text) for text in exchange.owner.guesses(body)])

    return behave


def _filled(value: Any) -> Behaviour:
    """Return the behaviour that puts `value` in the place of every value."""

    def change(text: str) -> str:
        guess = json.loads(text)
        return json.dumps(dict.fromkeys(guess, value) if isinstance(guess, dict) else value)

    return _changed(change)


def _hang(exchange: Exchange, _: Mapping[str, Any]) -> None:
    exchange.owner.closing.wait(HANG_S)


def _drip(exchange: Exchange, body: Mapping[str, Any]) -> None:
    payload = json.dumps(completion(exchange.owner.guesses(body))).encode()
    exchange.send_response(200)
    exchange.send_header("content-type", "application/json")
    exchange.send_header("content-length", str(len(payload)))
    exchange.end_headers()
    for byte in payload:
        if exchange.owner.closing.is_set():
            return
        exchange.wfile.write(bytes([byte]))
        exchange.wfile.flush()
        time.sleep(DRIP_S)


def _reset(exchange: Exchange, body: Mapping[str, Any]) -> None:
    payload = json.dumps(completion(exchange.owner.guesses(body))).encode()
    exchange.send_response(200)
    exchange.send_header("content-length", str(len(payload)))
    exchange.end_headers()
    exchange.wfile.write(payload[: len(payload) // 2])
    exchange.wfile.flush()
    exchange.connection.shutdown(socket.SHUT_RDWR)


def _echo(exchange: Exchange, body: Mapping[str, Any]) -> None:
    prompt = "\n".join(turn["content"] for turn in body["messages"])
    exchange.complete([prompt] * body.get("n", 1))


def _duplicates(exchange: Exchange, body: Mapping[str, Any]) -> None:
    exchange.complete(exchange.owner.guesses(body)[:1] * body.get("n", 1))


def _redirect(exchange: Exchange, _: Mapping[str, Any]) -> None:
    elsewhere = exchange.owner.url.replace("127.0.0.1", "localhost")
    exchange.send(307, {}, location=f"{elsewhere}/chat/completions")


def _bomb(exchange: Exchange, _: Mapping[str, Any]) -> None:
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(b" " * MEGABYTE) for _ in range(64)) + packer.flush()
    exchange.send(200, packed, content_encoding="gzip")


def _endless(exchange: Exchange, body: Mapping[str, Any]) -> None:
    exchange.send_response(200)
    exchange.send_header("content-type", "text/event-stream" if body.get("stream") else "application/json")
    exchange.end_headers()
    while not exchange.owner.closing.is_set():
        exchange.wfile.write(b"data: " if body.get("stream") else b" " * MEGABYTE)


def _leak(exchange: Exchange, body: Mapping[str, Any]) -> None:
    exchange.complete([f"{exchange.path} {exchange.headers['authorization']}"] * body.get("n", 1))


def _counted(prompt_tokens: Any, completion_tokens: Any) -> Behaviour:
    """Return the behaviour that answers well and says that it read and wrote so many tokens."""

    def behave(exchange: Exchange, body: Mapping[str, Any]) -> None:
        usage = {"prompt_tokens": prompt_tokens, "completion_tokens": completion_tokens}
        exchange.send(200, completion(exchange.owner.guesses(body)) | {"usage": usage})

    return behave


BEHAVIOURS: Mapping[str, Behaviour] = {
    "good": _changed(lambda text: text),
    "malformed": _changed(lambda text: text.replace(":", "=", 1)),
    "truncated": _changed(lambda text: text[: len(text) // 2]),
    "prose": _changed(lambda _: "I would try a smaller learning rate first, and then see."),
    "fenced": _changed(lambda text: f"Here it is:\n```json\n{text}\n```\nGood luck!"),
    "out_of_bounds": _filled(10**30),
    "wrong_types": _filled([{"value": None}]),
    "not_a_number": _filled(float("nan")),
    "unknown_keys": _changed(lambda text: text[:-1] + ', "no_such_parameter": 1}'),
    "duplicates": _duplicates,
    "echo": _echo,
    "megabyte": _changed(lambda _: "x" * MEGABYTE),
    "nested": _changed(lambda _: "[" * 20_000 + "]" * 20_000),
    "unicode": _changed(lambda text: text.replace('"', "”")),
    "control_characters": _changed(lambda text: f"\x00\x07\x1b[2J\u202e{text}"),
    "empty": _changed(lambda _: ""),
    "thoughts_only": _changed(lambda _: "<think> so many options"),
    "drip": _drip,
    "hang": _hang,
    "reset": _reset,
    "busy": lambda exchange, _: exchange.send(429, {"error": {"message": "busy"}}, retry_after="1"),
    "broken": lambda exchange, _: exchange.send(500, {"error": {"message": "CUDA out of memory"}}),
    "bad_request": lambda exchange, _: exchange.send(400, {"error": {"message": "no"}}),
    "html": lambda exchange, _: exchange.send(200, b"<html>hello</html>", content_type="text/html"),
    "no_json": lambda exchange, _: exchange.send(200, b'{"choices": [', content_type="application/json"),
    "empty_choices": lambda exchange, _: exchange.complete([]),
    "redirect": _redirect,
    "bomb": _bomb,
    "endless": _endless,
    "leak": _leak,
    "twice": _changed(lambda text: text[:-1] + ", " + text[1:]),
    "long_number": _filled(10**4000),
    "negative_usage": _counted(-(10**9), -(10**12)),
    "huge_usage": _counted(10**30, 10**30),
    "usage_in_words": _counted("many", ["lots"]),
    "null_message": lambda exchange, _: exchange.send(200, {"choices": [{"message": None}]}),
}
"""Everything that the server can do, by name."""


def _handler(server: MisbehavingServer) -> type[Exchange]:
    return type("OneServersExchange", (Exchange,), {"owner": server})
