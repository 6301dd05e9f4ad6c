"""What the page's server cannot take: an answer that blames the request, at once, and the page goes on."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

pytest.importorskip("fastapi", reason="the extra `web` is not installed")

from tests.agent.chat.web_server import TOKEN, WebServer

from bestguess.agent.chat.session import Session

LONG = "a" * 100_000
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=x"
FILE = b'--x\r\nContent-Disposition: form-data; name="n"; filename="a"\r\n\r\nb\r\n--x--\r\n'

# Method, path, headers, body; and what the status may be. A change that is refused in words is 204: the
# words are an event in the conversation.
REFUSED = (400, 404, 405, 413, 414, 415, 422, 431)
SAID = (204, *REFUSED)
ROWS: list[tuple[str, str, dict[str, str], bytes, tuple[int, ...]]] = [
    *(
        ("GET", "/events", {"Last-Event-ID": one}, b"", REFUSED)
        for one in ("x", "-1", "1.5", "9" * 5000, "1e3", "\xb2")
    ),
    *(("GET", f"/events?after={one}", {}, b"", REFUSED) for one in ("x", "-1", "9" * 5000, "%00", "", "1.5")),
    *(("GET", f"/panels?descending={one}", {}, b"", REFUSED) for one in ("x", "", "%ff", "2")),
    *(
        ("GET", f"/panels?sort={one}", {}, b"", (200, *REFUSED))
        for one in ("", "%00", "%ff", "__class__", LONG[:9000])
    ),
    *(
        ("POST", f"/answer/{one}", {"Content-Type": FORM}, b"verdict=yes", SAID)
        for one in ("x", "-1", "9" * 30, "9" * 5000, "1.5", "%00", "0")
    ),
    *(
        ("POST", "/answer/1", {"Content-Type": FORM}, one, REFUSED)
        for one in (b"", b"verdict=maybe", b"verdict=", b"verdict=\xff", b"yes")
    ),
    *(
        ("POST", "/say", {"Content-Type": FORM}, one, REFUSED)
        for one in (b"", b"text=" + b"a" * 5000, b"words=x", b"text=x&card=y", b"text=x&card=1.5")
    ),
    *(
        ("POST", "/say", {"Content-Type": FORM}, one, SAID)
        for one in (
            b"text=%00",
            b"text=%ff",
            b"text=%ed%a0%80",
            b"text=x&card=" + b"9" * 400,
            b"text=%1b%5b2J",
        )
    ),
    ("POST", "/say", {"Content-Type": "application/json"}, b'{"text": "x"}', REFUSED),
    ("POST", "/say", {"Content-Type": "text/plain"}, b"text=x", REFUSED),
    ("POST", "/say", {"Content-Type": MULTIPART}, b"--y", REFUSED),
    ("POST", "/say", {"Content-Type": "multipart/form-data"}, b"text=x", REFUSED),
    ("POST", "/say", {"Content-Type": MULTIPART}, FILE.replace(b'"n"', b'"text"'), REFUSED),
    *(
        ("POST", f"/do/{one}", {"Content-Type": FORM}, b"n=1", SAID)
        for one in ("nope", "%00", "__class__", "check", LONG[:9000], "..%2fetc")
    ),
    *(
        ("POST", "/do/run", {"Content-Type": FORM}, one, SAID)
        for one in (
            b"n=x",
            b"n=-1",
            b"n=" + b"9" * 5000,
            b"n=1e400",
            b"n=nan",
            b"n=%00",
            b"z=1",
            b"n=1&n=2",
            b"&&=&",
        )
    ),
    *(
        ("POST", "/do/pin", {"Content-Type": FORM}, one, SAID)
        for one in (b"values=a&values.lr=1", b"values.lr=1&values=a", b"values.lr=" + b"[" * 4000)
    ),
    ("POST", "/do/run", {"Content-Type": FORM}, b"&".join(b"a%d=1" % one for one in range(5000)), SAID),
    ("POST", "/do/run", {"Content-Type": MULTIPART}, FILE, SAID),
    ("POST", "/do/run", {"Content-Type": MULTIPART}, b"nonsense", SAID),
    ("POST", "/do/why", {"Content-Type": FORM}, b"trial=" + b"9" * 30, SAID),
    ("POST", "/do/model", {"Content-Type": FORM}, b"spec=os:abort", SAID),
    ("POST", "/do/export", {"Content-Type": FORM}, b"what=/etc/passwd", SAID),
    *((one, "/", {}, b"", REFUSED) for one in ("DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "NOPE")),
    *(
        ("GET", one, {}, b"", REFUSED)
        for one in (
            "/nope",
            "/say",
            "/do/run",
            "/static/../app.py",
            "/static/%2e%2e/app.py",
            "/static/",
            "/%00",
        )
    ),
    ("GET", "/static/%00", {}, b"", REFUSED),
    ("GET", f"/static/{LONG[:5000]}", {}, b"", REFUSED),
    ("GET", "/", {"X-Long": LONG}, b"", (200, *REFUSED)),
    ("GET", "/", {"Accept-Encoding": "\xff", "Range": "bytes=x-y", "If-None-Match": "\xff"}, b"", (200,)),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebServer]:
    served = WebServer(Session(tmp_path_factory.mktemp("page"), seed=0))
    yield served
    served.close()


def ask(server: WebServer, method: str, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    """Send a request as the page does, and return the status and the text."""
    connection = http.client.HTTPConnection(server.address, timeout=20)
    ours = {
        "Host": server.address,
        "Origin": f"http://{server.address}",
        "Cookie": f"{server.cookie}={TOKEN}",
        "Content-Length": str(len(body)),
    }
    connection.putrequest(method, path, skip_host=True)
    for name, value in {**ours, **headers}.items():
        connection.putheader(name, value.encode("latin-1"))
    connection.endheaders(body)
    answer = connection.getresponse()
    text = answer.read().decode("utf-8", "replace")
    connection.close()
    return answer.status, text


def _id(number: int) -> str:
    method, path, headers, body, _ = ROWS[number]
    return (
        f"{number} {method} {quote(path[:40])} {quote(str(sorted(headers.values()))[:20])} {quote(body[:30])}"
    )


@pytest.mark.parametrize("number", range(len(ROWS)), ids=_id)
def test_a_bad_request_is_answered_as_such_and_changes_nothing(number: int, server: WebServer) -> None:
    method, path, headers, body, expected = ROWS[number]
    started = time.monotonic()

    status, text = ask(server, method, path, headers, body)

    assert status in expected, text
    assert "Traceback" not in text
    assert time.monotonic() - started < 10
    assert server.session.pending is None
    assert ask(server, "GET", "/panels", {}, b"")[0] == 200
    folder: Path = server.session.bench.folder
    assert {path.name for path in folder.iterdir()} <= {"bestguess.chat.jsonl", "bestguess.chat.lock"}
