"""What the seeds of runs have in common: on an easy split every experiment looks better.

A value is `truth of the experiment + effect of the seed + e`. The effects are fitted to the experiments that
have several seeds, drawn towards 0 by how much seeds differ in all (the best linear unbiased prediction), and
taken off every value of a seed that is known.

| symbol    | shape  | meaning                                                                  |
| --------- | ------ | ------------------------------------------------------------------------ |
| `table`   | (c,)   | values of experiments with several seeds, less their experiment's mean   |
| `design`  | (c, s) | which seed each has, less the mean of its experiment                     |
| `effects` | (s,)   | of the seeds                                                             |
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from bestguess.tools.arrays import FloatArray
from bestguess.tools.referee.experiment import Experiment

MOST_SEEDS = 200
"""Different seeds, beyond which their effects are not told apart."""


def adjust_for_seeds(
    record: Mapping[int, Experiment], measured: Mapping[int, Sequence[float]]
) -> dict[int, FloatArray]:
    """Return the values that were measured, the effects of their seeds taken off.

    They are as measured where no two experiments share two seeds, or too few are left to tell the noise by.
    """
    values = {number: np.array(own) for number, own in measured.items()}
    several = [number for number in values if len(set(record[number].seeds or ())) > 1]
    names = sorted({seed for number in several for seed in record[number].seeds or ()})
    cells = sum(len(values[number]) for number in several)
    left = cells - len(several) - (len(names) - 1)
    if not 1 < len(names) <= MOST_SEEDS or len(several) < 2 or left < 2:
        return values
    place = {seed: at for at, seed in enumerate(names)}
    tables, designs = [], []
    for number in several:
        design = np.eye(len(names))[[place[seed] for seed in record[number].seeds or ()]]
        designs.append(design - design.mean(axis=0))
        tables.append(values[number] - values[number].mean())
    table, design = np.concatenate(tables), np.concatenate(designs)
    normal = design.T @ design
    inverse = np.linalg.pinv(normal)
    plain = inverse @ design.T @ table
    noise_var = float(np.sum((table - design @ plain) ** 2)) / left
    seeds_var = float(np.mean(plain**2) - noise_var * np.mean(np.diag(inverse)))
    if seeds_var <= 0.0:
        return values
    ridge = normal + np.eye(len(names)) * max(noise_var / seeds_var, 1e-12)
    effects = np.linalg.solve(ridge, design.T @ table)
    # The fit has taken some of the noise along: what is left is stretched to what it was.
    stretch = np.sqrt((cells - len(several)) / left)
    adjusted = {}
    for number, own in values.items():
        seeds = record[number].seeds or (None,) * len(own)
        found = own - np.array([effects[place[seed]] if seed in place else 0.0 for seed in seeds])
        adjusted[number] = found.mean() + stretch * (found - found.mean()) if number in several else found
    return adjusted
