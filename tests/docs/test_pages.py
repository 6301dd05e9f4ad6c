"""Every fenced block of README.md and docs/ does what it says: none is passed over in silence.

A page's blocks run in order in one folder: Python in one namespace, shell with the `bestguess` of this
environment; YAML and JSON are read. A comment before a block says otherwise, and is not seen on the page:

    <!-- test: skip: WHY -->          it is not run, because …
    <!-- test: output -->             what a command prints, for the reader
    <!-- test: slow: WHY -->          it runs among the slow tests only
    <!-- test: file NAME -->          it is a file, which the blocks after it find
    <!-- test: read A as B -->        it runs with B in place of A, such as a stand-in for a model
    <!-- test: python … -->           Python that the page does not show, run at this place; also bash
"""

from __future__ import annotations

import ast
import asyncio
import html
import json
import os
import re
import runpy
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from markdown_it import MarkdownIt

from bestguess.agent.adapters import __all__ as adapters
from bestguess.agent.mcp.tools import make_server

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("README.md"), *ROOT.glob("CONTRIBUTING.md"), *ROOT.glob("docs/**/*.md")])
SLOW = [path for path in PAGES if "<!-- test: slow" in path.read_text(encoding="utf-8")]
QUICK = [path for path in PAGES if path.name == "extend.md"]
COMMENT = re.compile(r"<!-- test: (.*?)\s*-->", re.DOTALL)
HIDDEN = re.compile(r"(python|bash)\n(.*)", re.DOTALL)
TIMEOUT_S = 300
"""For one block, and for a page: a process that loads torch takes 3 s, on a busy machine 20."""

pytestmark = [
    pytest.mark.skipif(not PAGES, reason="the pages are not part of the wheel"),
    pytest.mark.timeout(TIMEOUT_S),
]


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, or one that a comment hides: its language, its text, and what comments say of it."""

    page: str
    line: int
    language: str
    text: str
    notes: tuple[str, ...]

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    def note(self, word: str) -> str | None:
        """Return what follows `word` in a comment, or None where no comment begins with it."""
        found = [note for note in self.notes if re.match(rf"{word}\b", note)]
        return found[0].removeprefix(word).strip(" :") if found else None

    @property
    def read(self) -> str:
        """The text with its stand-ins."""
        text = self.text
        for note in self.notes:
            if match := re.fullmatch(r"read (.+?) as (.+)", note):
                assert match[1] in text, f"{self.place}: nothing reads {match[1]!r}"
                text = text.replace(match[1], match[2])
        return text


def name_of(path: Path) -> str:
    """Return a page's path from the root."""
    return str(path.relative_to(ROOT))


def blocks_of(path: Path) -> Iterator[Block]:
    """Yield the blocks of a page in order."""
    name = name_of(path)
    notes: list[str] = []
    for token in MarkdownIt("commonmark").parse(path.read_text(encoding="utf-8")):
        line = token.map[0] + 1 if token.map else 0
        if token.type == "html_block":
            for said in COMMENT.findall(token.content):
                if hidden := HIDDEN.match(said):
                    yield Block(name, line, hidden[1], hidden[2] + "\n", ())
                else:
                    notes.append(said)
        elif token.type == "fence":
            yield Block(name, line, token.info.strip(), token.content, tuple(notes))
            notes = []
        else:
            assert not notes, f"{name}:{line}: no block after {notes}"


def run(block: Block, names: dict[str, Any], folder: Path) -> None:
    """Run or read one block; raise what it raises."""
    if block.note("skip") is not None:
        assert len(block.note("skip") or "") > 10, f"{block.place}: say why it is skipped"
        return
    if block.note("output") is not None:
        return
    if name := block.note("file"):
        (folder / name).write_text(block.read, encoding="utf-8")
        if name.endswith(".py"):
            ast.parse(block.read)
    match block.language:
        case "python" if not block.note("file"):
            padded = "\n" * block.line + block.read
            exec(compile(padded, block.page, "exec"), names)
        case "bash" if not block.note("file"):
            run_shell(block, folder)
        case "yaml":
            list(yaml.safe_load_all(block.read))
        case "json":
            json.loads(block.read)
        case _:
            assert block.note("file"), f"{block.place}: nobody runs {block.language!r}; say how, or why not"


def run_shell(block: Block, folder: Path) -> None:
    """Run a block of shell commands, each of which must succeed."""
    script = f"set -euo pipefail\ntrap 'echo \"failed: $BASH_COMMAND\" >&2' ERR\n{block.read}"
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, "BESTGUESS_HOME": str(folder / "home"), "COLUMNS": "100"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    assert done.returncode == 0, f"{block.place}\n{done.stdout}\n{done.stderr}"


def run_page(path: Path, folder: Path, *, slow: bool) -> None:
    """Run the blocks of a page, the slow ones too if told so."""
    names: dict[str, Any] = {"__name__": "page"}
    for block in blocks_of(path):
        if slow or block.note("slow") is None:
            run(block, names, folder)


@pytest.mark.parametrize(
    "path",
    [*QUICK, *(pytest.param(path, marks=pytest.mark.slow) for path in PAGES if path not in QUICK)],
    ids=name_of,
)
def test_every_block_of_a_page_runs_as_written(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run_page(path, tmp_path, slow=False)


@pytest.mark.slow
@pytest.mark.parametrize("path", SLOW, ids=name_of)
def test_the_slow_blocks_of_a_page_run_too(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run_page(path, tmp_path, slow=True)


def test_a_block_that_nobody_runs_is_told_of() -> None:
    block = Block("page.md", 3, "text", "what is this\n", ())
    with pytest.raises(AssertionError, match=r"page\.md:3: nobody runs 'text'"):
        run(block, {}, Path())


def test_a_block_is_not_skipped_without_a_reason() -> None:
    with pytest.raises(AssertionError, match="say why"):
        run(Block("page.md", 3, "python", "1 / 0\n", ("skip",)), {}, Path())


def test_the_architectures_rooms_are_the_folders_there_are() -> None:
    text = (ROOT / "docs/architecture.md").read_text()
    named = set(re.findall(r"^\| `((?:agent|tools)/\w+)/` \|", text, re.MULTILINE))
    there = {
        str(folder.parent.relative_to(ROOT))
        for top in ("agent", "tools")
        for folder in (ROOT / top).glob("*/__init__.py")
    }
    assert named == there


def test_the_command_lines_page_has_every_command() -> None:
    text = (ROOT / "docs/doors/command-line.md").read_text()
    table = text[text.index("| command |") : text.index("## A space in YAML")]
    there = {path.stem for path in (ROOT / "agent/commands").glob("[!_]*.py")}
    assert set(re.findall(r"`bestguess (\w+)`", table)) == there


def test_the_page_of_other_tuners_has_every_adapter() -> None:
    text = (ROOT / "docs/doors/other-tuners.md").read_text()
    table = text[text.index("| tuner |") : text.index("In Optuna:")]
    assert set(re.findall(r"^\| [^|]+ \| `(\w+)` \|", table, re.M)) == set(adapters)


def test_the_agents_page_has_every_tool() -> None:
    text = (ROOT / "docs/doors/mcp.md").read_text()
    table = text[text.index("| tool |") : text.index("**Safety.**")]
    named = {name for row in re.findall(r"^\|([^|]+)\|", table, re.M) for name in re.findall(r"`(\w+)`", row)}
    tools = asyncio.run(make_server("sqlite://").list_tools())
    assert named == {tool.name for tool in tools}


def test_the_terminals_picture_shows_the_run_that_is_kept_beside_it() -> None:
    names = runpy.run_path(str(ROOT / "docs/draw_terminal.py"))
    kept = (ROOT / "docs/demo.txt").read_text().splitlines()
    shown = re.findall(r"<desc>What the command printed: (.+?)</desc>", (ROOT / "docs/demo.svg").read_text())
    lines = html.unescape(shown[0]).split(" / ")[1:]
    assert names["draw"]("bestguess demo", lines) == (ROOT / "docs/demo.svg").read_text()
    assert set(lines) <= set(kept)


def test_the_readme_is_short() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


@pytest.mark.slow
def test_the_site_is_built_strictly_and_loads_nothing_from_elsewhere(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    done = subprocess.run(build, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    assert done.returncode == 0, done.stderr

    pages = list(tmp_path.rglob("*.html"))
    assert len(pages) > 15
    loaded = r'<(?:script|img|iframe|link)\b[^>]*\b(?:src|href)="((?:https?:)?//[^"]+)"'
    for page in pages:
        assert re.findall(loaded, page.read_text(encoding="utf-8")) == [], page.name
    for sheet in tmp_path.rglob("*.css"):
        text = sheet.read_text(encoding="utf-8")
        assert not re.search(r"@import|url\(['\"]?(https?:)?//", text), sheet.name
