"""What a library reads from the command line of a script: options, and the subcommands that take them."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace

from bestguess.tools.scan.finding import Finding, Origin, Value

Path = tuple[str, ...]
"""The subcommands, from the outermost on; () for the options of the program itself."""

UNKNOWN = "…"
"""Where only a run knows the name of a subcommand, or which takes an option."""

COMPUTED = "its default is computed"
_UNCLEAR = "which subcommand takes it is not known"

_TRAINS = re.compile(r"(pre_?|fine_?)?(train|tune|fit)|run|learn", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The options, each with the paths that it can be given after, and the subcommands with their lines."""

    origin: Origin
    options: list[tuple[Finding, Collection[Path]]] = field(default_factory=list)
    paths: dict[Path, int] = field(default_factory=dict)

    def findings(self, file: str) -> Iterator[Finding]:
        """Yield the options, for the subcommand that trains most likely, and what is said of subcommands."""
        path = self._choose()
        for option, paths in self.options:
            taken = next((one for one in paths if one == path[: len(one)]), None)
            if taken is not None:
                yield replace(option, subcommand=taken)
            else:
                others = " or ".join(" ".join(one) for one in paths)
                is_known = UNKNOWN not in others
                note = f"it belongs to {others}, which the command does not run" if is_known else _UNCLEAR
                yield replace(option, note=note, words=(), node=None, required="")
        if not self.paths:
            return
        found = Finding("subcommand", path[-1] if path else None, self.origin, min(self.paths.values()), file)
        if path:
            names = (" ".join(one) for one in self.paths if one != path[: len(one)] and UNKNOWN not in one)
            others = ", ".join(names)
            note = f"the command runs {' '.join(path)}" + (f"; there is also {others}" if others else "")
            yield replace(found, subcommand=path, note=note)
        else:
            yield replace(found, required="SUBCOMMAND", note="the names of the subcommands are computed")

    def _choose(self) -> Path:
        path: Path = ()
        while after := [one for one in self.paths if len(one) > len(path) and one[: len(path)] == path]:
            counts = {one[: len(path) + 1]: 0 for one in after if one[len(path)] != UNKNOWN}
            for _, paths in self.options:
                for one in {each[: len(path) + 1] for each in paths}.intersection(counts):
                    counts[one] += 1
            if not counts:
                break
            path = max(counts, key=lambda one: (_TRAINS.fullmatch(one[-1]) is not None, counts[one]))
        return path


def flag_words(flag: str, name: str) -> tuple[str, ...]:
    """Return the flag and the value in one word: argparse takes the value -1e-05 alone for a flag."""
    return (f"{flag}{{{name}}}",) if len(flag) == 2 else (f"{flag}={{{name}}}",)


def switch_words(name: str, on: str, off: str, *, value: bool) -> tuple[str, ...]:
    """Return the word that is there for true or for false; none where the flags leave no choice from `value`.

    `on` and `off` are the flags, or empty where there is none.
    """
    if not (off if value else on):
        return ()
    form = on if not off and on[:2] in ("--", "++") else f"{on}/{off}"
    return (f"{{{name}:{form}}}",)


def read_text(text: Value, kind: type | None) -> Value:
    """Return what a default that is written as text is after its conversion; the text itself if not known."""
    if not isinstance(text, str):
        return text
    if kind is bool:
        said = text.strip().lower()
        if said in {"true", "t", "yes", "y", "on", "1"}:
            return True
        return False if said in {"false", "f", "no", "n", "off", "0", ""} else text
    try:
        return kind(text) if kind in (int, float) else text
    except ValueError:
        return text
