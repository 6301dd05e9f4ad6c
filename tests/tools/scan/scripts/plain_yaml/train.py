"""A recommender that reads its settings from a YAML file."""

import math
from pathlib import Path

import yaml

settings = yaml.safe_load((Path(__file__).parent / "params.yaml").read_text())
model, fit = settings["model"], settings["fit"]


def rank(params):
    match params["loss"]:
        case "bpr":
            return 0.02
        case "warp" | "logistic":
            return 0.0


ndcg = 0.4 - abs(math.log2(model["factors"] / 96)) / 50 - abs(math.log10(float(fit["lr"]) / 0.02)) / 20
ndcg -= float(fit["l2"]) + rank(fit) + abs(fit["negatives"] - 12) / 1000 + abs(fit["dropout"] - 0.2) / 50
print(f"ndcg@10 = {ndcg + 0.01 * model['bias']:.5f}")
