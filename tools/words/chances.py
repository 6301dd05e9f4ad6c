"""Chances as people read them: none is certain, as it was estimated."""

from __future__ import annotations


def percent(chance: float) -> str:
    """Return a chance (0 to 1) in percent, near the ends as more than 99% or less than 1%."""
    return "more than 99%" if chance > 0.99 else "less than 1%" if chance < 0.01 else f"{chance:.0%}"
