"""Names of metrics, as programs print them, and which way each is better."""

from __future__ import annotations

import pytest

from bestguess.tools.scan.directions import direction_of, find_term, likeliest_first
from bestguess.tools.scan.metric import metrics_in

MORE_IS_BETTER = """
    val_acc, testAccuracy, valacc, balanced accuracy, top5_acc, acc@1, roc_auc, ROCAUC, macro F1, F1Score,
    R2, R^2, R², R-squared, mAP@0.5, mAP50-95, mIoU, Hits@10, hit_rate, MRR, NDCG@10, P@5, SSIM, PSNR,
    Sharpe, Cohen's kappa, MCC, Dice, silhouette_score, calinski_harabasz_score, explained_variance, ELBO,
    log-likelihood, val_log_likelihood, BLEU, rougeLsum, pass@1, win rate, mean episode return, throughput,
    samples/s, tokens per second, speed, score, neg_mean_squared_error, neg_log_loss,
    negative class accuracy, accuracy at best loss, true positive rate, - accuracy, loss reduction,
    epoch -accuracy, read IOPS, ops per sec, compression_ratio
"""
LESS_IS_BETTER = """
    val_loss, valLoss, valloss, dice loss, accuracy error, Brier score, brier_score_loss,
    davies_bouldin_score, DaviesBouldin, log loss, logloss, hinge_loss, pinball loss, CRPS, hamming_loss,
    EER, WER, FID, KID, LPIPS, perplexity, bits_per_byte, nll, negative log likelihood,
    neg_log_likelihood_loss, neg_elbo, 1 - accuracy, 1-AUC, RMSE, root mean squared error,
    expected calibration error (ECE), false_negative_rate, KL divergence, regret, latency, latency_p99,
    runtime, peak memory, score_time, s/it, loss after 3 epochs, err1,
    -ELBO, \u2212reward, -log likelihood, time to accuracy, accuracy drop, drop in accuracy, loss of accuracy,
    val -loss, score (-reward)
"""
NO_METRIC = """
    best_confidence, previous best, lower bound, Genauigkeit, batch_size, validated, interval, device,
    costume, errand, heatmap, kidney, loss_weight, iou_threshold, accuracy std, best_acc_epoch, so far
"""


@pytest.mark.parametrize(
    ("names", "direction"), [(MORE_IS_BETTER, "maximize"), (LESS_IS_BETTER, "minimize"), (NO_METRIC, None)]
)
def test_the_words_of_a_name_say_which_way_is_better(names: str, direction: str | None) -> None:
    for name in (name.strip() for name in names.split(",")):
        term = find_term(name)
        assert (term and term.direction) == direction, name
        assert direction_of(name) == (direction or "minimize")


def test_the_likeliest_result_is_of_quality_and_of_what_was_held_out() -> None:
    names = ("time", "train_loss", "val_loss", "epoch", "loss", "previous loss", "test_loss")
    assert likeliest_first(names) == (
        "test_loss", "val_loss", "loss", "previous loss", "train_loss", "time", "epoch",
    )  # fmt: skip


def test_what_an_output_shows_is_named_with_the_pattern_that_finds_it() -> None:
    assert metrics_in("epoch 3\ntrain_loss = 0.5\nval acc: 0.9\nrmse 0.4") == {
        "rmse": r"\brmse\s+(\S+)",
        "acc": r"\bacc:\s+(\S+)",
        "train_loss": r"\btrain_loss\s+=\s+(\S+)",
    }
