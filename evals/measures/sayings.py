"""Fits the ranker of the chat on example sentences, and measures it on sentences of other authors.

The examples lie in `prompts/sayings`, one file a command: strings, or `{say:}`, whose marks such as <C> stand
for what somebody types there. Here they are filled in for three studies, and marked as a sentence is.
Sentences of other authors lie in its folder `authors`, one file an author, by command; they speak of the
first study.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import yaml

from bestguess import prompts
from bestguess.agent.chat.language.intents import Context
from bestguess.agent.chat.language.matching import FAMILIES, is_question, without_politeness
from bestguess.agent.chat.language.ranking import (
    NEGATED,
    WEIGHTS,
    Ranker,
    features,
    fingerprint,
    tokens,
    turns,
)
from bestguess.agent.chat.language.slots import Marked
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space

SAYINGS = Path(prompts.__file__).parent / "sayings"
STUDIES = (
    Context(
        Space(
            lr=Float(1e-5, 0.1, log=True), hidden=Int(16, 512, log=True), dropout=Float(0, 0.6),
            activation=Choice(["relu", "tanh", "gelu"]),
        ),
        options=("epochs", "batch_size"), trials=12, left=18, metric="val_loss",
        studies={"svm": "svm", "mlp": "mlp"},
    ),
    Context(
        Space(
            eta=Float(1e-3, 1, log=True), max_depth=Int(1, 12), subsample=Float(0.2, 1),
            booster=Choice(["gbtree", "dart"]),
        ),
        options=("rounds", "seed"), trials=30, left=5, metric="rmse",
        studies={"forest": "forest", "xgb": "xgb"},
    ),
    Context(
        Space(
            gain=Float(0, 10), window=Int(1, 64), momentum=Float(0, 0.99),
            solver=Choice(["adam", "sgd", "lbfgs"]),
        ),
        options=("steps", "policy"), trials=4, metric="reward", studies={"arm": "arm", "leg": "leg"},
    ),
)  # fmt: skip
TYPED = {
    "V": ["0.01", ".005", "3", "0.2", "64", "1e-3", "5", "0.5"],
    "R": ["1 to 5", "0.1..0.5", "2-8", "0.001 to 0.01", "16 to 128"],
    "E": ["silu", "rmsprop", "gblinear", "elu"],
    "C": ["5", "12", "20", "twenty", "a dozen", "8", "3", "ten", "fifteen", "six"],
    "N": ["0.3", "42", "0.95", "7", "100"],
    "T": ["7", "3", "9", "5", "11", "2"],
    "M": ["30 minutes", "2h", "an hour", "45 min", "half an hour", "90 minutes", "3 hours"],
    "K": ["50k tokens", "20000 tokens", "5000 tokens"],
    "F": ["train.py", "svm/fit.py", "run.py"],
    "G": ["val_loss", "accuracy", "rmse", "f1", "latency"],
    "A": ["label", "price"],
}
COPIES = 2
"""Of an example with marks, each in another study."""

STRENGTH = 30.0
"""The inverse of the regularization's."""


@dataclass(frozen=True, slots=True)
class Saying:
    """A sentence with its marks, what it is, and who wrote it."""

    marked: str
    label: str
    author: str = ""


def examples(folder: Path = SAYINGS) -> Iterator[Saying]:
    """Yield the examples of the folder, filled in and marked."""
    draw = random.Random(0)  # noqa: S311  # no secret
    for path in sorted(folder.glob("*.yaml")):
        for given in yaml.safe_load(path.read_text(encoding="utf-8")):
            say = str(given if isinstance(given, str) else given["say"])
            if path.stem == NEGATED and is_question(say):
                continue  # what a question changes is settled without the ranker
            for study in draw.sample(STUDIES, COPIES if "<" in say else 1):
                yield Saying(mark(_filled(say, study, draw), study), path.stem, "examples")
    for path in sorted((folder / "authors").glob("*.yaml")):
        for label, sentences in yaml.safe_load(path.read_text(encoding="utf-8")).items():
            for say in sentences:
                for study in draw.sample(STUDIES, COPIES) if "<" in say else STUDIES[:1]:
                    yield Saying(mark(_filled(say, study, draw), study), label, path.stem)


def digest(folder: Path = SAYINGS) -> str:
    """Return what changes where an example does."""
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*.yaml")):
        found.update(path.read_bytes())
    return found.hexdigest()[:16]


def agreement(sayings: Sequence[Saying], ranker: Ranker) -> tuple[int, int]:
    """Return of how many sentences the likeliest class is theirs, and how many there are."""
    right = 0
    for saying in sayings:
        chances = ranker.probabilities(saying.marked)
        right += max(chances, key=lambda label: chances[label]) == saying.label
    return right, len(sayings)


def mark(text: str, study: Context) -> str:
    """Return a sentence as the ranker gets it."""
    marked = Marked(without_politeness(text)[0], study, mends=False)  # to mend takes what is fitted here
    return marked.text + (" ?" if text.rstrip().endswith("?") else "")


def _filled(say: str, study: Context, draw: random.Random) -> str:
    assert study.space is not None
    choices = [name for name, one in study.space.parameters.items() if isinstance(one, Choice)]
    numbers = [name for name in study.space.names if name not in choices]
    options = [str(one) for name in choices[:1] for one in getattr(study.space[name], "options", ())]
    takes_option = re.search("<[OE]>", say) and not re.search("<[VR]>", say)
    typed = {
        **TYPED, "P": choices if takes_option else numbers, "Q": list(study.options),
        "Y": list(study.studies), **({"F": ["rows.csv"]} if "<A>" in say else {}),
        "O": options,
    }  # fmt: skip
    return re.sub(r"<([A-Z])>", lambda match: str(draw.choice(typed[match[1]])), say)


def fit(sayings: Sequence[Saying], path: Path = WEIGHTS) -> None:
    """Fit the ranker on sentences and write it: weights in bytes, features that occur twice."""
    from sklearn.feature_extraction import DictVectorizer
    from sklearn.linear_model import LogisticRegression

    counted = [_counted(saying.marked) for saying in sayings]
    seen = Counter(name for row in counted for name in row)
    kept = {name: many for name, many in seen.items() if many > 1 or name.startswith("w:")}
    idf = {name: float(np.log(1 + len(counted) / many) ** 0.5) for name, many in kept.items()}
    rows = []
    for row in counted:
        weighed = {name: value * idf[name] for name, value in row.items() if name in idf}
        norm = sum(value**2 for value in weighed.values()) ** 0.5 or 1.0
        rows.append({name: value / norm for name, value in weighed.items()})
    table = DictVectorizer()
    model = LogisticRegression(C=STRENGTH, max_iter=80, tol=1e-3)
    model.fit(table.fit_transform(rows), [saying.label for saying in sayings])
    names = table.get_feature_names_out()
    scale = float(np.abs(model.coef_).max() / 127)
    attested: dict[str, set[str]] = defaultdict(set)
    for saying in sayings:
        for turn in turns(saying.marked):
            attested[turn].add(saying.label)
    meanings: dict[str, set[str]] = defaultdict(set)
    for saying in sayings:
        meanings[" ".join(tokens(saying.marked))].add(saying.label)
    np.savez_compressed(
        path,
        digest=np.array(digest()),
        labels=model.classes_.astype(str),
        features=names.astype(str),
        idf=np.array([idf[name] for name in names], dtype=np.float16),
        weights=np.round(model.coef_.T / scale).astype(np.int8),
        scale=np.float32(scale),
        bias=model.intercept_.astype(np.float32),
        turns=np.array([f"{turn}|{' '.join(sorted(labels))}" for turn, labels in sorted(attested.items())]),
        certain=np.array(
            sorted(
                {
                    fingerprint(saying.marked, saying.label)
                    for saying in sayings
                    if saying.author == "examples" and _is_one(meanings[" ".join(tokens(saying.marked))])
                }
            ),
            dtype=np.uint32,
        ),
    )


def _is_one(labels: set[str]) -> bool:
    """Whether these are one command, or such as the arguments tell apart."""
    return len(labels) == 1 or any(labels <= {*family} for family in FAMILIES)


def _counted(marked: str) -> dict[str, float]:
    found: dict[str, float] = {}
    for name, weight in features(marked):
        found[name] = found.get(name, 0.0) + weight
    return found
