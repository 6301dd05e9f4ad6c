"""All that can be set in a script: constants, flags, fields of dataclasses, and the YAML files that it names.

It knows no parameters and imports little, as `bestguess.tools.override` runs it before every trial.
"""

from __future__ import annotations

import ast
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import yaml

from bestguess.tools.errors import InputError
from bestguess.tools.scan.configs import find_configs
from bestguess.tools.scan.constants import find_constants, known_names
from bestguess.tools.scan.fields import find_fields
from bestguess.tools.scan.finding import Finding, read_comments
from bestguess.tools.scan.flags import find_flags
from bestguess.tools.scan.usage import find_options
from bestguess.tools.text_file import read_text

MAX_BYTES = 2_000_000


def read_script(script: Path) -> tuple[ast.Module, list[Finding]]:
    """Return the syntax tree, and all that can be set in the script, by unique name where it allows that.

    Raises:
        InputError: the script, or a YAML file that it names, cannot be read.
    """
    try:
        text = read_text(script, most_bytes=MAX_BYTES)
    except OSError as error:
        raise InputError(f"the script {script} cannot be read: {error.strerror}; give its path") from error
    except UnicodeDecodeError as error:
        raise InputError(f"the script {script} is not UTF-8 text; give a Python file") from error
    try:
        with warnings.catch_warnings(action="ignore"):  # of the script, not of ours
            tree = ast.parse(text, filename=str(script))
        findings = list(_find(tree, text, script))
    except InputError:
        raise
    except (SyntaxError, ValueError, RecursionError, MemoryError, tokenize.TokenError) as error:
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
