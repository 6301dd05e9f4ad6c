"""Diffusion on small images; every key of config.yaml can be given on the command line."""

import sys

from omegaconf import OmegaConf

config = OmegaConf.merge(OmegaConf.load("config.yaml"), OmegaConf.from_cli(sys.argv[1:]))
if config.diffusion.schedule in ("linear", "cosine"):
    betas = make_betas(config.diffusion)  # noqa: F821
fid = train(config, betas)  # noqa: F821
print("fid:", fid)
