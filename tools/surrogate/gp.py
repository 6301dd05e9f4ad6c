"""An exact Gaussian process over encoded configurations: Matérn-5/2, maximum a posteriori, torch float64.

| symbol    | shape     | meaning                                                                   |
| --------- | --------- | ------------------------------------------------------------------------- |
| `x`       | (n, d)    | encoded configurations in the unit cube                                   |
| `active`  | (n, d)    | which columns a configuration has; None: all, everywhere                  |
| `y`, `z`  | (n,)      | values as told; the same on the latent scale (`transforms.py`)            |
| `D`       | (d, n, n) | squared distance in each column, lengthscale 1 (`kernel.py`)              |
| `theta`   | (d + 2,)  | log lengthscales, log signal variance, log noise variance                 |
| `w`       | (d,)      | 1 / lengthscale squared                                                   |
| `C`       | (n, n)    | signal variance * Matérn-5/2 (sum_j w_j D_j)                              |
| `K`       | (n, n)    | C + MEAN_VARIANCE + (noise variance + jitter) I                           |
| `L`       | (n, n)    | lower Cholesky factor of K                                                |
| `alpha`   | (n,)      | K^-1 z                                                                    |
| `G`       | (n, n)    | d log p(z) / dK = (alpha alpha' - K^-1) / 2                               |

The constant mean has the prior N(0, MEAN_VARIANCE) and is integrated out: it adds a constant to K.
Arrays are numpy's outside and torch's inside, so the same code runs on a CPU and on a CUDA device.

This module does not know what the columns are called, what is minimized, or which point comes next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from scipy.optimize import minimize
from torch import Tensor

from bestguess.tools.errors import InputError
from bestguess.tools.surrogate import BoolArray, FloatArray, Hyperparameters
from bestguess.tools.surrogate.kernel import Embedded, Embedding, matern52, matern52_and_slope
from bestguess.tools.surrogate.transforms import ValueTransform, fit_transform

MEAN_VARIANCE = 1.0
JITTERS = (0.0, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2)
LENGTHSCALE_BOUNDS = (5e-3, 1e3)
SCALE_BOUNDS = (1e-2, 1e2)
NOISE_BOUNDS = (1e-8, 1.0)
MAX_ITERATIONS = 60


@dataclass(frozen=True, slots=True)
class Prior:
    """Normal priors on theta; the defaults suit a deterministic objective but let data say otherwise.

    Lengthscales follow LogNormal(sqrt(2) + log(d) / 2, sqrt(3)), with the density taken over the
    lengthscale itself (Hvarfner et al. 2024, arXiv 2402.02229), so its mode is at 0.2 sqrt(d).
    """

    lengthscale: tuple[float, float] = (math.sqrt(2.0), math.sqrt(3.0))
    scale: tuple[float, float] = (0.0, 1.0)
    noise: tuple[float, float] = (-9.0, 2.0)

    def moments(self, columns: int) -> tuple[FloatArray, FloatArray]:
        """Return mode and standard deviation (d + 2,) of theta's prior as normal in theta."""
        location, spread = self.lengthscale
        mode = location + 0.5 * math.log(columns) - spread**2
        modes = np.r_[np.full(columns, mode), self.scale[0], self.noise[0]]
        return modes, np.r_[np.full(columns, spread), self.scale[1], self.noise[1]]


@dataclass(frozen=True, slots=True)
class GaussianProcess:
    """A surrogate for columns of the given kinds ('continuous', 'discrete' or 'categorical').

    `device` is torch's name of where to compute; `warp` allows a Yeo-Johnson transform of the values.
    """

    kinds: Sequence[str]
    device: str = "cpu"
    warp: bool = True
    prior: Prior = field(default_factory=Prior)

    def fit(self, x, y, *, active=None, previous=None):
        x = np.asarray(x, float); y = np.asarray(y, float)
        return self.fit_with(x, y, fit_transform(y, warp=self.warp), active, previous)

    def fit_with(self, x, y, transform, active, previous):
        dev = torch.device(self.device)
        emb = Embedding(self.kinds, conditional=active is not None, device=dev)
        t = lambda a: torch.as_tensor(np.asarray(a, float), dtype=torch.float64, device=dev)
        a = t(np.ones(x.shape) if active is None else active)
        e = emb(t(x), a)
        z = t(transform.forward(y))
        dist = emb.column_distances(e)
        ev = Evidence(dist, z, self.prior)
        theta = ev.maximize(previous)
        return GPPosterior(emb, e, z, theta, transform, ev.value_and_gradient(theta)[0])


class Evidence:
    def __init__(self, dist, z, prior):
        self.dist = dist.reshape(len(dist), -1)
        self.z = z
        self.n = len(z)
        self.d = len(dist)
        self.mode, self.sd = prior.moments(self.d)
        self.bounds = np.array([np.log(LENGTHSCALE_BOUNDS)] * self.d + [np.log(SCALE_BOUNDS), np.log(NOISE_BOUNDS)])
        self.evals = 0

    def value_and_gradient(self, theta):
        self.evals += 1
        n, d = self.n, self.d
        th = torch.as_tensor(theta, dtype=torch.float64, device=self.z.device)
        w = torch.exp(-2 * th[:d])
        scale, noise = math.exp(theta[d]), math.exp(theta[d + 1])
        s2 = (w @ self.dist).reshape(n, n)
        corr, slope = matern52_and_slope(s2)
        cov = corr.mul_(scale)
        K = cov + MEAN_VARIANCE
        for jitter in JITTERS:
            K.diagonal().copy_(cov.diagonal() + (MEAN_VARIANCE + noise + jitter))
            L, info = torch.linalg.cholesky_ex(K)
            if not info.item():
                break
        alpha = torch.cholesky_solve(self.z[:, None], L)[:, 0]
        value = -0.5 * (self.z @ alpha) - torch.log(L.diagonal()).sum()
        G = torch.addr(torch.cholesky_inverse(L), alpha, alpha, beta=-0.5, alpha=0.5)
        g_ls = w * (self.dist @ (G * slope).reshape(-1)) * scale
        rest = torch.stack((value, (G * cov).sum(), noise * G.diagonal().sum()))
        out = torch.cat((g_ls, rest)).cpu().numpy()
        std = (theta - self.mode) / self.sd
        return out[d] - 0.5 * n * math.log(2 * math.pi) - 0.5 * std @ std, np.r_[out[:d], out[d + 1:]] - std / self.sd

    def maximize(self, previous):
        starts = [self.mode]
        if previous is not None:
            starts.insert(0, np.log(np.r_[previous.lengthscales, previous.scale, previous.noise]))
        best = None
        for s in starts:
            s = np.clip(s, self.bounds[:, 0], self.bounds[:, 1])
            def f(t):
                v, g = self.value_and_gradient(t)
                return -v, -g
            r = minimize(f, s, jac=True, method='L-BFGS-B', bounds=self.bounds, options={'maxiter': MAX_ITERATIONS, 'ftol': 1e-7, 'gtol': 1e-3})
            if best is None or r.fun < best.fun: best = r
        return best.x


class GPPosterior:
    def __init__(self, emb, e, z, theta, transform, log_post):
        self.emb, self.e, self.z, self.theta, self.transform, self.log_post = emb, e, z, theta, transform, log_post
        d = emb.columns
        self.w = torch.as_tensor(np.exp(-2 * theta[:d]), device=z.device)
        self.scale = math.exp(theta[d]); self.noise_variance = math.exp(theta[d + 1])
        K = self._cov(e, e)
        for jitter in JITTERS:
            Kj = K + (self.noise_variance + jitter) * torch.eye(len(z), dtype=K.dtype, device=K.device)
            L, info = torch.linalg.cholesky_ex(Kj)
            if not info.item(): break
        self.jitter = jitter; self.L = L
        self.alpha = torch.cholesky_solve(z[:, None], L)[:, 0]
        self.incumbent_latent = float((K @ self.alpha).min())
        self.hyperparameters = Hyperparameters(tuple(np.exp(theta[:d])), self.scale, self.noise_variance)
        self.lengthscales = np.exp(theta[:d])

    def _cov(self, a, b):
        return matern52(self.emb.squared_distances(a, b, self.w)).mul_(self.scale).add_(MEAN_VARIANCE)

    def predict_latent(self, x, active=None):
        t = lambda a: torch.as_tensor(np.asarray(a, float), dtype=torch.float64, device=self.z.device)
        e = self.emb(t(x), t(np.ones(np.shape(x)) if active is None else active))
        k = self._cov(self.e, e)
        mean = self.alpha @ k
        v = torch.linalg.solve_triangular(self.L, k, upper=False)
        var = (self.scale + MEAN_VARIANCE - v.square_().sum(0)).clamp_(min=1e-16)
        return mean.cpu().numpy(), var.sqrt().cpu().numpy()
