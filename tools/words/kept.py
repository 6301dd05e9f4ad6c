"""What a study keeps beside Optuna's own fields, as it is found: other hands may have been at it.

What a study rests on (its space, task, seed) is whole, or the study is refused with the field's name. What
is noted of one trial is left out where it makes no sense: its params and value are Optuna's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Annotated, Any, Literal, Required, TypeVar, get_type_hints

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
)
from typing_extensions import TypedDict

from bestguess.tools.errors import BestGuessError, StudyError
from bestguess.tools.trial import Source
from bestguess.tools.words.given import error_words, shorten, shown

ATTRIBUTE = "bestguess"

Finite = Annotated[float, Field(allow_inf_nan=False)]
_Cost = Annotated[float, Field(ge=0, lt=2.0**53)]
_Count = Annotated[int, Field(ge=0, lt=2**53)]
_Plain = str | int | float | bool | None


GradeWord = Literal["failed", "fair", "able"]
"""What a model's entrance exam may find."""

KEPT_LENGTHS = (3, 6)
"""How many numbers a prediction is kept as: median, low, high, and what the surrogate's own were."""


def _is_prediction(numbers: list[float]) -> list[float]:
    if len(numbers) not in KEPT_LENGTHS:
        raise ValueError(f"no prediction is kept as {len(numbers)} such numbers")
    return numbers


# Lists, as JSON has them: what is strict takes no list for a tuple.
_Prediction = Annotated[list[Finite], AfterValidator(_is_prediction)]


class _Outcome(TypedDict, total=False):
    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    value: Finite | None
    error: str
    feedback: str
    seconds: _Cost | None
    values: dict[str, Finite]
    pruned: bool
    runs: list[Finite] | tuple[Finite, ...]
    partial: str
    trace: list[dict[Literal["name", "input", "output", "error"], str]]


def _says_something(outcome: _Outcome) -> _Outcome:
    if outcome.get("value") is None and not outcome.get("error") and not outcome.get("pruned"):
        raise ValueError("neither a value nor an error")
    return outcome


class _Suggestion(TypedDict, total=False):
    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    kind: Required[Literal["stop", "fix", "narrow"]]
    why: str
    parameter: str
    value: _Plain
    low: Finite
    high: Finite


class _Experiment(TypedDict, total=False):
    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    id: Required[str]
    commit: str
    parent: str
    description: str
    diff: str
    note: str
    params: dict[str, _Plain]
    seeds: list[int]
    metrics: list[dict[str, Finite]]
    cost: _Cost


class KeptDecision(TypedDict, total=False):
    """What was decided of an experiment, and on how many runs."""

    __pydantic_config__ = ConfigDict(extra="forbid")  # type: ignore[misc]

    keep: Required[bool]
    runs: Required[_Count]
    against: _Count | None
    gain: Finite
    words: str


def is_decision(kept: Any) -> bool:
    """Whether what was kept is a decision as it is written."""
    return fits(_form(KeptDecision), kept)


def _is_grade(kept: list[Any]) -> list[Any]:
    if len(kept) != 2 or isinstance(kept[0], str) or not isinstance(kept[1], str):
        raise ValueError("a grade is kept as the trial from which on it holds, and its word")
    return kept


class _Settings(TypedDict, total=False):
    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    space: dict[str, Any]
    task: dict[str, Any]
    seed: Annotated[int, Field(ge=0, lt=2**63)]
    fingerprint: str
    options: dict[str, Annotated[list[_Plain], Field(min_length=1)]]
    knowledge: dict[str, Any] | None
    grades: list[Annotated[list[_Count | GradeWord], AfterValidator(_is_grade)]]
    token: str
    pruner: str


class _Trial(TypedDict, total=False):
    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]

    source: Source
    reason: str
    verdict: str
    fallback: str
    prediction: _Prediction | None
    rival: _Prediction | None
    rival_chance: Annotated[float, Field(ge=0, le=1)]
    suggestion: _Suggestion
    experiment: _Experiment
    tokens: _Count
    seconds: _Cost
    texts: dict[str, _Plain]
    outcome: Annotated[_Outcome, AfterValidator(_says_something)] | None
    attempts: _Count
    key: str
    proposed: dict[str, Finite]


MEND = "somebody or something else wrote it: restore a copy of the study, or begin one of another name"


def read_settings(attributes: Mapping[str, Any], study: str | None) -> dict[str, Any]:
    """Return what a study rests on, from its user attributes; empty if nothing is kept.

    Raises:
        StudyError: a field is not what was written; it is named, with its value.
    """
    kept = attributes.get(ATTRIBUTE, {})
    if not isinstance(kept, Mapping):
        raise StudyError(f"study {study!r} keeps {shown(kept)} as its settings; {MEND}")
    for name in _odd(_Settings, kept):
        raise StudyError(f"study {study!r} keeps {shown(kept[name])} as its {name}; {MEND}")
    return dict(kept)


def read_fields(attribute: Any) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return what is noted of a trial, and the names of what makes no sense and is left out."""
    if not isinstance(attribute, Mapping):
        return {}, (ATTRIBUTE,)
    odd = _odd(_Trial, attribute)
    return {name: value for name, value in attribute.items() if name not in odd}, odd


def _odd(kind: Any, kept: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of what does not fit its kind; that all fits is seen at once."""
    if fits(_form(kind), kept):
        return ()
    forms = _forms_by_name(kind)
    return tuple(name for name, form in forms.items() if name in kept and not fits(form, kept[name]))


@cache
def _form(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


@cache
def _forms_by_name(kind: Any) -> Mapping[str, TypeAdapter[Any]]:
    return {name: TypeAdapter(one) for name, one in get_type_hints(kind, include_extras=True).items()}


@contextmanager
def whole(study: str | None) -> Iterator[None]:
    """Raise StudyError where what is read in the block makes no sense, to Optuna or to us."""
    try:
        yield
    except StudyError:
        raise
    except (
        BestGuessError,
        ValueError,
        TypeError,
        LookupError,
        AttributeError,
        AssertionError,
        ArithmeticError,
        RuntimeError,
    ) as error:
        words = str(error) if isinstance(error, BestGuessError) else error_words(error)
        raise StudyError(f"study {study!r} cannot be read ({shorten(words, 300)}); {MEND}") from error


def _from_json(text: Any) -> Any:
    if not isinstance(text, str):
        raise ValueError("it is no text")
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("it is nested too deep") from error


def _is_text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("it is no text")
    return value


Text = Annotated[Any, AfterValidator(_is_text)]
"""Any text: of half a surrogate pair, which a model may write, pydantic makes an error."""

_Json = BeforeValidator(_from_json)

Role = Literal["warm_start", "propose", "explain"]


class _Row(BaseModel):
    model_config = ConfigDict(strict=True, defer_build=True)


class KeptAdvice(_Row):
    """A row of advice in a journal."""

    trial: _Count
    role: Role
    configurations: Annotated[list[dict[str, Any]], _Json]
    refusal: str
    rejected: Annotated[list[Text], _Json]
    tokens: _Count
    seconds: _Cost
    key: str


class KeptReply(_Row):
    """What a model answered, in a row of a journal."""

    texts: Annotated[list[Text], _Json]
    prompt_tokens: _Count
    completion_tokens: _Count
    seconds: _Cost


class KeptCost(_Row):
    """What a call cost, in a row of a journal; a call that failed cost nothing that is known."""

    prompt_tokens: _Count | None
    completion_tokens: _Count | None
    seconds: _Cost | None


Kept = TypeVar("Kept", bound=_Row)


def read_kept(kind: type[Kept], row: Sequence[Any]) -> Kept | None:
    """Return a row, in the order of its fields; None where it makes no sense."""
    try:
        return kind.model_validate(dict(zip(kind.model_fields, row, strict=True)))
    except (ValidationError, RecursionError):
        return None


def fits(form: TypeAdapter[Any], value: Any) -> bool:
    """Whether a value that was kept has the form in which it was written."""
    try:
        form.validate_python(value, strict=True)
    except (ValidationError, RecursionError):
        return False
    return True
