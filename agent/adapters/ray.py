"""Ray Tune: a search space of domains, nested or not; points in the same shape, without its constants.

A parameter that is nested is called by its path, such as `model/lr`. `Searcher`s that know flat names only
(OptunaSearch) take `flat=True`.

Where `to_native` gives the first points only, `Search` is a search algorithm for all trials; it needs Ray,
and is in `_ray_search.py`.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from bestguess.agent.adapters._domains import read_domains
from bestguess.agent.adapters._translation import Points, Translation, needs, rowwise

if TYPE_CHECKING:
    from bestguess.agent.adapters._ray_search import Search

__all__ = ["DISTRIBUTION", "HAND_OVER", "Search", "from_native", "read", "to_native"]

DISTRIBUTION = "ray"
HAND_OVER = "Tuner(..., tune_config=TuneConfig(search_alg=BasicVariantGenerator(points_to_evaluate=points)))"


def read(native: Any) -> Translation:
    """Return what a search space, or a space of ours, means; raise SpaceError, naming the parameter."""
    return read_domains(native, upper_included=False)


from_native, _ = rowwise(read)


def to_native(points: Points, native: Any, *, flat: bool = False) -> list[dict[str, Any]]:
    """Return points for `points_to_evaluate`; raise ParamsError for points outside the space."""
    translation = read(native)
    return translation.spell(points) if flat else translation.native(points)


def __getattr__(name: str) -> Any:
    if name != "Search":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with needs("ray[tune]"):
        return import_module("bestguess.agent.adapters._ray_search").Search
