"""The fields of dataclasses and pydantic models that have a literal default."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import replace

from bestguess.tools.scan.annotations import read_annotation
from bestguess.tools.scan.choices import Tables
from bestguess.tools.scan.finding import (
    Finding,
    NotLiteral,
    Value,
    bound,
    called,
    entries,
    find_functions,
    keyword,
    literal_or,
    read_literal,
    walk,
)
from bestguess.tools.scan.flags.command_line import flag_words

_DECORATORS = {"dataclass", "define", "attrs", "frozen", "pydantic_dataclass", "configclass"}
HOLDS_FIELDS = {"BaseModel", "BaseSettings", "NamedTuple", "Tap"}
"""Bases of classes whose fields are settings."""

_FIELDS = {"field", "Field", "ib", "attrib"}
_HF = "HfArgumentParser"
_READERS = {_HF, "cli", "parse", "CLI", "auto_cli", "add_arguments"}
"""What makes options of the fields of a class."""


_TRAINING = {
    "learning_rate": 5e-5,
    "weight_decay": 0.0,
    "per_device_train_batch_size": 8,
    "gradient_accumulation_steps": 1,
    "max_grad_norm": 1.0,
    "warmup_steps": 0,
    "adam_beta1": 0.9,
    "adam_beta2": 0.999,
    "label_smoothing_factor": 0.0,
}
"""What is tuned of the TrainingArguments of transformers, with its defaults (4.0 to 5.23)."""


def find_fields(
    tree: ast.Module, known: Mapping[str, Value], comments: Mapping[int, str], file: str
) -> Iterator[Finding]:
    """Yield the fields as Class.field, and classes of other files whose fields are options as well."""
    tables = Tables(tree, known)
    readers = _find_readers(tree)
    classes = [node for node in walk(tree) if isinstance(node, ast.ClassDef)]
    for node in classes:
        decorated = any(called(one) in _DECORATORS for one in node.decorator_list)
        if not decorated and not any(called(one) in HOLDS_FIELDS for one in node.bases):
            continue
        # The fields of a class are those of the classes that inherit from it, too.
        heirs = [one.name for one in classes if node.name in map(called, one.bases)]
        reader = next((readers[name][0] for name in (node.name, *heirs) if name in readers), "")
        for index, statement in enumerate(node.body):
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                after = node.body[index + 1] if index + 1 < len(node.body) else None
                doc = comments.get(statement.end_lineno or statement.lineno, "") or _docstring(after)
                yield from _read_field(node.name, statement, known, tables, doc, file, reader)
    by_name = {node.name: node for node in classes}
    for name, (reader, line) in readers.items():
        for base, own in _elsewhere(name, by_name) if reader == _HF else ():
            note = (
                "its fields are in another file; write them by hand, such as --learning_rate={learning_rate}"
            )
            yield Finding(base, None, "dataclass", line, file, note=note)
            for option, value in _TRAINING.items() if base.endswith("TrainingArguments") else ():
                if option not in own:
                    words = flag_words(f"--{option}", f"{base}.{option}")
                    yield Finding(
                        f"{base}.{option}", value, "dataclass", line, file, kind=type(value), words=words
                    )


def _elsewhere(
    name: str, classes: Mapping[str, ast.ClassDef], own: frozenset[str] = frozenset()
) -> Iterator[tuple[str, frozenset[str]]]:
    """Yield the classes of other files whose fields a class has, with those that are written here instead."""
    if name not in classes:
        yield name, own
        return
    own |= {ast.unparse(one.target) for one in classes[name].body if isinstance(one, ast.AnnAssign)}
    for base in classes[name].bases:
        if isinstance(base, ast.Name) and base.id in classes and base.id != name:
            yield from _elsewhere(base.id, classes, own)
        elif called(base) not in {"object", "ABC", "Generic", "Protocol"}:
            yield called(base), own


def _find_readers(tree: ast.Module) -> dict[str, tuple[str, int]]:
    """Return, by the name of a class, what makes options of its fields, and where."""
    functions, found = find_functions(tree), {}
    for node in walk(tree):
        match node:
            case ast.Call() if called(node) in _READERS:
                given = [*node.args[:1], *(one.value for one in node.keywords if one.arg != "default")]
                for one in given:
                    for name in one.elts if isinstance(one, ast.Tuple | ast.List) else [one]:
                        if isinstance(name, ast.Name) and name.id not in functions:
                            found[name.id] = called(node), node.lineno
            case ast.FunctionDef(decorator_list=decorators) if "wrap" in map(called, decorators):
                annotations = [one.annotation for one in node.args.args if one.annotation]
                found |= {called(one): ("wrap", node.lineno) for one in annotations}
    return found


def _read_field(
    owner: str,
    statement: ast.AnnAssign,
    known: Mapping[str, Value],
    tables: Tables,
    doc: str,
    file: str,
    reader: str,
) -> Iterator[Finding]:
    assert isinstance(statement.target, ast.Name)
    name = statement.target.id
    value, low, high = statement.value, None, None
    is_required = value is None
    if isinstance(value, ast.Call) and called(value) in _FIELDS:
        call = value
        value = keyword(call, "default") or (call.args[0] if call.args else None)
        is_required = value is None and not any("factory" in (one.arg or "") for one in call.keywords)
        inner = literal_or(value, None, known)
        low = bound(keyword(call, "ge")) if keyword(call, "ge") else bound(keyword(call, "gt"), inner=inner)
        high = bound(keyword(call, "le")) if keyword(call, "le") else bound(keyword(call, "lt"), inner=inner)
        doc = doc or str(literal_or(keyword(call, "description"), "") or "") or _metadata(call)
    kind, options, note = read_annotation(statement.annotation, tables)
    try:
        current = read_literal(value, known)
    except NotLiteral:
        if not (is_required and reader):
            return
        current = None
    finding = Finding(
        f"{owner}.{name}",
        current,
        "dataclass",
        statement.lineno,
        file,
        doc=doc,
        kind=kind,
        options=options,
        low=low,
        high=high,
        required=f"--{name} {name.upper()}" if is_required and reader else "",
        note=note,
        default=value,
        node=value,
    )
    if reader == _HF:
        words = flag_words(f"--{name}", finding.name)
        yield replace(finding, words=words, node=None)
    else:
        yield replace(finding, note="it has no value to start from") if is_required and not note else finding


def _metadata(call: ast.Call) -> str:
    metadata = entries(keyword(call, "metadata") or call)
    said = (value for key, value in metadata if key in {"help", "doc", "description"})
    return str(literal_or(next(said, None), "") or "")


def _docstring(statement: ast.stmt | None) -> str:
    match statement:
        case ast.Expr(value=ast.Constant(value=str(text))):
            return text.strip()
    return ""
