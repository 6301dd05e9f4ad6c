"""The session's commands as a model's tools, and what is told to it: the state, and what was said so far."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from bestguess.agent.chat.answers.facts import seconds_per_trial, standing
from bestguess.agent.chat.answers.formatting import duration
from bestguess.agent.chat.command import Command
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.events import Event, Plot
from bestguess.agent.chat.files import scripts
from bestguess.agent.chat.language.intents import Intent
from bestguess.agent.chat.plan import range_words
from bestguess.agent.chat.workbench import Workbench
from bestguess.agent.llm import Message, Tool, ToolCall
from bestguess.agent.llm.parsing import parse_json
from bestguess.tools.errors import InputError
from bestguess.tools.space.parameters import Choice
from bestguess.tools.space.schema import object_schema
from bestguess.tools.space.space import Space
from bestguess.tools.words.cleaning import clean, clean_line
from bestguess.tools.words.given import shorten

NEVER = ("quit", "help", "ask", "adopt")
"""Commands that no model is offered: they need no understanding, or would ask it again, or follow by
themselves. Nor is any that reaches out, whatever its name."""

WAIT = Tool(
    "wait", "Wait until the trials that were started are done, and hear what came of them.", object_schema({})
)

TURN_CHARS = 1500
"""Of each earlier turn that a model hears of."""

POINTS = 7
"""Of each line of a plot that a model reads."""


def offered() -> list[Command]:
    """Return the commands that a model may name."""
    return [one for one in REGISTRY.values() if one.effect != "reaches" and one.name not in NEVER]


def tools(space: Space | None) -> list[Tool]:
    """Return what a model may call; of a space it gets the names."""
    return [*(_tool(command, space) for command in offered()), WAIT]


def read_call(call: ToolCall) -> Intent:
    """Return the intent that a call is, which comes from outside; raises InputError."""
    if call.name not in {command.name for command in offered()}:
        names = ", ".join(command.name for command in offered())
        raise InputError(f"there is no tool {shorten(clean_line(call.name), 40)!r}; there are {names}")
    try:
        given = parse_json(call.arguments or "{}")
    except (ValueError, RecursionError) as error:
        raise InputError(f"the arguments of {call.name} are no JSON: {shorten(str(error), 120)}") from None
    if not isinstance(given, dict):
        raise InputError(f"the arguments of {call.name} are no object")
    arguments = {name: value for name, value in given.items() if value not in (None, "", {}, [])}
    return Intent(call.name, REGISTRY[call.name].check(arguments), "outside")


def describe_state(bench: Workbench) -> list[str]:
    """Return where the session stands, a line each; no name and no program's words make one of their own."""
    return [clean_line(line) for line in _state_lines(bench)]


def _state_lines(bench: Workbench) -> list[str]:
    there = ", ".join(path.name for path in scripts(bench.folder)[:12]) or "no Python file"
    if bench.plan is None:
        return [f"Nothing is tuned yet. The folder has {there}."]
    plan, history, trials = bench.plan, bench.history, bench.trials
    lines = [f"Study {plan.study}: {clean_line(plan.command_line)}", f"Goal: {plan.task.aim}"]
    for name, parameter in plan.space.parameters.items():
        limit = f"; limited: {plan.limits.of[name].words}" if name in plan.limits.of else ""
        doc = f" ({clean_line(parameter.doc)})" if parameter.doc else ""
        lines.append(f"- {name}: {clean_line(range_words(parameter))}{limit}{doc}")
    lines += [f"- never {dict(values)}" for values in plan.limits.without]
    lines.append(f"Trials: {len(history.told)} done; the {standing(history, plan.task)}")
    if seconds := seconds_per_trial(history):
        lines.append(f"A trial takes {duration(seconds)}.")
    if trials:
        paused = ", paused" if trials.paused and trials.left else ""
        lines.append(f"Running: {len(trials.running)}; still to run: {trials.left}{paused}.")
    agreed = {name: value for name, value in (("trials", bench.agreed.trials),) if value is not None}
    return [*lines, *(f"Budget: {value} {name} in all." for name, value in agreed.items())]


def conversation(events: Iterable[Event]) -> list[Message]:
    """Return what was said so far as turns of two roles, oldest first."""
    turns: list[Message] = []
    for event in events:
        if event.fields.get("secret") or event.fields.get("discarded"):
            continue
        match event.kind:
            case "said":
                _add(turns, "user", event.text)
            case "answer" | "choice" | "error":
                _add(turns, "assistant", event.text)
            case "card":
                _add(turns, "assistant", f"(I asked: {event.text})")
            case "step":
                _add(turns, "assistant", f"(I called {event.text})")
    return turns


def plot_words(plot: Plot) -> str:
    """Return a plot that was shown to the person, as a model can read it."""
    lines = [f"Shown to the person: {plot.title} ({plot.y_label} by {plot.x_label})."]
    for series in plot.series:
        step = max(1, -(-len(series.x) // POINTS))
        points = zip(series.x[::step], series.y[::step], strict=True)
        lines.append(f"{series.name}: " + ", ".join(f"({x:.3g}, {y:.4g})" for x, y in points))
    return "\n".join(lines)


def _add(turns: list[Message], role: Any, text: str) -> None:
    text = shorten(clean(text), TURN_CHARS)
    if turns and turns[-1].role == role:
        turns[-1] = Message(role, f"{turns[-1].content}\n{text}")
    elif turns or role == "user":
        turns.append(Message(role, text))


def _tool(command: Command, space: Space | None) -> Tool:
    schema = command.arguments.model_json_schema()
    properties = {name: _field(name, one, space) for name, one in schema.get("properties", {}).items()}
    asks = "" if command.effect == "reads" else " (asks first)"
    required: Sequence[str] = schema.get("required", ())
    return Tool(command.name, command.summary + asks, object_schema(properties, tuple(required)))


def _field(name: str, schema: dict[str, Any], space: Space | None) -> dict[str, Any]:
    """Return a field's schema with the names of the space in it, and without what grammars do not know."""
    if name == "values":
        parameters = space.parameters if space else {}
        types = {"int": "integer", "float": "number", "text": "string"}
        properties: dict[str, Any] = {
            each: {"enum": list(one.options)} if isinstance(one, Choice) else {"type": types[one.type_name]}
            for each, one in parameters.items()
        }
        return object_schema(properties, ())
    if name == "parameter" and space:
        return {"enum": list(space.names)}
    if name == "options":
        return {"type": "array", "items": {"type": "string", "maxLength": 40}, "minItems": 1, "maxItems": 4}
    kept = ("type", "enum", "const", "minimum", "maximum")
    options = [option for option in schema.get("anyOf", [schema]) if option.get("type") != "null"]
    found = {key: value for key, value in options[0].items() if key in kept}
    if found.get("type") == "string" and "enum" not in found:
        found["maxLength"] = 200
    return found


def written(call: ToolCall) -> str:
    """Return a call as it is shown, whatever it holds: on one line, cut."""
    try:
        given = json.loads(call.arguments or "{}")
        words = " ".join(f"{name}={value}" for name, value in given.items())
    except (ValueError, AttributeError, RecursionError):
        words = call.arguments
    return shorten(clean_line(f"/{call.name} {words}".strip()), 200)
