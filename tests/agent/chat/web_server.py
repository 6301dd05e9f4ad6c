"""A real server of a session in this process, and requests to it that an attacker could send."""

from __future__ import annotations

import http.client
from urllib.parse import urlencode

from bestguess.agent.chat.session import Session
from bestguess.agent.chat.web.server import PageServer

TOKEN = "t0ken"


class WebServer:
    """Serves a session at a free port until it is closed."""

    def __init__(self, session: Session) -> None:
        self.session = session
        page = PageServer(session, token=TOKEN)
        session.page = page
        self.address, self.url = page.address, page.url
        self.cookie = f"bestguess_{page.address.rpartition(':')[2]}"
        page.start()

    def ask(
        self, path: str, *, form: dict[str, str] | None = None, cookie: str | None = TOKEN, **headers: str
    ) -> tuple[int, str, dict[str, str]]:
        """Send a request and return status, text and headers."""
        sent = {"Host": self.address}
        if cookie is not None:
            sent["Cookie"] = f"{self.cookie}={cookie}"
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
        self.session.close()
