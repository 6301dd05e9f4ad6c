"""From a name and its current value to a parameter: type, range around the value, log or not.

The rules are the habits of the field, by the words in a name. They know no script; a name that says nothing
gets a range from its value alone.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Literal

from bestguess.tools.errors import SpaceError
from bestguess.tools.parameters import Choice, Float, Int, Parameter
from bestguess.tools.scan.finding import Finding
from bestguess.tools.trial import shorten

DOC_CHARS = 200
MAX_OPTIONS = 30

Shape = Literal["log", "unit", "near one", "count", "size", "heads", "linear", "any"]


@dataclass(frozen=True, slots=True)
class _Habit:
    """How names that match `pattern` are tuned; `typical` stands in for a value that is not there."""

    pattern: str
    shape: Shape
    real: bool
    """Whether it is a real number even where it is written as a whole one."""

    factor: float = 10.0
    low: float = -math.inf
    high: float = math.inf
    typical: float | None = None


# The first that matches counts. Names are lower-case words joined by "_".
_HABITS = (
    _Habit(r"min(imum)?_(lr|learning_rate)|(lr|learning_rate)_min", "log", True, 10, high=1.0),
    _Habit(r"warm_?up_(steps|iters|epochs)", "size", False, 5),
    _Habit(r"warm_?up(_(ratio|frac|fraction|prop|proportion))?|warmdown_ratio", "unit", True, high=0.5),
    _Habit(r"(lr|learning_rate|step_size|eta)_(decay|gamma|factor)|(decay|gamma|factor)_(lr|rate)", "unit", True),
    _Habit(r"(lr|learning_rate|step_size|eta0?|init_lr|base_lr|max_lr)", "log", True, 30, high=10.0, typical=1e-3),
    _Habit(r"weight_decay|wd|l1|l2|reg|regularization|penalty|ridge|lasso|(reg_)?lambda|reg_alpha", "log", True, 30,
           high=1000.0, typical=1e-4),
    _Habit(r"eps|epsilon|adam_eps|tol|tolerance", "log", True, 30, high=1.0),
    _Habit(r"betas?_?[12]?|beta[12]|momentum|ema(_decay)?|polyak|tau_decay|rho|discount|gae_lambda", "near one", True,
           typical=0.9),
    _Habit(r"gamma", "near one", True),
    _Habit(r"drop_?out|drop(_path|_rate|_prob)?|p_drop|.*_drop", "unit", True, high=0.9, typical=0.1),
    _Habit(r"(label_)?smoothing|mix_?up|cut_?mix|noise_(prob|rate)", "unit", True, high=0.9),
    _Habit(r"(sub|col)_?sample(_by\w+)?|bagging_fraction|feature_fraction|max_samples|max_features", "unit", True,
           typical=1.0),
    _Habit(r"prob|probability|p|fraction|frac|ratio|percent|threshold", "unit", True),
    _Habit(r"clip|grad(ient)?_clip|max_(grad_)?norm|clip_(norm|grad|value|eps|range)", "log", True, 10, typical=1.0),
    _Habit(r"temperature|temp|tau|scale|sigma|std|bandwidth|length_?scale|alpha|beta|c|entropy_coef|coef|coeff|weight",
           "log", True, 10),
    _Habit(r"(mini|micro|train|device|total)?_?batch(_?size)?|bs|bsz", "size", False, 8, typical=32),
    _Habit(r"n_?heads?|num_heads?|heads|attention_heads|kv_heads", "heads", False),
    _Habit(r"hidden|width|units|neurons|channels|filters|embed(ding)?|embd|d_?model|dim|d_?ff|ff_dim|mlp_dim|latent"
           r"|rank|num_leaves|leaves|estimators|trees|n_?estimators|rounds|buffer_size|memory|n_?steps|components",
           "size", False, 4, typical=64),
    _Habit(r"layers?|depth|blocks|max_depth|stages|degree|order|neighbors|n_?neighbors|k|kernel|kernel_size|patience"
           r"|folds|min_child_weight|min_samples_\w+|accum(ulation)?(_steps)?|n_?layers?", "count", False, typical=3),
)  # fmt: skip

_NOT_TUNED = (
    (r"seed|random_state|rng", "it is a seed"),
    (r"(n_?|num_|max_|total_|train_)?(epochs?|iters?|iterations|max_steps|train_steps|total_steps|num_steps"
     r"|training_steps)|max_(steps|iter|iters|epochs)|time_budget|time_limit|timeout|budget|max_(time|hours)",
     "it sets how long a run takes"),
    (r"(num_|n_)?(workers|threads|jobs|gpus?|cpus?|devices|nodes|procs|processes)|n_jobs|world_size|local_rank"
     r"|rank_id|port|host|device|cuda|backend|dtype|precision|amp|fp16|bf16|compile|pin_memory|prefetch_factor"
     r"|num_workers", "it says what the run uses, not what it learns"),
    (r"(log|save|eval|print|report|ckpt|checkpoint|val|test|display|valid|validation)_?(interval|every|freq|steps"
     r"|iters|step|iter|period)|verbose|verbosity|debug|quiet|wandb|use_wandb|tensorboard|log_level|save|resume"
     r"|overwrite|dry_run|plot|profile|no_\w*log\w*|progress", "it sets what is shown or kept"),
    (r"((train|val|test|valid|validation|eval)_(size|split|frac|fraction|ratio)|split|n_splits|cv|num_classes"
     r"|n_classes|classes|vocab(_size)?|in_(channels|dim|features)|out_(channels|dim|features)|input_(dim|size)"
     r"|output_(dim|size)|n_features|image_size|img_size|resolution|max_(seq_)?(len|length)|seq_?len|seq_length"
     r"|sequence_length|context_(len|length|size)|block_size|eval_\w+|val_batch_size|test_batch_size|n_samples"
     r"|num_samples|size|version|year|max_rows)", "it describes the data or the evaluation"),
    (r"(.*_)?(path|dir|file|name|url|root|folder|dataset|data|project|entity|tag|user|env|env_id|output|out|prefix"
     r"|suffix|target|column|label|config|model|id|key|token|format|mode|log)", "it is a name or a place"),
)  # fmt: skip


def choose_parameter(finding: Finding, *, has_heads: bool = False) -> Parameter | str:
    """Return the parameter that a finding becomes, or the reason why it is left out.

    `has_heads` says that sizes are split among attention heads, so they keep a step.
    """
    words = _words(finding.name)
    if finding.note:
        return finding.note
    doc = shorten(" ".join(finding.doc.split()), DOC_CHARS)
    try:
        return _choose(finding, words, doc, has_heads=has_heads)
    except SpaceError as error:
        return str(error)


def is_heads(finding: Finding) -> bool:
    """Whether a finding is a number of attention heads."""
    return re.fullmatch(_HABITS_BY_SHAPE["heads"].pattern, _words(finding.name)) is not None


def _choose(finding: Finding, words: str, doc: str, *, has_heads: bool) -> Parameter | str:
    value = finding.value
    for pattern, reason in _NOT_TUNED:
        if re.fullmatch(pattern, words) and not (finding.options and "name or a place" in reason):
            return reason
    if isinstance(value, bool) or (value is None and finding.kind is bool):
        return Choice([True, False], default=bool(value), doc=doc)
    options = [one for one in finding.options if one is not None]
    if isinstance(value, str) or (options and not _are_numbers(options)):
        return _choose_text(value, options, doc)
    if options:
        default = value if value in options else options[len(options) // 2]
        if len(options) == 1 or len(options) > MAX_OPTIONS:
            return f"it has {len(options)} values"
        return Choice(sorted(options), ordered=True, default=default, doc=doc)  # type: ignore[type-var]
    habit = _habit(words)
    if value is None:
        if finding.kind not in (int, float) or habit is None or habit.typical is None:
            return "it has no value to start from"
        value = int(habit.typical) if finding.kind is int else habit.typical
    assert isinstance(value, int | float)
    if not math.isfinite(value) or abs(value) > 1e12:
        return f"its value is {value!r}"
    real = finding.kind is float or isinstance(value, float) or (finding.kind is None and habit and habit.real)
    if finding.kind is int:
        real = False
    return _range(value, habit, finding, doc, real=bool(real), has_heads=has_heads)


def _choose_text(value: object, options: list[object], doc: str) -> Parameter | str:
    if isinstance(value, str) and value not in options:
        options = [value, *options] if options else []
    if len(options) < 2:
        return "it is text, and the script names no other value for it"
    if len(options) > MAX_OPTIONS:
        return f"it has {len(options)} values"
    default = value if value is not None else options[0]
    return Choice(options, default=default, doc=doc)  # type: ignore[arg-type]


def _range(
    value: float, habit: _Habit | None, finding: Finding, doc: str, *, real: bool, has_heads: bool
) -> Parameter:
    shape: Shape = habit.shape if habit else "any"
    factor = habit.factor if habit else 10.0
    if shape == "any":
        shape = _guess_shape(value, real=real)
    if shape == "near one" and not 0.5 <= value < 1:
        shape = "unit" if 0 <= value <= 1 and value != 0 else "log"
    if shape == "unit" and not 0 <= value <= 1:
        shape = "log"
    if value <= 0 and shape not in {"unit"}:
        shape = "linear"
    log, step = False, None
    match shape:
        case "near one":
            low, high = max(0.0, 1 - 10 * (1 - value)), 1 - (1 - value) / 10
        case "unit":
            low, high = 0.0, min(1.0, max(0.5, 2 * value))
            if value > 0.5:
                low, high = round(max(0.05, value - 0.5), 2), 1.0
        case "log" | "size":
            log = True
            low, high = value / factor, value * factor
        case "count":
            low, high = (1, max(2 * value, value + 3)) if value >= 1 else (0, 5)
        case "heads":
            return _divisors(int(value), doc)
        case _:
            low, high = _around(value)
    if shape == "size" and has_heads and not real and value >= 32 and int(value) % 4 == 0:
        log, step = False, int(value) // 4
    if habit:
        low, high = max(low, habit.low), min(max(high, value), max(habit.high, value))
    if finding.low is not None:
        low = max(low, finding.low)
    if finding.high is not None:
        high = min(high, finding.high)
    if real:
        low, high = _tidy(low, value, up=False), _tidy(high, value, up=True)
        if finding.high is not None:
            high = min(high, finding.high)
        if finding.low is not None:
            low = max(low, finding.low)
        return Float(low, high, log=log and low > 0, default=float(value), doc=doc)
    floor = 1 if value >= 1 else min(0, int(value))
    whole_low, whole_high = max(floor, math.floor(low)), max(math.ceil(high), int(value) + 1)
    if finding.high is not None:
        whole_high = min(whole_high, int(finding.high))
    if step is not None:
        return Int(step, whole_high, step=step, default=int(value), doc=doc)
    log = log and whole_low > 0 and whole_high >= 8 * whole_low
    return Int(whole_low, whole_high, log=log, default=int(value), doc=doc)


def _guess_shape(value: float, *, real: bool) -> Shape:
    if value <= 0:
        return "linear"
    if real:
        return "unit" if 0.05 < value < 1 else "log"
    return "count" if value <= 16 else "size"


def _around(value: float) -> tuple[float, float]:
    if value == 0:
        return 0.0, 1.0
    return (2 * value, 0.0) if value < 0 else (0.0, 2 * value)


def _divisors(heads: int, doc: str) -> Parameter:
    """Return the powers of two around, and the value: a width divides by those most likely."""
    near = {2**power for power in range(6) if heads / 4 <= 2**power <= heads * 4} | {heads}
    return Choice(sorted(near), ordered=True, default=heads, doc=doc)


def _tidy(bound: float, value: float, *, up: bool) -> float:
    """Return the bound in two digits, unless that leaves the value out."""
    if bound == 0 or 0.9 < bound < 1:
        return bound if bound == 0 else float(f"{bound:.6g}")
    short = float(f"{bound:.2g}")
    return short if (short >= value) == up or short == value else bound


def _habit(words: str) -> _Habit | None:
    """Return the habit for the whole name, or else for its last words, or its first."""
    parts = words.split("_")
    endings = ["_".join(parts[start:]) for start in range(len(parts))]
    beginnings = ["_".join(parts[:end]) for end in range(len(parts) - 1, 0, -1)]
    for candidate in (*endings, *beginnings):
        for habit in _HABITS:
            if re.fullmatch(habit.pattern, candidate):
                return habit
    return None


def _words(name: str) -> str:
    """Return the last part of a dotted name in lower-case words: optimizer.baseLR is base_lr."""
    last = name.rpartition(".")[2]
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", last).lower().replace("-", "_").strip("_")


def _are_numbers(options: list[object]) -> bool:
    return all(isinstance(one, int | float) and not isinstance(one, bool) for one in options)


_HABITS_BY_SHAPE = {habit.shape: habit for habit in _HABITS}
