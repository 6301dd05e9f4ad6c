"""What a client gives to several tools, and how it is read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from bestguess.tools.errors import InputError
from bestguess.tools.space.formats import load_yaml, read_definition
from bestguess.tools.space.space import Space
from bestguess.tools.words.given import shown

SPACE = """{"parameters": {"lr": {"type": "float", "low": 1e-5, "high": 0.1, "log": true, "default": 1e-3,
"doc": "Adam's"}, "depth": {"type": "int", "low": 1, "high": 8}, "act": {"type": "choice", "options": ["relu",
"gelu"]}, "slope": {"type": "float", "low": 0, "high": 1, "when": {"act": ["relu"]}}},
"constraints": ["depth * lr < 0.5"]}, or the same as YAML"""

MOST_WORDS = 20_000

StudyName = Annotated[
    str | None, Field(description="which study; may be left out when the storage holds one study")
]

EarlierNames = Annotated[
    bool | list[str] | dict[str, dict[str, str]],
    Field(
        description="begin with what earlier studies came to: true for those of the storage with "
        "half of the parameters in common, false, names, or {name: {old parameter: new parameter}}"
    ),
]


def read_space(definition: dict[str, Any] | str) -> Space:
    """Return the space that a client wrote; raise InputError."""
    if isinstance(definition, dict):
        return read_definition(definition, source="space")
    if "\n" not in definition.strip() and ":" not in definition:
        raise InputError(f"space is {shown(definition)}; give the definition itself, no path")
    return load_yaml(definition + "\n")[0]


def find_script(folder: Path, path: str) -> Path:
    """Return the path of a Python script below a folder that a client may read."""
    try:
        script = (folder / path).resolve()
    except (OSError, RuntimeError, ValueError) as error:  # a loop of links, a null character
        raise InputError(f"the script {shown(path)} cannot be found; give its path from {folder}") from error
    if not script.is_relative_to(folder):
        raise InputError(f"the script {shown(path)} is outside {folder}; start the server where it is")
    # A link's end counts, not its name: what is hidden or no program may hold what is nobody's business.
    if script.suffix != ".py" or any(part.startswith(".") for part in script.relative_to(folder).parts):
        raise InputError(f"the script {shown(path)} is no Python file, or a hidden one; name a program (.py)")
    return script


def in_storage(earlier: bool | list[str] | dict[str, dict[str, str]]) -> Any:
    """Return what a client named as earlier studies; raise InputError for what is no study of the storage."""
    names = [] if isinstance(earlier, bool) else list(earlier)
    if elsewhere := next((name for name in names if "://" in name), None):
        raise InputError(f"earlier names {shown(elsewhere)}, another storage; name studies of this one")
    return earlier
