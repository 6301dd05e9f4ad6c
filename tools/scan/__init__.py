"""Reads a script and drafts a space: what could be tuned, around what it is now. Nothing is executed.

Upper-case constants and dictionaries of them, argparse, click, dataclasses and pydantic models, and YAML
files that the script names. It does not know whether a value matters: it leaves out what is a seed, a place
or a budget by its name, and says so.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from bestguess.tools.errors import InputError
from bestguess.tools.parameters import Parameter
from bestguess.tools.scan.configs import find_configs
from bestguess.tools.scan.constants import find_constants, known_names
from bestguess.tools.scan.fields import find_fields
from bestguess.tools.scan.finding import Finding, read_comments
from bestguess.tools.scan.flags import find_flags
from bestguess.tools.scan.metric import Metric, find_metric
from bestguess.tools.scan.ranges import choose_parameter, is_heads
from bestguess.tools.scan.usage import find_options
from bestguess.tools.space import Space

MAX_CHARS = 2_000_000

__all__ = ["Draft", "Finding", "LeftOut", "Metric", "read_script", "scan"]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Something that could be set and is not tuned, and why."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Draft:
    """What was found in a script; `chosen` has the findings of the space's parameters, in its order."""

    script: Path
    space: Space | None
    chosen: tuple[Finding, ...]
    left_out: tuple[LeftOut, ...]
    metric: Metric | None
    summary: str
    """The first line of the script's docstring."""


def scan(script: Path) -> Draft:
    """Return the draft of a space for a script; its space is None where nothing can be tuned.

    Raises:
        InputError: the script, or a YAML file that it names, cannot be read.
    """
    tree, findings = read_script(script)
    has_heads = any(is_heads(one) for one in findings)
    parameters: dict[str, Parameter] = {}
    chosen, left_out = [], []
    for one in findings:
        parameter = choose_parameter(one, has_heads=has_heads)
        if isinstance(parameter, str):
            left_out.append(LeftOut(one, parameter))
        elif one.name in parameters:
            left_out.append(LeftOut(one, "another of that name was found before"))
        else:
            parameters[one.name] = parameter
            chosen.append(one)
    return Draft(
        script,
        Space(parameters) if parameters else None,
        tuple(chosen),
        tuple(left_out),
        find_metric(tree),
        (ast.get_docstring(tree) or "").partition("\n")[0].strip(),
    )


def read_script(script: Path) -> tuple[ast.Module, list[Finding]]:
    """Return the syntax tree, and all that can be set in the script, by unique name where it allows that.

    Raises:
        InputError: the script, or a YAML file that it names, cannot be read.
    """
    try:
        text = script.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(f"the script {script} cannot be read: {error.strerror}; give its path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"the script {script} is not UTF-8 text; give a Python file") from error
    if len(text) > MAX_CHARS:
        raise InputError(f"the script {script} has {len(text)} characters; give one with fewer than {MAX_CHARS}")
    try:
        tree = ast.parse(text, filename=str(script))
        findings = list(_find(tree, text, script))
    except (SyntaxError, ValueError, RecursionError) as error:
        raise InputError(f"the script {script} is not Python that can be read: {error}") from error
    except yaml.YAMLError as error:
        words = " ".join(str(error).split())
        raise InputError(f"a YAML file that {script} names cannot be read: {words}") from error
    return tree, findings


def _find(tree: ast.Module, text: str, script: Path) -> Iterator[Finding]:
    comments = read_comments(text)
    known = known_names(tree)
    options = find_options(tree)
    file = script.name
    settable = [*find_flags(tree, known, file), *find_fields(tree, known, comments, file)]
    # A constant that is the default of a flag or a field is set through that.
    constants = [
        one for one in find_constants(tree, comments, file) if one.name not in _names_in_defaults(tree)
    ]
    found = [*constants, *settable, *find_configs(tree, script)]
    shorts = Counter(_short(one) for one in found)
    for one in sorted(found, key=lambda one: (one.file != file, one.line)):
        # A field goes by its own name where nothing else has it.
        name = _short(one) if shorts[_short(one)] == 1 else one.name
        words = tuple(word.replace(f"{{{one.name}}}", f"{{{name}}}") for word in one.words)
        last = name.rpartition(".")[2]
        texts = one.options or (options.get(last, ()) if isinstance(one.value, str) else ())
        yield replace(one, name=name, words=words, options=texts)


def _short(finding: Finding) -> str:
    return finding.name.rpartition(".")[2] if finding.origin == "dataclass" else finding.name


def _names_in_defaults(tree: ast.Module) -> set[str]:
    """Return the names that stand alone as a default of a flag or a field."""
    names = set()
    for node in ast.walk(tree):
        match node:
            case ast.keyword(arg="default", value=ast.Name(id=name)):
                names.add(name)
            case ast.ClassDef(body=body):
                for statement in body:
                    if isinstance(statement, ast.AnnAssign) and isinstance(statement.value, ast.Name):
                        names.add(statement.value.id)
    return names
