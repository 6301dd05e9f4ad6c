"""The habits of the field: how a parameter of a certain name is tuned, and which names are not tuned.

Names are lower-case words joined by "_".
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from itertools import product
from typing import Literal

Shape = Literal[
    "log",
    "unit",
    "share",
    "near one",
    "near one or log",
    "count",
    "odd",
    "size",
    "width",
    "heads",
    "linear",
    "any",
]


@dataclass(frozen=True, slots=True)
class Habit:
    """How names that match `pattern` are tuned; `typical` stands in for a value that is not there.

    Where the script's own value is 0, `zero` are the least and the greatest magnitude offered beside it.
    """

    pattern: str
    shape: Shape
    real: bool
    """Whether it is a real number even where it is written as a whole one."""

    factor: float = 10.0
    low: float = -math.inf
    high: float = math.inf
    typical: float | None = None
    zero: tuple[float, float] | None = None


_RATE = "(lr|learning_rate|step_size|eta0)"

# The first that matches counts.
HABITS = (
    Habit(
        r"(min(imum)?|end|final)_(lr|learning_rate|eta)|(lr|learning_rate|eta)_(min|end|final)",
        "log",
        True,
        high=1.0,
        zero=(1e-7, 1e-3),
    ),
    Habit(r"warm_?up_(steps|iters|epochs)", "size", False, 5, typical=300),
    Habit(r"warm_?up(_(ratio|frac|fraction|prop|proportion|pct|percent))?", "unit", True, high=0.3),
    Habit(r"(warm|cool)_?down(_(ratio|frac|fraction|prop|proportion))?", "unit", True, high=0.9),
    Habit(rf"{_RATE}_(decay|gamma|factor)|(decay|gamma|factor)_{_RATE}", "near one or log", True, high=1.0),
    Habit(rf"((init|base|max)_)?{_RATE}", "log", True, 30, high=3.0, typical=1e-3),
    Habit(r"eta", "log", True, 30, high=1.0),
    Habit(r"weight_decay|wd|l2", "log", True, 30, high=1.0, typical=1e-4, zero=(1e-6, 0.1)),
    Habit(r"decay(_rate)?", "near one or log", True, 30, high=1.0, zero=(1e-6, 0.1)),
    Habit(r"(length|repetition)_penalty", "log", True, 2),
    Habit(
        r"l1|reg|regularization|penalty|(reg_)?lambda|(reg|lambda)_(alpha|l1|l2)",
        "log",
        True,
        30,
        high=1e3,
        typical=1e-4,
        zero=(1e-6, 10),
    ),
    Habit(r"(start|init|initial)_eps(ilon)?|eps(ilon)?_(start|init|initial|begin)", "unit", True),
    Habit(r"(final|end|min)_eps(ilon)?|eps(ilon)?_(final|end|min|stop)", "log", True, 5, high=1.0),
    Habit(r"eps|epsilon|tol|tolerance", "log", True, 30, high=1.0),
    Habit(
        r"beta_?[12]|betas|mom|momentum(_(coeff?|decay|factor|rate|value|start|end|init|final|min|max))?|ema(_decay)?|polyak|rho|discount|gae_lambda",
        "near one",
        True,
        typical=0.9,
    ),
    Habit(r"gamma|beta", "near one or log", True),
    Habit(r"drop_?out|drop(_(path|rate|prob))?|p_drop", "unit", True, high=0.6, typical=0.1),
    Habit(r"(label_)?smoothing", "unit", True, high=0.2),
    Habit(r"mix_?up|cut_?mix|noise_(prob|rate)", "unit", True, high=0.9),
    Habit(r"sub_?sample|bagging_fraction", "share", True, low=0.5, typical=1.0),
    Habit(r"col_?sample(_by\w+)?|feature_fraction", "share", True, low=0.3, typical=1.0),
    Habit(r"max_(samples|features)", "share", True, typical=1.0),
    Habit(r"fraction|frac|share|ratio|percent", "share", True),
    Habit(r"prob|probability|p|threshold", "unit", True),
    Habit(r"clip_?(range|coeff?|ratio|param|eps(ilon)?)(_vf)?|ppo_clip", "log", True, 3, high=1.0),
    Habit(r"clip|grad(ient)?_clip|max_(grad_)?norm|clip_(norm|grad|value|val)", "log", True, typical=1.0),
    Habit(r"temperature|temp", "log", True, 5),
    Habit(r"tau", "log", True, high=1.0),
    Habit(r"lora_alpha|mult(iplier)?", "log", False, 4),
    Habit(r"scale|sigma|std|bandwidth|length_?scale|alpha|c|coeff?|weight", "log", True),
    Habit(r"((mini|micro|train|device|total)_?)?batch(_?size)?|bs|bsz", "size", False, 8, typical=32),
    Habit(r"((n|num|attention|kv)_)?heads?|nheads?", "heads", False),
    Habit(
        r"(hidden|embed(ding)?|latent|mlp|ff)(_(size|dim))?|dim|d_?model|d_?ff|embd",
        "width",
        False,
        4,
        typical=64,
    ),
    Habit(r"width|units|neurons|channels|filters", "width", False, 4, typical=64),
    Habit(r"min_(child_samples|data_in_leaf|data_in_bin)", "size", False, 5),
    Habit(r"min_samples_split", "count", False, low=2, typical=10),
    Habit(r"min_child_weight|min_samples_\w+", "count", False, typical=10),
    Habit(
        r"((n|num)_)?(rank|factors|leaves|trees|estimators|rounds|steps|components)|lora_r|r",
        "size",
        False,
        4,
        typical=64,
    ),
    Habit(r"size|buffer_size|memory", "size", False, 4),
    Habit(r"((n|num|max)_)?depth", "count", False, typical=6),
    Habit(r"((n|num|max)_)?(layers?|blocks|stages|degree|order)", "count", False, typical=3),
    Habit(r"((n|num)_)?neighbors|patience", "count", False, typical=20),
    Habit(r"kernel(_size)?", "odd", False, typical=3),
    Habit(r"k", "count", False, typical=3),
    Habit(r"(grad(ient)?_)?accum(ulation)?(_steps)?", "count", False),
)

_PLACES = (
    r"(.*_)?(path|dir|file|name|url|root|folder|dataset|data|project|entity|tag|user|env|env_id|output|out|prefix"
    r"|suffix|target|column|label|config|model|id|key|token|format|mode|log)"
)


def habit_of(words: str) -> Habit | None:
    """Return the habit for the whole name, or else for its last words, or its first."""
    parts = words.split("_")
    endings = ["_".join(parts[start:]) for start in range(len(parts))]
    beginnings = ["_".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]
    tried = product((*endings, *beginnings), HABITS)
    return next((habit for candidate, habit in tried if re.fullmatch(habit.pattern, candidate)), None)


def is_place(words: str, *, any_options: bool = False) -> bool:
    """Whether a text of that name names something, or where it is; a path does, whatever its options."""
    if any_options:
        return words.rpartition("_")[2] in {"path", "dir", "file", "folder", "url"}
    return re.fullmatch(_PLACES, words) is not None
