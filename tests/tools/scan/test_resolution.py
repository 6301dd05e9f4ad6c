"""A value is set where it counts: what a script sets again is set there, or left out with the line."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from bestguess.tools.scan.draft import Draft

FIELDS = """
import argparse
from dataclasses import dataclass, field, replace
@dataclass
class Config:
    lr: float = 0.01
    dropout: float = 0.1
"""
NESTED = """
@dataclass
class All:
    of: Config = field(default_factory=Config)
"""
PASSED = """
class Run:
    def __init__(self, cfg):
        self.cfg = cfg
        self.cfg.lr = cfg.dropout
"""
FLAGS = """
import argparse
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.01)
p.add_argument("--dropout", type=float, default=0.1)
p.add_argument("--bias", action="store_true")
"""
LOADED = "import yaml\ncfg = yaml.safe_load(open('config.yaml'))\n"

BOTH = "lr dropout"


@pytest.mark.parametrize(
    ("made", "names"),
    [
        ("cfg = Config(lr=0.05)", BOTH),
        ("cfg = Config(0.05)", BOTH),
        ("cfg = Config()\ncfg.lr = 0.05", BOTH),
        ("cfg = Config()\nsetattr(cfg, 'lr', 0.05)", BOTH),
        ("class R: pass\nR.cfg = Config()\nR.cfg.lr = 0.5\ncfg = R.cfg", BOTH),
        ("def make(of: Config):\n    of.lr = 0.05\n    return of\ncfg = make(Config())", BOTH),
        ("@dataclass\nclass Big(Config):\n    width: int = 3\ncfg = Big(lr=0.05)", "lr dropout width"),
        ("@dataclass\nclass Big(Config):\n    lr: float = 0.5\ncfg = Big()", "Big.lr dropout"),
        ("class Run:\n    def __init__(self): self.lr = 0.5\nRun()\ncfg = Config()", BOTH),
        ("cfg = Config()\nif cfg.lr is None: cfg.lr = 0.5", BOTH),
        ("cfg = Config()\nif cfg.dropout: cfg.lr = 0.5", "dropout"),
        ("cfg, small = Config(lr=0.05), Config()", "dropout"),
        ("cfg = replace(Config(), lr=0.05)", "dropout"),
        ("cfg = Config(**{'lr': 0.05})", ""),
        (f"{NESTED}all = All()\nall.of.lr = 0.5\ncfg = all.of", BOTH),
        (f"{PASSED}cfg = Run(Config()).cfg", "dropout"),
        ("def cli(of): return of()\ncfg = cli(Config)\ncfg.lr = cfg.dropout / 2", "dropout"),
        ("a = argparse.Namespace(lr=0.3)\ncfg = Config(a.lr, dropout=0.2)", "a.lr dropout"),
    ],
)  # fmt: skip
def test_a_field_is_set_where_its_instance_gets_it(
    made: str, names: str, drafted: Callable[..., Draft]
) -> None:
    draft = drafted({"train.py": f"{FIELDS}{made}\nprint(vars(cfg))"})
    assert {found.name for found in draft.chosen} == set(names.split())
    assert all("it is set again on line" in reason for _, reason in draft.left_out)


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("LR = 0.01\nLRS = LR * 2", "LR"),
        ("LR = 0.01\nCONFIG = {'lr': LR, 'wd': LR * 2}", "LR"),
        ("LR = 0.01\nif LR: LR = 0.05", ""),
        ("LR = 0.01\nfor LR in (0.1, 0.2): pass", ""),
        ("LR = 0.01\ndef change(x):\n    global LR\n    LR = x\nchange(0.5)", ""),
        ("LR = 0.01\ndef change():\n    global LR\n    LR = 0.5\nchange()", "LR"),
        ("LR = 0.01\ndef change(x):\n    LR = float(x)\nchange(0.5)", "LR"),
        ("LR = 0.01\nLR *= 1", "LR"),
        ("LR, WIDTH = 0.01, f'{3}'", "LR"),
        ("if __name__ == '__main__':\n    LR = 0.01", "LR"),
        ("import os\nLR = float(os.environ.get('UNSET_LR', '0.01'))", "LR"),
        ("CONFIG = {'lr': 0.01}\nCONFIG['lr'] = 0.05\nLR = CONFIG.get('lr')", "CONFIG.lr"),
        ("CONFIG = dict(lr=0.01)\nCONFIG.update(lr=0.05)\nLR = CONFIG.get('lr')", "CONFIG.lr"),
        ("CONFIG = {'lr': 0.01}\nCONFIG |= {'lr': 0.05}\nLR = CONFIG.get('lr')", "CONFIG.lr"),
        ("CONFIG = {'lr': 0.01}\nLR = {**CONFIG, 'lr': 0.05}.get('lr')", ""),
    ],
)
def test_a_constant_is_set_once_and_others_follow_it(
    script: str, names: str, drafted: Callable[..., Draft]
) -> None:
    draft = drafted({"train.py": f"{script}\nprint(dict(lr=LR))"})
    assert {found.name for found in draft.chosen} == set(names.split())


@pytest.mark.parametrize(
    ("parsed", "names"),
    [
        ("p.set_defaults(lr=0.05, bias=True)\na = p.parse_args()", "lr dropout bias"),
        ("p.set_defaults(**{'lr': 0.05})\na = p.parse_args()", "lr dropout bias"),
        ("p.set_defaults(lr=float('0.05' * 1))\na = p.parse_args()", "dropout bias"),
        ("a, _ = p.parse_known_args()\na.lr = 0.05", "lr dropout bias"),
        ("a = p.parse_args()\na.lr = a.dropout", "dropout bias"),
        ("def parse():\n    return p.parse_args()\na = parse()\na.bias = not a.lr", "lr dropout"),
        ("a = p.parse_args([])", "lr dropout bias"),
        ("a = p.parse_args('--lr 0.5'.split())", "dropout bias"),
        ("import sys\na = p.parse_args(sys.argv[1:])", "lr dropout bias"),
    ],
)
def test_an_option_starts_from_the_default_that_counts(
    parsed: str, names: str, drafted: Callable[..., Draft]
) -> None:
    draft = drafted({"train.py": f"{FLAGS}{parsed}\nprint(vars(a))"})
    assert {found.name for found in draft.chosen} == set(names.split())


@pytest.mark.parametrize(
    ("changed", "names"),
    [
        ("cfg['lr'] = 0.05", BOTH),
        ("cfg['lr'] = cfg['dropout']", "dropout"),
        ("cfg.update(lr=cfg['dropout'])", "dropout"),
        ("for cfg['lr'] in (0.1, 0.2): pass", "dropout"),
    ],
)
def test_a_setting_of_a_file_that_the_script_sets_again(
    changed: str, names: str, drafted: Callable[..., Draft]
) -> None:
    files = {"config.yaml": "lr: 0.01\ndropout: 0.1\n", "train.py": f"{LOADED}{changed}\nprint(cfg)"}
    assert {found.name for found in drafted(files).chosen} == set(names.split())


def test_a_table_from_a_file_takes_the_place_of_the_defaults(drafted: Callable[..., Draft]) -> None:
    script = f"{FLAGS}{LOADED}p.set_defaults(**cfg)\nprint(vars(p.parse_args()))"
    draft = drafted({"config.yaml": "lr: 0.02\n", "train.py": script})
    assert {(found.name, found.origin) for found in draft.chosen} == {
        ("lr", "yaml"),
        ("dropout", "argparse"),
        ("bias", "argparse"),
    }
