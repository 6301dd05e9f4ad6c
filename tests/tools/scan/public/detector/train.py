"""In the manner of object detectors: flags, and hyperparameters in a YAML file that a flag names."""

import argparse
import json
import os
from pathlib import Path

import yaml

parser = argparse.ArgumentParser()
parser.add_argument("--weights", type=str, default="small.pt", help="initial weights path")
parser.add_argument("--hyp", type=str, default="hyps/low.yaml", help="hyperparameters path")
parser.add_argument("--epochs", type=int, default=3, help="total training epochs")
parser.add_argument("--batch-size", type=int, default=16, help="total batch size for all GPUs")
parser.add_argument("--imgsz", "--img-size", type=int, default=640, help="train, val image size (pixels)")
parser.add_argument("--noval", action="store_true", help="only validate final epoch")
parser.add_argument("--optimizer", type=str, choices=["SGD", "Adam"], default="SGD", help="optimizer")
parser.add_argument("--workers", type=int, default=8, help="max dataloader workers")
parser.add_argument("--cos-lr", action="store_true", help="cosine LR scheduler")
parser.add_argument("--patience", type=int, default=100, help="EarlyStopping patience")
parser.add_argument("--conf-thres", type=float, default=0.25)
opt = parser.parse_args()
hyp = yaml.safe_load((Path(__file__).parent / opt.hyp).read_text())
with open(os.environ["ECHO"], "w") as file:
    json.dump(vars(opt) | hyp, file)
print(f"mAP50-95: {hyp['lr0'] + hyp['momentum'] + hyp['weight_decay'] + opt.batch_size:.4f}")
