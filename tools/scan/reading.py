"""All that can be set in a script: constants, flags, fields of dataclasses, and the YAML files that it names.

It imports little, as `bestguess.tools.objective.override` runs it before every trial.
"""

from __future__ import annotations

import ast
import tokenize
import warnings
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bestguess.tools.errors import InputError
from bestguess.tools.scan.composition import Sources
from bestguess.tools.scan.configs import find_configs
from bestguess.tools.scan.constants import find_constants, find_unread, known_names
from bestguess.tools.scan.fields import find_fields
from bestguess.tools.scan.finding import Finding, read_comments, walk
from bestguess.tools.scan.flags import find_flags
from bestguess.tools.scan.hydra import find_hydra
from bestguess.tools.scan.modules import Module, find_modules
from bestguess.tools.scan.omegaconf import find_merged
from bestguess.tools.scan.resolution import Resolver
from bestguess.tools.scan.usage import find_options
from bestguess.tools.words.documents import path_words, read_source
from bestguess.tools.words.given import shorten

MAX_BYTES = 300_000
MAX_SETTINGS = 2000
MAX_LINES = 10_000

_BY_HAND = (
    "write space.yaml by hand, such as parameters: {lr: {type: float, low: 1e-4, high: 0.1, log: true}}, and "
    "give the command after --: bestguess tune --space space.yaml --metric loss -- ./run {lr}"
)

_DEFAULTS = "default_config_files"
"""By this argument, jsonargparse, LightningCLI and ConfigArgParse take the defaults of options from files."""


def read_script(script: Path) -> tuple[ast.Module, list[Finding], list[Module]]:
    """Return the syntax tree, all that can be set, by unique names, and the modules where some of it stands.

    Raises:
        InputError: the script, or a YAML file or a module of its folder that it names, cannot be read.
    """
    name, mend = f"the script {path_words(script)}", "give the path of a Python file"
    if script.suffix == ".ipynb":
        mend = f"make a script of it: jupyter nbconvert --to script {path_words(script)}"
        raise InputError(f"{name} is a notebook, which runs in Jupyter alone; {mend}")
    text = read_source(script, name, mend, most_bytes=MAX_BYTES)
    if (lines := text.count("\n")) > MAX_LINES:
        raise InputError(f"{name} has {lines} lines; give one with at most {MAX_LINES}")
    started = text.partition("\n")[0]
    is_python = "python" in started if started.startswith("#!") else script.suffix.lower() in {".py", ".pyw"}
    with readable(script, is_python=is_python):
        tree = ast.parse(text, filename=str(script))
        modules = find_modules(tree, script)
        return tree, list(_find(tree, text, script, modules)), modules


@contextmanager
def readable(script: Path, *, is_python: bool = True) -> Iterator[None]:
    """Raise InputError in place of what reading a stranger's script can end in."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in the script's strings
            yield
    except RecursionError as error:
        raise InputError(
            f"the script {path_words(script)} is nested too deep to be read; simplify its expressions"
        ) from error
    except (SyntaxError, ValueError, MemoryError, tokenize.TokenError) as error:
        if isinstance(error, InputError):
            raise
        if not is_python:
            raise InputError(
                f"{path_words(script)} is not Python, and init reads nothing else; {_BY_HAND}"
            ) from error
        words = shorten(" ".join(str(error).split()), 200)
        line, mend = getattr(error, "text", "") or "", "see whether it runs"
        if line.lstrip().startswith(("!", "%")):
            mend = f"leave out {shorten(line.strip(), 40)}, which only a notebook runs"
        raise InputError(
            f"the script {path_words(script)} is not Python that can be read ({words}); {mend}"
        ) from error


def _find(tree: ast.Module, text: str, script: Path, modules: list[Module]) -> Iterator[Finding]:
    comments = read_comments(text)
    known = known_names(tree)
    options = find_options(tree)
    file = script.name
    fields = list(find_fields(tree, known, comments, file))
    sources = Sources(tree, script, fields, known)
    configs = find_hydra(tree, sources, known, options) or [
        *find_merged(tree, sources, known, options),
        *find_configs(tree, script, sources.files),
    ]
    # What goes into a configuration is set there.
    placed = {id(finding.node) for finding in configs}
    flags = list(find_flags(tree, known, file))
    defaults = _defaults([*flags, *fields])
    fields = [finding for finding in fields if finding.name.partition(".")[0] not in sources.classes]
    constants = [
        finding
        for finding in find_constants(tree, known, comments, file)
        if finding.name not in defaults and id(finding.node) not in placed
    ]
    unread = find_unread(tree, [finding.name for finding in constants if finding.origin == "constant"])
    if flags or fields or configs or len(unread) < len(constants):  # else others read what is in this file
        constants = [replace(one, is_read=one.name not in unread) for one in constants]
    taken = [finding for module in modules for finding in _taken(module)]
    found = [*constants, *flags, *fields, *taken, *configs]
    if not found:
        return
    if len(found) > MAX_SETTINGS:
        raise InputError(
            f"the script {path_words(script)} has {len(found)} constants, flags and settings; "
            f"give one with at most {MAX_SETTINGS}, or write the space by hand"
        )
    everything = ast.Module(
        [node for part in (*(module.tree for module in modules), tree) for node in part.body], []
    )
    resolver = Resolver(everything, known)
    found = [_placed(resolver.resolve(finding), finding, modules, file) for finding in found]
    constant_names = {finding.name for finding in found if finding.origin == "constant"}
    in_files = {finding.name: finding for finding in found if finding.origin == "yaml"}
    by_files = any(_DEFAULTS in (getattr(node, "arg", ""), getattr(node, "value", "")) for node in walk(tree))
    shorts = Counter(_short(finding) for finding in found)
    by_name: dict[str, Finding] = {}
    for finding in sorted(found, key=lambda one: (not one.is_read, one.file != file, one.line)):
        # A field goes by its own name where nothing else has it.
        name = _short(finding) if shorts[_short(finding)] == 1 else finding.name
        note = finding.note or _computed(finding, constant_names)
        takes_defaults = (finding.origin == "argparse" and resolver.takes_defaults) or by_files
        if takes_defaults and finding.origin != "yaml" and name in in_files:
            note = note or f"{in_files[name].file} sets its default"
            finding = replace(finding, required="")
        if earlier := by_name.get(name):
            is_apart = finding.origin == "yaml" and not finding.words
            if is_apart and (earlier.origin == "yaml" or earlier.value is None):
                name = f"{Path(finding.file).stem}.{name}"
            if name in by_name:
                note = note or "another of that name was found before"
        words = tuple(word.replace(f"{{{finding.name}}}", f"{{{name}}}") for word in finding.words)
        last = name.rpartition(".")[2]
        texts = finding.options or (options.get(last, ()) if isinstance(finding.value, str) else ())
        finding = replace(finding, name=name, words=words, options=texts, note=note)
        if not note:
            by_name[name] = finding
        yield finding


def _placed(resolved: Finding, finding: Finding, modules: list[Module], file: str) -> Finding:
    """Return a finding with the file where its value counts."""
    if resolved.node is None or resolved.node is finding.node:
        return resolved
    within = (module.file for module in modules if resolved.node in ast.walk(module.tree))
    return replace(resolved, file=next(within, file))


def _defaults(settable: list[Finding]) -> set[str]:
    """Return the constants that are the default of an option or a field, and are set through that."""
    return {ast.unparse(node) for one in settable if (node := one.default or one.node)}


def _taken(module: Module) -> Iterator[Finding]:
    """Yield what a script takes from a module of its own that can be set there."""
    known, comments = known_names(module.tree), read_comments(module.text)
    settable = [
        *find_flags(module.tree, known, module.file),
        *find_fields(module.tree, known, comments, module.file),
    ]
    settable = [finding for finding in settable if module.gives(finding)]
    defaults = _defaults(settable)
    for finding in find_constants(module.tree, known, comments, module.file):
        if finding.name not in defaults and module.gives(finding):
            yield finding
    yield from settable


def _computed(finding: Finding, constants: set[str]) -> str:
    """Return why a value is not set by itself: it is made of constants, and follows them."""
    if finding.node is None or finding.origin not in {"constant", "class", "dataclass"}:
        return ""
    names = sorted(
        node.id for node in ast.walk(finding.node) if isinstance(node, ast.Name) and node.id in constants
    )
    return f"it is computed from {names[0]}" if names else ""


def _short(finding: Finding) -> str:
    return finding.name.rpartition(".")[2] if finding.origin in {"class", "dataclass"} else finding.name
