"""ConfigSpace: a ConfigurationSpace; a list of configurations.

Tuners on ConfigSpace (DEHB, AMLTK, irace's Python port) take configurations as they are; SMAC3 has an adapter
of its own, which is this one and the words that hand them over.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from bestguess.agent.adapters._translation import Points, Translation, needs, refuse, rowwise
from bestguess.tools.space.space import Space

if TYPE_CHECKING:
    from ConfigSpace import Configuration, ConfigurationSpace

DISTRIBUTION = "ConfigSpace"
HAND_OVER = "configurations = points  # each a ConfigSpace.Configuration"
PLAIN_HAND_OVER = "configurations = [Configuration(configspace, values=params) for params in points]"


def read(native: Space | ConfigurationSpace) -> Translation:
    """Return what a configuration space, or a space of ours, means; raise SpaceError."""
    if isinstance(native, Space):
        return Translation(native)
    if not hasattr(native, "forbidden_clauses"):
        raise refuse(native, "a ConfigurationSpace")
    return Translation(Space.from_configspace(native))


from_native, _ = rowwise(read)


def to_native(points: Points, native: Space | ConfigurationSpace) -> list[Configuration]:
    """Return a new list of configurations of that space; raise ParamsError for points outside it.

    For a space of ours they are configurations of `Space.to_configspace`.
    """
    with needs(DISTRIBUTION):
        from ConfigSpace import Configuration

    rows = read(native).spell(points)
    configspace = native.to_configspace(drop_constraints=True) if isinstance(native, Space) else native
    return [Configuration(configspace, values=row) for row in rows]
