"""MCP over HTTP: who may speak to it, and what it answers to those who speak badly."""

from __future__ import annotations

import re
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx2
import pytest
import uvicorn

from bestguess.agent.llm.serving.loopback import HOST
from bestguess.agent.mcp.http import TOKEN_VARIABLE, serve_http
from bestguess.agent.mcp.tools import make_server

MESSAGE = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
PLAIN = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
VERIFY = ssl.create_default_context()  # made once: it takes longer than a request
MANY = 6 * 1024 * 1024


@contextmanager
def serving(storage: str) -> Iterator[tuple[str, str]]:
    """Serve in a thread of this process; yields the address and the token that were said."""
    said: list[str] = []
    servers: list[uvicorn.Server] = []
    with pytest.MonkeyPatch.context() as patch:
        started = uvicorn.Server.startup

        async def startup(self: uvicorn.Server, sockets: Any = None) -> None:
            servers.append(self)
            await started(self, sockets)

        patch.setattr(uvicorn.Server, "startup", startup)
        thread = threading.Thread(target=lambda: serve_http(make_server(storage), 0, said.append))
        thread.start()
        deadline = time.monotonic() + 30
        while not (servers and servers[0].started) and time.monotonic() < deadline:
            time.sleep(0.02)
    url, token = re.findall(r"http://\S+|(?<=token: )\S+", said[0])
    try:
        yield url, token
    finally:
        servers[0].should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv(TOKEN_VARIABLE, raising=False)
        with serving(f"sqlite:///{tmp_path_factory.mktemp('mcp')}/s.db") as found:
            yield found


def answer(url: str, **headers: str) -> int:
    return httpx2.post(url, json=MESSAGE, headers={**PLAIN, **headers}, verify=VERIFY).status_code


def is_served(url: str, token: str) -> bool:
    """Whether somebody who has the token is still answered by the server's tools."""
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "t", "version": "1"},
        },
    }
    heard = httpx2.post(url, json=hello, headers={**PLAIN, "Authorization": f"Bearer {token}"}, verify=VERIFY)
    return heard.status_code == 200 and "bestguess" in heard.text


def test_a_request_without_the_token_gets_401_whatever_it_asks_for(server: tuple[str, str]) -> None:
    url, token = server
    wrong: list[dict[str, str]] = [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {token[:-1]}"},
        {"Authorization": f"Bearer {token}x"},
        {"Authorization": f"Bearer {token.swapcase()}"},
        {"Authorization": f"Basic {token}"},
        {"Authorization": token},
        {"Authorization": f"Bearer {token} {token}"},
        {"Cookie": f"token={token}"},
        {"X-Token": token},
    ]
    assert [answer(url, **headers) for headers in wrong] == [401] * len(wrong)
    assert answer(f"{url}?token={token}") == 401
    root = url.removesuffix("/mcp")
    for path in ("/", "/mcp", "/mcp/", "/.well-known/oauth-authorization-server", "/nope", "//mcp"):
        for method in ("GET", "POST", "DELETE", "OPTIONS", "PUT"):
            heard = httpx2.request(method, root + path, headers=PLAIN, verify=VERIFY)
            assert (heard.status_code, heard.headers["www-authenticate"]) == (401, "Bearer")
            assert token not in heard.text
    assert is_served(url, token)
    assert answer(url, Authorization=f"bearer  {token}") not in (401, 403)


def test_a_request_from_a_foreign_page_or_for_a_foreign_name_is_refused(server: tuple[str, str]) -> None:
    url, token = server
    port = url.split(":")[2].split("/")[0]

    def status(**headers: str) -> int:
        return answer(url, Authorization=f"Bearer {token}", **headers)

    foreign = [
        status(Origin="https://evil.example"),
        status(Origin="null"),
        status(Origin=f"http://127.0.0.1.evil.example:{port}"),
        status(Origin="http://localhost:1"),
        status(Host="evil.example"),
        status(Host=f"evil.example:{port}"),
        status(Host="127.0.0.1:1"),
    ]
    assert foreign == [403, 403, 403, 403, 421, 421, 421]
    assert status() not in (403, 421)
    assert status(Origin=f"http://localhost:{port}") not in (403, 421)


def test_the_token_is_new_at_each_start_and_long_or_the_one_that_the_environment_gives(
    server: tuple[str, str], tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, first = server
    with serving(f"sqlite:///{tmp_path_factory.mktemp('second')}/s.db") as (url, second):
        assert first != second
        assert len(second) >= 32
        assert answer(url, Authorization=f"Bearer {first}") == 401
        assert is_served(url, second)
    mine = "my-own-token-of-some-length"
    monkeypatch.setenv(TOKEN_VARIABLE, mine)
    with serving(f"sqlite:///{tmp_path_factory.mktemp('third')}/s.db") as (url, said):
        assert said == "the"  # one in BESTGUESS_MCP_TOKEN: what is known is not printed
        assert is_served(url, mine)


BAD: dict[str, dict[str, Any]] = {
    "no JSON": {"content": b"{"},
    "no object": {"content": b"[]"},
    "a number": {"content": b"1"},
    "no UTF-8": {"content": b'{"jsonrpc": "2.0", "id": 1, "method": "\xff"}'},
    "half a pair": {"content": b'{"jsonrpc": "2.0", "id": 1, "method": "\\ud800"}'},
    "no body": {"content": b""},
    "nested": {"content": b"[" * 100_000},
    "digits": {"content": b'{"jsonrpc": "2.0", "id": ' + b"9" * 5000 + b', "method": "x"}'},
    "another type": {"content": b"{}", "headers": {"Content-Type": "text/plain"}},
    "no type": {"content": b"{}", "headers": {"Content-Type": ""}},
    "a form": {"data": {"a": "b"}},
    "takes no answer": {"json": MESSAGE, "headers": {"Accept": "image/png"}},
    "too large": {"content": b'{"a": "' + b"x" * MANY + b'"}'},
    "a large header": {"json": MESSAGE, "headers": {"X-Long": "x" * 100_000}},
    "many headers": {"json": MESSAGE, "headers": {f"X-{number}": "x" * 100 for number in range(1000)}},
    "no session": {"json": MESSAGE, "headers": {"Mcp-Session-Id": "nope"}},
    "another host": {"json": MESSAGE, "headers": {"Host": "evil.example"}},
    "a foreign page": {"json": MESSAGE, "headers": {"Origin": "https://evil.example"}},
    "an odd origin": {"json": MESSAGE, "headers": {"Origin": "http://[::1"}},
    "an odd version": {"json": MESSAGE, "headers": {"MCP-Protocol-Version": "\x7f"}},
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_request_gets_an_answer_that_blames_it_and_the_server_goes_on(
    case: str, server: tuple[str, str]
) -> None:
    url, token = server
    how = dict(BAD[case])
    headers = {**PLAIN, "Authorization": f"Bearer {token}", **how.pop("headers", {})}
    if "data" in how:
        del headers["Content-Type"]
    started = time.monotonic()

    heard = httpx2.post(url, headers=headers, verify=VERIFY, **how)

    assert 400 <= heard.status_code < 500, heard.text
    assert "Traceback" not in heard.text
    assert time.monotonic() - started < 10
    assert is_served(url, token)


def test_those_who_send_half_a_request_hold_up_nobody(server: tuple[str, str]) -> None:
    url, token = server
    port = int(url.split(":")[2].split("/")[0])
    start = f"POST /mcp HTTP/1.1\r\nHost: {HOST}:{port}\r\nAuthorization: Bearer {token}\r\n"
    body = "Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{"
    held = []
    for sent in [start, start + body, "G", "", "\0" * 10] * 10:
        held.append(socket.create_connection((HOST, port)))
        held[-1].sendall(sent.encode())
    try:
        assert is_served(url, token)
    finally:
        for one in held:
            one.close()
    assert is_served(url, token)


@pytest.mark.slow
def test_the_command_prints_the_token_with_the_address_and_ends_on_ctrl_c(tmp_path: Any) -> None:
    command = [sys.executable, "-m", "bestguess.agent.cli", "mcp", "--http", "--port", str(_free_port())]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        address, token = process.stderr.readline(), process.stderr.readline()
        url, token = address.split()[-1], token.split()[-1]
        _wait_until(lambda: is_served(url, token))
        assert answer(url) == 401
        process.send_signal(2)
        assert process.wait(30) == 130
        assert process.stderr.read().splitlines()[-1] == "interrupted"


def _free_port() -> int:
    with socket.socket() as free:
        free.bind((HOST, 0))
        return int(free.getsockname()[1])


def _wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while True:
        try:
            assert holds()
            return
        except httpx2.HTTPError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
