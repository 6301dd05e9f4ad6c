"""Distances between encoded configurations, and the Matérn-5/2 kernel of them.

| symbol   | shape     | meaning                                                             |
| -------- | --------- | ------------------------------------------------------------------- |
| `x`      | (n, d)    | encoded configurations in the unit cube                             |
| `active` | (n, d)    | which columns a configuration has; None: all of them, everywhere    |
| `phi`    | (n, f)    | features whose Euclidean distances are those of the numeric columns |
| `owner`  | (f,)      | the column that each feature belongs to                             |
| `codes`  | (n, h)    | categories in the h categorical columns, -1 where inactive          |
| `D`      | (d, n, n) | squared distances in each column, lengthscale 1                     |
| `w`      | (d,)      | 1 / lengthscale squared                                             |
| `s2`     | (n, m)    | sum over columns of w_j times the squared distance in column j      |
| `r`      | (n, m)    | sqrt(5 s2)                                                          |

Numbers differ by their difference, categories by 0 or 1. Where columns can be inactive, a number lies on
an arc of one radian around the place that stands for "inactive": two active numbers are the chord
2 sin(|difference| / 2) apart, an active and an inactive one exactly 1, two inactive ones 0. So distances
are Euclidean in every case and the kernel is positive definite, which a plain difference beside a fixed
distance to "inactive" is not. The idea is from Swersky et al. 2014, arXiv 1409.4011.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from bestguess.tools.errors import InputError

CODES = 2.0**20
"""Categories whose places differ by less than 1 / CODES are the same category."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Configurations as the kernel sees them: `phi` (n, f) and `codes` (n, h)."""

    phi: Tensor
    codes: Tensor

    def __len__(self) -> int:
        return len(self.phi)

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> Embedded:
        return Embedded(self.phi[rows], self.codes[rows])

    def __add__(self, other: Embedded) -> Embedded:
        return Embedded(torch.cat((self.phi, other.phi)), torch.cat((self.codes, other.codes)))


class Embedding:
    """How columns of the given kinds ('categorical' or any other) become distances.

    `conditional` says whether columns can be inactive, `device` where to compute.
    """

    def __init__(self, kinds: Sequence[str], *, conditional: bool, device: str = "cpu") -> None:
        self.columns = len(kinds)
        self.conditional = conditional
        self.device = torch.device(device)
        categorical = np.array([kind == "categorical" for kind in kinds])
        self._numeric = self.tensor(np.flatnonzero(~categorical))
        self._categorical = self.tensor(np.flatnonzero(categorical))
        self._owner = torch.cat((self._numeric, self._numeric)) if conditional else self._numeric

    def tensor(self, array: ArrayLike) -> Tensor:
        """Return the array on the device, its kind of number kept."""
        return torch.as_tensor(np.asarray(array), device=self.device)

    def embed(self, x: ArrayLike, active: ArrayLike | None) -> Embedded:
        """Return configurations x (n, d), of which `active` (n, d) columns exist, as the kernel sees them.

        Raises InputError for shapes that do not fit and for places that are not finite.
        """
        places = np.asarray(x, dtype=np.float64)
        if places.ndim != 2 or places.shape[1] != self.columns or not np.isfinite(places).all():
            raise InputError(f"x has shape {places.shape}; give finite numbers, {self.columns} a row")
        there = None if active is None else np.asarray(active, dtype=bool)
        if there is not None and there.shape != places.shape:
            raise InputError(f"active has shape {there.shape} and x {places.shape}; give them one shape")
        if there is not None and not self.conditional and not there.all():
            raise InputError("columns are inactive that never were in the fit; fit with active=...")
        numbers = self.tensor(places)
        phi = numbers[:, self._numeric]
        codes = torch.round(numbers[:, self._categorical] * CODES)
        if self.conditional:
            mask = torch.ones_like(numbers, dtype=torch.bool) if there is None else self.tensor(there)
            exists = mask[:, self._numeric].to(phi.dtype)
            phi = torch.cat((exists * torch.cos(phi), exists * torch.sin(phi)), dim=1)
            codes = torch.where(mask[:, self._categorical], codes, -1.0)
        return Embedded(phi, codes)

    def squared_distances(self, a: Embedded, b: Embedded, w: Tensor) -> Tensor:
        """Return s2 (n, m) between the rows of `a` and those of `b`, given w (d,)."""
        root = torch.sqrt(w[self._owner])
        left, right = a.phi * root, b.phi * root
        norms = left.square().sum(1)[:, None] + right.square().sum(1)
        # One matrix product is several times faster than differences, and what it loses, 1e-16 of the
        # largest norm, does not show: the kernel is flat at 0.
        s2 = torch.addmm(norms, left, right.T, alpha=-2.0).clamp_(min=0.0)
        if len(self._categorical):
            differ = a.codes[:, None, :] != b.codes[None, :, :]
            s2 += differ.to(w.dtype) @ w[self._categorical]
        return s2

    def slope(self, at: Embedded, by_phi: Tensor, w: Tensor) -> Tensor:
        """Return by how much a sum grows with each column (m, d), given so for unit features (m, f), times w.

        Moving along the arc turns (cos, sin) into (-sin, cos); an inactive number has no place to move.
        """
        scaled = by_phi * w[self._owner]
        if self.conditional:
            half = len(self._numeric)
            scaled = at.phi[:, :half] * scaled[:, half:] - at.phi[:, half:] * scaled[:, :half]
        by_column = scaled.new_zeros((len(at), self.columns))
        by_column[:, self._numeric] = scaled
        return by_column

    def column_distances(self, a: Embedded) -> Tensor:
        """Return D (d, n, n) within `a`."""
        features, codes = a.phi.T, a.codes.T
        apart = (features[:, :, None] - features[:, None, :]).square()
        by_column = apart.new_zeros((self.columns, *apart.shape[1:])).index_add_(0, self._owner, apart)
        by_column[self._categorical] = (codes[:, :, None] != codes[:, None, :]).to(apart.dtype)
        return by_column


def matern52_and_slope(s2: Tensor) -> tuple[Tensor, Tensor]:
    """Return the Matérn-5/2 correlation and -2 times its derivative by s2, elementwise.

    The correlation (Rasmussen and Williams 2006, equation 4.17) has by the logarithm of lengthscale j the
    derivative slope times w_j D_j. Nothing is divided by a distance, so duplicates do no harm.
    """
    r = torch.sqrt(5.0 * s2)
    decay = torch.exp(-r)
    slope = torch.addcmul(decay, decay, r)
    return torch.addcmul(slope, decay, s2, value=5.0 / 3.0), slope * (5.0 / 3.0)
