"""A repository stays at the revision of its first pull."""

from __future__ import annotations

from pathlib import Path

import pytest

from bestguess.agent.llm.weights.pins import FILE, pin, pinned
from bestguess.tools.errors import WeightsError


def test_the_first_revision_stays(tmp_path: Path) -> None:
    root = tmp_path / "models"
    assert pinned(root, "owner/model") == ""
    pin(root, "owner/model", "a")
    pin(root, "owner/model", "b")
    pin(root, "owner/other", "c")
    pin(root, "owner/unknown", "")
    assert [pinned(root, f"owner/{name}") for name in ("model", "other", "unknown")] == ["a", "c", ""]
    assert [path.name for path in root.iterdir()] == [FILE]


@pytest.mark.parametrize("written", ["", "[]", "{", '{"owner/model": 3}', "null"])
def test_a_file_that_makes_no_sense_is_named_with_the_mend(tmp_path: Path, written: str) -> None:
    (tmp_path / FILE).write_text(written)
    with pytest.raises(WeightsError, match=rf"{FILE}.*remove it to unpin all"):
        pinned(tmp_path, "owner/model")
