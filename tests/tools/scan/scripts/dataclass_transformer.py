"""A translation model whose settings are dataclasses."""

from dataclasses import dataclass, field
from typing import Literal, Optional


@dataclass
class ModelConfig:
    n_layers: int = 6
    d_model: int = 512
    n_heads: int = 8
    d_ff: int = 2048  # inner width of the feed-forward layers
    dropout: float = 0.1
    activation: Literal["relu", "gelu", "swish"] = "relu"
    vocab_size: int = 32_000
    tie_embeddings: bool = True


@dataclass(frozen=True)
class TrainConfig:
    lr: float = field(default=5e-4, metadata={"help": "peak learning rate"})
    adam_beta1: float = 0.9
    adam_eps: float = 1e-9
    label_smoothing: float = 0.1
    """Mass that goes to the other words."""
    batch_size: int = 4096
    warmup_steps: int = 4_000
    max_steps: int = 100_000
    init_checkpoint: Optional[str] = None
    seed: int = 7
    buckets: list = field(default_factory=lambda: [8, 16, 32])


def train(model: ModelConfig, config: TrainConfig) -> float:
    score = (
        27.0 - abs(model.n_layers - 8) / 4 - abs(model.d_model - 640) / 500 - abs(model.d_ff - 3000) / 9000
    )
    score -= abs(model.dropout - 0.2) * 5 + (config.lr - 7e-4) ** 2 * 1e6 + config.label_smoothing
    score -= 0.1 * (model.activation == "relu") + 0.1 * model.tie_embeddings + abs(0.95 - config.adam_beta1)
    return score - abs(config.batch_size - 9000) / 1e5 - config.warmup_steps / 1e5 - model.n_heads / 100


if __name__ == "__main__":
    print(f"BLEU = {train(ModelConfig(), TrainConfig()):.3f}")
