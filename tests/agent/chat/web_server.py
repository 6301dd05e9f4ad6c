"""A real server of a session in this process, and requests to it that an attacker could send."""

from __future__ import annotations

import http.client
import socket
import threading
import time
from urllib.parse import urlencode

import uvicorn

from bestguess.agent.chat.session import Session
from bestguess.agent.chat.web.app import build_app

TOKEN = "t0ken"


class WebServer:
    """Serves a session at a free port until it is closed."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._socket = socket.socket()
        self._socket.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._socket.getsockname()[1]}"
        app = build_app(session, token=TOKEN, hosts=frozenset({self.address}))
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error", timeout_graceful_shutdown=1))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()
        while not self._server.started:
            time.sleep(0.01)

    @property
    def url(self) -> str:
        """The address with its token."""
        return f"http://{self.address}/?token={TOKEN}"

    def ask(
        self, path: str, *, form: dict[str, str] | None = None, cookie: str | None = TOKEN, **headers: str
    ) -> tuple[int, str, dict[str, str]]:
        """Send a request and return status, text and headers."""
        sent = {"Host": self.address}
        if cookie is not None:
            sent["Cookie"] = f"bestguess={cookie}"
        body = None
        if form is not None:
            body = urlencode(form)
            sent |= {"Content-Type": "application/x-www-form-urlencoded", "Origin": f"http://{self.address}"}
        sent |= {name.title(): value for name, value in headers.items()}
        sent = {name: value for name, value in sent.items() if value}
        connection = http.client.HTTPConnection(self.address, timeout=30)
        connection.putrequest("POST" if form is not None else "GET", path, skip_host=True)
        for name, value in sent.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body.encode() if body is not None else None)
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, {name.lower(): value for name, value in answer.getheaders()}

    def close(self) -> None:
        """End the server and the session."""
        self._server.should_exit = True
        self._thread.join(10)
        self._socket.close()
        self.session.close()
