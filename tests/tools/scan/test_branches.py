from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from bestguess.tools.scan.draft import scan
from bestguess.tools.space.parameters import Choice

OPTIONS = """
import argparse
p = argparse.ArgumentParser()
p.add_argument("--optimizer", default="adam")
p.add_argument("--momentum", type=float, default=0.9)
p.add_argument("--beta1", type=float, default=0.9)
p.add_argument("--lr", type=float, default=1e-3)
p.add_argument("--use-ema", action="store_true")
p.add_argument("--ema-decay", type=float, default=0.999)
args = p.parse_args()
"""

EITHER = {"momentum": {"optimizer": ("sgd",)}, "beta1": {"optimizer": ("adam",)}}


def conditions(tmp_path: Path, script: str) -> dict[str, dict[str, Any]]:
    (tmp_path / "train.py").write_text(script)
    space = scan(tmp_path / "train.py").space
    assert space is not None
    return {name: dict(one.when) for name, one in space.parameters.items() if one.when}


@pytest.mark.parametrize(
    "code",
    [
        """
if args.optimizer == "sgd":
    optimizer = SGD(lr=args.lr, momentum=args.momentum)
elif args.optimizer == "adam":
    optimizer = Adam(lr=args.lr, beta=args.beta1)
else:
    raise ValueError(args.optimizer)
""",
        """
optimizer = SGD(args.lr, args.momentum) if args.optimizer.lower() != "adam" else Adam(args.lr, args.beta1)
if args.optimizer.startswith("sgd") or args.optimizer in {"sgd"}:
    print(args.beta1, f"{args.momentum}")
""",
        """
match args.optimizer:
    case "sgd":
        optimizer = SGD(args.lr, args.momentum)
    case "adam":
        optimizer = Adam(args.lr, args.beta1)
""",
        """
optimizer = {
    "sgd": lambda: SGD(args.lr, args.momentum),
    "adam": lambda: Adam(args.lr, args.beta1),
}[args.optimizer]()
""",
        """
def make_sgd():
    return SGD(args.lr, args.momentum)
def make_adam():
    return Adam(args.lr, args.beta1)
MAKERS = {"sgd": make_sgd, "adam": make_adam}
optimizer = MAKERS.get(args.optimizer)()
""",
        """
def build(name, lr, momentum, beta):
    if name == "sgd":
        return SGD(lr, momentum)
    return Adam(lr, beta)
optimizer = build(args.optimizer, args.lr, args.momentum, beta=args.beta1)
""",
        """
kind = args.optimizer
mass = args.momentum
if kind in ("sgd",):
    SGD(args.lr, mass)
elif kind == "adam":
    Adam(args.lr, args.beta1)
""",
    ],
)
def test_what_only_one_optimizer_uses_is_tuned_only_with_it(code: str, tmp_path: Path) -> None:
    assert conditions(tmp_path, OPTIONS + code) == EITHER
    space = scan(tmp_path / "train.py").space
    assert space is not None
    optimizer = space["optimizer"]
    assert isinstance(optimizer, Choice)
    assert set(optimizer.options) == {"adam", "sgd"}
    assert "momentum" not in space.default()


@pytest.mark.parametrize(
    "code",
    [
        "if args.use_ema:\n    average = EMA(args.ema_decay)",
        "average = EMA(args.ema_decay) if args.use_ema else None",
        "if not args.use_ema:\n    raise SystemExit\nEMA(args.ema_decay)",
        "if args.lr > 0 and args.use_ema:\n    EMA(args.ema_decay)",
    ],
)
def test_what_a_switch_turns_on_is_tuned_only_with_it(code: str, tmp_path: Path) -> None:
    assert conditions(tmp_path, OPTIONS + code) == {"ema_decay": {"use_ema": (True,)}}


@pytest.mark.parametrize(
    "code",
    [
        "SGD(args.momentum)\nif args.optimizer == 'sgd':\n    SGD(args.momentum)",
        "if args.optimizer == 'sgd' or args.lr > 1:\n    SGD(args.momentum)",
        "if args.optimizer == 'sgd':\n    SGD(args.momentum)\nelse:\n    Adam(args.momentum)",
        "if other == 'sgd':\n    SGD(args.momentum)",
        "def build(momentum):\n    SGD(momentum)\nbuild(args.momentum)\n"
        "if args.optimizer == 'sgd':\n    build(args.momentum)",
        "def build():\n    build()\n    SGD(args.momentum)\nbuild()",
        "print(args.momentum)",
        "if args.optimizer == 'sgd':\n    mass = args.momentum\nelse:\n    mass = args.momentum / 2",
        "if __name__ == '__main__':\n    mass = args.momentum\n    SGD(mass)",
    ],
)
def test_what_may_be_used_without_it_has_no_condition(code: str, tmp_path: Path) -> None:
    assert conditions(tmp_path, OPTIONS + code) == {}


def test_constants_and_the_values_of_a_dictionary_have_conditions_too(tmp_path: Path) -> None:
    script = """
MODEL = "svm"
KERNEL_WIDTH = 0.1
CONFIG = {"n_estimators": 100, "scale": True, "scale_power": 0.5}
if MODEL == "svm":
    model = SVC(gamma=KERNEL_WIDTH)
elif MODEL == "forest":
    model = Forest(CONFIG["n_estimators"])
if CONFIG["scale"]:
    transform(CONFIG["scale_power"])
"""
    assert conditions(tmp_path, script) == {
        "KERNEL_WIDTH": {"MODEL": ("svm",)},
        "CONFIG.n_estimators": {"MODEL": ("forest",)},
        "CONFIG.scale_power": {"CONFIG.scale": (True,)},
    }


@pytest.mark.parametrize(
    ("code", "options"),
    [
        ("getattr(torch.optim, args.optimizer)", {"adam", "SGD", "Adam", "AdamW", "RMSprop"}),
        ("model.compile(optimizer=args.optimizer)", {"adam", "sgd", "adamw", "rmsprop"}),
        ("tf.keras.optimizers.get(args.optimizer)", {"adam", "sgd", "adamw", "rmsprop"}),
        ("assert args.optimizer in MAKERS\nMAKERS = {'adam': 1, 'lion': 2}", {"adam", "lion"}),
    ],
)
def test_an_optimizer_that_is_looked_up_by_its_name_is_a_choice(
    code: str, options: set[str], tmp_path: Path
) -> None:
    (tmp_path / "train.py").write_text(OPTIONS + code)
    space = scan(tmp_path / "train.py").space
    assert space is not None
    optimizer = space["optimizer"]
    assert isinstance(optimizer, Choice)
    assert set(optimizer.options) == options
