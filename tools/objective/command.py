"""The arguments of a command, with params written into them.

Where the text of a `Text` may go is settled by `program`; `run.CommandObjective` has the words run.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Formatter

from bestguess.tools.errors import CommandError
from bestguess.tools.objective.program import may_hold_code, where_text_may_go
from bestguess.tools.trial import Params
from bestguess.tools.words.given import did_you_mean, is_number

_FLAG = re.compile(r"--?[^-={\d][^={]*")
_PLAIN_WORD = re.compile(r"[\w.+:/@%,=-]*", re.ASCII)
_SYNTAX = "a parameter goes in as {name} or {name:format}, a literal brace as {{ or }}"
SEED = "seed"
"""The placeholder that is no parameter."""

_FILE, _STDIN = "file", "stdin"
_SWITCH = re.compile(r"(?P<on>[-+]{2}[^/]+|[-+][^/]+(?=/))?(?:/(?P<off>[-+][^/]+)?)?")
"""`--amp`, `--amp/--no-amp`, `/--no-amp` or `-a/`: no format of a number is like these, but `-f` is one."""

_NEGATIVE = re.compile(r"-\d+|-\d*\.\d+")
"""The negative numbers that argparse takes for a value where a word holds nothing else; up to Python 3.13."""


@dataclass(frozen=True, slots=True)
class _Argument:
    """One word: pieces of literal text, each with the name and the format of the placeholder after it.

    `ends_options` says whether a `--` stands before it, among the arguments of the program's own.
    """

    word: str
    pieces: tuple[tuple[str, str | None, str], ...]
    is_flag: bool
    may_be_code: bool
    takes_text: bool
    ends_options: bool

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(name for _, name, _ in self.pieces if name is not None)

    @property
    def is_placeholder(self) -> bool:
        """Whether nothing but one placeholder is in it."""
        return len(self.pieces) == 1 and not self.pieces[0][0] and self.pieces[0][1] is not None

    @property
    def is_stdin(self) -> bool:
        return self.pieces[-1:] != () and self.pieces[-1][2] == _STDIN

    @property
    def is_switch(self) -> bool:
        return self.is_placeholder and _read_switch(self.pieces[0][2]) is not None

    def check_text(self, name: str, spec: str) -> None:
        """Raise a CommandError where a text must not stand for the placeholder {name}."""
        if not self.takes_text:
            raise CommandError(
                f"the text of {{{name}}} would be run as code in {self.word!r}, or may be; have a file of "
                f"yours take it (python train.py {{{name}}}, bash run.sh {{{name}}}, ./train {{{name}}}), or "
                "write no placeholder at all and read BESTGUESS_PARAMS"
            )
        if not self.is_placeholder and spec != _FILE:
            raise CommandError(
                f"the argument {self.word!r} holds the text of {{{name}}} and more; make {{{name}}} an "
                f"argument of its own, or give the path of a file that holds the text by {{{name}:file}}"
            )


class CommandTemplate:
    """A program and its arguments, with a `{name}` wherever the value of a parameter goes.

    What stands in the braces is looked up as a name and nothing else, so no attribute or item of a value
    can be reached. A format may follow it (`{lr:.3g}`); `{{` and `}}` are literal braces. `{name:file}` is
    the path of a file with the value, there as long as the run; `{name:stdin}`, an argument of its own that
    is left out, gives the value on standard input. `{amp:--amp}` and `{amp:--amp/--no-amp}` are the words
    for true and for false. Where no word is, no argument is: neither of a switch, nor of the option "" of a
    `Choice` that is an argument of its own and no lone flag's. A number such as -1e-05 after a lone flag is
    written in one word with it, as `--bias=-1e-05`: argparse takes it alone for a flag.

    An argument that mentions an inactive parameter is left out; if it is no flag itself, so is a lone flag
    before it. While rate_drop is inactive, `--rate-drop={rate_drop}` vanishes, as does
    `--rate-drop {rate_drop}`. Write the former where the word before a placeholder is a switch.

    `{seed}` is the seed of the run, unless the space has a parameter of that name; inactive without one.

    Placeholders must cover every parameter, or there must be none at all: such a program reads its params
    from the environment variable BESTGUESS_PARAMS.

    The text of a `Text` is a model's and never code: it is an argument of its own, a file or standard input,
    and only of a program that takes it as data (see `program`). One that begins with `-` is refused unless
    `--` stands before it. The options of a `Choice` are the user's: in the code of a `sh -c` they must be one
    plain word each.

    Args:
        words: the program and its arguments; no shell reads them.
        names: the parameters of the space.
        texts: those that are a `Text`. None says that it is not known: then whatever is not one plain word,
            or begins with `-`, is taken for one.
        folder: where the command runs; None for the current folder.

    Raises:
        CommandError: the words are not a list of strings, a placeholder is malformed or unknown, some
            parameters have a placeholder and others have none, or a text could be run as code.
    """

    def __init__(
        self,
        words: Sequence[str],
        names: Collection[str],
        texts: Collection[str] | None = None,
        folder: Path | None = None,
    ) -> None:
        if isinstance(words, str) or not all(isinstance(word, str) for word in words):
            raise CommandError(f"the command is {words!r}; give a list of strings, as shlex.split returns it")
        if not words or not words[0]:
            raise CommandError("the command is empty; give a program and its arguments")
        self._texts = texts
        self._arguments = _read_arguments(words, folder or Path.cwd())
        used = {name for argument in self._arguments for name in argument.names}
        used -= {SEED} - set(names)
        for name in sorted(used.difference(names)):
            mend = did_you_mean(name, names) or f"; the space has {', '.join(names)}."
            raise CommandError(
                f"the command's placeholder {{{name}}} is no parameter{mend} "
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
        for argument in self._arguments:
            for _, named, spec in argument.pieces:
                if named is not None and named in (texts or ()):
                    argument.check_text(named, spec)
        if sum(argument.is_stdin for argument in self._arguments) > 1:
            raise CommandError("the command has two placeholders {…:stdin}; there is one standard input")

    @property
    def writes_files(self) -> bool:
        """Whether `render` needs a folder for files."""
        return any(spec == _FILE for argument in self._arguments for _, _, spec in argument.pieces)

    def render(self, params: Params, files: Path | None = None) -> list[str]:
        """Return the words for these active params; what goes in by file is written to the folder `files`.

        Raises:
            CommandError: a value does not suit its format, or would be run as code or read as an option, or
                there is no folder and one is needed.
        """
        words: list[str] = []
        after_flag = False
        for argument in self._arguments:
            if not all(name in params for name in argument.names):
                if after_flag and not argument.is_switch and not argument.pieces[0][0].startswith("-"):
                    words.pop()
            else:
                pieces = [
                    literal + ("" if name is None else self._write(argument, name, params[name], spec, files))
                    for literal, name, spec in argument.pieces
                ]
                word = "".join(pieces)
                if after_flag and _is_read_as_flag(word, argument, params):
                    words.append(join_flag(words.pop(), word))
                elif word or not self._may_be_absent(argument, after_flag=after_flag):
                    words.append(word)
            after_flag = argument.is_flag
        return words

    def stdin(self, params: Params) -> str | None:
        """Return what these active params give on standard input; None for nothing."""
        named = (argument.names[0] for argument in self._arguments if argument.is_stdin)
        return next((str(params[name]) for name in named if name in params), None)

    def _may_be_absent(self, argument: _Argument, *, after_flag: bool) -> bool:
        """Whether an argument that came out empty is no argument."""
        is_option = (
            argument.is_placeholder and argument.names[0] not in (self._texts or ()) and not after_flag
        )
        return argument.is_stdin or argument.is_switch or is_option

    def _write(self, argument: _Argument, name: str, value: object, spec: str, files: Path | None) -> str:
        if spec in (_FILE, _STDIN):
            if isinstance(value, str) and (self._texts is None or name in self._texts):
                argument.check_text(name, spec)
            if spec == _STDIN:
                return ""
            if files is None:
                raise CommandError(
                    f"{{{name}:file}} is a file that only a run has; give {{{name}}} as an argument instead"
                )
            path = files / str(len(list(files.iterdir())))
            path.touch(mode=0o600)
            path.write_text(str(value), encoding="utf-8")
            return str(path)
        if switch := _read_switch(spec):
            if not isinstance(value, bool):
                raise CommandError(f"placeholder {{{name}:{spec}}} takes True or False, and {name}={value!r}")
            return switch[not value]
        try:
            text = format(value, spec) if spec else str(value)
        except (TypeError, ValueError) as error:
            raise CommandError(f"placeholder {{{name}:{spec}}} cannot write {value!r}: {error}") from error
        if not isinstance(value, str):
            return text
        plain = _PLAIN_WORD.fullmatch(text) is not None
        if name in self._texts if self._texts is not None else text.startswith("-") or not plain:
            argument.check_text(name, spec)
            if text.startswith("-") and not argument.ends_options:
                raise CommandError(
                    f"{name}={text!r} begins with '-' and would be read as an option; put -- before "
                    f"{{{name}}} in the command, or write {{{name}:file}} or {{{name}:stdin}}"
                )
        elif argument.may_be_code and not argument.is_placeholder and not plain:
            raise CommandError(
                f"{name}={text!r} would be run as code; make {{{name}}} an argument of its own, "
                "or read BESTGUESS_PARAMS in the program"
            )
        return text


def _read_arguments(words: Sequence[str], folder: Path) -> tuple[_Argument, ...]:
    first = where_text_may_go(words, folder)
    arguments = []
    for index, word in enumerate(words):
        pieces = _read_pieces(word)
        argument = _Argument(
            word,
            pieces,
            is_flag=index > 0 and _FLAG.fullmatch(word) is not None,
            may_be_code=first is None and may_hold_code(words, index),
            takes_text=first is not None and index >= first,
            ends_options=first is not None and "--" in words[first:index],
        )
        if any(spec == _STDIN for _, _, spec in pieces) and not argument.is_placeholder:
            raise CommandError(f"argument {word!r} of the command: {{name:stdin}} is an argument of its own")
        arguments.append(argument)
    return tuple(arguments)


def _read_pieces(word: str) -> tuple[tuple[str, str | None, str], ...]:
    try:
        parsed = list(Formatter().parse(word))
    except ValueError as error:
        raise CommandError(f"argument {word!r} of the command: {error}; {_SYNTAX}") from error
    pieces = []
    for literal, name, spec, conversion in parsed:
        if name == "" or conversion or not _is_format(spec or ""):
            raise CommandError(f"argument {word!r} of the command has a malformed placeholder; {_SYNTAX}")
        pieces.append((literal, name, spec or ""))
    return tuple(pieces)


def join_flag(flag: str, value: str) -> str:
    """Return a flag and its value in one word: `--bias=-1e-05`, `-b-1e-05`."""
    return f"{flag}{value}" if len(flag) == 2 else f"{flag}={value}"


def _is_read_as_flag(word: str, argument: _Argument, params: Params) -> bool:
    """Whether a word is the value of one parameter, a number that argparse takes for a flag."""
    return (
        argument.is_placeholder
        and is_number(params[argument.names[0]])
        and word.startswith("-")
        and _NEGATIVE.fullmatch(word) is None
    )


def _read_switch(spec: str) -> tuple[str, str] | None:
    """Return the words for true and for false; None if the format is no switch's."""
    found = _SWITCH.fullmatch(spec)
    return (found["on"] or "", found["off"] or "") if found and any(found.groups()) else None


def _is_format(spec: str) -> bool:
    if spec in (_FILE, _STDIN) or _read_switch(spec):
        return True
    for value in (1, 1.5, "text"):
        with contextlib.suppress(ValueError):
            format(value, spec)
            return True
    return False
