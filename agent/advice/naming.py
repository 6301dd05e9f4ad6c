"""Which parameter of a space a pack's name means: by the name, by another spelling of it, or by the doc.

The last two are for packs whose family is named already: that three names coincide calls nobody.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from bestguess.tools.space.space import Space
from bestguess.tools.words.spelling import fold_word, split_words

_SHORT = {
    "learning rate": "lr eta",
    "weight decay": "wd",
    "batch size": "bs",
    "regularization": "reg",
    "lambda": "lam lmbda",
    "minimum": "min minimal",
    "maximum": "max maximal",
    "initial": "init",
    "iteration": "iter iters",
    "estimator": "est",
    "feature": "feat feats",
    "leaf": "leaves",
    "size": "dim dims",
    "coefficient": "coef",
    "gradient": "grad",
    "fraction": "frac share ratio portion",
    "neighbor": "neigh",
    "activation": "act",
    "scheduler": "sched schedule",
    "optimizer": "opt optim",
    "warm up": "warmup",
    "drop out": "dropout",
    "number": "num nbr",
    "momentum": "mom",
    "column": "col cols",
    "utilization": "util",
    "memory": "mem",
    "sequence": "seq seqs",
    "tolerance": "tol",
}
_LONG = {short: full for full, shorts in _SHORT.items() for short in shorts.split()}
"""What stands for what in names, beside what `fold_word` knows."""

_EMPTY = frozenset((
    "n", "number", "no", "of", "the", "a", "an", "in", "to", "at", "for", "per", "each", "how", "many",
    "count", "my", "our"
))  # fmt: skip
"""Words in a name or a doc that do not tell parameters apart."""

_OWNERS = frozenset((
    "model", "clf", "classifier", "regressor", "estimator", "est", "net", "network", "train", "training",
    "optimizer", "opt", "hp", "param", "params", "xgb", "lgb", "lgbm", "cat", "rf", "et", "gb", "gbm",
    "svm", "svc", "svr", "knn", "mlp", "nn", "cnn", "ppo", "sac", "dqn"
))  # fmt: skip
"""What a name may begin with that says only whose it is."""

_HEADS = frozenset(("number", "count", "fraction", "size", "amount", "strength", "how"))
"""What is said behind `of` then belongs to the name."""

_UNITS = re.compile(r"_(?:[kmg]i?b|bytes|ms|s|sec)$", re.IGNORECASE)
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_ASIDE = re.compile(r"[(\[;:,!?]|\.(?!\d)|\s-\s")


def name_entries(
    space: Space, entries: Mapping[str, Mapping[str, Any]], *, loosely: bool
) -> dict[str, Mapping[str, Any]]:
    """Return the entries, which go by a pack's names, by the space's names."""
    known = {plain_name(alias): entry for alias, entry in entries.items()}
    spelled = {name: (plain_name(name), re.sub(r"_\d+$", "", plain_name(name))) for name in space.names}
    found = {
        name: known[next(way for way in ways if way in known)]
        for name, ways in spelled.items()
        if not known.keys().isdisjoint(ways)
    }
    if not loosely or len(found) == len(space):
        return found
    taken = {id(entry) for entry in found.values()}
    meant = {
        key: entry for alias, entry in entries.items() if id(entry) not in taken and (key := _key(alias))
    }
    guessed = {}
    for name in space.names:
        ways = _ways(name, space.parameters[name].doc) if name not in found else ()
        if known_way := next((way for way in ways if way in meant), ""):
            guessed[name] = meant[known_way]
    # Which of two parameters an entry means then nobody can tell.
    times = Counter(id(entry) for entry in guessed.values())
    found |= {name: entry for name, entry in guessed.items() if times[id(entry)] == 1}
    return {name: found[name] for name in space.names if name in found}


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """Return a parameter's own name, without the step of a pipeline or the section of a file before it."""
    return re.split(r"__|[./]", name)[-1].lower().replace("-", "_").strip("_")


def _ways(name: str, doc: str) -> Iterator[str]:
    """Yield what a parameter may be called, folded: its name, and what its doc says it is."""
    own = _UNITS.sub("", re.split(r"__|[./]", name)[-1])
    yield _key(own)
    first, *others = split_words(_CAMEL.sub(" ", own)) or [""]
    if first in _OWNERS:
        yield _key(" ".join(others))
    head = _ASIDE.split(doc, maxsplit=1)[0]
    words = split_words(head)
    for at, word in enumerate(words[1:], 1):
        if word in ("in", "for", "at", "by", "with", "when", "that", "to") or (
            word == "of" and not {*_expand(words[at - 1])} & _HEADS
        ):
            words = words[:at]
            break
    yield _key(" ".join(words))
    for count in range(len(words) - 1, 1, -1):  # the last words are the noun: Adam learning rate
        yield _key(" ".join(words[-count:]))


def _key(words: str) -> str:
    """Return the words that tell a name apart, in one order."""
    folded = [part for word in split_words(_CAMEL.sub(" ", words)) for part in _expand(word)]
    return " ".join(sorted({word for word in folded if word not in _EMPTY}))


def _expand(word: str) -> list[str]:
    return [fold_word(part) for part in _LONG.get(word, word).split()]
