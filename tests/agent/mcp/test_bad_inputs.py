"""What MCP's tools cannot take: an error that names it, within a moment, and the server goes on.

All rows are called on one server, on which a study `s` has two trials with values and one that runs.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import mcp_types
import pytest
from mcp.client import Client

from bestguess.agent.mcp.server import DEFECT
from bestguess.agent.mcp.tools import make_server

MOST_S = 10.0
MOST_CHARS = 2200

PARAMETERS = {
    "x": {"type": "float", "low": -2, "high": 2, "default": 1.5},
    "n": {"type": "int", "low": 1, "high": 6},
    "kind": {"type": "choice", "options": ["a", "b"]},
}
SPACE = {"parameters": PARAMETERS}
POINT = {"x": 1, "n": 2, "kind": "a"}
LONG = "a" * 1_100_000
HUGE = 10**400


def deep(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for _ in range(levels):
        found = {"a": found}
    return found


ODD: dict[str, Any] = {
    "empty": "",
    "long": LONG,
    "null": "a\0b",
    "surrogate": "a\ud800b",
    "negative": -1,
    "huge": HUGE,
    "half": 1.5,
    "nan": float("nan"),
    "list": [1],
    "mapping": {"a": 1},
    "nested": deep(100),
    "many": list(range(100_000)),
}
CALLS: dict[str, dict[str, Any]] = {
    "create_study": {"study_name": "t", "space": SPACE},
    "ask": {"study_name": "s"},
    "tell": {"study_name": "s", "number": 2, "value": 1.0},
    "warm_start": {"space": SPACE},
    "best": {"study_name": "s"},
    "history": {"study_name": "s"},
    "importance": {"study_name": "s"},
    "verify": {"study_name": "s", "params": POINT},
    "scan_script": {"path": "train.py"},
    "why": {"study_name": "s", "trial": 0},
    "compare": {"study_name": "s", "a": 0, "b": 1},
    "outlook": {"study_name": "s", "n": 2},
    "cost": {"study_name": "s"},
}
TEXT = "long, nested, many, list, mapping, negative, huge, half"
WHOLE = "empty, long, null, surrogate, negative, huge, half, nan, list, mapping, nested, many"
OPTIONAL = WHOLE.replace("nan, ", "")  # which JSON writes as null
ODD_ARGUMENTS = {
    "create_study study_name": f"{TEXT}, empty, null, surrogate",
    "create_study space": WHOLE,
    "create_study direction": WHOLE,
    "create_study metric": f"{TEXT}, null, surrogate",
    "create_study description": f"{TEXT}, null, surrogate",
    "create_study noisy": WHOLE,
    "create_study seed": OPTIONAL,
    "ask study_name": f"{TEXT}, empty, null, surrogate",
    "ask n": WHOLE,
    "tell number": WHOLE,
    "tell value": "empty, long, null, surrogate, list, mapping, nested, many",
    "tell params": WHOLE,
    "warm_start space": WHOLE,
    "warm_start n": WHOLE,
    "warm_start seed": "empty, long, null, surrogate, negative, half, nan, list, mapping, nested, many, huge",
    "history state": OPTIONAL,
    "history last": WHOLE,
    "verify params": WHOLE,
    "scan_script path": f"{TEXT}, empty, null, surrogate",
    "why trial": OPTIONAL,
    "compare a": WHOLE,
    "outlook n": WHOLE,
    "cost study_name": f"{TEXT}, empty, null, surrogate",
}
SCRIPTS = {
    ".env": "no Python file, or a hidden one",
    "env.py": "no Python file, or a hidden one",
    "passwd.py": "outside",
    "../x.py": "outside",
    "/etc/passwd": "outside",
    "sub/../../x.py": "outside",
    "loop.py": "cannot be found",
    "pipe.py": "a pipe",
    "folder.py": "a folder",
    "zero.py": "outside",
    "huge.py": "more than",
    "broken.py": "not Python",
    "latin.py": "UTF-8",
    "deep.py": "deep.py",
    "conf.yaml": "no Python file",
    ".hidden/x.py": "hidden",
    ".": "no Python file",
    "nope.py": "No such file",
    "~/x.py": "No such file",
    "file:///etc/passwd": "no Python file",
    "settings.py": "5000 constants",
}
SPACES: dict[str, tuple[Any, str]] = {
    "100,000 options": (
        {"parameters": {"c": {"type": "choice", "options": list(map(str, range(100_000)))}}},
        "space has more than",
    ),
    "15,000 options": (
        {"parameters": {"c": {"type": "choice", "options": list(map(str, range(15_000)))}}},
        "c",
    ),
    "100,000 parameters": (
        {"parameters": {f"p{one}": {"type": "int", "low": 0, "high": 1} for one in range(100_000)}},
        "space has more than",
    ),
    "a power": ({"parameters": PARAMETERS, "constraints": ["9**9**9**9 > x"]}, "9**9**9**9"),
    "code": ({"parameters": PARAMETERS, "constraints": ["__import__('os').abort() or x"]}, "__import__"),
    "a callable": ({"parameters": PARAMETERS, "constraints": [{"callable": "os:abort"}]}, "os:abort"),
    "a tag": ("parameters: !!python/object/apply:os.abort []", "tag"),
    "anchors": ("parameters: &a {b: *a}", "anchor"),
    "a path": ("/etc/passwd", "no path"),
    "a file": ("space.yaml", "no path"),
    "brackets": ("a: " + "[" * 5000, "nested"),
    "a null name": ({"parameters": {"a\0": {"type": "int", "low": 0, "high": 1}}}, "space holds"),
    "no type": ({"parameters": {"a": {}}}, "type"),
    "a huge bound": ({"parameters": {"a": {"type": "int", "low": 0, "high": HUGE}}}, "a"),
    "no bound": ({"parameters": {"a": {"type": "float", "low": 0, "high": float("inf")}}}, "a"),
}
POINTS: dict[str, tuple[dict[str, Any], str]] = {
    "nan": (POINT | {"x": float("nan")}, "x"),
    "one missing": ({"x": 1, "n": 1}, "kind"),
    "one too many": (POINT | {"z": 1}, "z"),
    "an option": (POINT | {"kind": "z"}, "'z'"),
    "out of bounds": (POINT | {"n": HUGE}, "n"),
    "a list": (POINT | {"x": []}, "x"),
    "half": (POINT | {"n": 1.5}, "1.5"),
    "a null": (POINT | {"kind": "\0"}, "params holds"),
}


def rows() -> Iterator[tuple[str, str, dict[str, Any], str]]:
    for place, names in ODD_ARGUMENTS.items():
        tool, argument = place.split()
        for name in names.split(", "):
            arguments = {**CALLS[tool], argument: ODD[name]}
            if place == "tell params":
                del arguments["number"]
            if place == "create_study study_name" and name == "mapping":
                continue
            words = "" if argument in ("params", "space", "path") else argument
            words = "no trial" if (argument, name) in (("number", "negative"), ("number", "huge")) else words
            yield f"{place} {name}", tool, arguments, words
    for path, words in SCRIPTS.items():
        yield f"scan_script {path}", "scan_script", {"path": path}, words
    for name, (space, words) in SPACES.items():
        yield f"create_study {name}", "create_study", {"study_name": "t", "space": space}, words
        yield f"warm_start {name}", "warm_start", {"space": space}, words
    for name, (params, words) in POINTS.items():
        yield f"verify {name}", "verify", {"study_name": "s", "params": params}, words
        yield f"tell {name}", "tell", {"study_name": "s", "params": params, "value": 1.0}, words
    yield "no space", "create_study", {"study_name": "t"}, "space is missing"
    yield "a near argument", "ask", {"study": "s"}, "has no argument 'study'; did you mean 'study_name'?"
    yield "a near tool", "aks", {}, "there is no tool 'aks'; did you mean 'ask'?"
    yield (
        "no direction",
        "create_study",
        CALLS["create_study"] | {"direction": "up"},
        "is 'up'; should be 'minimize' or 'maximize'",
    )
    yield "no such tool", "a\ud800" * 3000, {}, "there is no tool"
    yield "no such argument", "ask", {"\x1b[2J" * 1000: 1}, "ask has no argument"
    yield "a model", "create_study", {**CALLS["create_study"], "llm": "os:abort"}, "no argument 'llm'"
    yield "a storage", "ask", {"storage": "sqlite:////tmp/x.db"}, "no argument 'storage'"
    yield "nothing told", "tell", {"study_name": "s", "number": 2}, "give a value, or the failure"
    yield "both told", "tell", {"study_name": "s", "number": 2, "value": 1.0, "failure": "x"}, "give a value"
    yield "neither number nor params", "tell", {"study_name": "s", "value": 1.0}, "give the number"
    yield "another study", "ask", {"study_name": "../s"}, "'../s'"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with scripts of all kinds."""
    folder = tmp_path_factory.mktemp("mcp")
    (folder / "train.py").write_text("LR = 3e-4\nprint(f'val_loss={LR}')\n")
    (folder / ".env").write_text("SECRET = 'hunter2'\nPIN = 4711\n")
    (folder / "env.py").symlink_to(".env")
    (folder / "passwd.py").symlink_to("/etc/passwd")
    (folder / "zero.py").symlink_to("/dev/zero")
    (folder / "loop.py").symlink_to("loop.py")
    os.mkfifo(folder / "pipe.py")
    (folder / "folder.py").mkdir()
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "x.py").write_text("LR = 1\n")
    (folder / "conf.yaml").write_text("lr: 0.1\n")
    (folder / "broken.py").write_text("def (:\n")
    (folder / "latin.py").write_bytes(b"# caf\xe9\nLR = 1\n")
    (folder / "deep.py").write_text("LR = " + "-" * 50_000 + "1\n")
    (folder / "settings.py").write_text("".join(f"A{one} = {one + 1}\n" for one in range(5000)))
    with (folder / "huge.py").open("wb") as file:
        file.truncate(10**10)
    return folder


async def call(client: Client, tool: str, arguments: dict[str, Any]) -> mcp_types.CallToolResult:
    result = await client.call_tool(tool, arguments)
    assert isinstance(result, mcp_types.CallToolResult)
    return result


@pytest.mark.slow
def test_a_bad_call_is_an_error_in_words_and_the_server_goes_on(folder: Path, caplog: Any) -> None:
    caplog.set_level(logging.CRITICAL)
    faults: list[str] = []

    async def run() -> None:
        server = make_server(f"sqlite:///{folder}/s.db", root=folder)
        async with Client(server) as client:
            await call(client, "create_study", {"study_name": "s", "space": SPACE, "seed": 0})
            await call(client, "ask", {"n": 3})
            for number in (0, 1):
                await call(client, "tell", {"number": number, "value": float(number)})
            before = (await call(client, "history", {})).structured_content
            files = sorted(path.name for path in folder.iterdir())
            for name, tool, arguments, words in rows():
                started = time.process_time()
                said = await refusal(server, client, tool, arguments)
                spent_s = time.process_time() - started
                if said is None:
                    faults.append(f"{name}: it was taken")
                elif DEFECT in said or "Traceback" in said:
                    faults.append(f"{name}: a defect: {said[:300]}")
                elif words not in said or len(said) > MOST_CHARS or len(said.splitlines()) != 1:
                    faults.append(f"{name}: {words!r} is not in one line: {said[:300]!r}")
                elif "hunter2" in said or "4711" in said or "root:" in said:
                    faults.append(f"{name}: it tells what is in a file: {said[:300]}")
                if spent_s > MOST_S:
                    faults.append(f"{name}: {spent_s:.1f} s")
            if sorted(path.name for path in folder.iterdir()) != files:
                faults.append("a file was written")
            if (await call(client, "history", {})).structured_content != before:
                faults.append("a trial or a study was made")

    anyio.run(run)
    assert not faults, "\n".join(faults)


async def refusal(server: Any, client: Client, tool: str, arguments: dict[str, Any]) -> str | None:
    """Return what a refused call says; None if it is not refused."""
    try:
        json.dumps(arguments, ensure_ascii=False).encode()
        tool.encode()
    except (
        UnicodeEncodeError
    ):  # the client's own serializer refuses half a surrogate pair; a wire carries one
        with pytest.raises(Exception) as caught:  # noqa: PT011 - it is ToolError, of a package that is an extra
            await server.call_tool(tool, arguments)
        return str(caught.value)
    except ValueError:
        pass
    result = await call(client, tool, arguments)
    if not result.is_error:
        return None
    assert isinstance(result.content[0], mcp_types.TextContent)
    return result.content[0].text


def test_there_are_at_least_200_rows() -> None:
    assert len(list(rows())) >= 200
