"""The numbers that a script had at earlier commits, where the program was the same as now but for them.

Where other code of the repository is another at HEAD, the value of a commit says little of what its numbers
would do now. Nothing is run: the text of a commit is data, parsed as `bestguess init` parses a script.
"""

from __future__ import annotations

import ast
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from bestguess.agent.experiments.edit import put_in
from bestguess.agent.experiments.entry import Entry
from bestguess.agent.experiments.git import NoRepositoryError, Version, read_versions
from bestguess.tools.errors import InputError
from bestguess.tools.scan.draft import Draft
from bestguess.tools.scan.reading import read_script, readable
from bestguess.tools.words.documents import read_text

MOST_VERSIONS = 200
"""Commits that are looked at, the latest: each takes as long as a look at the script."""


def with_numbers(entries: Sequence[Entry], draft: Draft) -> list[Entry]:
    """Return experiments with the numbers that the script had at their commits; those recorded come first."""
    script = draft.script.resolve()
    versions: Mapping[str, Version] = {}
    with suppress(NoRepositoryError):  # commits are hashes that somebody told, of a repository elsewhere
        commits = [entry.commit for entry in entries if entry.commit]
        versions = read_versions(script.parent, script.name, commits[-MOST_VERSIONS:])
    beside = versions["HEAD"].beside if "HEAD" in versions else None
    texts = {commit: its.text for commit, its in versions.items() if its.beside == beside}
    known = {text: numbers_of(text, draft) for text in set(texts.values())}
    return [
        entry._replace(params={**known[texts[entry.commit]], **entry.params})
        if entry.commit in texts
        else entry
        for entry in entries
    ]


def numbers_of(text: str, draft: Draft) -> dict[str, Any]:
    """Return the numbers of an earlier text of a script; none where it is another program, or none at all."""
    here = {finding.name for finding in draft.chosen if finding.file == draft.script.name}
    with tempfile.TemporaryDirectory() as folder:
        before = Path(folder) / draft.script.name
        before.write_text(text, encoding="utf-8", newline="")
        try:
            with readable(draft.script):
                tree, findings, _ = read_script(before)
                numbers = {found.name: found.value for found in findings if found.name in here}
                texts, by_hand = put_in(draft, numbers)
                file = draft.script.name
                now = texts[file][1] if file in texts else read_text(draft.script, "", "")
                same = not by_hand and ast.dump(ast.parse(now)) == ast.dump(tree)
        except InputError:  # no Python that can be read, or numbers that cannot be written
            return {}
    return numbers if same else {}
