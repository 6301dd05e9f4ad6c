"""What an objective did on the way to its value, step by step: what went in, what came out, what was wrong.

All of it was written by the objective, its model or its inputs: it is cleaned, secrets are blanked, and it is
cut to what a record can carry. Source: Trace/OPTO, arXiv 2406.16218, whose graph is here a list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

from bestguess.tools.errors import InputError
from bestguess.tools.words.cleaning import clean, clean_line
from bestguess.tools.words.given import error_words, is_number, listed, plain, shorten, shown
from bestguess.tools.words.redaction import redact

MOST_STEPS = 50
NAME_CHARS = 80
STEP_CHARS = 1000
"""Of each of a step's texts."""

LONGEST_READ = 100_000
"""Of a text or a trace that is looked at, before it is cut."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an objective: its name, what went in, what came out, and what was wrong with that.

    An input or output that is no text is written as JSON. Raises InputError for a step without a name.
    """

    name: str
    input: Any = ""
    output: Any = ""
    error: str = ""

    def __post_init__(self) -> None:
        name = plain(self.name)
        if not isinstance(name, str) or not name.strip():
            raise InputError(f"a step's name is {shown(self.name)}; give a word for what it does")
        object.__setattr__(self, "name", shorten(redact(clean_line(name[:LONGEST_READ])), NAME_CHARS))
        for field in ("input", "output", "error"):
            text = redact(clean(_text(getattr(self, field))[:LONGEST_READ]))
            object.__setattr__(self, field, shorten(text, STEP_CHARS))

    @property
    def record(self) -> dict[str, str]:
        """The fields that say something."""
        return {name: text for name, text in asdict(self).items() if text}

    @property
    def words(self) -> str:
        """The step as one text for a reader."""
        parts = [self.name, *(f"{kind}: {text}" for kind, text in self.record.items() if kind != "name")]
        return "; ".join(parts)


class OpenStep:
    """A step while it is under way, as `with trial.step(name, inputs) as step:` gives it.

    The block sets `output`, and `error` where the output is wrong; what it raises becomes the error, and
    passes on.
    """

    def __init__(self, steps: list[Step], name: str, input: Any = "") -> None:  # noqa: A002 - the field's name
        self._steps = steps
        self._name = Step(name).name
        self._input = input
        self.output: Any = ""
        self.error = ""

    def __enter__(self) -> OpenStep:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        # A loop that never ends a trial must not fill the memory with it.
        if len(self._steps) < LONGEST_READ:
            wrong = self.error or (error_words(error) if error else "")
            self._steps.append(Step(self._name, self._input, self.output, wrong))


def read_trace(given: Any) -> tuple[Step, ...]:
    """Return the steps of a trace, given as steps or as mappings of their fields; at most MOST_STEPS of them.

    Of more, those with an error are kept first. Raises InputError for what is none.
    """
    every = listed(given, LONGEST_READ)
    if every is None:
        raise InputError(
            f"trace is {shown(given)}; give a list of steps, as [{{'name': ..., 'output': ...}}]"
        )
    steps = [
        step if isinstance(step, Step) else _read_step(number, step) for number, step in enumerate(every)
    ]
    if len(steps) <= MOST_STEPS:
        return tuple(steps)
    by_worth = sorted(range(len(steps)), key=lambda index: (not steps[index].error, index))
    return tuple(steps[index] for index in sorted(by_worth[:MOST_STEPS]))


def failing(trace: Sequence[Step]) -> Iterator[Step]:
    """Yield the steps with which something was wrong."""
    return (step for step in trace if step.error)


def _read_step(number: int, given: Any) -> Step:
    known = [field.name for field in fields(Step)]
    if not isinstance(given, Mapping) or "name" not in given or not set(given) <= set(known):
        raise InputError(
            f"step {number} of the trace is {shown(given)}; give a mapping of {', '.join(known)}"
        )
    return Step(**given)


def _text(given: Any) -> str:
    value = plain(given)
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or is_number(value):
        return str(value)
    try:
        return json.dumps(value, ensure_ascii=False, default=shown)
    except (TypeError, ValueError, RecursionError):  # keys that are no text, or a value within itself
        return shown(value)
