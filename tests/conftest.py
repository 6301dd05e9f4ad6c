"""What all tests share: paths, threads, signals, how many examples are drawn."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

sys.path.append(
    str(Path(__file__).parents[1])
)  # so that tests can share code (`from tests.strategies import …`)
for library in ("OMP", "OPENBLAS", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")  # the processors have a test each

# A suite begun in the background ignores SIGINT, and so would every process that a test starts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

import pytest  # noqa: E402
from alembic.config import Config  # noqa: E402
from alembic.script import ScriptDirectory  # noqa: E402
from hypothesis import settings  # noqa: E402
from sqlalchemy import Engine  # noqa: E402
from sqlalchemy.dialects.sqlite.pysqlite import SQLiteDialect_pysqlite  # noqa: E402
from sqlalchemy.util import LRUCache  # noqa: E402

# More examples: pytest --hypothesis-profile=thorough
settings.register_profile("thorough", deadline=None, max_examples=200)
settings.register_profile("quick", deadline=None, max_examples=25)
settings.load_profile("quick")


def pytest_collection_finish() -> None:
    """Have the collector of garbage leave alone what was imported and collected, which stays to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def _migrations_are_read_once() -> Iterator[None]:
    """Optuna has Alembic import its migrations anew for each database: a third of what opening one takes."""
    read, known = ScriptDirectory.from_config, dict[str | None, ScriptDirectory]()

    def remembered(config: Config) -> ScriptDirectory:
        place = config.get_main_option("script_location")
        if place not in known:
            known[place] = read(config)
        return known[place]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ScriptDirectory, "from_config", remembered)
        yield


@pytest.fixture(scope="session", autouse=True)
def _statements_are_compiled_once() -> Iterator[None]:
    """SQLAlchemy compiles Optuna's statements anew for each database: a fifth of what a small study takes."""
    begin, compiled = Engine.__init__, LRUCache[Any, Any](2000)

    def sharing(engine: Engine, *given: Any, **more: Any) -> None:
        begin(engine, *given, **more)
        if type(engine.dialect) is SQLiteDialect_pysqlite:
            engine._compiled_cache = compiled

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "__init__", sharing)
        # A cache tells dialects apart, and two of SQLite's are alike.
        patch.setattr(SQLiteDialect_pysqlite, "__hash__", lambda dialect: hash(type(dialect)))
        patch.setattr(SQLiteDialect_pysqlite, "__eq__", lambda dialect, other: type(dialect) is type(other))
        yield
