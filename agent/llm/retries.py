"""What to do when a model server fails: again, later, unless that is hopeless.

Only refusals that another attempt may not meet are met with one, after a growing and jittered pause, or the
one that the server asks for. Deadlines are the caller's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from bestguess.tools.errors import ModelError

if TYPE_CHECKING:
    from openai import APIStatusError
    from tenacity import RetryCallState

MAX_ATTEMPTS = 5
MAX_ATTEMPTS_TO_CONNECT = 2
BACKOFF_S = 0.5
PASSING_STATUSES = frozenset({408, 409, 429})
"""Refusals that another attempt may not meet; so is every status from 500 on but NOT_IMPLEMENTED."""

NOT_IMPLEMENTED = 501

MOST_PATIENCE_S = 30.0
"""The longest that a server's own Retry-After is followed."""


async def persist(
    call: Callable[..., Awaitable[Any]],
    *,
    is_final: Callable[[APIStatusError], bool] = lambda _: False,
    **arguments: Any,
) -> Any:
    """Return what `call` returns, called again after failures that may pass and are not `is_final`."""
    from openai import APIConnectionError, APIStatusError
    from tenacity import AsyncRetrying, retry_if_exception, wait_random_exponential

    def may_pass(error: BaseException) -> bool:
        if isinstance(error, APIStatusError):
            if error.status_code < 500:
                return error.status_code in PASSING_STATUSES
            return error.status_code != NOT_IMPLEMENTED and not is_final(error)
        return isinstance(error, APIConnectionError) and not isinstance(error.__cause__, ModelError)

    backoff = wait_random_exponential(multiplier=BACKOFF_S, max=8.0)

    def wait(state: RetryCallState) -> float:
        error = state.outcome and state.outcome.exception()
        told = error.response.headers.get("retry-after", "") if isinstance(error, APIStatusError) else ""
        return min(float(told), MOST_PATIENCE_S) if told.isdecimal() else backoff(state)

    retrying = AsyncRetrying(retry=retry_if_exception(may_pass), stop=_is_hopeless, wait=wait, reraise=True)

    async def attempt() -> Any:
        return await call(**arguments)

    return await retrying(attempt)


def _is_hopeless(state: RetryCallState) -> bool:
    """Whether to give up: soon, where nobody listens, so that a dead URL holds nothing up."""
    from httpx2 import ConnectError, ConnectTimeout

    error = state.outcome and state.outcome.exception()
    absent = isinstance(error and error.__cause__, ConnectError | ConnectTimeout)
    return state.attempt_number >= (MAX_ATTEMPTS_TO_CONNECT if absent else MAX_ATTEMPTS)
