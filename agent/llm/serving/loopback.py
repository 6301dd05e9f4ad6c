"""Ports of this machine that only this machine can reach."""

from __future__ import annotations

import socket

from bestguess.tools.errors import InputError

HOST = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """Return a socket that listens on a port, 0 for any that is free; raise InputError if none can be had."""
    listening = socket.socket()
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen()
    except OSError as error:
        listening.close()
        raise InputError(f"port {port} cannot be had: {error.strerror}; give another --port") from error
    return listening
