"""Syne Tune: a configuration space of domains; points to evaluate, without its constants."""

from __future__ import annotations

from typing import Any

from bestguess.agent.adapters._domains import read_domains
from bestguess.agent.adapters._translation import Translation, rowwise

DISTRIBUTION = "syne-tune"
HAND_OVER = "BORE(config_space, ..., points_to_evaluate=points)"


def read(native: Any) -> Translation:
    """Return what a configuration space, or a space of ours, means; raise SpaceError with its name."""
    return read_domains(native, upper_included=True)


from_native, to_native = rowwise(read)
