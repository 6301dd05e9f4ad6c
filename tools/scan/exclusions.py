"""Which names are not tuned, by their words: they decide what is measured, what the data are, how a run goes.

Another value of such a parameter makes the result look better without a better model, or ends in a crash. The
words of a name count in any order: n_folds, numFolds and fold_count say the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from bestguess.tools.scan.finding import Value
from bestguess.tools.words.given import is_number

_Words = frozenset[str]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """Names that hold a word of each of `groups` are not tuned, for a reason.

    None of `unless` may be among the words, and where `only` is given, every word must be of it or of a
    group. `beside` and `unless_beside` are words in any name of the script; `most` is the largest value
    for which it holds.
    """

    reason: str
    groups: tuple[_Words, ...]
    unless: _Words
    only: _Words | None
    beside: _Words
    unless_beside: _Words
    most: float | None

    def holds(self, words: _Words, value: Value, others: _Words) -> bool:
        """Whether it holds for a name of these words, in a script with `others`."""
        return (
            all(words & group for group in self.groups)
            and not words & self.unless
            and (self.only is None or words <= self.only.union(*self.groups))
            and (not self.beside or bool(others & self.beside))
            and not others & self.unless_beside
            and (self.most is None or (is_number(value) and value <= self.most))
        )


def _out(
    reason: str,
    *groups: str,
    unless: str = "",
    only: str | None = None,
    beside: str = "",
    unless_beside: str = "",
    most: float | None = None,
) -> Exclusion:
    each = (unless, beside, unless_beside)
    no, near, far = (frozenset(words.split()) for words in each)
    whole = None if only is None else frozenset(only.split())
    return Exclusion(reason, tuple(frozenset(words.split()) for words in groups), no, whole, near, far, most)


SEED = "it is a seed"
_MEASURED = "it decides what is measured, not how good the model is"
_DATA = "it says what the data are"
_SYSTEM = "it says what the run uses, not what it learns"
_LENGTH = "it sets how long a run takes"
_RESULT = "it holds a result, by its name"
_SHOWN = "it sets what is shown or kept"

_COUNT = " n num number nb count total amount "
_COUNT_OR_MOST = _COUNT + "max "
_SHARE = " frac fraction ratio percent pct percentage share portion prop proportion part "
_EXTENT = " size dim dims shape channel chan ch feature feat fdim len length width height w h res "
_THINGS = """
    class label feature feat sample user item node point row example instance image img video frame
    document doc sentence entity relation category speaker joint keypoint landmark mel mfcc fft color
    action state obs observation agent gene station sensor variable series column col field country author
    word char character symbol stock asset patient subject task domain language dataset vertex vertice
    edge attribute target output input question token record day week month hour species view position
    object location site tag vocab person player file
"""
_MODEL = """
    hidden leaf leave child head layer embed embedding emb latent batch minibatch negative neg inducing
    select selected expert attention attn mlp ffn conv kernel filter encoder decoder proj projection bin
    weight loss drop dropout noise aug augment lr decay reg penalty virtual prefix prompt register soft mc
    importance mask
"""
_SWITCH = frozenset(("no", "use", "do", "with", "enable", "is"))

# The first that holds gives the reason.
_EXCLUSIONS = (
    _out(SEED, "seed rng"),
    _out(SEED, "random", "state"),
    _out(
        _MEASURED,
        """
            eval evaluation evaluate val valid validation test testing testset holdout heldout oof cv fold
            dev devset fewshot
        """,
    ),
    _out(
        _MEASURED,
        "split",
        only=_COUNT_OR_MOST
        + _SHARE
        + "k train training data dataset size index random stratified fixed public",
    ),
    _out(
        _MEASURED,
        _COUNT_OR_MOST + "iter sample size",
        "repeat repetition replicate run trial experiment bootstrap permutation",
    ),
    _out(_MEASURED, "repeat repetition run trial", only=""),
    _out(_MEASURED, "nms goal scoring"),
    _out(_MEASURED, "det detection", "max n num"),
    _out(
        _MEASURED,
        "pred prediction predict forecast inference ahead",
        _COUNT_OR_MOST + _EXTENT + "step horizon window day hour sample",
        unless=_MODEL,
    ),
    _out(_MEASURED, "horizon", unless="plan planning imagination imagine rollout"),
    _out(
        _MEASURED,
        "iou conf confidence score nms decision match detection",
        "thres thresh threshold thr",
    ),
    _out(_MEASURED, "top topk", only="k n", unless_beside="temperature temp beam expert"),
    _out(_MEASURED, "recall ndcg hit hr mrr precision metric at", "k"),
    _out(_MEASURED, "best", only="n k size"),
    _out(
        _MEASURED,
        "target reward score stop stopping",
        "accuracy acc score return threshold",
        unless=_MODEL,
    ),
    _out(_DATA, "limit overfit", "batch sample example row train data"),
    _out(
        _DATA,
        "train training data dataset corpus trainset label labeled labelled unlabeled",
        _SHARE + _COUNT_OR_MOST + "size sample example image img row point subset subsample limit file",
        unless=_MODEL + "step epoch iter iteration update timestep freq every time",
    ),
    _out(_DATA, "max", "sample example instance", only="", unless_beside="estimator tree"),
    _out(_DATA, _COUNT + "k", _THINGS + "way shot support informative redundant", unless=_MODEL),
    _out(_DATA, "max", _THINGS, unless=_MODEL + "feature sample token word view"),
    _out(_DATA, "channel chan ch", only=_COUNT, most=4),
    _out(_DATA, "class feature feat sample shot way", only="n"),
    _out(
        _DATA,
        "dataset data corpus env environment task benchmark",
        only="name type kind set version config subset trust remote code download",
    ),
    _out(
        _DATA,
        "in out input output obs observation action act state image img data atom bond node edge",
        _EXTENT + "window",
        unless=_MODEL,
    ),
    _out(_DATA, "in out input output", only=_COUNT + "d dim c enc dec"),
    _out(_DATA, "n max", "position ctx"),
    _out(_DATA, "sample", "size", only=""),
    _out(
        _DATA,
        """
            seq sequence context ctx source src target tgt query question answer doc document sentence
            sent word char title summary label audio clip signal hop win text frame video crop board voxel
            volume episode ep
        """,
        "len length size",
        unless=_MODEL,
    ),
    _out(_DATA, "len length", only="model cutoff init"),
    _out(_DATA, "len length", "max min", unless=_MODEL),
    _out(_DATA, "block", "size len length", only="max"),
    _out(_DATA, "max", "seq sequence context ctx block", only=""),
    _out(_DATA, "pad padding tokenizer", unless=_MODEL + "circular"),
    _out(_DATA, "episode ep", "step limit"),
    _out(_DATA, "frame action", "skip repeat"),
    _out(_DATA, "doc", "stride"),
    _out(_DATA, "sample sampling frame bit", "rate frequency"),
    _out(
        _DATA,
        "vocab vocabulary year month date resolution imgsz version fps sr nc height subset nrow fmin fmax",
        unless="aug augment",
    ),
    _out(_DATA, "width w", only="", beside="height h"),
    _out(_DATA, "id idx index duration"),
    _out(_SYSTEM, _COUNT, "env environment actor", unless=_MODEL),
    _out(_SYSTEM, "bit", only=_COUNT),
    _out(_SYSTEM, "node", only=""),
    _out(_SYSTEM, "rank", "local node global world"),
    _out(_SYSTEM, "rank", only="", most=0),
    _out(_SYSTEM, "rank", only="", beside="world"),
    _out(_SYSTEM, "dist", "url backend"),
    _out(_SYSTEM, "channel", "last"),
    _out(_SYSTEM, "memory mem", "limit fraction gb mb utilization"),
    _out(_SYSTEM, "queue", "max", only="size"),
    _out(_SYSTEM, "zero", "stage"),
    _out(_SYSTEM, "gradient grad", "checkpoint checkpointing"),
    _out(_SYSTEM, "parallel", "data tensor model pipeline size"),
    _out(
        _SYSTEM,
        """
            worker thread process proc job gpu cpu device cuda mps tpu port host timeout ddp fsdp
            distributed amp fp16 bf16 fp32 tf32 dtype compile deterministic cudnn prefetch prefetcher
            offload nccl backend pin persistent world master retry cache shard precision jit disk inplace
            int8 onnx opset regenerate accel accelerator dataloader loader vcpu xformers flash half
            quantize quantization quantized streaming torchscript autograd dynamo reentrant vllm unsloth
            recovery slurm aws docker trust remote sync spawn tracemalloc optuna hyperparameter pruner
        """,
        unless="batch tree noise",
    ),
    _out(
        _LENGTH,
        "epoch",
        only=_COUNT_OR_MOST + "min train training global start initial last",
        unless_beside="timestep",
    ),
    _out(
        _LENGTH,
        "iter iteration it itr episode",
        only=_COUNT_OR_MOST + "train training global start initial last",
    ),
    _out(_LENGTH, "timestep budget hour minute", only=_COUNT_OR_MOST + "train training time limit"),
    _out(_LENGTH, "step update", "max total train training", only=_COUNT + "global"),
    _out(_LENGTH, "step update", only="num number", unless_beside="timestep epoch iter iteration"),
    _out(_LENGTH, "per", "epoch"),
    _out(_LENGTH, "time", "limit max budget"),
    _out(_LENGTH, "walltime deadline"),
    _out(_LENGTH, "patience", only=_COUNT_OR_MOST + "early stop stopping es"),
    _out(_LENGTH, "early", only="stop stopping", most=1e9),
    _out(_LENGTH, "early change", "round patience epoch iter step tolerance delta tol"),
    _out(
        _SHOWN,
        """
            save print report ckpt checkpoint checkpointing display disp plot wandb tensorboard tb
            visualize viz vis video render dump export upload push snapshot snap verbose verbosity debug
            quiet resume progress profile overwrite capture dry logging track tracking refresh monitor hub
            font fontsize axis lim force exist hide thickness dpi download clean gif latex uuid console
            result delete rebuild
        """,
    ),
    _out(_SHOWN, "training train inference predict dummy", only=""),
    _out(_SHOWN, "load", "best last model weight checkpoint"),
    _out(_SHOWN, "keep", "last best max n"),
    _out(
        _RESULT,
        "best running mean std avg average total cumulative",
        "loss acc accuracy reward score error metric return",
        only="n val so far epoch",
    ),
    _out(_SHOWN, "log", unless="std alpha sigma scale var prob transform lr init"),
)

_KNOWN: _Words = frozenset().union(
    _SWITCH,
    *(words for rule in _EXCLUSIONS for words in (*rule.groups, rule.unless, rule.only or frozenset())),
)
_LONGEST = max(map(len, _KNOWN))


def reason_against(words: str, value: Value = None, others: _Words = frozenset()) -> str:
    """Return why a parameter is not tuned whose name is `words`, or nothing if it may be.

    `others` are the words of the script's names: epochs beside timesteps do not set a run's length.
    """
    own = single_words(words)
    own = own - _SWITCH or own
    return next((rule.reason for rule in _EXCLUSIONS if rule.holds(own, value, others)), "")


def single_words(words: str) -> _Words:
    """Return the words of a name in the singular; n and fold for nfolds."""
    words = re.sub(r"(clip|max|min|init|fill|pad)_val$", r"\1_value", words).replace("std_dev", "std")
    return frozenset().union(*map(_read_word, words.split("_")))


@cache
def _read_word(word: str) -> _Words:
    bare = word.rstrip("0123456789") or word
    for single in (word, bare, _singular(bare)):
        if single in _KNOWN:
            return frozenset((single,))
    halves = ((word[:cut], _singular(word[cut:])) for cut in range(1, min(len(word) - 1, _LONGEST + 1)))
    return frozenset(next((pair for pair in halves if _KNOWN.issuperset(pair)), (single,)))


def _singular(word: str) -> str:
    for ending, other in (("ies", "y"), ("sses", "ss"), ("ches", "ch"), ("ss", "ss"), ("s", "")):
        if word.endswith(ending) and len(word) > 3:
            return word.removesuffix(ending) + other
    return word
