"""YAML files that a script reads: whatever people write in them, another value arrives or none is offered."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
import yaml

from bestguess.tools.errors import InputError
from bestguess.tools.scan.configs import read_scalar
from bestguess.tools.scan.draft import Draft

READ = "import yaml\ncfg = yaml.safe_load(open('config.yaml', encoding='utf-8-sig'))\n"


@pytest.mark.parametrize(
    ("text", "section", "names"),
    [
        ("lr: &lr 0.01\ndropout: *lr\n", "", "lr"),
        ("base: &base {lr: 0.01}\nnet: *base\n", "['net']", "base.lr"),
        ("base: &b {lr: 0.01, dropout: 0.3}\nnet: {<<: *b, lr: 0.1}\n", "['net']", "base.dropout net.lr"),
        ("a: &a {lr: 0.1}\nb: &b {dropout: 0.3, lr: 1}\nnet: {<<: [*a, *b]}\n", "['net']", "a.lr b.dropout"),
        ("net: {<<: {lr: 0.01}, dropout: 0.1}\n", "['net']", "net.lr net.dropout"),
        ("lr: 0.01\ndropout: 0.1\nlr: 0.02\n", "", "lr dropout"),
        ("lr: !!float 1e-2\nwidth: !!int '64'\n", "", "lr width"),
        ("\ufefflr: 0.01\r\n# ä\r\ndropout: 0.1  # \U0001f600\r\nwidth: 3\r\n", "", "lr dropout width"),
        ("mode: |\n  fast\nlr: 0.01\n", "", "lr"),
        ("lr: '0.01'\ndropout: 0.1\n", "", "dropout"),
        ("width: 010\ndim: 0x10\nhidden: 1:30\nchannels: 1_000\n", "", "width dim hidden channels"),
        ("lr: 2024-01-01\ndropout: ~\nwidth: [1, 2]\ndepth: 3\n", "", "depth"),
        ("{lr: 0.01, 'dropout': 0.1}", "", "lr dropout"),
        ("lr: 1.0e-05\nbias: on\n", "", "lr bias"),
    ],
)  # fmt: skip
def test_each_setting_is_set_where_it_is_written(
    text: str, section: str, names: str, drafted: Callable[..., Draft]
) -> None:
    said = "print({key: value for key, value in cfg.items() if isinstance(value, float | int)})"
    draft = drafted({"config.yaml": text, "train.py": f"{READ}cfg = cfg{section}\n{said}"})
    assert {found.name for found in draft.chosen} == set(names.split())


@pytest.mark.parametrize(
    ("opened", "names"),
    [
        ("open('conf/a.yaml').read()", "lr"),
        ("pathlib.Path(__file__).with_name('conf').joinpath('a.yaml').read_text()", "lr"),
        ("pathlib.Path('conf/a.yaml').open('rb').read()", "lr"),
        ("io.open(file=os.path.abspath('conf/a.yaml'), mode='rt').read()", "lr"),
        ("open(argparse.Namespace(config='conf/a.yaml').config, 'r').read()", "lr"),
    ],
)
def test_however_a_file_is_opened(opened: str, names: str, drafted: Callable[..., Draft]) -> None:
    script = f"import argparse, io, os, pathlib, yaml\nprint(yaml.safe_load({opened}))"
    draft = drafted({"conf/a.yaml": "lr: 0.01\n", "train.py": script})
    assert {found.name for found in draft.chosen} == set(names.split())


def test_files_of_one_name_and_settings_of_one_name_are_kept_apart(drafted: Callable[..., Draft]) -> None:
    script = """
import yaml
net = yaml.safe_load(open("net/params.yaml"))
fit = yaml.safe_load(open("fit/params.yaml"))
more = yaml.safe_load(open("fit/more.yaml"))
print(dict(width=net["width"], lr=fit["lr"], **{"depth": net["depth"]}, dropout=more["lr"] and 0.1))
"""
    files = {"net/params.yaml": "width: 64\ndepth: 2\n", "fit/params.yaml": "lr: 0.01\n"}
    draft = drafted({**files, "fit/more.yaml": "lr: seven\n", "train.py": script})
    assert {found.name for found in draft.chosen} == {"width", "depth", "lr"}
    assert [(found.name, reason) for found, reason in draft.left_out] == [
        ("more.lr", "it is text, and the script names no other value for it")
    ]


def test_a_file_names_others_from_where_it_is(drafted: Callable[..., Draft]) -> None:
    script = """
import os, yaml
def load(path):
    table = yaml.safe_load(open(path))
    base = table.pop("base", None)
    return {**(load(os.path.join(os.path.dirname(path), base)) if base else {}), **table}
print(load("conf/a.yaml"))
"""
    files = {"conf/a.yaml": "base: b.yml\nlr: 0.01\n", "conf/b.yml": "width: 64\n"}
    assert [found.name for found in drafted({**files, "train.py": script}).chosen] == ["lr"]


def test_what_the_script_writes_is_read_again(drafted: Callable[..., Draft]) -> None:
    script = f"{READ}open('config.yaml', 'a').close()\nprint(dict(cfg, again=open('config.yaml').read()))"
    draft = drafted({"config.yaml": "lr: 0.01\n", "train.py": script})
    assert [found.name for found in draft.chosen] == ["lr"]


@pytest.mark.parametrize("name", ["config.json", "config.toml"])
def test_of_other_files_nothing_is_offered(name: str, drafted: Callable[..., Draft]) -> None:
    script = f"print(dict(text=open('{name}').read()))"
    assert drafted({name: '{"lr": 0.1}', "train.py": script}).space is None


@pytest.mark.parametrize(
    "written",
    [
        "open('out.yaml', 'w').close()",
        "pathlib.Path('out.yaml').open(mode='wt').close()",
        "pathlib.Path('out.yaml').write_text('lr: 1')",
    ],
)
def test_what_a_script_only_writes_is_no_configuration(written: str, drafted: Callable[..., Draft]) -> None:
    script = f"import pathlib\nDROPOUT = 0.1\n{written}\nprint(dict(dropout=DROPOUT))"
    draft = drafted({"out.yaml": "lr: 0.01\n", "train.py": script})
    assert [found.name for found in draft.chosen] == ["DROPOUT"]


_ALIASES = "a0: &a0 {}\n" + "".join(
    f"a{level}: &a{level} {{{', '.join(f'k{key}: *a{level - 1}' for key in range(9))}}}\n"
    for level in range(1, 9)
)
_MERGES = (
    f"a: &a {{{', '.join(f'k{key}: 1' for key in range(1000))}}}\nb: {{<<: [{', '.join(1000 * ['*a'])}]}}\n"
)


@pytest.mark.parametrize("text", [_ALIASES, _MERGES], ids=["aliases", "merge keys"])
def test_a_short_file_that_repeats_itself_without_end_is_refused_at_once(
    text: str, drafted: Callable[..., Draft]
) -> None:
    started = time.thread_time()
    with pytest.raises(InputError, match=r"config\.yaml repeats its mappings too often"):
        drafted({"config.yaml": text, "train.py": f"{READ}print(cfg)"})
    assert time.thread_time() - started < 3


def test_a_number_that_no_float_can_hold_is_no_setting() -> None:
    node = yaml.compose(f"{'1:' * 250}1.5")
    assert isinstance(node, yaml.ScalarNode)
    assert read_scalar(node) is None
