"""What can be set on the command line of a script, one library a file.

`reading` enters by `find_flags`. A library is a module with `read(tree, known, file)` and `CALLS`, the names
of what a script calls or inherits from to use it; and a line in `LIBRARIES`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

from bestguess.tools.scan.finding import Finding, Value, called, walk
from bestguess.tools.scan.flags import absl, argparse, click, fire, functions, lightning, typer

LIBRARIES = (argparse, click, typer, fire, absl, lightning, functions)


def find_flags(tree: ast.Module, known: Mapping[str, Value], file: str) -> Iterator[Finding]:
    """Yield the options of all libraries; with the words of `Finding.words`, or a default that can be set."""
    names = {called(node) for node in walk(tree) if isinstance(node, ast.Call)}
    names |= {called(base) for node in walk(tree) if isinstance(node, ast.ClassDef) for base in node.bases}
    for library in LIBRARIES:
        if not names.isdisjoint(library.CALLS):
            yield from library.read(tree, known, file).findings(file)
