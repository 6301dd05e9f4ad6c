"""Autoregressive pretraining on one GPU; edit the constants below."""

import math
import random

# ---- model
DEPTH = 8  # transformer layers
MODEL_DIM = 512
NUM_HEADS = 8
HEAD_GAIN = 1.5
# ---- optimization
TOTAL_BATCH_SIZE = 2**19  # tokens
EMBEDDING_LR = 0.6
MATRIX_LR = 0.02  # Muon
WEIGHT_DECAY = 0.1
ADAM_BETA2 = 0.95
WARMUP_RATIO = 0.05
GRAD_CLIP: float = 1.0
ACTIVATION = "relu2"  # how the MLP bends
# ---- the rest
TIME_BUDGET = 300
SEED = 1337
EVAL_INTERVAL = 50
VOCAB_SIZE = 50304
ADAM_BETAS = (0.9, 0.95)
device = "cuda"


def bend(x: float) -> float:
    if ACTIVATION == "relu2":
        return max(x, 0.0) ** 2
    if ACTIVATION == "gelu":
        return x / (1 + math.exp(-1.7 * x))
    raise ValueError(ACTIVATION)


random.seed(SEED)
loss = (math.log10(MATRIX_LR) + 2.5) ** 2 + (DEPTH - 6) ** 2 / 50 + WEIGHT_DECAY + bend(0.3) / 10
loss += abs(math.log2(TOTAL_BATCH_SIZE) - 18) / 10 + (MODEL_DIM / NUM_HEADS - 64) ** 2 / 1e5
print(f"step 100 train_loss={loss * 0.9:.4f}")
print(
    f"val_bpb={loss + (1 - ADAM_BETA2) + WARMUP_RATIO + (GRAD_CLIP - 1) ** 2 / 100 + EMBEDDING_LR / 100:.6f}"
)
