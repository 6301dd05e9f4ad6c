#!/usr/bin/env python
"""LoRA fine-tuning of a language model."""

import argparse

from peft import LoraConfig
from torch.optim.lr_scheduler import CosineAnnealingLR, LinearLR
from transformers import AutoModelForCausalLM

DEFAULT_LR = 2e-4
SCHEDULES = {"cosine": CosineAnnealingLR, "linear": LinearLR, "constant": None}


def parse():
    parser = argparse.ArgumentParser()
    model = parser.add_argument_group("model")
    model.add_argument("--model-name", type=str, required=True)
    model.add_argument("--lora-rank", "-r", type=int, default=16)
    model.add_argument("--lora_alpha", type=int, default=32)
    model.add_argument("--lora_dropout", type=float, default=0.05)
    training = parser.add_argument_group("training")
    training.add_argument("-l", "--learning_rate", type=float, default=DEFAULT_LR)
    training.add_argument("--schedule", default="cosine", help="what the learning rate does")
    training.add_argument("--warmup_steps", type=int, default=100)
    training.add_argument("--gradient_accumulation_steps", type=int, default=4)
    training.add_argument("--per_device_train_batch_size", type=int, default=8)
    training.add_argument("--label-smoothing", type=float, default=0.0)
    training.add_argument("--max_grad_norm", type=float, default=1.0)
    training.add_argument("--packing", action=argparse.BooleanOptionalAction, default=True)
    training.add_argument("--rslora", action="store_true", help="scale by the root of the rank")
    training.add_argument("--num_epochs", type=int, default=3)
    training.add_argument("--max_seq_len", type=int, default=2048)
    training.add_argument("--output_dir", type=str, default="out")
    return parser.parse_args()


def main(args):
    schedule = SCHEDULES[args.schedule]
    config = LoraConfig(r=args.lora_rank, lora_alpha=args.lora_alpha, lora_dropout=args.lora_dropout)
    model = AutoModelForCausalLM.from_pretrained(args.model_name)
    result = train(model, config, schedule, args)  # noqa: F821
    print("train_loss:", result.train, "eval_loss:", result.eval)


if __name__ == "__main__":
    main(parse())
