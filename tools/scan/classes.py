"""Which classes of other people's libraries a script uses: what is tuned, in the words of its field."""

from __future__ import annotations

import ast
import sys

from bestguess.tools.scan.finding import walk

MOST = 6


def find_classes(tree: ast.Module) -> tuple[str, ...]:
    """Return the names of the classes that the script calls, in order, the standard library's left out."""
    modules: set[str] = set()
    names: dict[str, str] = {}
    for node in walk(tree):
        match node:
            case ast.Import(names=found):
                foreign = [one for one in found if _is_foreign(one.name)]
                modules |= {one.asname or one.name.partition(".")[0] for one in foreign}
            case ast.ImportFrom(module=str(module), names=found, level=0) if _is_foreign(module):
                names |= {one.asname or one.name: one.name for one in found}
    # The walk is by depth; people write from top to bottom.
    calls = sorted(
        (node for node in walk(tree) if isinstance(node, ast.Call)),
        key=lambda call: (call.lineno, call.col_offset),
    )
    used = []
    for call in calls:
        match call.func:
            case ast.Name(id=name) if name in names:
                used.append(names[name])
            case ast.Attribute(value=ast.Name(id=root), attr=name) if root in modules | names.keys():
                used.append(name)
    return tuple(name for name in dict.fromkeys(used) if name[:1].isupper())[:MOST]


def _is_foreign(module: str) -> bool:
    return module.partition(".")[0] not in sys.stdlib_module_names
