"""The configuration that Hydra composes for a script, from its config folder and its store of dataclasses.

The order of composition and the packages are those of Hydra 1.1 to 1.3: `hydra/_internal/defaults_list.py`
and `hydra/core/default_element.py`.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import reduce

from bestguess.tools.errors import InputError
from bestguess.tools.scan.composition import MISSING, Config, Sources, Tree, leaves, merge, set_by_words
from bestguess.tools.scan.configs import MAX_DEPTH, shown_path
from bestguess.tools.scan.finding import Finding, Value
from bestguess.tools.scan.initialization import HYDRA, Start, find_starts, find_stored, slashed
from bestguess.tools.scan.overrides import write_for_hydra
from bestguess.tools.words.documents import path_words

MAX_PARTS = 500
_SELF, _TOP = "_self_", "_global_"


@dataclass(frozen=True, slots=True)
class _Default:
    """An entry of a defaults list; without a group, `option` is the path of a configuration."""

    group: str
    option: str | None
    package: str | None = None
    optional: bool = False
    override: bool = False

    @property
    def relative_group(self) -> str:
        return (self.group or (self.option or "").rpartition("/")[0]).lstrip("/")

    def group_below(self, group: str) -> str:
        """Return its group as seen from the config folder, for an entry in a configuration of `group`."""
        is_absolute = (self.group or self.option or "").startswith("/")
        return slashed("" if is_absolute else group, self.relative_group)

    def package_below(self, group: str, package: str) -> str:
        """Return its package if its file names no other, for an entry in a configuration of that package."""
        named = self.package
        if named is None:
            named = self.relative_group.replace("/", ".")
        elif "_group_" in named:
            named = f"{_TOP}.{named.replace('_group_', self.group_below(group).replace('/', '.'))}"
        return _join(package, "" if named == "_here_" else named)

    def key_below(self, group: str, package: str) -> str:
        """Return what overrides it: its group, with the package where that is not the group's own."""
        own, placed = self.group_below(group), self.package_below(group, package)
        return own if placed == own.replace("/", ".") else f"{own}@{placed or _TOP}"


def find_hydra(
    tree: ast.Module, sources: Sources, known: Mapping[str, Value], options: Mapping[str, tuple[str, ...]]
) -> list[Finding]:
    """Return the settings that Hydra composes, by their dotted path; none where the script has no Hydra.

    Raises:
        InputError: a file that the script names is no YAML, or none that a person wrote.
    """
    starts = list(find_starts(tree, sources.script, known))
    stored = find_stored(tree)
    for start in starts:
        composer = _Composer(sources, start, stored)
        if composer.read(start.name) is not None:
            return composer.compose(options)
    note = f"Hydra's configuration is not found here, or is outside the folder of {sources.script.name}"
    return [Finding(one.name, None, "yaml", one.line, sources.script.name, note=note) for one in starts[:1]]


class _Composer:
    """One composition: what is chosen for each group, and what is left out with the reason."""

    def __init__(self, sources: Sources, start: Start, stored: Mapping[str, ast.expr]) -> None:
        self._sources = sources
        self._start = start
        self._stored = stored
        self._configs: dict[str, Config | None] = {}
        self._overrides: dict[str, str | None] = {}
        self._choices: dict[str, str] = {}
        self._left_out: list[Finding] = []
        self._parts = 0

    def read(self, path: str) -> Config | None:
        """Return the configuration at a path, of a file or of the store; None where there is none."""
        if path not in self._configs:
            name = path.removesuffix(".yaml")
            stored, folder, found = self._stored.get(name), self._start.folder, None
            if folder is not None:
                file = folder / (path if path.endswith(".yml") else f"{name}.yaml")
                found = self._sources.read_file(file, self._start.limit)
            if found is None and stored is not None:
                found = self._sources.read_expression(stored)
            self._configs[path] = found
        return self._configs[path]

    def compose(self, options: Mapping[str, tuple[str, ...]]) -> list[Finding]:
        """Return all settings, and what was chosen for the groups."""
        group = self._start.name.rpartition("/")[0]
        parts = self._expand(self._start.name, group, group.replace("/", "."), is_placed=False)
        composed: Tree = reduce(merge, (_mount(package, tree) for package, tree in parts), {})
        settings = [
            self._finish(path, found, options) for path, found in leaves(composed) if path[0] != HYDRA
        ]
        return [*settings, *self._left_out]

    def _expand(
        self, path: str, group: str, package: str, *, is_placed: bool, depth: int = 0
    ) -> list[tuple[str, Tree]]:
        """Return what a configuration consists of in the order of merging, each with its package.

        `is_placed` says that the one that includes it gave the package, which goes before that in its file.
        """
        config = self.read(path)
        if config is None or depth > MAX_DEPTH:
            return []
        self._parts += 1
        if self._parts > MAX_PARTS:
            script = path_words(self._sources.script)
            raise InputError(f"Hydra composes more than {MAX_PARTS} configurations for {script}; give fewer")
        if not is_placed and config.header not in {None, "_group_"}:
            package = _join("", f"{_TOP}.{config.header}")
        defaults = [default for entry in config.defaults for default in _read_default(entry)]
        if not any(default.option == _SELF for default in defaults):
            defaults.append(_Default("", _SELF))
        for default in defaults:
            if default.override:
                self._overrides.setdefault(default.key_below(group, package), default.option)
        # Hydra goes from the last to the first, so that the overrides of a later one hold for an earlier one;
        # those that are named after another's choice come when all others are chosen.
        order = sorted(
            (at for at, default in enumerate(defaults) if not default.override),
            key=lambda at: ("${" in (defaults[at].option or ""), -at),
        )
        parts = {
            at: [(package, config.tree)]
            if defaults[at].option == _SELF
            else self._include(defaults[at], group, package, depth)
            for at in order
        }
        return [part for at in sorted(parts) for part in parts[at]]

    def _include(self, default: _Default, group: str, package: str, depth: int) -> list[tuple[str, Tree]]:
        key = default.key_below(group, package)
        option = self._overrides.get(key, default.option) if default.group else default.option
        if option is None:
            return []
        option = re.sub(r"\$\{(.*?)\}", lambda match: self._choices.get(match[1], match[0]), option)
        if default.group:
            self._choices.setdefault(key, option)
        own = default.group_below(group)
        path = slashed(own, option if default.group else option.rpartition("/")[2])
        placed = default.package_below(group, package)
        parts = self._expand(path, own, placed, is_placed=default.package is not None, depth=depth + 1)
        if not path.startswith(f"{HYDRA}/"):
            self._report(key if default.group else path, option, default, is_found=bool(parts))
        return parts

    def _report(self, key: str, option: str, default: _Default, *, is_found: bool) -> None:
        """Add the choice of a configuration to what is left out."""
        required = ""
        if option == MISSING:
            note, required = "no option of it is chosen", f"{key}=OPTION"
        elif not is_found and not default.optional:
            note = "this configuration is not found here"
        elif default.group and is_found:
            note = "it chooses a configuration; tune each by itself"
        else:
            return
        folder, script = self._start.folder, self._sources.script
        file = script.name if folder is None else shown_path(folder, script)
        self._left_out.append(
            Finding(key, None, "yaml", self._start.line, file, note=note, required=required)
        )

    def _finish(
        self, path: tuple[Value, ...], found: Finding, options: Mapping[str, tuple[str, ...]]
    ) -> Finding:
        if not self._start.is_told:
            found = replace(found, note="hydra.compose is not given the words of the command line")
        elif self._start.folder and len(path) == 1 and os.path.isdir(self._start.folder / str(path[0])):
            found = replace(found, note="Hydra takes its name for that of the folder")
        return set_by_words(path, replace(found, span=None, node=None), options, write_for_hydra)


def _mount(package: str, tree: Tree) -> Tree:
    for key in reversed(package.split(".") if package else []):
        tree = {key: tree}
    return tree


def _join(above: str, package: str) -> str:
    """Return a package as seen from the top, where _global_ starts again."""
    return ".".join(filter(None, (above, package))).rpartition(_TOP)[2].lstrip(".")


def _read_default(entry: object) -> Iterator[_Default]:
    """Yield what an entry of the list includes: one, or each of several options of a group."""
    if isinstance(entry, str):
        path, _, package = entry.partition("@")
        yield _Default("", path, package or None)
    if isinstance(entry, dict):
        [(key, chosen)] = entry.items()
        words, _, package = key.partition("@")
        *keywords, group = words.split(" ")
        for option in chosen if isinstance(chosen, list) else [chosen]:
            if isinstance(chosen, list):
                yield _Default("", f"{group}/{option}", package or None, "optional" in keywords)
            elif group:
                kinds = ("optional" in keywords, "override" in keywords)
                yield _Default(group, option, package or None, *kinds)
