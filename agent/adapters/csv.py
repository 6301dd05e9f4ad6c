"""Plain CSV: one row a point, one column a parameter, empty where a parameter is inactive.

Text is written as it is and everything else as JSON, so `null` is None; as JSON, too, is text that looks like
JSON, is empty, or has unprintable characters.
"""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from bestguess.agent.adapters._translation import Points
from bestguess.agent.adapters.json import from_native, read
from bestguess.tools.errors import ParamsError
from bestguess.tools.words.given import shown

__all__ = ["DISTRIBUTION", "HAND_OVER", "from_native", "load", "read", "to_native"]

DISTRIBUTION = ""
HAND_OVER = "rows = csv.DictReader(open('warmstart.csv'))"
PLAIN_HAND_OVER = "rows = points  # a dictionary each"


def to_native(points: Points, native: Any) -> str:
    """Return the points as CSV text with a header; raise ParamsError for points outside the space."""
    translation = read(native)
    out = io.StringIO()
    writer = csv.DictWriter(out, translation.space.names, lineterminator="\n")
    writer.writeheader()
    for row in translation.spell(points):
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return out.getvalue()


def load(text: str, native: Any) -> list[dict[str, Any]]:
    """Return the points in CSV text that `to_native` wrote; raise ParamsError for those that do not fit."""
    space = from_native(native)
    if not isinstance(text, str):
        raise ParamsError(f"the CSV text is {shown(text)}; give what to_native wrote")
    try:
        rows = list(csv.DictReader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise ParamsError(f"the CSV text cannot be read ({error}); give what to_native wrote") from error
    return [space.validate({name: _value(cell) for name, cell in row.items() if cell}) for row in rows]


def _cell(value: Any) -> str:
    # Unprintable characters are escaped: a lone carriage return would end a row.
    if isinstance(value, str) and value and value.isprintable() and _value(value) == value:
        return value
    return json.dumps(value)


def _value(cell: str) -> Any:
    try:
        return json.loads(cell)
    except (ValueError, RecursionError, TypeError):  # too deep, or cells that have no column
        return cell
