"""Distances between encoded configurations, and the Matérn-5/2 kernel of them.

| symbol   | shape     | meaning                                                             |
| -------- | --------- | ------------------------------------------------------------------- |
| `x`      | (n, d)    | encoded configurations in the unit cube                             |
| `active` | (n, d)    | which columns a configuration has; None: all of them, everywhere    |
| `phi`    | (n, f)    | features whose Euclidean distances are those of the numeric columns |
| `owner`  | (f,)      | the column that each feature belongs to                             |
| `codes`  | (n, h)    | categories in the h categorical columns, -1 where inactive          |
| `v`      | (n, k)    | vectors of the texts in a column of texts, of unit length           |
| `D`      | (d, n, n) | squared distances in each column, lengthscale 1                     |
| `w`      | (d,)      | 1 / lengthscale squared                                             |
| `s2`     | (n, m)    | sum over columns of w_j times the squared distance in column j      |
| `r`      | (n, m)    | sqrt(5 s2)                                                          |

Numbers differ by their difference, categories by 0 or 1, texts by |v - v'| / sqrt(2): those that have nothing
in common differ as categories do. Where columns can be inactive, a number lies on
an arc of one radian around the place that stands for "inactive": two active numbers are the chord
2 sin(|difference| / 2) apart, an active and an inactive one exactly 1, two inactive ones 0. So distances
are Euclidean in every case and the kernel is positive definite, which a plain difference beside a fixed
distance to "inactive" is not. The idea is from Swersky et al. 2014, arXiv 1409.4011.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import ArrayLike, NDArray

from bestguess.tools.arrays import FloatArray
from bestguess.tools.errors import InputError
from bestguess.tools.surrogate.factors import CPU, Array, array_on

CODES = 2.0**20
"""Categories whose places differ by less than 1 / CODES are the same category."""

Vectors = Callable[[FloatArray], FloatArray]
"""Returns the vectors (n, k), of unit length, of the texts at places (n,) of one column."""


@dataclass(frozen=True, slots=True)
class Embedded:
    """Configurations as the kernel sees them: `phi` (n, f) and `codes` (n, h)."""

    phi: Array
    codes: Array

    def __len__(self) -> int:
        return len(self.phi)

    def __getitem__(self, rows: slice | NDArray[np.int64]) -> Embedded:
        return Embedded(self.phi[rows], self.codes[rows])

    def __add__(self, other: Embedded) -> Embedded:
        xp = array_namespace(self.phi)
        return Embedded(xp.concat((self.phi, other.phi)), xp.concat((self.codes, other.codes)))


class Embedding:
    """How columns of the given kinds ('categorical' or any other) become distances.

    `conditional` says whether columns can be inactive, `device` where to compute, and `texts` what vectors
    stand for the texts of a column; without an entry there a text is a category.
    """

    def __init__(
        self,
        kinds: Sequence[str],
        *,
        conditional: bool,
        device: str = CPU,
        texts: Mapping[int, Vectors] | None = None,
    ) -> None:
        self.columns = len(kinds)
        self.conditional = conditional
        self.device = device
        self._texts = dict(texts or {})
        categorical = np.array([kind == "categorical" for kind in kinds])
        numeric = ~categorical
        numeric[list(self._texts)] = categorical[list(self._texts)] = False
        self._numeric = self.array(np.flatnonzero(numeric))
        self._categorical = self.array(np.flatnonzero(categorical))
        self.xp = xp = array_namespace(self._numeric)
        self._owner = xp.concat((self._numeric, self._numeric)) if conditional else self._numeric
        self._numbers = len(self._owner)
        """How many features the numeric columns have; those of texts come after them."""
        self._widths: dict[int, int] = {}
        for column, vectors in self._texts.items():
            self._widths[column] = vectors(np.zeros(1)).shape[1] + conditional
            owned = self.array(np.full(self._widths[column], column))
            self._owner = xp.concat((self._owner, owned))

    def array(self, values: ArrayLike) -> Array:
        """Return the values on the device, their kind of number kept."""
        return array_on(self.device, values)

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
        xp, numbers = self.xp, self.array(places)
        phi = numbers[:, self._numeric]
        codes = xp.round(numbers[:, self._categorical] * CODES)
        if self.conditional:
            mask = self.array(np.ones_like(places, dtype=bool) if there is None else there)
            exists = xp.astype(mask[:, self._numeric], phi.dtype)
            phi = xp.concat((exists * xp.cos(phi), exists * xp.sin(phi)), axis=1)
            codes = xp.where(mask[:, self._categorical], codes, -1.0)
        for column in self._texts:
            phi = xp.concat((phi, self.array(self._of_texts(places, there, column))), axis=1)
        return Embedded(phi, codes)

    def _of_texts(self, x: FloatArray, active: NDArray[np.bool_] | None, column: int) -> FloatArray:
        """Return the features (n, k) of a column of texts; an inactive one is 0, and 1 from all others."""
        unique, which = np.unique(x[:, column], return_inverse=True)
        features = self._texts[column](unique)[which.ravel()] * math.sqrt(0.5)
        if self.conditional:
            features = np.column_stack((features, np.full(len(x), math.sqrt(0.5))))
            features *= 1.0 if active is None else active[:, [column]]
        return features

    def squared_distances(self, a: Embedded, b: Embedded, w: Array) -> Array:
        """Return s2 (n, m) between the rows of `a` and those of `b`, given w (d,)."""
        xp = self.xp
        root = xp.sqrt(w[self._owner])
        left, right = a.phi * root, b.phi * root
        # One matrix product is several times faster than differences, and what it loses on either side of 0,
        # 1e-16 of the largest norm, does not show: the kernel is flat at 0.
        s2 = left @ (-2.0 * right).T
        s2 += xp.sum(left * left, axis=1)[:, None] + xp.sum(right * right, axis=1)
        s2 = xp.abs(s2)
        for column, weight in enumerate(w[self._categorical]):
            s2 += weight * (a.codes[:, None, column] != b.codes[None, :, column])
        return s2

    def slope(self, at: Embedded, by_phi: Array, w: Array) -> Array:
        """Return by how much a sum grows with each column (m, d), given so for unit features (m, f), times w.

        Moving along the arc turns (cos, sin) into (-sin, cos); an inactive number has no place to move.
        """
        scaled = by_phi * w[self._owner]
        if self.conditional:
            half = len(self._numeric)
            cos, sin = at.phi[:, :half], at.phi[:, half : self._numbers]
            scaled = cos * scaled[:, half : self._numbers] - sin * scaled[:, :half]
        by_column = self.array(np.zeros((len(at), self.columns)))
        by_column[:, self._numeric] = scaled[:, : len(self._numeric)]
        return by_column

    def column_distances(self, a: Embedded) -> Array:
        """Return D (d, n, n) within `a`."""
        features, codes = a.phi[:, : self._numbers].T, a.codes.T
        apart = (features[:, :, None] - features[:, None, :]) ** 2
        if self.conditional:
            apart = apart[: len(self._numeric)] + apart[len(self._numeric) :]
        by_column = self.array(np.zeros((self.columns, len(a), len(a))))
        by_column[self._numeric] = apart
        by_column[self._categorical] = self.xp.astype(codes[:, :, None] != codes[:, None, :], apart.dtype)
        start = self._numbers
        for column, width in self._widths.items():
            part = a.phi[:, start : start + width]
            lengths = self.xp.sum(part * part, axis=1)
            squared = lengths[:, None] + lengths - 2.0 * (part @ part.T)
            by_column[column] = self.xp.clip(squared, min=0.0)
            start += width
        return by_column


def matern52_and_slope(s2: Array) -> tuple[Array, Array]:
    """Return the Matérn-5/2 correlation and -2 times its derivative by s2, elementwise.

    The correlation (Rasmussen and Williams 2006, equation 4.17) has by the logarithm of lengthscale j the
    derivative slope times w_j D_j. Nothing is divided by a distance, so duplicates do no harm.
    """
    xp = array_namespace(s2)
    r = xp.sqrt(5.0 * s2)
    decay = xp.exp(-r)
    slope = decay + decay * r
    return slope + (5.0 / 3.0) * decay * s2, (5.0 / 3.0) * slope
