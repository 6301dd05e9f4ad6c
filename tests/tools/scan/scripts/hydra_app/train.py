"""Contrastive learning, configured with Hydra."""

import hydra
import torch
from omegaconf import DictConfig


@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg: DictConfig) -> None:
    torch.manual_seed(cfg.seed)
    encoder = build_encoder(cfg.model)  # noqa: F821
    if cfg.loss.kind == "ntxent":
        criterion = NTXent(cfg.loss.temperature)  # noqa: F821
    elif cfg.loss.kind == "vicreg":
        criterion = VICReg()  # noqa: F821
    top1 = fit(encoder, criterion, cfg)  # noqa: F821
    print(f"linear probe top1_acc={top1:.3f}")


if __name__ == "__main__":
    main()
