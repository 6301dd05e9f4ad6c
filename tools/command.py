"""The arguments of a command, with params written into them.

Knows lists of words and `{name}` placeholders. It does not know what a parameter may be (names are all it
is given) and does not run anything: `process` does that, and `run.CommandObjective` brings them together.
"""

from __future__ import annotations

import contextlib
import difflib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from string import Formatter

from bestguess.tools.errors import CommandError
from bestguess.tools.trial import Params

_FLAG = re.compile(r"--?[^-={\d][^={]*")
_CODE_FLAG = re.compile(r"-\w*[ce]")
_INTERPRETER = re.compile(r"\w*sh|python[\d.]*|perl|ruby|node|Rscript")
_PLAIN_WORD = re.compile(r"[\w.+:/@%,=-]*", re.ASCII)
_SYNTAX = "a parameter goes in as {name} or {name:format}, a literal brace as {{ or }}"


@dataclass(frozen=True, slots=True)
class _Argument:
    """One word: pieces of literal text, each with the name and the format of the placeholder after it."""

    pieces: tuple[tuple[str, str | None, str], ...]
    is_flag: bool
    is_code: bool

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for _, name, _ in self.pieces if name is not None)

    def write(self, params: Params) -> str:
        return "".join(
            literal + ("" if name is None else self._write_value(name, params[name], spec))
            for literal, name, spec in self.pieces
        )

    def _write_value(self, name: str, value: object, spec: str) -> str:
        try:
            text = format(value, spec) if spec else str(value)
        except (TypeError, ValueError) as error:
            raise CommandError(f"placeholder {{{name}:{spec}}} cannot write {value!r}: {error}") from error
        if self.is_code and isinstance(value, str) and not _PLAIN_WORD.fullmatch(text):
            raise CommandError(
                f"{name}={text!r} would be run as code; make {{{name}}} an argument of its own, "
                "or read BESTGUESS_PARAMS in the program"
            )
        return text


class CommandTemplate:
    """A program and its arguments, with a `{name}` wherever the value of a parameter goes.

    What stands in the braces is looked up as a name and nothing else, so no attribute or item of a value
    can be reached. A format may follow it (`{lr:.3g}`); `{{` and `}}` are literal braces.

    An argument that mentions an inactive parameter is left out; if it is no flag itself, so is a lone flag
    before it. While rate_drop is inactive, `--rate-drop={rate_drop}` vanishes, as does
    `--rate-drop {rate_drop}`. Write the former where the word before a placeholder is a switch.

    Placeholders must cover every parameter, or there must be none at all: such a program reads its params
    from the environment variable BESTGUESS_PARAMS.

    In the code of a `sh -c` or `python -c`, a text value must be one plain word: nobody's text is run.

    Args:
        words: the program and its arguments; no shell reads them.
        names: the parameters of the space.

    Raises:
        CommandError: the words are not a list of strings, a placeholder is malformed or unknown, or some
            parameters have a placeholder and others have none.
    """

    def __init__(self, words: Sequence[str], names: Collection[str]) -> None:
        if isinstance(words, str) or not all(isinstance(word, str) for word in words):
            raise CommandError(f"the command is {words!r}; give a list of strings, as shlex.split returns it")
        if not words or not words[0]:
            raise CommandError("the command is empty; give a program and its arguments")
        self._arguments = tuple(_read_argument(words, index) for index in range(len(words)))
        used = {name for argument in self._arguments for name in argument.names}
        for name in sorted(used.difference(names)):
            close = difflib.get_close_matches(name, names, n=1)
            mend = f"did you mean {{{close[0]}}}?" if close else f"the space has {', '.join(names)}."
            raise CommandError(
                f"the command's placeholder {{{name}}} is no parameter: {mend} "
                "Literal braces are written {{ and }}"
            )
        if self._arguments[0].names:
            raise CommandError(f"the program is {words[0]!r}; only its arguments can hold placeholders")
        unused = [name for name in names if name not in used]
        if used and unused:
            raise CommandError(
                f"no placeholder uses {', '.join(unused)}, so tuning it would change nothing; write "
                f"{{{unused[0]}}} in the command, drop it from the space, or write no placeholder at all "
                "and read BESTGUESS_PARAMS"
            )

    def render(self, params: Params) -> list[str]:
        """Return the words for these active params.

        Raises:
            CommandError: a value does not suit its format, or would be run as code.
        """
        words: list[str] = []
        after_flag = False
        for argument in self._arguments:
            if all(name in params for name in argument.names):
                words.append(argument.write(params))
            elif after_flag and not argument.pieces[0][0].startswith("-"):
                words.pop()
            after_flag = argument.is_flag
        return words


def _read_argument(words: Sequence[str], index: int) -> _Argument:
    word = words[index]
    try:
        parsed = list(Formatter().parse(word))
    except ValueError as error:
        raise CommandError(f"argument {word!r} of the command: {error}; {_SYNTAX}") from error
    pieces = []
    for literal, name, spec, conversion in parsed:
        if name == "" or conversion or not _is_format(spec or ""):
            raise CommandError(f"argument {word!r} of the command has a malformed placeholder; {_SYNTAX}")
        pieces.append((literal, name, spec or ""))
    return _Argument(
        tuple(pieces),
        is_flag=index > 0 and _FLAG.fullmatch(word) is not None,
        is_code=index > 1
        and _CODE_FLAG.fullmatch(words[index - 1]) is not None
        and _INTERPRETER.fullmatch(PurePath(words[index - 2]).name) is not None,
    )


def _is_format(spec: str) -> bool:
    for value in (1, 1.5, "text"):
        with contextlib.suppress(ValueError):
            format(value, spec)
            return True
    return False
