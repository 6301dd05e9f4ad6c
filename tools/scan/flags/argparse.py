"""The options of argparse, and of optparse, which is like it.

What a word becomes is known where its type is int, float or text. Any other value, a bool above all, is set
by the default of its option: argparse converts no default but text.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace

from bestguess.tools.scan.choices import Tables
from bestguess.tools.scan.finding import (
    SEVERAL,
    Finding,
    NotLiteral,
    Value,
    called,
    entries,
    find_functions,
    keyword,
    literal_or,
    read_literal,
)
from bestguess.tools.scan.flags.command_line import (
    COMPUTED,
    UNKNOWN,
    CommandLine,
    Path,
    flag_words,
    read_text,
    switch_words,
)
from bestguess.tools.scan.flags.converters import read_type
from bestguess.tools.scan.flags.parsers import Parsers, Receiver
from bestguess.tools.words.given import is_number

CALLS = frozenset({"add_argument", "add_option", "add_parser"})
_LITERAL_READERS = {"loads", "eval", "literal_eval", "safe_load"}


@dataclass(frozen=True, slots=True)
class _Option:
    """A declared option; `flag` is empty for a positional argument."""

    finding: Finding
    flag: str
    does: str
    receivers: tuple[Receiver, ...]
    is_known: bool
    """Whether no other default than the one found can take its place."""

    @property
    def exclusive(self) -> ast.Call | None:
        return next((one.exclusive for one in self.receivers if one.exclusive), None)


def read(tree: ast.Module, known: Mapping[str, Value], file: str) -> CommandLine:
    """Return the command line that a script reads by argparse."""
    parsers = Parsers(tree)
    reader = _Reader(tree, known, file, parsers)
    options = [one for call in parsers.named("add_argument", "add_option") if (one := reader.read(call))]
    options = list(_exclude(_join_switches(options)))
    line = CommandLine("argparse")
    for call in parsers.named("add_parser"):
        for parser in parsers.resolve(call):
            line.paths.setdefault(parser.path, call.lineno)
    for option in options:
        finding = option.finding
        if finding.node is not None and not finding.words and not option.is_known:
            finding = replace(finding, node=None, note="set_defaults(**…) may set its default")
        unknown: Path = (UNKNOWN,) if line.paths else ()
        line.options.append((finding, [one.path for one in option.receivers] or [unknown]))
    return line


class _Reader:
    """Reads options one by one, with what the whole script says of their defaults."""

    def __init__(self, tree: ast.Module, known: Mapping[str, Value], file: str, parsers: Parsers) -> None:
        self._known = known
        self._file = file
        self._parsers = parsers
        self._tables = Tables(tree, known)
        self._functions = find_functions(tree)
        # parse_args([]) reads no command line, and parse_args(["--lr", "0.1"]) takes no default for it.
        calls = parsers.named("parse_args", "parse_known_args")
        given = [one for call in calls if (one := call.args[0] if call.args else keyword(call, "args"))]
        fixed = [node for one in given if _is_fixed(one) for node in ast.walk(one)]
        self._reads_words = not fixed
        texts = [node.value for node in fixed if isinstance(node, ast.Constant)]
        self._fixed = {word for text in texts if isinstance(text, str) for word in re.split(r"[\s=]", text)}

    def read(self, call: ast.Call) -> _Option | None:
        """Return the option that a call declares; None for one of which nothing can be said."""
        receivers = self._parsers.of(call)
        chars = "".join({one.prefix_chars for one in receivers}) or "-"
        texts = [text for one in call.args if isinstance(text := literal_or(one, None), str) and text]
        flags = [text for text in texts if text[0] in chars]
        action = keyword(call, "action")
        does = str(literal_or(action, "")) or (called(action) if action else "") or "store"
        if not texts or does in {"help", "version"}:
            return None
        flag = next((one for one in flags if one[1:2] and one[1] in chars), flags[0] if flags else "")
        name = (flag or texts[0]).lstrip(chars).replace("-", "_")
        name = str(literal_or(keyword(call, "dest"), name))
        doc = _unescaped(str(literal_or(keyword(call, "help"), "") or ""))
        default, is_known = self._default(call, name, receivers)
        value = literal_or(default, None, self._known)
        base = Finding(name, value, "argparse", call.lineno, self._file, doc=doc, default=default)
        is_open = default is None or isinstance(default, ast.Constant) or called(default) == "SUPPRESS"
        if value is None and not is_open:
            base = replace(base, note=COMPUTED)
        by_default = replace(base, node=default or call)
        finding = self._read_action(call, base, by_default, flag, does)
        if self._fixed.intersection(flags):
            finding = replace(finding, words=(), node=None, note="the script itself gives its words")
        return _Option(finding, flag if self._reads_words else "", does, receivers, is_known)

    def _read_action(
        self, call: ast.Call, base: Finding, by_default: Finding, flag: str, does: str
    ) -> Finding:
        const = literal_or(keyword(call, "const"), None, self._known)
        if does == "BooleanOptionalAction":
            words = switch_words(base.name, flag, f"--no-{flag[2:]}", value=bool(base.value))
            finding = replace(by_default if not self._reads_words else base, kind=bool)
            return replace(finding, value=bool(base.value), words=words if self._reads_words else ())
        if does in {"store_true", "store_false"}:
            start = base.value if isinstance(base.value, bool) else does == "store_false"
            return replace(by_default, value=start, kind=bool)
        if does == "store_const" and const is not None:
            if isinstance(const, bool) and not isinstance(base.value, str):
                return replace(by_default, value=bool(base.value), kind=bool)
            return replace(by_default, options=(base.value, const))
        if does == "count":
            return replace(by_default, value=base.value or 0, kind=int)
        nargs = keyword(call, "nargs")
        optional = nargs is not None and (literal_or(nargs, "") == "?" or called(nargs) == "OPTIONAL")
        if does in {"append", "append_const", "extend", "callback"} or (nargs is not None and not optional):
            many = literal_or(nargs, "") == "*" or called(nargs or call) == "REMAINDER"
            needed = self._needed(call, base, flag) if not (many and not flag) else ""
            return replace(base, note=SEVERAL, required=needed)
        if does != "store":
            return replace(base, note=f"what its action {does} does is not known")
        return self._read_value(call, base, by_default, flag, optional=optional)

    def _read_value(
        self, call: ast.Call, base: Finding, by_default: Finding, flag: str, *, optional: bool
    ) -> Finding:
        kind, is_plain = read_type(keyword(call, "type"), self._functions)
        value = self._parsed_default(call, base.value, kind)
        choices = keyword(call, "choices")
        options, low, high = self._tables.choices(choices)
        finding = replace(base, value=value, kind=kind, options=options, low=low, high=high)
        if choices is not None and not options and low is None and not base.note:
            finding = replace(finding, note="its choices are computed")
        required = "" if optional and not flag else self._needed(call, base, flag)
        is_bool = isinstance(value, bool) or kind is bool
        fits = is_plain and kind in (int, float) and is_number(value)
        by_words = not is_bool and (fits or value is None or isinstance(value, str)) and self._reads_words
        if required:
            by_words = not is_bool
        if not flag and not required:
            by_words = False
        if by_words:
            words = flag_words(flag, base.name) if flag else (f"{{{base.name}}}",)
            return replace(finding, words=words, required=required)
        if required:
            note = "it is required, and what its type makes of a word is not known"
            return replace(finding, required=required, note=base.note or note)
        kind = bool if is_bool else None if kind is str and is_number(value) else kind
        return replace(finding, kind=kind, node=by_default.node, note=finding.note or by_default.note)

    def _needed(self, call: ast.Call, base: Finding, flag: str) -> str:
        if flag:
            is_required = literal_or(keyword(call, "required"), False) is True
            return f"{flag} {base.name.upper()}" if is_required else ""
        return base.name.upper()

    def _parsed_default(self, call: ast.Call, value: Value, kind: type | None) -> Value:
        """Return the default as the script gets it: a text is converted as a word is."""
        name = called(keyword(call, "type") or call)
        if name == "bool" and isinstance(value, str):
            return bool(value)
        if name in _LITERAL_READERS and isinstance(value, str):
            with suppress(SyntaxError, ValueError, NotLiteral):
                text = {"true": "True", "false": "False"}.get(value, value)
                return read_literal(ast.parse(text, mode="eval").body)
        return read_text(value, kind)

    def _default(
        self, call: ast.Call, name: str, receivers: tuple[Receiver, ...]
    ) -> tuple[ast.expr | None, bool]:
        """Return the expression of the default, and whether it is known that no other takes its place."""
        default, is_known = keyword(call, "default"), True
        for later in self._parsers.named("set_defaults"):
            others = self._parsers.of(later)
            shared = self._parsers.family(receivers) & {id(one.made) for one in others}
            if (receivers and others and not shared) or (default is not None and later.lineno < call.lineno):
                continue
            for one in later.keywords:
                named = {one.arg: one.value} if one.arg else dict(entries(one.value))
                is_known = is_known and bool(named)
                default = named.get(name, default)
        return default, is_known


def _unescaped(doc: str) -> str:
    """Return a help text as argparse prints it, but for what it fills in."""
    return re.sub(r"(?<!\s)\s*\([^()]*%\(\w+\)\w[^()]*\)|%\(\w+\)\w", "", doc).replace("%%", "%")


def _is_fixed(given: ast.expr) -> bool:
    """Whether what is parsed is written in the script."""
    names = {node.id for node in ast.walk(given) if isinstance(node, ast.Name)}
    return names <= {"shlex"} and not isinstance(given, ast.Constant)


def _join_switches(options: list[_Option]) -> Iterator[_Option]:
    """Yield the options, a switch together with the one that switches the same off."""
    taken: set[int] = set()
    for option in options:
        if option.does not in {"store_true", "store_false"}:
            yield option
            continue
        finding, paths = option.finding, [one.path for one in option.receivers]
        same = [
            one
            for one in options
            if one.does in {"store_true", "store_false"}
            and one.finding.name == finding.name
            and [each.path for each in one.receivers] == paths
        ]
        if id(option) in taken:
            continue
        taken |= {id(one) for one in same}
        on, off = (
            next((one.flag for one in same if one.does == does), "") for does in ("store_true", "store_false")
        )
        words = switch_words(finding.name, on, off, value=bool(finding.value))
        yield replace(option, finding=replace(finding, words=words))


def _exclude(options: Iterator[_Option]) -> Iterator[_Option]:
    """Yield the options; of those that exclude each other, all but the first are left out."""
    listed = list(options)
    for option in listed:
        group = option.exclusive
        members = [one for one in listed if one.exclusive is group] if group is not None else [option]
        if group is None or len(members) == 1:
            yield option
            continue
        needed = literal_or(keyword(group, "required"), False) is True
        others = ", ".join(one.flag for one in members if one is not option)
        finding = option.finding
        if option is members[0] and needed:
            finding = replace(finding, required=" or ".join(one.flag for one in members))
        if option is not members[0] or (needed and (finding.kind is bool or not finding.words)):
            finding = replace(finding, note=f"it cannot be given together with {others}", words=(), node=None)
        yield replace(option, finding=finding)
