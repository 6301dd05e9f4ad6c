"""From an instruction, worked examples and a question to the messages that a model reads.

What fills a template in is never read as a template itself, so that an item in braces stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from bestguess.agent.llm import Message
from bestguess.tools.errors import InputError
from bestguess.tools.words.given import did_you_mean, shown

MOST_TEMPLATE = 20_000
_NAME = re.compile(r"\{\{|\}\}|\{([^\W\d]\w*)\}")
_BRACES = re.compile(rf"{_NAME.pattern}|[{{}}]")

Example = tuple[str, str]
"""A question, as the template writes it, and its answer."""


def check_template(template: str | None, names: Sequence[str]) -> str:
    """Return the template of a question; without one, the only field, or each on a line with its name.

    A brace that stands alone is doubled, as `str.format` reads it. Raises InputError where it names what no
    item has, or nothing.
    """
    if template is None:
        return f"{{{names[0]}}}" if len(names) == 1 else "\n".join(f"{name}: {{{name}}}" for name in names)
    if not isinstance(template, str) or len(template) > MOST_TEMPLATE:
        raise InputError(f"template is {shown(template)}; give text with a field in braces, as '{{input}}'")
    named = [match[1] for match in _NAME.finditer(template) if match[1]]
    if not named:
        raise InputError(
            f"the template {shown(template)} names no field; name one in braces, as {{{names[0]}}}"
        )
    for name in named:
        if name not in names:
            has = did_you_mean(name, names) or f"; they have {', '.join(names)}"
            raise InputError(f"the template names {{{name}}}, which the items do not have{has}")
    return _BRACES.sub(lambda match: match[0] if len(match[0]) > 1 else 2 * match[0], template)


def fill(template: str, fields: Mapping[str, str]) -> str:
    """Return the template with its fields filled in."""

    def value(match: re.Match[str]) -> str:
        return fields.get(match[1], match[0]) if match[1] else match[0][0]

    return _NAME.sub(value, template)


def _lines(instruction: str, examples: Sequence[Example], question: str) -> tuple[Message, ...]:
    shown = [f"Input: {asked}\nOutput: {answer}" for asked, answer in examples]
    return (Message("user", "\n\n".join([instruction, *shown, f"Input: {question}\nOutput:"])),)


def _arrows(instruction: str, examples: Sequence[Example], question: str) -> tuple[Message, ...]:
    shown = [f"{asked} -> {answer}" for asked, answer in examples]
    return (Message("user", "\n".join([instruction, *shown, f"{question} ->"])),)


def _turns(instruction: str, examples: Sequence[Example], question: str) -> tuple[Message, ...]:
    turns = [
        message
        for asked, answer in examples
        for message in (Message("user", asked), Message("assistant", answer))
    ]
    return (Message("system", instruction), *turns, Message("user", question))


def _reminder(instruction: str, examples: Sequence[Example], question: str) -> tuple[Message, ...]:
    shown = [f"Input: {asked}\nOutput: {answer}" for asked, answer in examples]
    return (Message("user", "\n\n".join([*shown, f"Input: {question}", f"{instruction}\nOutput:"])),)


Layout = Callable[[str, Sequence[Example], str], tuple[Message, ...]]

LAYOUTS: Mapping[str, Layout] = {
    "lines": _lines,
    "turns": _turns,
    "arrows": _arrows,
    "instruction last": _reminder,
}
"""`lines`: Input and Output; `turns`: each example is a turn of a talk; `arrows`: question -> answer.

After the default, looks take them in this order (NOTEBOOK 55).
"""


def write(messages: Sequence[Message]) -> str:
    """Return messages as one text: of one its words, of several each under its role in brackets."""
    if len(messages) == 1:
        return messages[0].content + "\n"
    return "\n".join(f"[{message.role}]\n{message.content}\n" for message in messages)


def escape(text: str) -> str:
    """Return a text as it stands in a template, with its own braces doubled."""
    return text.replace("{", "{{").replace("}", "}}")
