"""What a script takes from modules of its own folder is set there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from bestguess.tools.scan.draft import Draft, scan

CONFIG = """
import argparse
from dataclasses import dataclass
LR = 0.01
RATE = LR * 2
DROPOUT = 0.1
TABLE = {"lr": 0.01, "dropout": 0.1}
@dataclass
class Config:
    lr: float = 0.01
    dropout: float = 0.1
def options():
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.01)
    parser.add_argument("--bias", action="store_true")
    return parser.parse_args()
if __name__ == "__main__":
    argparse.ArgumentParser().add_argument("--gamma", type=float, default=0.5)
"""


@pytest.mark.parametrize(
    ("script", "names"),
    [
        ("from config import LR, RATE\nprint(dict(lr=LR, rate=RATE))", "LR"),
        ("import config\nprint(dict(lr=config.LR))", "LR"),
        ("import nets.config as c\nprint(dict(lr=c.LR, dropout=c.DROPOUT))", "LR DROPOUT"),
        ("import nets.config\nprint(dict(dropout=nets.config.DROPOUT))", "DROPOUT"),
        ("from nets import config\nprint(dict(lr=config.LR))", "LR"),
        ("import config\nconfig.LR = config.DROPOUT\nprint(dict(dropout=config.LR))", "DROPOUT"),
        ("from config import TABLE\nTABLE['lr'] = TABLE['dropout']\nprint(TABLE)", "TABLE.dropout"),
        ("from config import Config\nprint(vars(Config(0.05)))", "lr dropout"),
        ("from config import Config\ncfg = Config()\ncfg.lr = cfg.dropout\nprint(vars(cfg))", "dropout"),
        ("from config import options\nprint(vars(options()))", "lr bias"),
    ],
)
def test_what_a_script_imports_is_found_where_it_stands(
    script: str, names: str, drafted: Callable[..., Draft]
) -> None:
    draft = drafted({"config.py": CONFIG, "nets/config.py": CONFIG, "train.py": script})
    assert {found.name for found in draft.chosen} == set(names.split())
    assert all(found.file != "train.py" or found.line == 2 for found in draft.chosen)


def test_a_star_takes_all(tmp_path: Path) -> None:
    (tmp_path / "config.py").write_text("LR = 0.1\n_DROPOUT = 0.1\n")
    (tmp_path / "train.py").write_text("from config import *\nprint(LR)")
    assert [found.name for found in scan(tmp_path / "train.py").chosen] == ["LR"]


def test_modules_from_elsewhere_are_not_read(tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("LR = 0.1\n")
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "config.py").symlink_to("../outside.py")
    (folder / "train.py").write_text("import json, config\nfrom config import LR\nprint(LR, config.LR)\n")
    assert scan(folder / "train.py").space is None


HELPERS = """
import argparse
def _optim(p):
    p.add_argument("--lr", type=float, default=0.01)
class Base:
    def more(self, p):
        p.add_argument("--dropout", type=float, default=0.1)
class Options(Base):
    def parse(self):
        p = argparse.ArgumentParser()
        _optim(p)
        self.more(p)
        return p.parse_args()
def parse():
    return Options().parse()
def other(p):
    p.add_argument("--gamma", type=float, default=0.5)
"""
PARSED = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.01)
args = parser.parse_args()
def other(p):
    p.add_argument("--gamma", type=float, default=0.5)
"""
CLICKED = """
import click
@click.command()
@click.option("--lr", type=float, default=0.01)
@click.option("--dropout", type=float, default=0.1)
def main(lr, dropout):
    print(dict(lr=lr, dropout=dropout))
"""


@pytest.mark.parametrize(
    ("module", "script", "names"),
    [
        (HELPERS, "from options import parse\nprint(vars(parse()))", "lr dropout"),
        (HELPERS, "import options\nprint(vars(options.Options().parse()))", "lr dropout"),
        (PARSED, "from options import args\nprint(vars(args))", "lr"),
        (CLICKED, "from options import main\nmain(standalone_mode=False)", "lr dropout"),
    ],
)
def test_options_that_what_is_imported_rests_on_are_found(
    module: str, script: str, names: str, drafted: Callable[..., Draft]
) -> None:
    draft = drafted({"options.py": module, "train.py": script})
    assert {found.name for found in draft.chosen} == set(names.split())


def test_modules_that_are_imported_relatively_are_read(tmp_path: Path) -> None:
    (tmp_path / "opts.py").write_text(HELPERS)
    for taken in ("from .opts import parse", "from . import opts\nparse = opts.parse"):
        (tmp_path / "train.py").write_text(f"{taken}\nprint(vars(parse()))")
        found = scan(tmp_path / "train.py")
        assert {one.name for one in found.chosen} == {"lr", "dropout"}
        (lack,) = found.lacks
        assert f"(line 1), which it can only as a part of it: run python -m {tmp_path.name}.train" in lack
