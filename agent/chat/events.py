"""What happens in a session, as records that every way of showing it reads: terminal, JSON stream, page."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from bestguess.tools.trial import Source
from bestguess.tools.words.cleaning import clean
from bestguess.tools.words.redaction import redact

Kind = Literal[
    "session",  # a session begins
    "said",  # the user's words
    "thinking",  # what is waited for and how to stop it, empty when that is over; it is shown and not kept
    "writing",  # what a model has written of an answer so far; it is shown and not kept
    "answer",  # an answer to them, in Markdown, with a plot if there is one
    "step",  # what the agent did in the middle of a turn
    "choice",  # what may have been meant; the person answers by a number in the next turn
    "card",  # a question that waits for yes, no or always
    "answered",  # what was said to the card
    "remark",  # the session's own words: a state changed, a budget is spent
    "trial_started",
    "trial_finished",
    "state",  # all that a later session needs to go on
    "error",
]


FAR = 1e300
"""How far from 0 a plot has values: beyond, an axis has no room for what is a little farther."""


@dataclass(frozen=True, slots=True)
class Series:
    """One line, or cloud of points, of a plot; raises ValueError for numbers that are none."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]
    points: bool = False

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y) or not all(map(isfinite, (*self.x, *self.y))):
            raise ValueError(f"the series {self.name} has places without a number")
        for name, values in (("x", self.x), ("y", self.y)):
            object.__setattr__(self, name, tuple(min(max(value, -FAR), FAR) for value in values))


@dataclass(frozen=True, slots=True)
class ShownTrial:
    """What a trial's event is shown by, among other fields of its record."""

    number: int
    source: Source
    state: str
    reason: str
    fallback: str


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot as numbers; `x_labels` name the places 0, 1, … of options."""

    title: str
    x_label: str
    y_label: str
    series: tuple[Series, ...]
    log_x: bool = False
    log_y: bool = False
    x_labels: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Card:
    """What is asked before something runs, costs more than agreed, or changes the space.

    `consent` is what "always" agrees to for the rest of the session: to run code, to spend more than agreed,
    to change the space. "typed" is for what a person who types it in full is not asked about, and "once" for
    what "always" does not hold for.
    """

    title: str
    lines: tuple[str, ...]
    consent: Literal["code", "budget", "space", "typed", "once"]

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(redact(clean(line)) for line in self.lines))


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened; `fields` are JSON-able.

    Its text is cleaned for terminals and secrets in it are blanked, since words from everywhere meet here;
    what is marked `secret` is shown as it is, and not kept.
    """

    kind: Kind
    text: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    at: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        text = clean(self.text)
        object.__setattr__(self, "text", text if self.fields.get("secret") else redact(text))

    def to_dict(self) -> dict[str, Any]:
        """Return the event as JSON-able values."""
        return {"at": round(self.at, 3), "kind": self.kind, "text": self.text, **self.fields}

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Event:
        """Return the event that `to_dict` wrote down; raise ValueError for what it did not.

        What of the rest makes no sense is left out.
        """
        kind, text, at = _HEAD.validate_python((kept["kind"], kept["text"], kept["at"]))
        rest = {key: value for key, value in kept.items() if key not in ("at", "kind", "text")}
        fields = {key: value for key, value in rest.items() if _makes_sense(key, value)}
        if lacks := [name for name in _SHOWN_BY.get(kind, ()) if name not in fields]:
            raise ValueError(f"an event of the kind {kind} has no {lacks[0]} by which it is shown")
        return cls(kind, text, fields, at)

    @property
    def plot(self) -> Plot | None:
        """The plot that belongs to an answer."""
        plot: Plot | None = _FORMS["plot"].validate_python(self.fields.get("plot"))
        return plot


_HEAD = TypeAdapter(tuple[Kind, str, Annotated[float, Field(strict=True, ge=0, lt=2.0**53)]])
_FORMS: Mapping[str, TypeAdapter[Any]] = {
    "plot": TypeAdapter(Plot | None),
    "lines": TypeAdapter(list[str]),
    "left": TypeAdapter(Annotated[int, Field(strict=True, ge=0)]),
    "question": TypeAdapter(Annotated[int, Field(strict=True, ge=0)]),
    "card": TypeAdapter(Annotated[int, Field(strict=True, ge=0)]),
    "consent": TypeAdapter(str),
    "trial": TypeAdapter(ShownTrial),
    "choices": TypeAdapter(list[list[str]]),
    "asks": TypeAdapter(list[dict[str, Any]]),
}
"""Fields that are read as more than words."""

_SHOWN_BY: Mapping[str, tuple[str, ...]] = {
    "card": ("card", "lines", "consent"),
    "choice": ("choices", "question"),
    "trial_started": ("trial",),
    "trial_finished": ("trial",),
}


def _makes_sense(name: str, kept: Any) -> bool:
    try:
        if name in _FORMS:
            _FORMS[name].validate_python(kept)
    except ValidationError:
        return False
    return True


Listener = Callable[[Event], None]


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command says: Markdown, and perhaps a plot.

    It is `partial` if the user stopped it, and `unclear` where nothing was understood; a `secret` one is
    shown and not kept. `then` is the command without arguments that is wanted next, by whoever wanted this
    one. It is `disputed` where the trials say otherwise than a claim of the model's.
    """

    text: str
    plot: Plot | None = None
    partial: bool = False
    secret: bool = False
    unclear: bool = False
    then: str = ""
    disputed: bool = False

    @property
    def event(self) -> Event:
        """The answer as an event."""
        fields: dict[str, Any] = {"plot": asdict(self.plot)} if self.plot else {}
        marks = {mark: True for mark in ("partial", "secret", "unclear") if getattr(self, mark)}
        return Event("answer", self.text, {**fields, **marks})
