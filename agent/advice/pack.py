"""Knowledge packs: files that say what is known of a family of models or systems.

A pack is a Markdown file in `prompts/knowledge/`, or in a folder of the user's own: advice for people and
models, and, in its front matter, good intervals as numbers, so that it helps with no model at all.

    family: random forests
    refines: decision trees                             # or nothing: speaks with that family, first
    words: [random forest, RandomForestClassifier]      # what the task may call it; spelling.py folds them
    weak: [RF]                                          # names it only with company: a word of `beside`
    beside: [bagging]                                   # or else of LEARNING
    unless: [isolation forest]                          # what it then is instead
    parameters:
      max_features:
        also: [colsample]                               # other names it goes by
        float: [0.3, 0.8]                               # where good values usually lie, by kind of parameter;
        int: ["sqrt(features)", "features / 2"]         # ends may depend on rows, features and classes,
                                                        # low and high are its own
        choice: {sqrt: 3, log2: 1}                      # or weights of options
    portfolio:                                          # to run first, in order; see `portfolio.py`
      - {max_features: 0.5, min_samples_leaf: 1}
    learned_on: 121                                     # data sets
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import UnionType
from typing import Any

from bestguess.agent.advice.beliefs import FACTS, KINDS, kind_of, known_facts, read_belief
from bestguess.agent.advice.naming import name_entries
from bestguess.agent.advice.portfolio import MOST, Configuration, read_configuration, value_for
from bestguess.tools.errors import InputError
from bestguess.tools.search.prior import Belief
from bestguess.tools.space.expressions import ExpressionError
from bestguess.tools.space.space import Space
from bestguess.tools.words.documents import MAX_YAML_CHARS, is_path, path_words, read_text, read_yaml
from bestguess.tools.words.given import did_you_mean, shorten, shown
from bestguess.tools.words.spelling import Words, fold

FRONT = re.compile(r"\A---\n(?P<front>.*?)\n---\n(?P<body>.*)\Z", re.DOTALL)
SOURCES = re.compile(r"^## Sources$", re.MULTILINE)

_LISTS = ("words", "weak", "beside", "unless")

_FIELDS: Mapping[str, tuple[type | UnionType, str]] = {
    "family": (str, "a name"),
    **dict.fromkeys(_LISTS, (list, "a list of words")),
    "parameters": (dict, "a mapping"),
    "refines": (str | None, "the name of a family"),
    "portfolio": (list, f"a list of at most {MOST} mappings such as {{lr: 0.1, depth: 6}}"),
    "learned_on": (int, "how many data sets the portfolio was learned on"),
}
_OPTIONAL = ("weak", "beside", "unless", "refines", "portfolio", "learned_on")

LEARNING = tuple(
    re.split(
        r",\s+",
        """data, dataset, training, train, trained, classifier, classification, classify, regressor,
        regression, predict, predicting, prediction, predictor, forecast, forecasting, detection,
        recognition, supervised, machine learning, hyperparameter, cross-validation, cross-validated,
        CV, accuracy, AUC, ROC, F1, log loss, RMSE, MSE, MAE, MAPE, R2, validation, scikit-learn,
        sklearn, Kaggle, OpenML, UCI, feature, tabular, label, target, titanic, iris, MNIST, CIFAR,
        ImageNet, diabetes, breast cancer, housing, house prices, Boston, California, abalone, digits,
        newsgroups, adult, census, churn, spam, fraud, sentiment, credit, sales, demand""",
    )
)
"""Company in which a weak word names something that learns from data, where a pack has no list of its own."""


@dataclass(frozen=True, slots=True)
class Pack:
    """One family: the words for it, its parameters' entries by every name they go by, and the advice."""

    family: str
    words: tuple[str, ...]
    entries: Mapping[str, Mapping[str, Any]]
    advice: str
    origin: str
    refines: str = ""
    portfolio: tuple[Configuration, ...] = ()
    learned_on: int = 0
    """How many data sets the portfolio was learned on; 0 where nobody says."""

    weak: tuple[str, ...] = ()
    beside: tuple[str, ...] = LEARNING
    unless: tuple[str, ...] = ()
    is_chosen: bool = False
    """Whether a user named this very pack, so that no word of the task need call it."""

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
            if name not in front and name not in _OPTIONAL:
                raise InputError(f"the knowledge pack {origin} has no {name}; give {mend}")
        family = front["family"]
        if not family.strip():
            raise refuse("family", family, "a name")
        lists: dict[str, Any] = {name: tuple(front[name]) for name in _LISTS if name in front}
        for name, words in lists.items():
            if not all(isinstance(word, str) and fold(word) for word in words):
                raise refuse(name, front[name], "a list of words")
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
                    read_belief(entry[kind_name], FACTS)
                except (ExpressionError, ArithmeticError, TypeError, ValueError) as error:
                    words_of = shorten(" ".join(str(error).split()), 300)
                    raise InputError(
                        f"the knowledge pack {origin} has {shown(entry[kind_name])} for {kind_name} {name}: "
                        f"{words_of}; give two ends such as [0.3, 0.8], or weights of options"
                    ) from error
            for other in (name, *also):
                if other in entries:
                    raise InputError(
                        f"the knowledge pack {origin} has two entries for {other}; name it in one of them"
                    )
            own = dict(entry)  # where YAML repeats an entry, two parameters do not become one
            entries |= dict.fromkeys((name, *also), own)
        portfolio, learned_on = front.get("portfolio", []), front.get("learned_on", 0)
        if len(portfolio) > MOST:
            raise refuse("portfolio", portfolio, _FIELDS["portfolio"][1])
        if isinstance(learned_on, bool) or learned_on < 0:
            raise refuse("learned_on", learned_on, _FIELDS["learned_on"][1])
        configurations: list[Configuration] = []
        for number, given in enumerate(portfolio, 1):
            try:
                configurations.append(read_configuration(given, entries))
            except (ExpressionError, ValueError) as error:
                words_of = shorten(" ".join(str(error).split()), 300)
                raise InputError(
                    f"configuration {number} of the portfolio of the knowledge pack {origin}: {words_of}"
                ) from error
        return cls(
            family=family,
            entries=entries,
            advice=match["body"].strip(),
            origin=origin,
            refines=front.get("refines") or "",
            portfolio=tuple(configurations),
            learned_on=learned_on,
            **lists,
        )

    def names(self, space: Space, *, loosely: bool = False) -> dict[str, Mapping[str, Any]]:
        """Return the entries of the space's parameters that it knows, by their names in the space.

        `loosely`, once its family is named, also by other spellings and by what their docs say.
        """
        return name_entries(space, self.entries, loosely=loosely)

    def is_called(self, words: Words, company: Words) -> bool:
        """Whether the words of a task name its family; `company` is what else is said of it."""
        if self.is_chosen:
            return True
        if words.names_any(self.unless, exactly=True):
            return False
        if words.names_any(self.words):
            return True
        weak = {word for word in self.weak if words.names(word, exactly=True)}
        beside = {word for word in self.beside if weak and company.names(word, exactly=True)}
        return any(beside - {word} or fold(word) == words.all for word in weak)

    def beliefs(self, space: Space, facts: Mapping[str, Any]) -> dict[str, Belief]:
        """Return what it knows of the space's parameters, given facts about the data."""
        known = known_facts(facts)
        found = {}
        for name, entry in self.names(space, loosely=True).items():
            parameter = space.parameters[name]
            kind = kind_of(parameter)
            if entry.get(kind) is not None:
                found[name] = read_belief(entry[kind], known, parameter)
        return found

    def configurations(self, space: Space, facts: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Return its portfolio in the space's names, given facts about the data; values may be off the range.

        Empty where no entry names a parameter of the space.
        """
        known = known_facts(facts)
        found = [
            {
                name: value
                for name, values in name_entries(space, configuration, loosely=True).items()
                for value in value_for(values, kind_of(space.parameters[name]), known)
            }
            for configuration in self.portfolio
        ]
        return found if any(found) else []


def choose_packs(knowledge: bool | str | Path) -> tuple[Pack, ...]:
    """Return the packs that have a part: ours, with the user's before them, or none.

    Raises InputError for a `knowledge` that is none of these, and what `load_packs` raises.
    """
    if isinstance(knowledge, bool):
        return load_packs() if knowledge else ()
    if not isinstance(knowledge, str | Path):
        raise InputError(
            f"knowledge is {shown(knowledge)}; give True, False, or a folder of packs, or a pack"
        )
    return load_packs(Path(knowledge))


def load_packs(path: Path | None = None) -> tuple[Pack, ...]:
    """Return the packs of the user's at `path`, if one is given, and then those that BestGuess ships.

    Those in a folder are called by a task's words, as ours are; a file is a pack that is chosen. Raises
    InputError for a path that is not there and for a file that is no pack.
    """
    own: tuple[Pack, ...] = ()
    if path is not None:
        try:
            found = [path] if (is_file := path.is_file()) else sorted(path.glob("*.md"))
            what = "has no *.md file" if path.is_dir() else "is neither a file nor a folder"
        except (OSError, ValueError):
            found, what = [], "cannot be read"
        if not found or not is_path(str(path)):
            raise InputError(
                f"the folder of knowledge packs {path_words(path)} {what}; give one with *.md files, or one"
            )
        own = tuple(replace(Pack.parse(_text(file), path_words(file)), is_chosen=is_file) for file in found)
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
