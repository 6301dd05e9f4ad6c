"""Lets every test import what tests share from this folder, such as `from strategies import spaces`."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parent))
