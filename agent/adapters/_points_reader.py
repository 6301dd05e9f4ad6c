"""Reads the points of a BestGuess warm start where BestGuess is not: one file, the standard library alone.

    from bestguess_points import load
    points = load("warmstart.json")  # as the tuner takes them

    python bestguess_points.py warmstart.json  # shows them, and the line that hands them over

`bestguess warmstart --for TUNER --out warmstart.json --reader` puts this file beside the document.
Python 3.8 or later.
"""

from __future__ import annotations

import ast
import json
import sys
from typing import Any

FORMAT = "bestguess.warmstart/1"


def load(path: str, tuner: str | None = None, objects: dict[str, Any] | None = None) -> list[Any]:
    """Return the points of a document, first to be evaluated first, as its tuner takes them.

    `tuner` is who they must be for. `objects` has, by the words that stand for them, the options that no
    document can hold, such as classes. Raises ValueError, which names what is wrong and the mend.
    """
    document = _read(path)
    made_for = document.get("for")
    if not isinstance(made_for, dict):  # such as `WarmStart.save` writes
        made_for = {"tuner": "any", "points": [point["params"] for point in document["points"]]}
    if tuner is not None and made_for["tuner"] != tuner:
        raise ValueError(
            f"{path} is for {made_for['tuner']!r}, not for {tuner!r}; write it with "
            f"bestguess warmstart --for {tuner}"
        )
    return [_value(point, objects or {}, path) for point in made_for["points"]]


def hand_over(path: str) -> str:
    """Return the lines of Python that hand `points` to the tuner of a document."""
    made_for = _read(path).get("for")
    return str(made_for["hand_over"]) if isinstance(made_for, dict) else ""


def _read(path: str) -> dict[str, Any]:
    with open(path, encoding="utf-8") as file:
        try:
            document = json.load(file)
        except ValueError as error:
            raise ValueError(f"{path} is no JSON ({error}); give what bestguess warmstart wrote") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise ValueError(f"{path} is not of the format {FORMAT!r}; give what bestguess warmstart wrote")
    return document


def _value(written: Any, objects: dict[str, Any], path: str) -> Any:
    """Return what a part of a point stands for: what JSON cannot hold is marked by a key with a dollar."""
    if isinstance(written, list):
        return [_value(part, objects, path) for part in written]
    if not isinstance(written, dict):
        return written
    if set(written) == {"$tuple"}:
        return tuple(_value(part, objects, path) for part in written["$tuple"])
    if set(written) == {"$literal"}:
        return ast.literal_eval(written["$literal"])
    if set(written) != {"$object"}:
        return {name: _value(part, objects, path) for name, part in written.items()}
    words = written["$object"]
    if words not in objects:
        raise ValueError(
            f"{path} holds an object by its words only; give load(..., objects={{{words!r}: the object}})"
        )
    return objects[words]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python bestguess_points.py warmstart.json")
    try:
        lines = [*map(repr, load(sys.argv[1])), hand_over(sys.argv[1])]
    except (OSError, ValueError) as error:
        sys.exit(str(error))
    sys.stdout.write("\n".join(lines) + "\n")
