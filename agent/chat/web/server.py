"""A session's page at an address of this machine: 127.0.0.1, a port, and a token that is new each time."""

from __future__ import annotations

import asyncio
import logging
import secrets
import socket
import threading

import uvicorn

from bestguess.agent.chat.events import Event
from bestguess.agent.chat.session import Session
from bestguess.agent.chat.web.app import build_app
from bestguess.agent.chat.web.stream import Stream
from bestguess.agent.llm.serving.loopback import HOST, listen

GRACE_S = 2


class _AnswersCutOff(logging.Filter):
    """Keeps uvicorn from reporting, at the end, the answers that it no longer waited for, as faults."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is to be written."""
        kind = record.exc_info[0] if record.exc_info else None
        cut_off = kind is not None and issubclass(kind, asyncio.CancelledError)
        return not cut_off and "graceful shutdown exceeded" not in str(record.msg)


_CUT_OFF = _AnswersCutOff()  # once, however many pages a process has


class PageServer:
    """Serves a session until it is closed or somebody in it says /quit, on `listening` or any free port."""

    def __init__(self, session: Session, listening: socket.socket | None = None, *, token: str = "") -> None:
        self._socket = listening or listen(0)
        port = self._socket.getsockname()[1]
        self.address = f"{HOST}:{port}"
        token = token or secrets.token_hex(16)  # no sign of which is Markdown
        self.url = f"http://{self.address}/?token={token}"
        self._stream = Stream()
        self._stream.events[:0] = session.join(self._stream.add)
        hosts = frozenset({self.address, f"localhost:{port}"})
        app = build_app(session, self._stream, token=token, hosts=hosts)
        settings = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=GRACE_S)
        self._server = uvicorn.Server(settings)
        logging.getLogger("uvicorn.error").addFilter(_CUT_OFF)
        self._thread: threading.Thread | None = None
        self._session = session
        self._unlisten = session.listen(self._leave)

    def run(self) -> None:
        """Serve in this thread; returns when it is over."""
        self._server.run(sockets=[self._socket])

    def start(self) -> None:
        """Serve in a thread; whoever comes before it is ready waits a moment."""
        self._thread = threading.Thread(target=self.run, name="bestguess-page", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End, once every page has what was said."""
        self._unlisten()
        self._end()
        if self._thread:
            self._thread.join()
        self._socket.close()

    def _leave(self, _event: Event) -> None:
        if self._session.closing:
            self._end()

    def _end(self) -> None:
        self._stream.close()
        self._server.should_exit = True
