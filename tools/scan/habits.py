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
    "log", "unit", "share", "near one", "near one or log", "count", "size", "width", "heads", "linear", "any"
]


@dataclass(frozen=True, slots=True)
class Habit:
    """How names that match `pattern` are tuned; `typical` stands in for a value that is not there."""

    pattern: str
    shape: Shape
    real: bool
    """Whether it is a real number even where it is written as a whole one."""

    factor: float = 10.0
    low: float = -math.inf
    high: float = math.inf
    typical: float | None = None


_RATE = "(lr|learning_rate|step_size|eta0?)"

# The first that matches counts.
HABITS = (
    Habit(r"min(imum)?_(lr|learning_rate)|(lr|learning_rate)_min", "log", True, 10, high=1.0),
    Habit(r"warm_?up_(steps|iters|epochs)", "size", False, 5),
    Habit(r"warm_?(up|down)(_(ratio|frac|fraction|prop|proportion))?", "unit", True, high=0.5),
    Habit(rf"{_RATE}_(decay|gamma|factor)|(decay|gamma|factor)_{_RATE}", "unit", True),
    Habit(rf"((init|base|max)_)?{_RATE}", "log", True, 30, high=3.0, typical=1e-3),
    Habit(r"weight_decay|wd|decay|l2", "log", True, 30, high=1.0, typical=1e-4),
    Habit(r"l1|reg|regularization|penalty|(reg_)?lambda|reg_alpha", "log", True, 30, high=1e3, typical=1e-4),
    Habit(r"eps|epsilon|tol|tolerance", "log", True, 30, high=1.0),
    Habit(
        r"beta_?[12]|betas|mom|momentum(_(coeff?|decay|factor|rate|value|start|end|init|final|min|max))?|ema(_decay)?|polyak|rho|discount|gae_lambda",
        "near one",
        True,
        typical=0.9,
    ),
    Habit(r"gamma|beta", "near one or log", True),
    Habit(r"drop_?out|drop(_(path|rate|prob))?|p_drop", "unit", True, high=0.9, typical=0.1),
    Habit(r"(label_)?smoothing|mix_?up|cut_?mix|noise_(prob|rate)", "unit", True, high=0.9),
    Habit(
        r"(sub|col)_?sample(_by\w+)?|(bagging|feature)_fraction|max_(samples|features)",
        "share",
        True,
        typical=1.0,
    ),
    Habit(r"fraction|frac|share|ratio|percent", "share", True),
    Habit(r"prob|probability|p|threshold", "unit", True),
    Habit(
        r"clip|grad(ient)?_clip|max_(grad_)?norm|clip_(norm|grad|value|eps|range)", "log", True, typical=1.0
    ),
    Habit(
        r"temperature|temp|tau|scale|sigma|std|bandwidth|length_?scale|alpha|c|coeff?|weight",
        "log",
        True,
    ),
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
    Habit(
        r"((n|num)_)?(rank|factors|leaves|trees|estimators|rounds|steps|components)",
        "size",
        False,
        4,
        typical=64,
    ),
    Habit(r"size|buffer_size|memory", "size", False, 4),
    Habit(r"((n|num|max)_)?(layers?|depth|blocks|stages|degree|order|neighbors)", "count", False, typical=3),
    Habit(r"k|kernel(_size)?|patience|min_child_weight|min_samples_\w+", "count", False, typical=3),
    Habit(r"(grad(ient)?_)?accum(ulation)?(_steps)?", "count", False),
)

NOT_TUNED = (
    ("it is a seed", r"seed|random_state|rng"),
    (
        "it sets how long a run takes",
        r"((n|num|max|total|train)_)?(epochs?|iters?|iterations|train_steps|training_steps|timesteps|rounds_max)"
        r"|(max|total|num|train|training)_(steps|timesteps)"
        r"|(time_)?(budget|limit)|timeout|max_(time|hours)",
    ),
    (
        "it says what the run uses, not what it learns",
        r"((num|n)_)?(workers|threads|jobs|gpus?|cpus?|devices|nodes|procs|processes)|world_size|local_rank|port"
        r"|host|device|cuda|backend|dtype|precision|amp|fp16|bf16|compile|pin_memory|prefetch_factor",
    ),
    (
        "it sets what is shown or kept",
        r"(log|save|eval|print|report|ckpt|checkpoint|val|test|display|valid|validation)_?"
        r"(interval|every|freq|steps?|iters?|period)"
        r"|verbose|verbosity|debug|quiet|wandb|tensorboard|save|resume|overwrite|dry_run|plot|profile|progress"
        r"|(\w+_)?log(_\w+)?|(save|capture|render|export|upload|push)_\w+",
    ),
    (
        "it describes the data or the evaluation",
        r"((n|num)_)?(folds|splits|classes|samples|features)|cv|split|(test|eval|val)_batch_size|eval_\w+"
        r"|(train|val|test|valid|validation|eval)_(size|split|frac|fraction|ratio)|vocab(_size)?"
        r"|(in|out|input|output)_(channels|dim|features|size)|(image|img|context|block)_(size|len|length)"
        r"|resolution|(max_)?(seq(uence)?_?)?(len|length)|version|year|max_rows",
    ),
)  # fmt: skip

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


def reason_against(words: str) -> str:
    """Return why a parameter of that name is not tuned, or nothing if it may be."""
    bare = re.sub(r"^(no|use|do|with|enable)_", "", words)
    tried = product(NOT_TUNED, (words, bare))
    return next((reason for (reason, pattern), name in tried if re.fullmatch(pattern, name)), "")


def is_place(words: str) -> bool:
    """Whether a text of that name is the name of something, or where it is."""
    return re.fullmatch(_PLACES, words) is not None
