"""The table of features by door says what the doors have: each name in it is looked up at that door."""

from __future__ import annotations

import asyncio
import inspect
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import optuna
import pytest

import bestguess as bg
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.mcp.tools import make_server

PAGE = Path(__file__).parents[2] / "docs" / "doors" / "features.md"
DOORS = ("Python", "command line", "chat", "page", "MCP", "Sampler")
NONE = "-"

MARKS = {
    "device": "device",
    "early stopping": "pruner",
    "small runs first": "fidelity",
    "several metrics, limits": "metrics",
    "several at once": "parallel",
    "earlier studies": "earlier",
    "repeats": "repeats",
    "experiments": "experiment",
    "traces": "trace",
    "texts": "text",
    "prompts": "prompt",
    "report": "report",
    "export": "export",
    "plot": "plot",
    "importance": "importance",
}
"""By what name a door that has a feature would have it, so that a dash is true, too."""

pytestmark = pytest.mark.skipif(not PAGE.exists(), reason="the pages are not part of the wheel")


def cells() -> Iterator[tuple[str, str, str]]:
    """Yield each cell of the table with its feature and its door."""
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if line.startswith("| ") and not line.startswith("| |"):
            feature, *row = (cell.strip() for cell in line.strip("|").split("|"))
            for door, cell in zip(DOORS, row, strict=True):
                yield re.sub(r"\[(.*?)\]\(.*?\)", r"\1", feature), door, cell


CELLS = list(cells()) if PAGE.exists() else []


@cache
def tools() -> dict[str, set[str]]:
    """Return the arguments of each MCP tool."""
    listed = asyncio.run(make_server("sqlite:///nowhere.db").list_tools())
    return {tool.name: set(tool.input_schema["properties"]) for tool in listed}


def options(command: str) -> set[str]:
    """Return a command's options as they are spelled, and its subcommands; raise ImportError for none."""
    made: Any = import_module(f"bestguess.agent.commands.{command}").command
    spelled = {spelling for option in made.params for spelling in option.opts}
    return spelled | {*getattr(made, "commands", {})}


def is_in_python(name: str) -> bool:
    """Whether `f(argument)` or `Class.attribute` is something of the package, or of Optuna's studies."""
    path, _, argument = name.rstrip(")").partition("(")
    found: Any = {"Study": optuna.study.Study}.get(path.partition(".")[0], bg)
    for part in path.split(".")[found is not bg :]:
        if not hasattr(found, part):
            return False
        found = getattr(found, part)
    return not argument or argument in inspect.signature(found).parameters


def is_there(door: str, name: str) -> bool:
    if door in ("Python", "Sampler"):
        return is_in_python(name)
    if door == "MCP" and name != "mcp --device":
        tool, _, argument = name.rstrip(")").partition("(")
        return tool in tools() and (not argument or argument in tools()[tool])
    if name.startswith("/"):
        return name[1:] in REGISTRY
    command, _, option = name.partition(" ")
    return not option or option in options(command)


def test_the_table_has_a_row_for_each_feature_and_a_cell_for_each_door() -> None:
    assert {feature for feature, _, _ in CELLS} == {*MARKS, "recommended"}
    assert len(CELLS) == len(DOORS) * (len(MARKS) + 1)
    assert all(cell for _, _, cell in CELLS)


@pytest.mark.parametrize(("feature", "door", "cell"), CELLS)
def test_a_door_has_what_the_table_says(feature: str, door: str, cell: str) -> None:
    names = re.findall(r"`([^`]+)`", cell)
    assert names or cell == NONE or (feature, door) == ("several metrics, limits", "Sampler")
    for name in names:
        assert is_there(door, name), name


@pytest.mark.parametrize(
    ("feature", "door"), [(feature, door) for feature, door, cell in CELLS if cell == NONE]
)
def test_where_the_table_has_a_dash_the_door_has_nothing_by_that_name(feature: str, door: str) -> None:
    mark = MARKS.get(feature, feature)
    if door in ("chat", "page"):
        assert not any(name.startswith(mark) for name in REGISTRY)
    elif door == "MCP":
        assert not any(mark in {tool, *arguments} for tool, arguments in tools().items())
    else:
        assert door == "Sampler"
        assert mark not in inspect.signature(bg.Sampler).parameters
        assert not any(name.startswith(mark) for name in dir(bg.Sampler))


@pytest.mark.parametrize("name", ["tune(devise)", "Result.recomended", "Nothing", "Study.optimize(jobs)"])
def test_a_name_that_is_nowhere_is_found_out(name: str) -> None:
    assert not is_in_python(name)
    assert not any(is_there(door, said) for door, said in (("chat", "/nothing"), ("MCP", "ask(nothing)")))
    assert not is_there("command line", "tune --devise")
