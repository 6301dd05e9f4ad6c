"""What the command lines of other libraries become; those that are installed here run in `test_arrival`.

The rest was run by hand with Fire 0.7.1, absl 2.5.1, tyro 1.0.17, jsonargparse 4.53, simple-parsing 0.1.9 and
pytorch-lightning 2.6.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from bestguess.tools.scan.draft import Draft, scan


def draft(folder: Path, text: str) -> Draft:
    script = folder / "train.py"
    script.write_text(text)
    return scan(script)


def reasons(found: Draft) -> dict[str, str]:
    return {finding.name: reason for finding, reason in found.left_out}


FIRE = """
import fire
def train(data, lr=0.01, hidden: int = 64,
          bn=True, opt="adam", *more, bias=-1e-05, betas: list[float] = None):
    if opt == "sgd":
        pass
fire.Fire(train)
"""

FIRE_CLASS = """
import fire
class Trainer:
    def __init__(self, lr=0.1):
        pass
    def train(self, dropout=0.1):
        pass
    def evaluate(self, gamma=0.1):
        pass
fire.Fire(Trainer)
"""

FIRE_ALL = """
import fire
def evaluate(gamma=0.1):
    pass
def fit(lr=0.1):
    pass
if __name__ == "__main__":
    fire.Fire()
"""

ABSL = """
from absl import app, flags
flags.DEFINE_float("lr", 0.01, "rate", lower_bound=0.001)
flags.DEFINE_integer("hidden", 64, "units")
flags.DEFINE_bool("bn", True, "norm")
flags.DEFINE_enum("opt", "adam", ["adam", "sgd"], "which")
flags.DEFINE_list("layers", ["1"], "several")
flags.DEFINE_string("data", None, "where", required=True)
flags.DEFINE_string("out", None, "where")
flags.mark_flags_as_required(["out"])
"""

LIGHTNING = """
from lightning.pytorch.cli import LightningCLI
class Model(LightningModule):
    def __init__(self, classes: int, lr: float = 0.01, bn: bool = True, batch_size: int = 1):
        pass
class Data(LightningDataModule):
    def __init__(self, batch_size: int = 32):
        pass
class CLI(LightningCLI):
    def add_arguments_to_parser(self, parser):
        parser.link_arguments("data.batch_size", "model.batch_size")
CLI(Model, Data)
"""

HF = """
from dataclasses import dataclass, field
from typing import List, Optional
from transformers import HfArgumentParser, TrainingArguments
@dataclass
class Base:
    dropout: float = 0.1
@dataclass
class ModelArguments(Base):
    model_name: str = field(metadata={"help": "which"})
    temp: Optional[float] = field(default=0.5)
    bn: bool = False
    betas: Optional[List[float]] = None
HfArgumentParser((ModelArguments, TrainingArguments))
"""

TYRO = """
import tyro
from dataclasses import dataclass
@dataclass
class Config:
    data: str
    lr: float = 0.01
    bn: bool = True
tyro.cli(Config)
"""

JSONARGPARSE = """
from jsonargparse import CLI
def main(data: str, lr: float = 0.01, bn: bool = True):
    pass
CLI(main)
"""


TRAINING = " ".join(
    f"--{name}={{{name}}}"
    for name in (
        "learning_rate",
        "weight_decay",
        "per_device_train_batch_size",
        "gradient_accumulation_steps",
        "max_grad_norm",
        "warmup_steps",
        "adam_beta1",
        "adam_beta2",
        "label_smoothing_factor",
    )
)


@pytest.mark.parametrize(
    ("text", "command", "lacks"),
    [
        (FIRE, "--lr={lr} --hidden={hidden} --bn={bn} --opt={opt} --bias={bias}", ["--data DATA"]),
        (FIRE_CLASS, "--lr={lr} train --dropout={dropout}", []),
        (FIRE_ALL, "fit --lr={lr}", []),
        (ABSL, "--lr={lr} --hidden={hidden} --bn={bn} --opt={opt}", ["--data DATA", "--out OUT"]),
        (
            LIGHTNING,
            "fit --model.lr={model.lr} --model.bn={model.bn} --data.batch_size={data.batch_size}",
            ["--model.classes CLASSES"],
        ),
        (HF, f"--dropout={{dropout}} --temp={{temp}} --bn={{bn}} {TRAINING}", ["--model_name MODEL_NAME"]),
        (TYRO, "--set lr={lr} --set bn={bn}", ["--data DATA"]),
        (JSONARGPARSE, "--set lr={lr} --set bn={bn}", ["DATA"]),
    ],
)
def test_a_command_sets_what_a_library_reads_and_says_what_it_lacks(
    tmp_path: Path, text: str, command: str, lacks: list[str]
) -> None:
    found = draft(tmp_path, text)

    words = found.command[found.command.index(str(tmp_path / "train.py")) + 1 :]
    assert " ".join(words) == command
    assert [sentence.split(",")[0].removeprefix("the command lacks ") for sentence in found.lacks] == lacks


def test_what_cannot_be_set_says_why(tmp_path: Path) -> None:
    assert reasons(draft(tmp_path, FIRE))["betas"] == "it takes several values"
    assert reasons(draft(tmp_path, ABSL))["layers"] == "it takes several values"
    assert reasons(draft(tmp_path, LIGHTNING))["model.batch_size"] == "it is linked to another"
    assert "in another file" in reasons(draft(tmp_path, HF))["TrainingArguments"]
    elsewhere = "from lightning.pytorch.cli import LightningCLI\nfrom net import Net\nLightningCLI(Net)\n"
    assert "not in this file" in reasons(draft(tmp_path, elsewhere))["model"]


REQUIRED = """
import argparse
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.01)
p.add_argument("--root", required=True)
p.add_argument("--flag", type=bool, required=True)
g = p.add_mutually_exclusive_group(required=True)
g.add_argument("--url")
g.add_argument("--file")
s = p.add_subparsers(dest="do", required=True)
t = s.add_parser("train")
t.add_argument("data")
t.add_argument("dropout", type=float)
t.add_argument("out")
t.add_argument("files", nargs="*")
e = s.add_parser("evaluate")
e.add_argument("--threshold", type=float, default=0.5, required=True)
p.parse_args()
"""


def test_the_command_names_what_it_lacks_and_where_that_goes(tmp_path: Path) -> None:
    found = draft(tmp_path, REQUIRED)

    assert found.command[2:] == ["--lr={lr}", "train", "{dropout}"]
    assert found.lacks == (
        "the command lacks --root ROOT, which train.py needs (line 5); write it before train",
        "the command lacks --flag FLAG, which train.py needs (line 6); write it before train",
        "the command lacks --url or --file, which train.py needs (line 8); write it before train",
        "the command lacks DATA, which train.py needs (line 12); write it before {dropout}",
        "the command lacks OUT, which train.py needs (line 14); write it at the end",
    )
    assert reasons(found)["subcommand"] == "the command runs train; there is also evaluate"
    assert reasons(found)["threshold"] == "it belongs to evaluate, which the command does not run"


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        (
            "'--bn', type=bool, required=True",
            "it is required, and what its type makes of a word is not known",
        ),
        ("'--lr', action=Mine, default=0.1", "what its action Mine does is not known"),
        ("'--act', choices=[x for x in 'ab'], default='a'", "its choices are computed"),
        ("'--lr', type=float, default=guess()", "its default is computed"),
        ("'--lr', type=float, nargs=2, default=(0.1, 0.2)", "it takes several values"),
        ("'--dropout', type=float, default=0.1", "the script itself gives its words"),
    ],
)
def test_an_option_of_argparse_that_would_not_arrive_is_left_out_with_the_reason(
    tmp_path: Path, option: str, reason: str
) -> None:
    words = "['--dropout=0.3']" if "itself" in reason else ""
    text = f"p = argparse.ArgumentParser()\np.add_argument({option})\np.parse_args({words})\n"
    found = draft(tmp_path, text)

    assert found.space is None
    assert list(reasons(found).values()) == [reason]


def test_names_in_small_letters_are_tuned_where_they_are_settings_and_set_once(tmp_path: Path) -> None:
    text = """
lr = 0.01
n = 200
momentum = 0.9
batch_size = 32
colors = {"red": 1}
config = {"alpha": 0.1, "foo": 3}
lr_min = lr / 100
WIDTH = 64
SIZE = WIDTH * 2
for epoch in range(3):
    momentum = 0.5
for gamma in (0.1, 0.9):
    pass
def grow():
    global batch_size
    batch_size += 1
class Opt(Enum):
    alpha = 0.1
class CFG:
    dropout = 0.1
    tau = 0.2
    rho = 0.9
    def __init__(self):
        self.rho = 0.5
if lr:
    CFG.tau = 0.5
class Point:
    x = 3
train(momentum, lr_min, SIZE, config)
"""
    found = draft(tmp_path, text)

    assert [one.name for one in found.chosen] == ["lr", "config.alpha", "config.foo", "WIDTH", "dropout"]
    again, none = "the script sets it again", "nothing in its name says that it is a setting"
    assert {name: reason.partition(",")[0] for name, reason in reasons(found).items()} == {
        "momentum": again,
        "batch_size": again,
        "tau": "it is set again on line 27",
        "rho": again,
        "n": none,
        "x": none,
        "lr_min": "it is computed from lr",
        "SIZE": "it is computed from WIDTH",
    }


def test_the_fields_of_a_class_of_transformers_are_those_of_who_inherits_from_it(tmp_path: Path) -> None:
    found = draft(
        tmp_path,
        "from dataclasses import dataclass, field\nimport transformers\n"
        "@dataclass\nclass ModelArguments:\n    lora_r: int = 8\n"
        "@dataclass\nclass TrainingArguments(transformers.TrainingArguments):\n"
        "    weight_decay: float = 0.1\n    optim: str = 'adamw_torch'\n"
        "transformers.HfArgumentParser((ModelArguments, TrainingArguments))\n",
    )
    chosen = [one.name.rpartition(".")[2] for one in found.chosen]
    assert {"lora_r", "weight_decay", "learning_rate"} <= set(chosen)
    assert chosen.count("weight_decay") == 1
    assert "in another file" in reasons(found)["TrainingArguments"]


def test_click_takes_the_names_of_an_enums_members(tmp_path: Path) -> None:
    text = """
import enum, click
class Opt(enum.Enum):
    ADAM = "adam_w"
    SGD = "sgd_momentum"
@click.command()
@click.option("--opt", type=click.Choice(Opt), default=Opt.ADAM)
def main(opt):
    print(opt)
main()
"""
    (found,) = draft(tmp_path, text).chosen
    assert (found.options, found.value) == (("ADAM", "SGD"), "ADAM")
