"""The MCP package's server, made to say what is wrong: it passes over arguments that it does not know, and
keeps what an unexpected exception says to itself.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterable
from functools import partial, wraps
from typing import Any, ParamSpec, TypeVar

import anyio
import anyio.to_thread
from mcp.server import MCPServer
from mcp.server.lowlevel.helper_types import ReadResourceContents
from mcp.server.mcpserver import Context
from mcp.server.mcpserver.exceptions import (
    ResourceError,
    ToolError,
    UnexpectedResourceError,
    UnexpectedToolError,
)
from mcp_types import CallToolResult, InputRequiredResult, Tool
from pydantic import AnyUrl, ValidationError

from bestguess.tools.errors import BestGuessError
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import did_you_mean, shorten, shown, text_problem

P = ParamSpec("P")
T = TypeVar("T")

ERROR_CHARS = 2000
MOST_VALUES = 20_000
MOST_CHARS = 1_000_000
MOST_DEPTH = 32
"""What an argument may hold in all: a space of hundreds of parameters, the log of a run."""

DEFECT = "this is a defect of BestGuess; the server's stderr has its traceback"


async def in_thread(
    work: Callable[[], T],
    cancel: Callable[[], None] | None = None,
    *,
    error: type[ToolError] | type[ResourceError] = ToolError,
) -> T:
    """Run `work` beside the event loop; if the client cancels, leave it and call `cancel`.

    Raises:
        ToolError: or `error`, where the work refuses, in its words.
    """
    try:
        return await anyio.to_thread.run_sync(work, abandon_on_cancel=True)
    except BestGuessError as failure:
        raise error(str(failure)) from failure
    except anyio.get_cancelled_exc_class():
        if cancel is not None:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(cancel)
        raise


def threaded(
    work: Callable[P, T], *, error: type[ToolError] | type[ResourceError] = ToolError
) -> Callable[P, Coroutine[Any, Any, T]]:
    """Return `work` as a coroutine of the same signature, which is run beside the event loop."""

    @wraps(work)
    async def run(*args: P.args, **kwargs: P.kwargs) -> T:
        return await in_thread(partial(work, *args, **kwargs), error=error)

    return run


class StrictServer(MCPServer[Any]):
    """A server whose tools take only the arguments that they declare, and whose errors all have words."""

    async def list_tools(self) -> list[Tool]:
        """Return the tools; their schemas say that there are no other arguments."""
        tools = await super().list_tools()
        return [
            tool.model_copy(update={"input_schema": {**tool.input_schema, "additionalProperties": False}})
            for tool in tools
        ]

    async def call_tool(
        self, name: str, arguments: dict[str, Any], context: Context[Any, Any] | None = None
    ) -> CallToolResult | InputRequiredResult:
        """Call a tool by name.

        Raises:
            ToolError: there is no such tool, an argument is unknown or wrong, or the tool refuses.
            UnexpectedToolError: the tool is broken; the message has the exception's type and words.
        """
        known = {tool.name: tool.input_schema.get("properties", {}) for tool in await super().list_tools()}
        if name not in known:
            raise ToolError(f"there is no tool {shown(name)}" + (did_you_mean(name, known) or _listed(known)))
        for argument, given in arguments.items():
            if argument not in known[name]:
                hint = did_you_mean(argument, known[name]) or _listed(known[name])
                raise ToolError(f"{name} has no argument {shown(argument)}{hint}")
            if problem := _problem(given):
                raise ToolError(f"{name}: {argument} {problem}")
        try:
            return await super().call_tool(name, arguments, context)
        except UnexpectedToolError as failure:
            raise UnexpectedToolError(f"{name} failed: {_defect(failure)}") from failure.__cause__
        except ToolError as failure:
            if isinstance(failure.__cause__, ValidationError):
                raise ToolError(f"{name}: {_wrong_arguments(failure.__cause__)}") from failure.__cause__
            raise ToolError(shorten(clean_line(str(failure)), ERROR_CHARS)) from failure.__cause__

    async def read_resource(
        self, uri: AnyUrl | str, context: Context[Any, Any] | None = None
    ) -> Iterable[ReadResourceContents] | InputRequiredResult:
        """Read a resource.

        Raises:
            ResourceError: there is no such resource, or reading it was refused.
            UnexpectedResourceError: it is broken; the message has the exception's type and words.
        """
        try:
            return await super().read_resource(uri, context)
        except UnexpectedResourceError as failure:
            what = shown(str(uri))
            raise UnexpectedResourceError(f"reading {what} failed: {_defect(failure)}") from failure.__cause__


def _problem(given: Any) -> str:
    """Return why an argument cannot be taken, whatever it is for, or nothing."""
    values, chars, left = 0, 0, [(given, 0)]
    while left:
        value, depth = left.pop()
        values += 1
        if isinstance(value, str):
            chars += len(value)
            if problem := text_problem(value):
                return f"{problem}; give text without it"
        elif isinstance(value, dict | list):
            inner = [*value, *value.values()] if isinstance(value, dict) else value
            left += [(one, depth + 1) for one in inner]
        if depth > MOST_DEPTH:
            return f"is nested more than {MOST_DEPTH} deep; give it flat"
        if chars > MOST_CHARS or values + len(left) > MOST_VALUES:
            return f"has more than {MOST_VALUES} values or {MOST_CHARS} characters; give less"
    return ""


def _listed(known: Iterable[str]) -> str:
    return f"; there are {', '.join(known)}"


def _defect(failure: Exception) -> str:
    cause = failure.__cause__ or failure
    return f"{type(cause).__name__}: {shorten(str(cause), 500)}; {DEFECT}"


def _wrong_arguments(error: ValidationError) -> str:
    """Return each wrong argument with its value and its mend; the failures of a union are alternatives."""
    wrong: dict[str, list[str]] = {}
    for one in error.errors(include_url=False, include_context=False):
        argument = str(one["loc"][0])
        if one["type"] == "missing":
            wrong.setdefault(f"{argument} is missing", ["give it"])
        else:
            found = wrong.setdefault(f"{argument} is {shown(one['input'])}", [])
            found.append(one["msg"].removeprefix("Input ").removeprefix("Value error, "))
    return ". ".join(f"{what}; {' or '.join(mends)}" for what, mends in wrong.items())
