"""The session on a page of this machine's browser: live by server-sent events, closed to everybody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bestguess.tools.errors import InputError

if TYPE_CHECKING:
    from bestguess.agent.chat.web.server import PageServer


def load_server() -> type[PageServer]:
    """Return the page's server; raises InputError where the extra `web` is not installed."""
    try:
        from bestguess.agent.chat.web.server import PageServer
    except ImportError as error:
        raise InputError(f"the page needs {error.name}; install it: pip install 'bestguess[web]'") from error
    return PageServer
