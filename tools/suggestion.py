"""What a language model advises beside its guesses: a person reads it, and nothing acts on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import shorten, shown
from bestguess.tools.words.redaction import redact

Kind = Literal["stop", "fix", "narrow"]

WHY_CHARS = 240


@dataclass(frozen=True, slots=True)
class Suggestion:
    """To stop, to fix a parameter at a `value`, or to narrow its range to `low` … `high`; and `why`."""

    kind: Kind
    why: str = ""
    parameter: str = ""
    value: Any = None
    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "why", shorten(redact(clean_line(self.why)), WHY_CHARS))

    @property
    def words(self) -> str:
        """What is advised, without why."""
        if self.kind == "stop":
            return "stop here"
        name = clean_line(self.parameter)
        if self.kind == "fix":
            return f"fix {name} at {_text(self.value)}"
        return f"narrow {name} to {_text(self.low)} … {_text(self.high)}"

    @property
    def record(self) -> dict[str, Any]:
        """What it says, as JSON-able values, without what it does not say."""
        fields = {name: getattr(self, name) for name in ("kind", "parameter", "value", "low", "high", "why")}
        fixed = self.kind == "fix"  # at None, which may be an option
        return {
            name: value
            for name, value in fields.items()
            if value not in (None, "") or (fixed and name == "value")
        }


def _text(value: Any) -> str:
    return (
        f"{value:.6g}"
        if isinstance(value, float)
        else clean_line(value if isinstance(value, str) else shown(value))
    )
