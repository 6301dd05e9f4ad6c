"""How the code is built, in numbers, so that before and after can be compared.

Any checkout can be measured, whatever its modules are called: `sources.py` reads what is written, and
`house_probe.py` watches two runs of a small problem, in an interpreter of their own.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bestguess.evals.environments import CHECKOUT
from bestguess.evals.sources import (
    FOLDERS,
    Arrow,
    count_code_lines,
    count_lines,
    find_cycles,
    read_arrows,
    read_imports,
    read_modules,
    room_of,
)
from bestguess.tools.errors import InputError

LONGEST = 5
PROBE = Path(__file__).with_name("house_probe.py")
PROBE_TIMEOUT_S = 120.0
GP_CLASS = re.compile("GaussianProcess|GP")


@dataclass(frozen=True, slots=True)
class House:
    """The numbers of one checkout; the tops of `agent` and `tools` go by those names among the rooms.

    `room_cycles` leaves the tops out. `hops` are the functions on the stack from `tune` to the Gaussian
    process's fit. `visits` counts, for each module, the calls that come into it from another one during the
    `ask` of trial `visited_trial`, whose `visited_source` had the last word. Lines of code are those that
    are not blank, comment or docstring.
    """

    root: str
    commit: str
    modules: Mapping[str, int]
    longest: Mapping[str, int]
    imports: int
    arrows: tuple[Arrow, ...]
    room_cycles: tuple[tuple[str, ...], ...]
    room_cycles_with_tops: tuple[tuple[str, ...], ...]
    module_cycles: tuple[tuple[str, ...], ...]
    module_cycles_without_late: tuple[tuple[str, ...], ...]
    hops: tuple[str, ...]
    visits: Mapping[str, int]
    visited_trial: int
    visited_source: str
    lines: int
    code_lines: int
    test_lines: int
    test_files: int
    test_s: float | None = None

    @property
    def text(self) -> str:
        """The numbers for a person."""
        return "\n".join(_sections(self))

    def to_json(self) -> str:
        """Return one JSON object."""
        return json.dumps(asdict(self))


def measure_house(root: Path = CHECKOUT, *, fit: str | None = None, test_s: float | None = None) -> House:
    """Return the numbers of the checkout at `root`.

    `fit` names the Gaussian process's fit, as tools.surrogate.gp:GaussianProcess.fit; it is searched for
    without. `test_s` is how long `make test` took, which is only passed on.

    Raises:
        InputError: `root` is no checkout, its fit is not found, or the small problem does not run on it.
    """
    root = root.resolve()
    files = read_modules(root)
    imports = read_imports(root, files)
    rooms = {name: room_of(path) for name, path in files.items()}
    arrows = read_arrows(imports, rooms)
    between = [(arrow.importer, arrow.imported) for arrow in arrows]
    folders = Counter(path.parent.as_posix() for path in files.values() if path.name != "__init__.py")
    sizes = {path.as_posix(): count_lines(root / path) for path in files.values()}
    seen = _watch(root, fit or find_fit(root, files))
    tests = list((root / "tests").rglob("*.py"))
    return House(
        root=str(root),
        commit=_commit(root),
        modules=dict(sorted(folders.items())),
        longest=dict(sorted(sizes.items(), key=lambda one: (-one[1], one[0]))[:LONGEST]),
        imports=len(imports),
        arrows=arrows,
        room_cycles=find_cycles([pair for pair in between if not set(pair) & set(FOLDERS)]),
        room_cycles_with_tops=find_cycles(between),
        module_cycles=find_cycles([(one.importer, one.imported) for one in imports]),
        module_cycles_without_late=find_cycles(
            [(one.importer, one.imported) for one in imports if not one.late]
        ),
        hops=tuple(seen["hops"]),
        visits=dict(sorted(seen["visits"]["modules"].items(), key=lambda one: (-one[1], one[0]))),
        visited_trial=seen["visits"]["trial"],
        visited_source=seen["visits"]["source"],
        lines=sum(sizes.values()),
        code_lines=sum(count_code_lines(root / path) for path in files.values()),
        test_lines=sum(count_lines(path) for path in tests),
        test_files=sum(path.name.startswith("test_") for path in tests),
        test_s=test_s,
    )


def find_fit(root: Path, files: Mapping[str, Path]) -> str:
    """Return MODULE:NAME of the Gaussian process's fit in a folder `surrogate` of tools.

    Raises:
        InputError: there is none, or more than one.
    """
    found = [
        f"{module}:{node.name}.fit"
        for module, path in files.items()
        if path.parts[0] == "tools" and "surrogate" in path.parts
        for node in ast.parse((root / path).read_text(encoding="utf-8")).body
        if isinstance(node, ast.ClassDef) and GP_CLASS.search(node.name)
        if any(isinstance(one, ast.FunctionDef) and one.name == "fit" for one in node.body)
    ]
    if len(found) != 1:
        raise InputError(
            f"{len(found)} classes of {root}/tools/**/surrogate look like a Gaussian process with a fit: "
            f"{', '.join(found) or 'none'}; name it with --gp MODULE:NAME"
        )
    return found[0]


def _commit(root: Path) -> str:
    git = ["git", "-C", str(root), "describe", "--always", "--dirty=+", "--abbrev=12", "--match="]
    try:
        return subprocess.run(git, capture_output=True, text=True, check=False).stdout.strip()  # noqa: S603
    except FileNotFoundError:
        return ""


def _watch(root: Path, fit: str) -> dict[str, Any]:
    """Return what the probe saw on `root`."""
    changed = {"PYTHONPATH": str(root / "src"), "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    # -P: the probe's neighbours are no top-level modules.
    command = [sys.executable, "-P", str(PROBE), fit]
    done = subprocess.run(  # noqa: S603 - our own file
        command,
        env=os.environ | changed,
        capture_output=True,
        text=True,
        check=False,
        timeout=PROBE_TIMEOUT_S,
    )
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise InputError(f"the small problem does not run on {root}: {said[-1]}")
    seen: dict[str, Any] = json.loads(done.stdout)
    if seen["root"] != str(root):
        raise InputError(f"{seen['root']} was imported, not {root}; give a checkout with its src/bestguess")
    if not seen["hops"]:
        raise InputError(f"`tune` never came to {fit}; name the Gaussian process's fit with --gp MODULE:NAME")
    return seen


def _sections(house: House) -> Iterator[str]:
    yield f"{house.root} at {house.commit or 'no commit'}"
    yield f"\nmodules a folder ({sum(house.modules.values())} in all)"
    yield from _table(house.modules)
    yield "\nlongest files, in lines"
    yield from _table(house.longest)
    late = [arrow for arrow in house.arrows if arrow.imports == arrow.late]
    yield (
        f"\narrows between rooms: {len(house.arrows)}, {len(late)} of them late only (*); "
        f"imports between modules: {house.imports}"
    )
    for room in dict.fromkeys(arrow.importer for arrow in house.arrows):
        onward = [arrow for arrow in house.arrows if arrow.importer == room]
        words = [f"{one.imported} {one.imports}{'*' * (one.imports == one.late)}" for one in onward]
        yield f"  {room} -> {', '.join(words)}"
    for name, cycles in (
        ("rooms, without the tops", house.room_cycles),
        ("rooms", house.room_cycles_with_tops),
        ("modules", house.module_cycles),
        ("modules, without late imports", house.module_cycles_without_late),
    ):
        yield f"\ncycles among {name}: {len(cycles)}"
        yield from (f"  {', '.join(cycle)}" for cycle in cycles)
    yield f"\nhops from tune to the Gaussian process: {len(house.hops)}"
    yield from (f"  {name}" for name in house.hops)
    yield (
        f"\nvisits in one ask, of trial {house.visited_trial} ({house.visited_source}): "
        f"{sum(house.visits.values())} to {len(house.visits)} modules"
    )
    yield from _table(house.visits)
    yield f"\nlines of agent and tools: {house.lines}, of which code: {house.code_lines}"
    yield f"lines of tests: {house.test_lines} in {house.test_files} test files"
    if house.test_s is not None:
        yield f"seconds of make test: {house.test_s:g}"


def _table(counts: Mapping[str, int]) -> Iterator[str]:
    return (f"{count:7} {name}" for name, count in counts.items())
