"""The parameters of models and data modules that a LightningCLI takes, as --model.lr=0.1."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bestguess.tools.scan.choices import Tables
from bestguess.tools.scan.finding import Finding, Value, called, keyword, literal_or, walk
from bestguess.tools.scan.flags.command_line import CommandLine, flag_words
from bestguess.tools.scan.flags.signature import read_parameters

CALLS = frozenset({"LightningCLI"})
_PARTS = (("model", "model_class"), ("data", "datamodule_class"))


def read(tree: ast.Module, known: Mapping[str, Value], file: str) -> CommandLine:
    """Return the command line that a script reads by LightningCLI."""
    tables = Tables(tree, known)
    classes = {node.name: node for node in walk(tree) if isinstance(node, ast.ClassDef)}
    ours = {name for name, one in classes.items() if "LightningCLI" in map(called, one.bases)}
    calls = [node for node in walk(tree) if isinstance(node, ast.Call)]
    targets = [call.args[1] for call in calls if called(call) == "link_arguments" and len(call.args) > 1]
    linked = {literal_or(one, None) for one in targets}
    line = CommandLine("lightning")
    for call in calls:
        if called(call) not in {"LightningCLI", *ours}:
            continue
        runs = literal_or(keyword(call, "run"), True) is not False
        line.paths.update({("fit",): call.lineno} if runs else {})
        for finding in _read(call, classes, known, tables, file):
            note = "it is linked to another" if finding.name in linked else finding.note
            line.options.append((replace(finding, note=note), [("fit",) if runs else ()]))
    return line


def _read(
    call: ast.Call,
    classes: Mapping[str, ast.ClassDef],
    known: Mapping[str, Value],
    tables: Tables,
    file: str,
) -> Iterator[Finding]:
    for place, (part, name) in enumerate(_PARTS):
        given = call.args[place] if place < len(call.args) else keyword(call, name)
        if given is None and place:
            continue
        by_subclass = literal_or(keyword(call, f"subclass_mode_{part}"), False) is True
        owner = None if given is None or by_subclass else classes.get(called(given))
        if owner is None:
            note = f"its class is not in this file; write its options by hand, such as --{part}.lr={{lr}}"
            yield Finding(part, None, "lightning", call.lineno, file, note=note)
            continue
        for member in owner.body:
            if not isinstance(member, ast.FunctionDef) or member.name != "__init__":
                continue
            for finding in read_parameters(member, "lightning", known, tables, file):
                path = f"{part}.{finding.name}"
                needed = finding.required and f"--{path} {finding.required}"
                yield replace(finding, name=path, words=flag_words(f"--{path}", path), required=needed)
