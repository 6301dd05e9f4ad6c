"""Ports of this machine that only this machine can reach."""

from __future__ import annotations

import os
import socket

from bestguess.tools.errors import InputError

HOST = "127.0.0.1"


def listen(port: int) -> socket.socket:
    """Return a socket that listens on a port, 0 for any that is free; raise InputError if none can be had."""
    try:
        return socket.create_server((HOST, port))
    except OSError as error:
        why = os.strerror(error.errno or 0)
        raise InputError(f"port {port} cannot be had: {why}; give another --port") from error
