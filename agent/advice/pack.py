"""Knowledge packs: files that say what is known of a family of models or systems.

A pack is a Markdown file in `prompts/knowledge/`, or in a folder of the user's own: advice for people and
models, and, in its front matter, good intervals as numbers, so that it helps with no model at all.

    family: random forests
    refines: decision trees                             # or nothing: speaks with that family, first
    words: [random forest, RandomForestClassifier]      # what the task, or a doc, may call it
    parameters:
      max_features:
        also: [colsample]                               # other names it goes by
        float: [0.3, 0.8]                               # where good values usually lie, by kind of parameter;
        int: ["sqrt(features)", "features / 2"]         # ends may depend on rows, features and classes
        choice: {sqrt: 3, log2: 1}                      # or weights of options
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import UnionType
from typing import Any

from bestguess.tools.errors import InputError
from bestguess.tools.search.prior import Belief, Interval
from bestguess.tools.space.expressions import ExpressionError, compute, read_tree
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.words.documents import MAX_YAML_CHARS, is_path, path_words, read_text, read_yaml
from bestguess.tools.words.given import did_you_mean, shorten, shown

FACTS: Mapping[str, float] = {"rows": 5000.0, "features": 20.0, "classes": 2.0}
"""What is assumed of data that the task says nothing about."""

FRONT = re.compile(r"\A---\n(?P<front>.*?)\n---\n(?P<body>.*)\Z", re.DOTALL)
SOURCES = re.compile(r"^## Sources$", re.MULTILINE)

KINDS = ("float", "int", "choice")

_FIELDS: Mapping[str, tuple[type | UnionType, str]] = {
    "family": (str, "a name"),
    "words": (list, "a list of words"),
    "parameters": (dict, "a mapping"),
    "refines": (str | None, "the name of a family"),
}


@dataclass(frozen=True, slots=True)
class Pack:
    """One family: the words for it, its parameters' entries by every name they go by, and the advice."""

    family: str
    words: tuple[str, ...]
    entries: Mapping[str, Mapping[str, Any]]
    advice: str
    origin: str
    refines: str = ""

    @classmethod
    def parse(cls, text: str, origin: str) -> Pack:
        """Return the pack in a file's text; raises InputError that names `origin` and what is wrong."""
        match = FRONT.match(text) if len(text) <= MAX_YAML_CHARS else None
        if match is None:
            raise InputError(
                f"the knowledge pack {origin} has no front matter within {MAX_YAML_CHARS} characters; "
                "begin it with --- and YAML"
            )
        front = read_yaml(
            f"the front matter of the knowledge pack {origin}", "\n" + match["front"], string_keys=False
        )

        def refuse(what: str, given: Any, mend: str) -> InputError:
            return InputError(f"the knowledge pack {origin} has {what} {shown(given)}; give {mend}")

        if not isinstance(front, dict):
            raise refuse("front matter", front, "a mapping")
        for name in front:
            if name not in _FIELDS:
                near = did_you_mean(name, _FIELDS) or f"; it knows {', '.join(_FIELDS)}"
                raise InputError(f"the knowledge pack {origin} has a field {shown(name)}{near}")
        for name, (kind, mend) in _FIELDS.items():
            if name in front and not isinstance(front[name], kind):
                raise refuse(name, front[name], mend)
            if name not in front and name != "refines":
                raise InputError(f"the knowledge pack {origin} has no {name}; give {mend}")
        words, family = front["words"], front["family"]
        if not family.strip():
            raise refuse("family", family, "a name")
        if not all(isinstance(word, str) and word.strip() for word in words):
            raise refuse("words", words, "a list of words")
        entries: dict[str, Mapping[str, Any]] = {}
        for name, entry in front["parameters"].items():
            if not isinstance(name, str) or not isinstance(entry, dict):
                mapping = "each a mapping such as {float: [0.3, 0.8]}, by its name"
                raise refuse(f"parameters {shown(name)}:", entry, mapping)
            also = entry.get("also", [])
            if not isinstance(also, list) or not all(isinstance(name, str) for name in also):
                raise refuse(f"also for {name}", also, "a list of names")
            for key in entry:
                if key not in ("also", *KINDS):
                    near = did_you_mean(key, ("also", *KINDS))
                    raise InputError(
                        f"the knowledge pack {origin} has {shown(key)} for {name}{near}; it knows {KINDS}"
                    )
            for kind_name in entry.keys() & set(KINDS):
                try:
                    _belief(entry[kind_name], FACTS)
                except (ExpressionError, ArithmeticError, TypeError, ValueError) as error:
                    words_of = shorten(" ".join(str(error).split()), 300)
                    raise InputError(
                        f"the knowledge pack {origin} has {shown(entry[kind_name])} for {kind_name} {name}: "
                        f"{words_of}; give two ends such as [0.3, 0.8], or weights of options"
                    ) from error
            entries |= dict.fromkeys((name, *also), entry)
        return cls(family, tuple(words), entries, match["body"].strip(), origin, front.get("refines") or "")

    def names(self, space: Space) -> dict[str, Mapping[str, Any]]:
        """Return the entries of the space's parameters that it knows, by their names in the space."""
        known = {_plain(alias): entry for alias, entry in self.entries.items()}
        spelled = {name: (_plain(name), re.sub(r"_\d+$", "", _plain(name))) for name in space.names}
        return {
            name: known[next(way for way in ways if way in known)]
            for name, ways in spelled.items()
            if not known.keys().isdisjoint(ways)
        }

    def is_called(self, words: str) -> bool:
        """Whether one of its words is in `words`, as a word."""
        return any(
            re.search(rf"(?<![a-z0-9]){re.escape(word.lower())}(?![a-z0-9])", words.lower())
            for word in self.words
        )

    def beliefs(self, space: Space, facts: Mapping[str, Any]) -> dict[str, Belief]:
        """Return what it knows of the space's parameters, given facts about the data."""
        known = dict(FACTS) | {
            name: float(value) for name, value in facts.items() if name in FACTS and is_number(value)
        }
        found = {}
        for name, entry in self.names(space).items():
            belief = _of_kind(entry, space.parameters[name])
            if belief is not None:
                found[name] = _belief(belief, known)
        return found


def choose_packs(knowledge: bool | str | Path) -> tuple[Pack, ...]:
    """Return the packs that have a part: ours, with those in a folder of the user's before them, or none.

    Raises InputError for a `knowledge` that is none of these, and what `load_packs` raises.
    """
    if isinstance(knowledge, bool):
        return load_packs() if knowledge else ()
    if not isinstance(knowledge, str | Path):
        raise InputError(f"knowledge is {shown(knowledge)}; give True, False, or a folder of packs")
    return load_packs(Path(knowledge))


def load_packs(folder: Path | None = None) -> tuple[Pack, ...]:
    """Return the packs in a user's `folder`, if one is given, and then those that BestGuess ships.

    Raises InputError for a folder that is not there and for a file that is no pack.
    """
    own: tuple[Pack, ...] = ()
    if folder is not None:
        try:
            paths = sorted(folder.glob("*.md")) if is_path(str(folder)) else []
            what = "has no *.md file" if folder.is_dir() else "does not exist, or is a file"
        except (OSError, ValueError):
            paths, what = [], "is no folder that can be read"
        if not paths:
            raise InputError(
                f"the folder of knowledge packs {path_words(folder)} {what}; give one with *.md files"
            )
        own = tuple(Pack.parse(_text(path), path_words(path)) for path in paths)
    packs = own + _shipped()
    families = {pack.family for pack in packs}
    for pack in own:
        if pack.refines and pack.refines not in families:
            others = sorted(families - {pack.family})
            mend = did_you_mean(pack.refines, others) or f"; there are {', '.join(others)}"
            raise InputError(
                f"the knowledge pack {pack.origin} refines {pack.refines!r}, which is no family{mend}"
            )
    return packs


def _text(path: Path) -> str:
    return read_text(path, f"the knowledge pack {path_words(path)}", "give a Markdown file with front matter")


@cache
def _shipped() -> tuple[Pack, ...]:
    return tuple(Pack.parse(text, name) for name, text in _shipped_files())


def _shipped_files() -> Iterator[tuple[str, str]]:
    for file in sorted(
        files("bestguess.prompts").joinpath("knowledge").iterdir(), key=lambda file: file.name
    ):
        if file.name.endswith(".md"):
            yield file.name, file.read_text("utf-8")


def _of_kind(entry: Mapping[str, Any], parameter: Parameter) -> Any:
    """Return what the entry says of this kind of parameter; numeric options may lie in an interval."""
    if isinstance(parameter, Int):
        return entry.get("int")
    if isinstance(parameter, Float):
        return entry.get("float")
    options = parameter.values() if parameter.grid_size else []
    if options and all(isinstance(option, int) and not isinstance(option, bool) for option in options):
        return entry.get("int")
    if options and all(
        isinstance(option, int | float) and not isinstance(option, bool) for option in options
    ):
        return entry.get("float")
    return entry.get("choice")


def _belief(words: Any, facts: Mapping[str, float]) -> Belief:
    if isinstance(words, Mapping):
        weights = {option: float(weight) for option, weight in words.items() if is_number(weight)}
        if len(weights) < len(words) or not weights or min(weights.values()) < 0 or not any(weights.values()):
            raise ValueError("give weights of options, none below 0 and one above it")
        return weights
    if not isinstance(words, list | tuple) or len(words) != 2:
        raise ValueError("it has no two ends")
    low, high = (_number(end, facts) for end in words)
    if not low <= high:
        raise ValueError(f"{low:g} is above {high:g}")
    return Interval(low, high)


def belief_words(belief: Belief) -> str:
    """Return a belief in words."""
    if isinstance(belief, Interval):
        return f"{belief.low:.4g} to {belief.high:.4g}"
    return " or ".join(str(option) for option in belief)


def _number(words: Any, facts: Mapping[str, float]) -> float:
    if isinstance(words, str):
        tree, names = read_tree(words)
        for name in names:
            if name not in facts:
                raise ExpressionError(f"nothing is known of {name!r}, only of {', '.join(facts)}")
        words = compute(tree, facts)
    if not is_number(words):
        raise ValueError(f"{shown(words)} is no finite number")
    return float(words)


def _plain(name: str) -> str:
    """Return a parameter's own name, without the step of a pipeline or the section of a file before it."""
    return re.split(r"__|[./]", name)[-1].lower().replace("-", "_").strip("_")


def is_number(value: Any) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
