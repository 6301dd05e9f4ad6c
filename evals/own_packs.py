"""A knowledge pack that comes with a problem, given the way a user gives a folder of packs."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def knowledge_with(pack: str) -> Iterator[bool | str]:
    """Yield what `knowledge` of a tuner or a warm start is to be: a folder with the pack, if there is one."""
    if not pack:
        yield True
        return
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "own.md").write_text(pack, encoding="utf-8")
        yield folder
