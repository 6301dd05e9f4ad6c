"""NAS-Bench-Graph as problems: 26,206 architectures of graph networks, each trained on nine data sets.

The tables are those of the source distribution of nas-bench-graph 1.4.0 (Qin et al. 2022, Apache-2.0), which
is fetched with `pip download`, never installed; its pickles are read in a process of its own that makes no
object but numbers, and kept as one .npz:

    python -m bestguess.evals.fronts.tables nas_bench_graph-1.4.0.tar.gz TABLES.npz

An architecture is four operations, each with one input: that of the network, or an earlier operation. Those
that compute the same have one row (a `skip` passes on its input; the order of what follows one is nothing).
"""

from __future__ import annotations

import pickle
import subprocess
import sys
import tarfile
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

import bestguess as bg
from bestguess.evals.cache import default_folder
from bestguess.evals.fronts.problems import FrontProblem
from bestguess.tools.arrays import FloatArray
from bestguess.tools.errors import InputError
from bestguess.tools.goals import nondominated
from bestguess.tools.trial import Params

VERSION = "1.4.0"
SDIST = f"nas_bench_graph-{VERSION}.tar.gz"
DATA_SETS = ("cora", "citeseer", "photo", "arxiv")
LINKS = ("0000", "0001", "0011", "0012", "0013", "0111", "0112", "0122", "0123")
OPERATIONS = ("gat", "gcn", "gin", "cheb", "sage", "arma", "graph", "fc", "skip")
METRICS = {"valid_perf": "maximize", "latency": "minimize", "para": "minimize"}

_NUMBERS = {
    ("numpy.core.multiarray", "scalar"),
    ("numpy._core.multiarray", "scalar"),
    ("numpy", "dtype"),
}


class _Numbers(pickle.Unpickler):
    """Makes dictionaries and numbers, and nothing else: a pickle may ask for any code to be run."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _NUMBERS:
            raise pickle.UnpicklingError(f"the table asks for {module}.{name}, which is no number")
        return super().find_class(module, name)


def convert(sdist: Path, out: Path) -> None:
    """Write the tables of a source distribution to one .npz: `keys` (n,) and a column (n, 3) a data set.

    Raises:
        InputError: the file is no such distribution.
    """
    columns = {}
    try:
        with tarfile.open(sdist) as archive:
            for name in DATA_SETS:
                member = archive.extractfile(f"nas_bench_graph-{VERSION}/nas_bench_graph/light/{name}.bench")
                assert member is not None
                table = _Numbers(member).load()
                keys = sorted(table)
                columns[name] = np.array([[float(table[key][metric]) for metric in METRICS] for key in keys])
                columns[f"{name}_keys"] = np.array(keys)
    except (OSError, tarfile.TarError, KeyError, pickle.UnpicklingError) as error:
        raise InputError(f"{sdist} is not the source distribution {SDIST}: {error}") from error
    out.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(out, **columns)  # type: ignore[arg-type]  # numpy's stub takes names for its own


def tables() -> Path:
    """Return where the tables are, fetched and converted the first time; raise InputError if that fails."""
    kept = default_folder() / f"nas_bench_graph-{VERSION}.npz"
    if not kept.exists():
        folder = default_folder() / "sdists"
        fetch = [
            "download",
            f"nas-bench-graph=={VERSION}",
            "--no-deps",
            "--no-binary",
            ":all:",
            "-q",
            "-d",
            str(folder),
        ]
        try:
            subprocess.run([sys.executable, "-m", "pip", *fetch], check=True)  # noqa: S603 - of ours
            own = [sys.executable, "-m", "bestguess.evals.fronts.tables", str(folder / SDIST), str(kept)]
            subprocess.run(own, check=True)  # noqa: S603 - of ours
        except subprocess.CalledProcessError as error:
            raise InputError(f"nas-bench-graph {VERSION} cannot be had: {error}; try again") from error
    return kept


def table_problems(path: Path) -> dict[str, FrontProblem]:
    """Return a problem of two and one of three metrics for each data set, by name."""
    found = {}
    with np.load(path) as kept:
        for name in DATA_SETS:
            rows = {
                canonical(*_decode(key)): values
                for key, values in zip(kept[f"{name}_keys"].tolist(), kept[name], strict=True)
            }
            for count in (2, 3):
                problem = _problem(f"nas_{name}_{count}", rows, count)
                found[problem.name] = problem
    return found


def canonical(links: str, operations: tuple[str, ...]) -> Any:
    """Return what is the same of architectures that compute the same: what follows what, sorted."""
    parents = []
    for link in map(int, links):
        while link and operations[link - 1] == "skip":
            link = int(links[link - 1])
        parents.append(link)
    # A skip is an operation beside its input's others, which nothing follows; all of them feed the output.
    parents = [
        0 if operation == "skip" else parent for parent, operation in zip(parents, operations, strict=True)
    ]

    def below(node: int) -> Any:
        return tuple(
            sorted(
                (operations[child], below(child + 1))
                for child in range(len(parents))
                if parents[child] == node
            )
        )

    return below(0)


def _problem(name: str, rows: dict[Any, FloatArray], count: int) -> FrontProblem:
    ways = dict(list(METRICS.items())[:count])
    signs = np.array([-1.0 if way == "maximize" else 1.0 for way in ways.values()])
    losses = np.array(list(rows.values()))[:, :count] * signs
    space = bg.Space(
        {
            "links": bg.Choice(list(LINKS), default="0123"),
            **{f"op{number}": bg.Choice(list(OPERATIONS), default="gcn") for number in range(1, 5)},
        }
    )

    def front() -> FloatArray:
        on_front: FloatArray = losses[nondominated([tuple(row) for row in losses.tolist()])]
        return on_front

    return FrontProblem(
        name,
        space,
        bg.Task("A graph neural network", metrics=ways),  # type: ignore[arg-type]
        partial(_look_up, rows, tuple(ways)),
        tuple(np.median(losses, axis=0).tolist()),
        front,
    )


def _look_up(rows: dict[Any, FloatArray], names: tuple[str, ...], params: Params) -> dict[str, float]:
    operations = tuple(params[f"op{number}"] for number in range(1, 5))
    values = rows.get(canonical(params["links"], operations))
    if values is None:  # of skips only, which nobody trained
        raise ValueError("this architecture was not trained")
    return dict(zip(names, values.tolist(), strict=False))


def _decode(key: int) -> tuple[str, tuple[str, ...]]:
    """Return the links and operations of a key of the tables: a digit each, in base 10."""
    digits = [int(digit) for digit in f"{key:05d}"]
    return LINKS[digits[0]], tuple(OPERATIONS[digit] for digit in digits[1:])


if __name__ == "__main__":
    convert(Path(sys.argv[1]), Path(sys.argv[2]))
