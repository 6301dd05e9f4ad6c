"""The parameters of a function that tyro, jsonargparse or defopt calls with what the command line says.

How each writes a value there differs; a default of the function that is another arrives through all.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import replace

from bestguess.tools.scan.choices import Tables
from bestguess.tools.scan.finding import Value, called, find_functions, inside, walk
from bestguess.tools.scan.flags.command_line import CommandLine
from bestguess.tools.scan.flags.signature import read_parameters

_POSITIONAL = {"CLI", "auto_cli"}
"""What takes the parameters without a default by their place."""

CALLS = frozenset({*_POSITIONAL, "cli", "run"})


def read(tree: ast.Module, known: Mapping[str, Value], file: str) -> CommandLine:
    """Return the command line of a function that a script hands to such a library."""
    tables, functions = Tables(tree, known), find_functions(tree)
    line = CommandLine("function")
    for call in walk(tree):
        if not isinstance(call, ast.Call) or not call.args or called(call.args[0]) not in functions:
            continue
        caller = called(call)
        if caller not in _POSITIONAL and (inside(call), caller) not in {("tyro", "cli"), ("defopt", "run")}:
            continue
        for finding in read_parameters(functions[called(call.args[0])], "function", known, tables, file):
            flag = "" if caller in _POSITIONAL else f"--{finding.name} "
            needed = finding.required and flag + finding.required
            line.options.append((replace(finding, required=needed, node=finding.default), [()]))
    return line
