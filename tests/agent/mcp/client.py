"""Calls of MCP's tools by the official client, and a server within this process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import anyio
import mcp_types
from mcp.client import Client

from bestguess.agent.mcp.tools import make_server

Script = Callable[[Client], Awaitable[None]]


async def call(client: Client, tool: str, **arguments: Any) -> Any:
    """Call a tool and return its structured result."""
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, mcp_types.CallToolResult)
    assert not result.is_error, result.content
    return result.structured_content


async def refusal(client: Client, tool: str, **arguments: Any) -> str:
    """Call a tool that refuses and return what it says."""
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, mcp_types.CallToolResult)
    assert result.is_error
    assert isinstance(result.content[0], mcp_types.TextContent)
    return result.content[0].text


def run_inside(folder: Path, script: Script, **options: Any) -> None:
    """Run a script against a server within this process, which keeps its studies in a folder."""

    async def connect() -> None:
        async with Client(make_server(f"sqlite:///{folder}/s.db", **options)) as client:
            await script(client)

    anyio.run(connect)
