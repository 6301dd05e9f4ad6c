"""Grades of the models that tests examine, and studies of the demo, are kept apart from the user's own."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def _home_of_tests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(autouse=True)
def _home(monkeypatch: pytest.MonkeyPatch, _home_of_tests: Path) -> None:
    monkeypatch.setenv("BESTGUESS_HOME", str(_home_of_tests))
