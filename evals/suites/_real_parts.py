"""What several live tasks share: scalers, and the parameters of early stopping. It knows no task."""

from __future__ import annotations

from typing import Any

from sklearn.preprocessing import (
    MinMaxScaler,
    PowerTransformer,
    QuantileTransformer,
    RobustScaler,
    StandardScaler,
)

from bestguess.tools.space.parameters import Choice, Float, Int

SCALERS: dict[str | None, Any] = {
    None: "passthrough",
    "standard": StandardScaler(),
    "minmax": MinMaxScaler(),
    "robust": RobustScaler(),
    "yeo-johnson": PowerTransformer(),
    "quantile": QuantileTransformer(n_quantiles=50, output_distribution="normal", random_state=0),
}

SCALER = Choice(
    ["none", "standard", "minmax", "robust", "quantile"],
    default="standard",
    doc="how features are scaled before the fit",
)

EARLY_STOPPING = Choice([False, True], doc="stop when some rows, kept aside, improve no more")
PATIENCE = Int(2, 30, log=True, default=10, when={"early_stopping": [True]}, doc="trees to wait for it")
KEPT_ASIDE = Float(
    0.05, 0.4, default=0.1, when={"early_stopping": [True]}, doc="share of the rows kept aside"
)
