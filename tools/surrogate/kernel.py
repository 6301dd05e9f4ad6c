"""Distances between encoded configurations, and the Matérn-5/2 kernel of them.

| symbol   | shape     | meaning                                                                 |
| -------- | --------- | ----------------------------------------------------------------------- |
| `x`      | (n, d)    | encoded configurations in the unit cube                                 |
| `active` | (n, d)    | which columns a configuration has; None: all of them, everywhere        |
| `phi`    | (n, f)    | features whose Euclidean distances are those of the numeric columns     |
| `owner`  | (f,)      | the column each feature belongs to                                      |
| `codes`  | (n, h)    | categories of the h categorical columns, -1 where inactive              |
| `w`      | (d,)      | 1 / lengthscale squared                                                 |
| `s2`     | (n, m)    | sum over columns of w_j times the squared distance in column j          |
| `r`      | (n, m)    | sqrt(5 s2)                                                              |

Numbers differ by their difference, categories by 0 or 1. Where `active` is given, a number lies on an
arc of one radian around the point that stands for "inactive": two active numbers are the chord
2 sin(|difference| / 2) apart, an active and an inactive one exactly 1, two inactive ones 0. Distances
are then Euclidean in every case, and so the kernel is positive definite (Swersky et al. 2014, arXiv
1409.4011, place conditional parameters the same way; a plain difference with a fixed distance to
"inactive" is not positive definite).

This module knows nothing of values, noise or hyperparameter search.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

CODE_STEPS = 2.0**20
"""Categories whose encodings differ by less than 1 / CODE_STEPS are the same category."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Configurations as the kernel sees them: `phi` (n, f) and `codes` (n, h)."""

    phi: Tensor
    codes: Tensor

    def joined(self, other: Embedded) -> Embedded:
        """Return the rows of both."""
        return Embedded(torch.cat((self.phi, other.phi)), torch.cat((self.codes, other.codes)))


class Embedding:
    """How the columns of a space become distances.

    `kinds` (d) is each column's kind, 'categorical' or another; `conditional` says whether columns can
    be inactive.
    """

    def __init__(self, kinds: Sequence[str], *, conditional: bool, device: torch.device) -> None:
        categorical = torch.tensor([kind == "categorical" for kind in kinds], device=device)
        self.columns = len(kinds)
        self.conditional = conditional
        self.numeric = torch.nonzero(~categorical)[:, 0]
        self.hamming = torch.nonzero(categorical)[:, 0]
        self.owner = torch.cat((self.numeric, self.numeric)) if conditional else self.numeric

    def __call__(self, x: Tensor, active: Tensor) -> Embedded:
        """Embed x (n, d) of which `active` (n, d), zeros and ones, columns exist."""
        phi = x[:, self.numeric]
        codes = torch.round(x[:, self.hamming] * CODE_STEPS)
        if self.conditional:
            there = active[:, self.numeric]
            phi = torch.cat((there * torch.cos(phi), there * torch.sin(phi)), dim=1)
            codes = torch.where(active[:, self.hamming] > 0, codes, -1.0)
        return Embedded(phi, codes)

    def squared_distances(self, a: Embedded, b: Embedded, w: Tensor) -> Tensor:
        """Return s2 (n, m) between the n rows of `a` and the m rows of `b`."""
        root = torch.sqrt(w[self.owner])
        s2 = _euclidean(a.phi * root, b.phi * root)
        if len(self.hamming):
            differ = (a.codes[:, None, :] != b.codes[None, :, :]).to(w.dtype)
            s2 += differ @ w[self.hamming]
        return s2

    def column_distances(self, a: Embedded) -> Tensor:
        """Return the squared distances (d, n, n) within `a` column by column, lengthscale 1."""
        n = len(a.phi)
        by_column = a.phi.new_zeros((self.columns, n, n))
        features = a.phi.T
        by_column.index_add_(0, self.owner, (features[:, :, None] - features[:, None, :]).square())
        codes = a.codes.T
        by_column[self.hamming] = (codes[:, :, None] != codes[:, None, :]).to(by_column.dtype)
        return by_column


def _euclidean(a: Tensor, b: Tensor) -> Tensor:
    """Return squared distances (n, m) by one matrix product; about 1e-16 of the largest norm is lost."""
    norms = a.square().sum(1)[:, None] + b.square().sum(1)
    return torch.addmm(norms, a, b.T, alpha=-2.0).clamp_(min=0.0)


def matern52(s2: Tensor) -> Tensor:
    """Return the Matérn-5/2 correlation of scaled squared distances, elementwise."""
    r = torch.sqrt(5.0 * s2)
    return torch.exp(-r).mul_(torch.addcmul(1.0 + r, r, r, value=1.0 / 3.0))


def matern52_and_slope(s2: Tensor) -> tuple[Tensor, Tensor]:
    """Return the Matérn-5/2 correlation and -2 times its derivative by s2, elementwise.

    The derivative by log lengthscale j is the slope times w_j D_j; it has no division, so duplicates
    are harmless.
    """
    r = torch.sqrt(5.0 * s2)
    decay = torch.exp(-r)
    slope = decay * (1.0 + r)
    return torch.addcmul(slope, decay, r.square_(), value=1.0 / 3.0), slope.mul_(5.0 / 3.0)


def prior_log_lengthscale(columns: int) -> tuple[float, float]:
    """Return location and scale of the dimension-scaled lognormal prior (arXiv 2402.02229, section 4.2)."""
    return math.sqrt(2.0) + 0.5 * math.log(columns), math.sqrt(3.0)
