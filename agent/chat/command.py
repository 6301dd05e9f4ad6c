"""The type of a command: a typed function is a slash command, a tool, a button, all from one definition.

    @command("spends", asks=card_for_run)
    def run(session: Conversation, n: PositiveInt = 10) -> str:
        \"\"\"Run n more trials.\"\"\"

The docstring is the help, the types are the schema, and what is typed after the slash is read by them. The
effect says what a command can do at most; who may give it and what is asked first follows from that, in the
session.
"""

from __future__ import annotations

import inspect
import json
import re
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, ValidationError, create_model

from bestguess.agent.chat.events import Answer, Card
from bestguess.tools.errors import InputError
from bestguess.tools.words.cleaning import is_seen
from bestguess.tools.words.given import did_you_mean

Function = Callable[..., "str | Answer"]
Asks = Callable[..., Card]

Count = Annotated[int, Field(ge=1, le=100_000)]
Number = Annotated[int, Field(ge=0)]
Minutes = Annotated[float, Field(gt=0, le=10 * 366 * 24 * 60)]
Values = dict[str, Any]
"""Types of arguments: how many, the number of a trial, a time, values of parameters by name."""

Effect = Literal["reads", "proposes", "spends", "changes", "writes", "reaches"]
"""What a command can do at most: read, put a configuration forward to be run, spend trials or tokens, change
what a session keeps, write a file, reach out of this process (another model, an open port)."""

_RANGE = re.compile(r"(?P<low>[^.\s]\S*?|)\.\.(?P<high>\S*)")
_NUMBER = re.compile(r"[-+]?\d*\.?\d+(?:e[-+]?\d+)?", re.IGNORECASE)
_ASSIGNMENT = re.compile(r"(?P<name>[^=\s]+)=(?P<value>.*)", re.DOTALL)


class AlreadySo(InputError):
    """What is asked for is so already: nothing is to be done, and what was said with it goes on."""


@dataclass(frozen=True, slots=True)
class Command:
    """One thing a session can do; `asks` makes its card, where that is to say more than the command itself.

    The function of one that is `of_study` takes what is known of a study in place of the session, and only
    reads; it is an MCP tool, too. Sentences that mean it stand in `prompts/sayings`, in a file of its name;
    `means` says which words of one stand for a value of an argument, "" is where none does.
    """

    name: str
    function: Function
    arguments: type[BaseModel]
    effect: Effect
    asks: Asks | None = None
    of_study: bool = False
    means: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def help(self) -> str:
        """The docstring."""
        return inspect.getdoc(self.function) or ""

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return self.help.partition("\n")[0]

    @property
    def usage(self) -> str:
        """The command as it is typed."""
        words = [f"/{self.name}"]
        for name, each in self.arguments.model_fields.items():
            options = get_args(each.annotation) if get_origin(each.annotation) is Literal else ()
            shown = "NAME=VALUE …" if name == "values" else "|".join(options) or name.upper()
            words.append(shown if each.is_required() else f"[{shown}]")
        return " ".join(words)

    def check(self, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Return the given arguments in their types; raises InputError where one is wrong."""
        try:
            read = self.arguments.model_validate(dict(arguments))
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "it"
            wrong = f" is {first['input']!r}" if first["loc"] and first["type"] != "missing" else ""
            raise InputError(f"/{self.name}: {where}{wrong}: {first['msg']}; write {self.usage}") from None
        given = read.model_dump(exclude_unset=True)
        if hidden := next(_unseen(given), ""):
            raise InputError(
                f"/{self.name}: {hidden!a} cannot be seen in what was given; give another text, without it"
            )
        return given

    def write(self, arguments: Mapping[str, Any]) -> str:
        """Return what may be typed to the same end, with nothing left out."""
        words = [f"/{self.name}"]
        for name, value in arguments.items():
            if name == "values":
                words += [each if one is None else f"{each}={one}" for each, one in value.items()]
            else:
                shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
                whole = isinstance(shown, float) and shown.is_integer() and abs(shown) < 1e15
                words.append(f"{name}={int(shown) if whole else shown}")
        return shlex.join(words)

    def read(self, text: str) -> dict[str, Any]:
        """Return the arguments that were typed after the command's name; raises InputError."""
        fields = self.arguments.model_fields
        if list(fields) == ["text"]:
            return self.check({"text": text.strip()} if text.strip() else {})
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise InputError(f"/{self.name}: {error}; write {self.usage}") from None
        given: dict[str, Any] = {}
        values: dict[str, Any] = {}
        options: list[str] = []
        free = [name for name in fields if name not in ("values", "options")]
        for index, word in enumerate(words):
            assigned = _ASSIGNMENT.fullmatch(word)
            if assigned and assigned["name"] in free:
                given[assigned["name"]] = assigned["value"]
                free.remove(assigned["name"])
            elif assigned and assigned["name"] == "options" and "options" in fields:
                options += filter(None, assigned["value"].split(","))
            elif assigned and "values" in fields:
                values[assigned["name"]] = literal(assigned["value"])
            elif "low" in free and (both := _RANGE.fullmatch(word)):
                given |= {side: both[side] for side in ("low", "high") if both[side]}
                free = [name for name in free if name not in ("low", "high")]
            elif free[:1] == ["text"]:
                given["text"] = " ".join(words[index:])
                break
            elif "options" in fields and given and not (free and _NUMBER.fullmatch(word)):
                options += filter(None, word.split(","))
            elif free:
                given[free.pop(0)] = word
            elif "values" in fields:
                values[word] = None  # a bare name: its present value
            else:
                raise InputError(f"/{self.name}: {word!r} is too much; write {self.usage}")
        given |= {name: many for name, many in (("values", values), ("options", options)) if many}
        return self.check(given)


def literal(text: str) -> Any:
    """Return what a typed value stands for: a number, true, false, null, or the text itself."""
    try:
        found = json.loads(text.lower() if text.lower() in ("true", "false", "null") else text)
    except (ValueError, RecursionError):
        try:
            return float(text)
        except ValueError:
            return text
    return text if isinstance(found, dict | list) else found


def _unseen(value: Any) -> Iterator[str]:
    """Yield the characters, at any depth, that a screen does not show or would obey."""
    if isinstance(value, str):
        yield from (one for one in value if not is_seen(one) and one != "\r")
    elif isinstance(value, dict):
        yield from (one for pair in value.items() for each in pair for one in _unseen(each))
    elif isinstance(value, list | tuple):
        yield from (one for each in value for one in _unseen(each))


class Registry(dict[str, Command]):
    """Commands by name; one that is not there is an InputError."""

    def __missing__(self, name: str) -> Command:
        hint = did_you_mean(name, self) or "; /help lists them"
        raise InputError(f"there is no command /{name}{hint}")

    def read(self, line: str) -> tuple[str, dict[str, Any]]:
        """Return the command and the arguments of a line that begins with a slash; raises InputError."""
        name, _, rest = line.strip().removeprefix("/").partition(" ")
        return name, self[name].read(rest)


def command(
    effect: Effect,
    *,
    asks: Asks | None = None,
    of_study: bool = False,
    means: Mapping[str, Mapping[str, Any]] | None = None,
) -> Callable[[Function], Command]:
    """Return what makes a command of a function; the arguments are as for `Command`, or raise ValueError."""
    if effect not in get_args(Effect) or (of_study and effect != "reads"):
        raise ValueError(f"{effect!r} is no effect that this command may have; see Effect")

    def make(function: Function) -> Command:
        name = function.__name__.rstrip("_")
        hints = get_type_hints(function, include_extras=True)
        fields: Any = {
            each.name: (hints[each.name], ... if each.default is each.empty else each.default)
            for each in list(inspect.signature(function).parameters.values())[1:]
        }
        settings = ConfigDict(extra="forbid", coerce_numbers_to_str=True, allow_inf_nan=False)
        arguments = create_model(f"{name.title()}Arguments", __config__=settings, **fields)
        return Command(name, function, arguments, effect, asks, of_study, means or {})

    return make
