"""Puts the repository's root on the path, so that tests can share code (`from tests.strategies import …`)."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
