"""Plain JSON: the document `bestguess.warmstart/1`, or, of bare points, a list of dictionaries as text."""

from __future__ import annotations

import json
from typing import Any

from bestguess.agent.adapters._translation import Points, Translation, rowwise
from bestguess.agent.warm_start import WarmStart
from bestguess.tools.errors import SpaceError
from bestguess.tools.space.space import Space
from bestguess.tools.words.documents import read_json

DISTRIBUTION = ""
HAND_OVER = "points = bg.WarmStart.load('warmstart.json').points"
PLAIN_HAND_OVER = "points  # a dictionary each"


def read(native: Any) -> Translation:
    """Return what a space, its definition as a dictionary, or that as JSON text means; raise SpaceError."""
    if isinstance(native, Space):
        return Translation(native)
    mend = "give what Space.to_dict returns"
    definition = read_json(native, "the space", mend, error=SpaceError) if isinstance(native, str) else native
    return Translation(Space.from_dict(definition))


from_native, _ = rowwise(read)


def to_native(points: Points, native: Any) -> str:
    """Return JSON text: a document for a WarmStart, else a list of objects; raise ParamsError."""
    rows = read(native).spell(points)
    document = points.to_dict() if isinstance(points, WarmStart) else rows
    return json.dumps(document, ensure_ascii=False)
