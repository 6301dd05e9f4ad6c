"""Fits a small network to noisy waves in a fixed number of steps; prints its error on fresh points."""

import sys

import numpy as np

LR = 0.02
WIDTH = 16
BATCH = 16
STEPS = 400  # the budget: what the agent leaves as it is

rng = np.random.default_rng(int(sys.argv[1]))


def waves(n):
    """Draw points of a wave, with noise."""
    x = rng.uniform(-3, 3, (n, 1))
    return x, np.sin(2 * x) + 0.1 * rng.normal(size=(n, 1))


def act(z):
    """What a unit makes of its input."""
    return np.tanh(z)


def slope(h):
    """Its derivative, by what it made."""
    return 1 - h**2


first, bias = rng.normal(size=(1, WIDTH)), np.zeros(WIDTH)
last = rng.normal(size=(WIDTH, 1)) / WIDTH
x, y = waves(200)
for step in range(STEPS):
    rate = LR * 1.0**step
    rows = rng.integers(0, len(x), BATCH)
    h = act(x[rows] @ first + bias)
    error = h @ last - y[rows]
    back = error @ last.T * slope(h)
    last -= rate * h.T @ error / BATCH
    first -= rate * x[rows].T @ back / BATCH
    bias -= rate * back.mean(axis=0)
x, y = waves(500)
print("loss", float(np.mean((act(x @ first + bias) @ last - y) ** 2)))
