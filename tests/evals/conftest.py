"""A cache of evaluations that a test has to itself."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bestguess.evals.cache import shared_cache


@pytest.fixture
def fresh_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("BESTGUESS_HOME", str(tmp_path))
    shared_cache.cache_clear()
    yield
    shared_cache().close()
    shared_cache.cache_clear()
