"""Which trials a surrogate is fitted to, and where they lie in the cube."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from scipy.special import gammaincinv

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.space.space import Space
from bestguess.tools.space.text import Text
from bestguess.tools.surrogate.device import CPU_ROWS
from bestguess.tools.surrogate.kernel import Vectors
from bestguess.tools.surrogate.subset import cover, representatives
from bestguess.tools.trial import History, Proposal, Trial
from bestguess.tools.words.embedding import Embedder, HashedNgrams

FEWEST = 32
"""Of failed and of complete trials at least so many, where there are, are among them (set by hand)."""


def represent(history: History, most: int = CPU_ROWS) -> list[Trial]:
    """Return at most so many told trials, finished and failed ones about in the proportion they have.

    Of those that were stopped early, or smaller runs, as many as there is room for, the latest, come last.
    """
    complete, failed = history.complete, history.failed
    in_proportion = most * len(failed) // max(len(complete) + len(failed), most)
    # A few of either kind say more than their share.
    most_failed = min(max(in_proportion, FEWEST), len(failed))
    most_complete = max(most - most_failed, FEWEST)
    losses = np.array([history.loss(trial) for trial in complete])
    kept = [complete[index] for index in representatives(losses, most_complete)]
    kept += [failed[index] for index in cover(len(failed), most - len(kept))]
    unfinished = [trial for trial in history if trial.state in ("pruned", "partial")]
    return kept + unfinished[::-1][: most - len(kept)]


def standard_errors(trials: Sequence[Trial]) -> FloatArray | None:
    """Return the standard errors (n,) of the values of trials; None where no runs differ.

    A few runs tell a variance badly, so each is taken half way to what is typical, which one run has: the
    mean of all, or what the median of those above 0 says, if that is less, as one trial whose runs explode
    moves the mean only.
    """
    runs = [trial.outcome.runs if trial.outcome else () for trial in trials]
    variances = np.array([np.var(one, ddof=1) if len(one) > 1 else 0.0 for one in runs])
    if not variances.any():
        return None
    counts = np.array([len(one) for one in runs])
    varied = variances > 0.0
    freedom = counts[varied] - 1
    # A sample's variance is skewed: its median, as that of chi-squared, is less than what it estimates.
    unskewed = variances[varied] * freedom / (2.0 * gammaincinv(freedom / 2.0, 0.5))
    typical = min(
        float(np.median(unskewed)) * varied.sum() / (counts > 1).sum(), variances[counts > 1].mean()
    )
    errors: FloatArray = np.sqrt(np.where(counts > 1, (variances + typical) / 2.0, typical) / counts.clip(1))
    return errors


def encode(space: Space, many: Sequence[Mapping[str, Any]]) -> tuple[FloatArray, BoolArray | None]:
    """Return x (n, d) and which columns are active, None where all of them always are."""
    conditional = any(parameter.when for parameter in space.parameters.values())
    active = np.array([space.active_mask(params) for params in many]) if conditional else None
    return space.encode_many(many), active


def text_vectors(space: Space, embedder: Embedder | None = None) -> dict[int, Vectors]:
    """Return, for each column of texts, what turns places into vectors of the texts that stand there."""

    def of(text: Text) -> Vectors:
        return lambda places: (embedder or HashedNgrams()).embed(list(map(text.text_at, places.tolist())))

    parameters = enumerate(space.parameters.values())
    return {column: of(one) for column, one in parameters if isinstance(one, Text)}


class Places:
    """Where trials lie in the cube, each worked out once: params never change."""

    def __init__(self, space: Space) -> None:
        self._space = space
        self._known: dict[int, tuple[Proposal, FloatArray, BoolArray | None]] = {}

    def of(self, trials: Sequence[Trial]) -> tuple[FloatArray, BoolArray | None]:
        """Return x (n, d) and which columns are active, None where all of them always are."""
        never = None, None, None
        new = [one for one in trials if self._known.get(one.number, never)[0] is not one.proposal]
        if new:
            x, active = encode(self._space, [trial.params for trial in new])
            for row, trial in enumerate(new):
                mask = None if active is None else active[row]
                self._known[trial.number] = trial.proposal, x[row], mask
        found = [self._known[trial.number] for trial in trials]
        masks = [active for _, _, active in found if active is not None]
        return np.array([x for _, x, _ in found]), np.array(masks) if masks else None
