"""Syne Tune: a configuration space of domains; points to evaluate, without its constants."""

from __future__ import annotations

from typing import Any

from bestguess.agent.adapters._domains import read_domains
from bestguess.agent.adapters._translation import Points, Translation
from bestguess.tools.space.space import Space

DISTRIBUTION = "syne-tune"
HAND_OVER = "BORE(config_space, ..., points_to_evaluate=points)"


def read(native: Any) -> Translation:
    """Return what a configuration space, or a space of ours, means; raise SpaceError with its name."""
    return read_domains(native, upper_included=True)


def from_native(native: Any) -> Space:
    """Return the space of a configuration space; raise SpaceError."""
    return read(native).space


def to_native(points: Points, native: Any) -> list[dict[str, Any]]:
    """Return points for `points_to_evaluate`; raise ParamsError for points outside the space."""
    return read(native).spell(points)
