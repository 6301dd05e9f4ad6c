"""A scripted agent that speaks MCP: python agent_by_mcp.py FOLDER RUNS. test_kills.py kills it.

It keeps only a file of what was acknowledged, which the test reads; what it is not sure of it tells again.
"""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path
from typing import Any

from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client


def value_of(run: int) -> float:
    """Return what a run gives: each another number, so that it is known again."""
    return 1.0 + (run * 7 % 11) / 100 + run / 1e6


async def work(folder: Path, runs: int) -> None:
    """Record the runs that nobody has acknowledged, several of one idea, some of which fail."""
    server = StdioServerParameters(
        command=sys.executable, args=["-m", "bestguess.agent.cli", "mcp"], cwd=folder, env=dict(os.environ)
    )
    acknowledged = folder / "acknowledged"
    done = len(acknowledged.read_text().split()) if acknowledged.exists() else 0
    with (folder / "server.log").open("a") as log:
        async with Client(stdio_client(server, errlog=log)) as client:
            await _call(client, "experiment_report")
            for run in range(done, runs):
                idea = f"idea {run // 3}"
                if run % 3 == 0:
                    await _call(client, "experiment_record", description=idea, key=f"begin-{run}")
                told: dict[str, Any] = (
                    {"failure": f"crash {run}"} if run % 10 == 9 else {"value": value_of(run)}
                )
                await _call(client, "experiment_record", description=idea, key=f"run-{run}", **told)
                with acknowledged.open("a") as file:
                    file.write(f"{run}\n")
                if run % 3 == 2:
                    await _call(client, "experiment_keep")


async def _call(client: Client, tool: str, **arguments: Any) -> None:
    result: Any = await client.call_tool(tool, arguments)
    if result.is_error:
        raise SystemExit(str(result.content))


if __name__ == "__main__":
    asyncio.run(work(Path(sys.argv[1]), int(sys.argv[2])))
