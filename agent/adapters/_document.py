"""A warm start as a document that also holds its points in a tuner's own form, for where BestGuess is not."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from bestguess.agent.adapters import _points_reader, adapter
from bestguess.agent.warm_start import WarmStart, write_text
from bestguess.tools.space.options import read_choices
from bestguess.tools.words.given import plain

READER = "bestguess_points.py"


def document(made: WarmStart, tuner: str, native: Any) -> dict[str, Any]:
    """Return the document with the points as `tuner` takes them; raise SpaceError or ParamsError."""
    chosen = adapter(tuner)
    points = [encode(point) for point in chosen.read(native).native(made)]
    hand_over = getattr(chosen, "PLAIN_HAND_OVER", chosen.HAND_OVER)
    return {**made.to_dict(), "for": {"tuner": tuner, "hand_over": hand_over, "points": points}}


def save(made: WarmStart, path: str | Path, tuner: str, native: Any, *, reader: bool = False) -> None:
    """Write the document to a file, and the reader beside it; raise InputError if that cannot be."""
    text = json.dumps(document(made, tuner, native), indent=1, ensure_ascii=False)
    write_text(path, text + "\n")
    if reader:
        write_text(Path(path).with_name(READER), reader_text())


def reader_text() -> str:
    """Return the file that reads a document where BestGuess is not installed."""
    return Path(_points_reader.__file__).read_text(encoding="utf-8")


def encode(value: Any) -> Any:
    """Return a point, or a part of it, as JSON can hold it; `_points_reader` turns it back."""
    value = plain(value)
    if isinstance(value, str | int | float | None):
        return value
    if type(value) is list:
        return [encode(part) for part in value]
    if type(value) is tuple:
        return {"$tuple": [encode(part) for part in value]}
    if type(value) is dict and all(isinstance(name, str) and name[:1] != "$" for name in value):
        return {name: encode(part) for name, part in value.items()}
    try:
        literal = repr(value)
        same = type(ast.literal_eval(literal)) is type(value)
    except Exception:  # noqa: BLE001 - it is the value's own code, or no literal
        same = False
    return {"$literal": literal} if same else {"$object": read_choices([value])[0].default}
