"""What the sources of a checkout say of how it is built: modules, who imports whom, cycles, lines of code.

Everything is read with `ast`, nothing is imported, so that any checkout can be read.

| word   | meaning                                                                                         |
| ------ | ----------------------------------------------------------------------------------------------- |
| module | a Python file of `agent/` or `tools/`; a folder's `__init__` is the module of the folder's name |
| room   | a folder directly in `agent/` or `tools/`, with all below it; their own files are their tops    |
| arrow  | two rooms, of which modules of the one import modules of the other                              |
| late   | imported only in a function or under TYPE_CHECKING                                              |
| cycle  | modules or rooms each of which leads to all the others along imports, late ones included        |

Imports by `import_module` are not seen.
"""

from __future__ import annotations

import ast
import tokenize
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from bestguess.tools.errors import InputError

PACKAGE = "bestguess"
FOLDERS = ("agent", "tools")
NO_CODE = {
    tokenize.COMMENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
    tokenize.INDENT,
    tokenize.NEWLINE,
    tokenize.NL,
}


@dataclass(frozen=True, slots=True)
class Import:
    """One module imports another."""

    importer: str
    imported: str
    late: bool


@dataclass(frozen=True, slots=True)
class Arrow:
    """One room imports another, `imports` times in different modules, `late` of them late only."""

    importer: str
    imported: str
    imports: int
    late: int


def read_modules(root: Path) -> dict[str, Path]:
    """Return the modules of `root` by name, as `agent.tuner`, each with its path in `root`.

    Raises:
        InputError: `root` has no modules.
    """
    paths = [path.relative_to(root) for folder in FOLDERS for path in sorted((root / folder).rglob("*.py"))]
    if not paths:
        raise InputError(f"{root} has no modules in agent/ or tools/; give a checkout of this repository")
    return {".".join(path.with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def read_imports(root: Path, files: Mapping[str, Path]) -> tuple[Import, ...]:
    """Return who imports whom among the modules; an import is late if it is late wherever it stands."""
    found: dict[tuple[str, str], bool] = {}
    for importer, path in files.items():
        package = importer if path.name == "__init__.py" else importer.rpartition(".")[0]
        for node, late in _import_nodes(ast.parse((root / path).read_text(encoding="utf-8")), late=False):
            for imported in _imported(node, package, files):
                if imported != importer:
                    found[importer, imported] = late and found.get((importer, imported), True)
    return tuple(Import(*pair, late) for pair, late in sorted(found.items()))


def read_arrows(imports: Sequence[Import], rooms: Mapping[str, str]) -> tuple[Arrow, ...]:
    """Return which rooms import which, given the room of each module."""
    every, late = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for one in imports:
        pair = rooms[one.importer], rooms[one.imported]
        if pair[0] != pair[1]:
            every[pair] += 1
            late[pair] += one.late
    return tuple(Arrow(*pair, count, late[pair]) for pair, count in sorted(every.items()))


def find_cycles(arrows: Sequence[tuple[str, str]]) -> tuple[tuple[str, ...], ...]:
    """Return the strongly connected components with more than one member, sorted."""
    onward: dict[str, set[str]] = {}
    for start, end in arrows:
        onward.setdefault(start, set()).add(end)
    reach = {start: _reach(start, onward) for start in onward}
    cycles = {
        tuple(sorted({start} | {end for end in ends if start in reach.get(end, ())}))
        for start, ends in reach.items()
    }
    return tuple(sorted(cycle for cycle in cycles if len(cycle) > 1))


def room_of(path: Path) -> str:
    """Return the room of a module's path, as `agent/chat`; the tops are `agent` and `tools`."""
    return "/".join(path.parent.parts[:2])


def count_lines(path: Path) -> int:
    """Return how many lines a file has."""
    return len(path.read_text(encoding="utf-8").splitlines())


def count_code_lines(path: Path) -> int:
    """Return how many lines of a Python file are not blank, comment or docstring."""
    source = path.read_text(encoding="utf-8")
    lines = iter(source.splitlines(keepends=True))
    code: set[int] = set()
    for token in tokenize.generate_tokens(lambda: next(lines, "")):
        if token.type not in NO_CODE:
            code.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        # Not only docstrings of functions: a constant has a text after it, too.
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                code.difference_update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    return len(code)


def _import_nodes(tree: ast.AST, *, late: bool) -> Iterator[tuple[ast.Import | ast.ImportFrom, bool]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield node, late
            continue
        checked = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        in_function = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        yield from _import_nodes(node, late=late or checked or in_function)


def _imported(node: ast.Import | ast.ImportFrom, package: str, files: Mapping[str, Path]) -> Iterator[str]:
    """Yield the modules that a statement of a module in `package` imports, as far as they are ours."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    else:
        base = node.module or ""
        if node.level:
            parts = [PACKAGE, *package.split(".")]
            base = ".".join([*parts[: len(parts) - node.level + 1], *([base] if base else [])])
        names = [f"{base}.{alias.name}" for alias in node.names]
    for name in names:
        if not name.startswith(f"{PACKAGE}."):
            continue
        module = name.removeprefix(f"{PACKAGE}.")
        while module and module not in files:  # what is imported may be a name in a module
            module = module.rpartition(".")[0]
        if module:
            yield module


def _reach(start: str, onward: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    ahead = [start]
    while ahead:
        new = onward.get(ahead.pop(), set()) - reached
        reached |= new
        ahead.extend(new)
    return reached
