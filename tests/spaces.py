"""Spaces that several tests search, and an objective over one of them."""

from __future__ import annotations

import math
from typing import Any

from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space

SPACE = Space(
    x=Float(-2, 2, default=1.5),
    lr=Float(1e-4, 1, log=True, default=1e-3),
    n=Int(1, 6, default=1),
    kind=Choice(["a", "b"], default="b"),
    extra=Float(0, 1, when={"kind": ["b"]}),
)


def bowl(params: dict[str, Any]) -> float:
    x, lr, n = params["x"], params["lr"], params["n"]
    return float(x**2 + (math.log10(lr) + 2) ** 2 + 0.1 * (n - 4) ** 2 + params.get("extra", 0.0))


def mixed_space(**more: Any) -> Space:
    return Space(
        rate=Float(1e-5, 1e-1, log=True),
        depth=Int(1, 8),
        units=Int(1, 512, log=True),
        booster=Choice(["tree", "dart", "linear"]),
        drop=Float(0, 0.5, when={"booster": ["dart"]}),
        leaves=Int(2, 64, when={"booster": ["tree", "dart"]}),
        **more,
    )
