"""What more trials may bring: draws of the functions that the evidence allows, and the best point of each.

| symbol | shape  | meaning                                                                        |
| ------ | ------ | ------------------------------------------------------------------------------ |
| `x`    | (m, d) | places that cover the space and surround the best ones                         |
| `f`    | (s, m) | joint draws at x, on the latent scale, less being better                       |
| `gain` | (s,)   | what the best of some places takes off the incumbent, in the user's units      |

`n` trials chosen at once would gain the mean of `gain` over the n most promising places, which n trials
chosen one after the other exceed; no number of trials gains more than over all places.
"""

from __future__ import annotations

import numpy as np

from bestguess.tools.analysis.outlook import TELLING, Outlook, spread_of, worst_telling
from bestguess.tools.arrays import FloatArray
from bestguess.tools.search.verifier import Verifier
from bestguess.tools.space.lattice import Lattice
from bestguess.tools.space.region import Region
from bestguess.tools.space.sobol import sobol
from bestguess.tools.surrogate.threads import few_threads

COVER = 256
AROUND = 128
WIDTH = 0.15
DRAWS = 200


def look_ahead(
    verifier: Verifier, n: int, rng: np.random.Generator, *, within: Region | None = None
) -> Outlook:
    """Return what `n` more trials may bring, in a part of the space or all of it."""
    history, belief = verifier.history, verifier.reported
    space = within.space if within else verifier.space
    ranked = sorted(history.complete, key=history.loss)
    best_params = (within.project(trial.params) if within else trial.params for trial in ranked[:4])
    near = [params for params in best_params if params]
    lattice = Lattice(space, near)
    places = [sobol(COVER, len(space), rng)]
    if near:
        around = np.resize(space.encode_many(near), (AROUND, len(space)))
        places.append(lattice.perturb(around, WIDTH, rng))
    x, active = lattice.settle(np.concatenate(places))
    if space.constraints:
        x, active = lattice.settle(space.feasible.pull(x, space.feasible.sample(rng, len(x))))
        kept = space.feasible.holds(x)
        x, active = x[kept], active[kept]
    x, first = np.unique(x, axis=0, return_index=True)
    active = active[first]
    if within:
        x, active = within.lift(x, active)
    with few_threads(len(history.complete)):
        score = verifier.score(x, active)
        f = belief.sample_latent(x, DRAWS, rng, active)
    order = np.argsort(-score)[:n]
    best = belief.incumbent_latent
    now = float(belief.restore(np.array([best]))[0])

    def gain(latent: FloatArray) -> FloatArray:
        return np.maximum(now - belief.restore(np.minimum(latent.min(axis=1), best)), 0.0)

    losses = np.array([history.loss(trial) for trial in history.complete])
    # What the search chose crowds about the best, beside which all that others tried would seem far off:
    # it says how far is far only where nothing else does.
    looks = losses[[trial.source != "gp" for trial in history.complete]]
    least = float(losses.min())
    worst = worst_telling(looks, least) if len(looks) else np.inf
    spread = spread_of(losses, worst if np.isfinite(worst) else worst_telling(losses, least))
    of_n = gain(f[:, order])
    return Outlook(
        n=n,
        gain=float(of_n.mean()),
        potential=float(gain(f).mean()),
        chance=float((of_n > TELLING * spread).mean()),
        spread=spread,
    )
