"""Predictions as tests need them."""

from __future__ import annotations

from bestguess.tools.trial import SDS_OF_90, Prediction


def normal(mean: float, sd: float, own: tuple[float, float, float] | None = None) -> Prediction:
    """Return the prediction that a normal distribution of values is."""
    return Prediction(mean, mean - SDS_OF_90 * sd, mean + SDS_OF_90 * sd, own)
