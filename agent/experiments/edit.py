"""Numbers put into a script, as a unified diff that nobody applies."""

from __future__ import annotations

import ast
import difflib
import re
from collections.abc import Mapping
from itertools import accumulate
from typing import Any

from bestguess.tools.objective.override import edit_text, yaml_text
from bestguess.tools.scan.draft import Draft
from bestguess.tools.scan.finding import Finding, NotLiteral, read_literal
from bestguess.tools.words.cleaning import clean
from bestguess.tools.words.documents import read_text
from bestguess.tools.words.redaction import redact


def write_edit(draft: Draft, params: Mapping[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return the diff that puts params into a script and the files beside it, and what it cannot set.

    What the script has already is left as it is, and so are files outside of its folder; of a file where a
    secret or a control character stands beside a number, all is left to be set by hand.
    """
    texts, by_hand = put_in(draft, params)
    edits: list[str] = []
    unsaid: set[str] = set()
    for file, (before, after) in texts.items():
        raw = (draft.script.parent / file).read_bytes()
        windows = raw.count(b"\r\n")
        first, second, *lines = difflib.unified_diff(_lines(before), _lines(after), f"a/{file}", f"b/{file}")
        edit = first + second
        for line in lines:
            ends = "\r\n" if windows and not line.startswith("@@") else "\n"
            edit += line[:-1] + ends if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        printed = edit.replace("\r\n", "\n")
        if redact(clean(printed)) != printed or windows not in (0, raw.count(b"\n")):
            unsaid.add(file)
            continue
        edits.append(edit)
    changed = (one.name for one in draft.chosen if one.file in unsaid and params.get(one.name) != one.value)
    return "".join(edits), (*by_hand, *(name for name in changed if name in params))


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def put_in(draft: Draft, params: Mapping[str, Any]) -> tuple[dict[str, tuple[str, str]], tuple[str, ...]]:
    """Return by file what it has and what it would have with these params, and the names that stay as is."""
    folder, by_hand = draft.script.parent.resolve(), []
    texts: dict[str, str] = {}
    changes: dict[str, list[tuple[tuple[int, int], str]]] = {}
    for finding in draft.chosen:
        name, file = finding.name, finding.file
        if name not in params or params[name] == finding.value:
            continue
        path = (folder / file).resolve()
        if path.is_relative_to(folder) and file not in texts:
            texts[file] = read_text(path, f"the file {path.name}", "save it as UTF-8 text")
        span = (finding.span or _span(finding, texts[file])) if file in texts else None
        if span is None:
            by_hand.append(name)
        else:
            written = yaml_text(params[name]) if finding.span else repr(params[name])
            changes.setdefault(file, []).append((span, written))
    return {file: (texts[file], edit_text(texts[file], edits)) for file, edits in changes.items()}, tuple(
        by_hand
    )


def _span(finding: Finding, text: str) -> tuple[int, int] | None:
    """Return where the expression stands that another replaces; None where it is not the value itself."""
    node = finding.default or finding.node
    if node is None or node.end_lineno is None or node.end_col_offset is None:
        return None
    raw = text.encode()
    offsets = [0, *accumulate(len(line) for line in raw.splitlines(keepends=True))]
    start = offsets[node.lineno - 1] + node.col_offset
    end = offsets[node.end_lineno - 1] + node.end_col_offset
    try:
        stands = read_literal(ast.parse(raw[start:end].decode(), mode="eval").body)
    except (NotLiteral, ValueError, SyntaxError):  # a name, or a call that declares a switch
        return None
    return (len(raw[:start].decode()), len(raw[:end].decode())) if stands == finding.value else None
