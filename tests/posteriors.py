"""Posteriors under hyperparameters that a test chooses."""

from __future__ import annotations

from collections.abc import Sequence

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.surrogate.evidence import Hyperparameters
from bestguess.tools.surrogate.gp import GPPosterior
from bestguess.tools.surrogate.kernel import Embedding
from bestguess.tools.surrogate.transforms import fit_transform


def condition(
    kinds: Sequence[str],
    x: FloatArray,
    y: FloatArray,
    known: Hyperparameters,
    active: BoolArray | None = None,
    *,
    device: str = "cpu",
) -> GPPosterior:
    """Return the posterior of values y (n,) at x (n, d)."""
    embedding = Embedding(kinds, conditional=active is not None, device=device)
    transform = fit_transform(y)
    z = embedding.array(transform.forward(y))
    return GPPosterior(embedding, embedding.embed(x, active), z, transform, y, known)
