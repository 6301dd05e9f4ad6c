"""Which way a metric is better, by the words of its name: the one list of them.

A name is read as whole words, split at marks and humps (`val_acc`, `valAcc`, `mAP@0.5`), so that there is no
"fid" in "confidence". The last metric in it decides ("dice loss", "accuracy error") unless a preposition
comes before ("accuracy at least loss"), and "neg" or "drop in" before a metric turns it round, as
"drop" after it does and a minus where the name begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from bestguess.tools.goals import Direction

_Kind = Literal["quality", "speed", "score"]


def _terms(text: str) -> frozenset[str]:
    return frozenset(" ".join(term.split()) for term in text.split(","))


_HIGHER_QUALITY = _terms("""
    acc, accuracy, correct, precision, recall, sensitivity, specificity, f1, f2, fscore, f score, fbeta,
    f beta, fmeasure, f measure, gmean, g mean, kappa, qwk, mcc, matthews, youden, jaccard, dice, iou, miou,
    giou, map, ap, auc, auroc, rocauc, aucroc, auprc, aupr, aucpr, prauc, roc, gini, tpr, tnr,
    true positive, true negative, predictive value, npv, ppv, exact match, em, success, skill, top1, top5,
    solved, win, wins, winrate, elo, r2, r squared, rsquared, explained variance, variance explained,
    correlation, corr, pearson, pearsonr, spearman, spearmanr, kendall, concordance, cindex, c index,
    likelihood, loglikelihood, loglik, llk, logprob, log prob, elbo, evidence lower bound, elpd, lppd,
    similarity, silhouette, calinski, harabasz, dunn, rand index, rand score, ari, nmi, ami,
    mutual information, mutual info, v measure, fowlkes, mallows, homogeneity, completeness, purity, pck,
    mota, hota, idf1, lddt, plddt, nse, kge, diversity, ssim, msssim, psnr, snr, sdr, sisdr, pesq, stoi,
    mos, inception, bleu, sacrebleu, rouge, meteor, chrf, cider, bertscore, bleurt, uas, las, ndcg, dcg,
    mrr, reciprocal rank, hit, hits, hr@, r@, p@, pass@, pass at, ctr, reward, rewards, return, returns,
    fitness, utility, hypervolume, profit, pnl, revenue, roi, sharpe, sortino, calmar, yield, efficiency,
    quality, improvement, uplift
""")
_LOWER_QUALITY = _terms("""
    loss, losses, err, error, errors, mistakes, misclassification, misclassified, inaccuracy, failure,
    failures, miss, misses, false positive, false negative, false alarm, false discovery, fpr, fnr, frr,
    eer, mse, mae, rmse, rmsle, msle, mape, rmspe, smape, wape, wmape, mdape, mase, nrmse, nmse, rse, rrse,
    medae, merror, mlogloss, logloss, log loss, crossentropy, cross entropy, relative entropy, xent, bce,
    nll, deviance, perplexity, ppl, bpb, bpc, bpd, bits per, nats per, hinge, hamming, pinball, huber, crps,
    brier, ece, mce, davies, bouldin, inertia, impurity, distortion, stress, wer, cer, ter, ber, bler,
    mindcf, dcf, mcd, fid, kid, fvd, lpips, niqe, brisque, distance, divergence, kl, kld, mmd, wasserstein,
    discrepancy, dissimilarity, residual, residuals, ade, fde, epe, regret, cost, costs, risk, energy,
    drawdown, volatility, overshoot, makespan, tardiness, violation, violations, gap, degradation,
    forgetting, churn, sse, chi2, chisq, chi squared, rmsd, jsd, emd, hausdorff, information criterion, aic,
    bic, waic, dic
""")
_HIGHER_SPEED = _terms("""
    throughput, goodput, bandwidth, bw, fps, qps, rps, tps, iops, ipc, mips, mflops, gflops, tflops, mfu,
    per sec, per second, per minute, per hour, speed, speedup, compression ratio
""")
_LOWER_SPEED = _terms("""
    time, times, runtime, latency, duration, elapsed, wall clock, memory, mem, ram, vram, footprint
""")

_HELD_OUT = _terms("""
    val, valid, validation, test, testing, dev, eval, evaluation, cv, crossval, held, heldout, holdout, out,
    oof
""")
_SUMMARY = _terms("final, best, mean, avg, average, overall")
_OTHERWISE = _terms("train, training, trained, previous, prev, old, initial, before, baseline")
_TURNING = _terms("neg, negative, negated, minus")
_FALLING = _terms("drop, drops, decrease, decline, reduction")
_BETWEEN = (
    _HELD_OUT | _SUMMARY | _terms("root, squared, absolute, log, median, max, marginal, expected, normalized")
)
"""What may stand between "negative" and the metric that it turns round."""

_PREPOSITIONS = _terms("""
    at, after, for, with, within, in, of, on, to, by, per, vs, from, over, until, when, than
""")
_ABOUT = _terms("""
    std, stdev, sd, sem, stderr, deviation, weight, weights, coef, coefficient, threshold, thresholds, thr,
    limit, scale, step, steps, size, epoch, epochs, iter, iteration, iterations, patience, tolerance, tol,
    smoothing, function
""")
"""At the end of a name, these say that the number is another: loss_weight, iou_threshold, best_acc_epoch."""

_GLUED = re.compile(r"(val|valid|validation|test|train|dev|eval|cv|mean|avg|best|final|neg)([^\W_]+@?)")
_MOST_WORDS = 3


_KINDS: tuple[tuple[_Kind, Direction, frozenset[str]], ...] = (
    ("quality", "maximize", _HIGHER_QUALITY),
    ("quality", "minimize", _LOWER_QUALITY),
    ("speed", "maximize", _HIGHER_SPEED),
    ("speed", "minimize", _LOWER_SPEED),
    ("score", "maximize", _terms("score, scores")),
)
_TERMS = {term: (kind, direction) for kind, direction, terms in _KINDS for term in terms}


@dataclass(frozen=True, slots=True)
class Term:
    """What a name says of a metric: which way it is better, and whether it ends the name.

    `is_quality` is false of what a run costs, such as time and memory, and of speed.
    """

    direction: Direction
    is_quality: bool
    is_last: bool


def direction_of(name: str) -> Direction:
    """Return which way a metric of that name is better; "minimize" where no word of it says so."""
    term = find_term(name)
    return term.direction if term else "minimize"


def find_term(name: str) -> Term | None:
    """Return what the words of a name say; None if none of them is a metric's."""
    words = _words(name)
    found: dict[_Kind, Term] = {}
    turned = False
    kind: _Kind | None = None
    index = 0
    while index < len(words):
        length = next(
            (n for n in range(_MOST_WORDS, 0, -1) if " ".join(words[index : index + n]) in _TERMS), 0
        )
        if not length:
            if found and words[index] in _PREPOSITIONS:
                break
            if kind and words[index] in _FALLING:
                found[kind] = replace(found[kind], direction=_other(found[kind].direction))
            turned = words[index] in _TURNING or (turned and words[index] in _BETWEEN)
            index += 1
            continue
        kind, direction = _TERMS[" ".join(words[index : index + length])]
        if turned:
            direction = _other(direction)
        index += length
        turned = False
        found[kind] = Term(direction, kind != "speed", all(word.isdigit() for word in words[index:]))
    head = [word for word in words[:index] if not word.isdigit()]
    if head and head[-1] in _ABOUT:
        return None
    return next((found[kind] for kind in ("quality", "speed", "score") if kind in found), None)


def _other(direction: Direction) -> Direction:
    return "minimize" if direction == "maximize" else "maximize"


def likeliness(name: str) -> tuple[int, int]:
    """Return how much a name sounds like a result: quality before cost, held out before trained."""
    term, words = find_term(name), set(_words(name))
    known = 0 if term is None else 2 if term.is_quality else 1
    held_out = 2 if words & _HELD_OUT else 1 if words & _SUMMARY else 0
    return known, held_out - 2 * bool(words & _OTHERWISE)


def likeliest_first(names: Iterable[str]) -> tuple[str, ...]:
    """Return names without repeats, the likeliest result first and of equals the last."""
    last = {name: index for index, name in enumerate(names)}
    return tuple(sorted(last, key=lambda name: (likeliness(name), last[name]), reverse=True))


def _words(name: str) -> list[str]:
    name = re.sub(r"\^2|²", "2", name)
    name = re.sub(r"(?<![\w.])1\s*-\s*", " minus ", name)
    # A minus further on, or with a gap after it, may be a bullet, or what parts two metrics.
    name = re.sub(r"(?<![^(/])[-\u2212](?=[^\W\d_])", " minus ", name)
    name = re.sub(rf"\b(?:{'|'.join(_FALLING)})[\s_](?:in|of)\b", " minus ", name, flags=re.IGNORECASE)
    name = re.sub(r"/\s*s(?:ec(?:ond)?)?\b|\bper sec\b", " per second ", name)
    name = re.sub(r"\b(?:[mnuµ]?s|secs?|seconds?)(?:/| per )", " time per ", name)
    words: list[str] = []
    for chunk in re.findall(r"[^\W_]+@?", name):
        if known := _known(chunk):
            words.append(known)
            continue
        for hump in re.sub(r"(?<=[a-z\d])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", chunk).split():
            glued = _GLUED.fullmatch(hump.lower())
            rest = glued and _known(glued[2])
            words += [glued[1], rest] if glued and rest else [_known(hump) or hump.lower()]
    return words


def _known(word: str) -> str:
    """Return a word that is a metric, without the number at its end (acc5, map@, fid50k); nothing if none."""
    word = word.lower()
    tried = (word, word.rstrip("@"), word.rstrip("@0123456789"), re.sub(r"\d+k$", "", word))
    return next((each for each in tried if each in _TERMS), "")
