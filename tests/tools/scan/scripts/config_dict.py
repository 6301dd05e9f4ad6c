"""Tabular network; all that matters is in CONFIG."""

import math

CONFIG = {
    "model": {"hidden_size": 256, "num_layers": 3, "dropout": 0.2, "activation": "relu"},
    "learning_rate": 1e-3,  # for AdamW
    "weight_decay": 1e-2,
    "batch_size": 512,
    "mixup": 0.0,
    "use_batchnorm": True,
    "epochs": 50,
    "seed": 2024,
    "data_path": "train.parquet",
}
AUGMENT = dict(noise_std=0.05, swap_prob=0.15)
VERSION = "1.2"
N_FOLDS = 5


def score(config, augment):
    model = config["model"]
    bend = {"relu": 0.0, "selu": 0.01, "tanh": 0.03}[model["activation"]]
    rmse = 0.5 + bend + abs(math.log10(config["learning_rate"] / 3e-3)) / 10 + config["weight_decay"] / 10
    rmse += abs(math.log2(model["hidden_size"] / 400)) / 50 + (model["num_layers"] - 4) ** 2 / 500
    rmse += abs(model["dropout"] - 0.1) / 10 + config["mixup"] / 20 + augment["noise_std"] / 10
    return (
        rmse + augment["swap_prob"] / 50 + 0.01 * (not config["use_batchnorm"]) + config["batch_size"] / 1e6
    )


print(f"cv rmse: {score(CONFIG, AUGMENT):.5f}")
