"""Each end of each drafted parameter arrives in the script, whatever reads its command line."""

from __future__ import annotations

import ast
import contextlib
import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from bestguess.tools.objective.command import CommandTemplate
from bestguess.tools.objective.inherited import read_code
from bestguess.tools.objective.override import override
from bestguess.tools.scan.draft import Draft, scan
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter


def draft(folder: Path, text: str) -> Draft:
    script = folder / "train.py"
    script.write_text(text)
    return scan(script)


def ends(parameter: Parameter) -> list[Any]:
    if isinstance(parameter, Choice):
        return list(parameter.options)
    assert isinstance(parameter, Float | Int)
    return [parameter.low, parameter.high, parameter.default]


def run(found: Draft, params: dict[str, Any], folder: Path, *more: str) -> dict[str, Any]:
    """Run the drafted command in this process, and return the dictionary that the script prints last."""
    assert found.space is not None
    words = CommandTemplate(found.command, found.space.names, found.space.texts).render(params)
    arguments, values = words[2:], {}
    if "bestguess.tools.objective.override" in words:
        arguments = words[4:]
        while arguments[:1] == ["--set"]:
            name, _, value = arguments[1].partition("=")
            values[name] = value
            arguments = arguments[2:]
        arguments = arguments[1:]
    changes = override(found.script, values, folder)
    code = read_code(changes.codes[os.path.realpath(changes.script)])
    said, argv = io.StringIO(), sys.argv
    sys.argv = ["train.py", *arguments, *more]
    try:
        with (
            contextlib.redirect_stdout(said),
            contextlib.redirect_stderr(said),
            contextlib.suppress(SystemExit),
        ):
            exec(code, {"__name__": "__main__"})
    finally:
        sys.argv = argv
    lines = [line for line in said.getvalue().splitlines() if line.startswith("{")]
    assert lines, said.getvalue()
    seen: dict[str, Any] = ast.literal_eval(lines[-1])
    return seen


def check(found: Draft, folder: Path, *more: str) -> None:
    assert found.space is not None
    tried = {name: ends(found.space[name]) for name in found.space.names}
    for turn in range(max(map(len, tried.values()))):
        params = {name: values[turn % len(values)] for name, values in tried.items()}
        seen = run(found, params, folder, *more)
        for name, value in params.items():
            arrived = seen[name.rpartition(".")[2]]
            assert (name, arrived) == (name, value)
            assert isinstance(arrived, bool) == isinstance(value, bool)


BOOLEANS = (
    "type=bool, default=True",
    "type=bool, default=False, nargs='?', const=True",
    "type=bool, default='False'",
    "type=bool",
    "default=True",
    "type=lambda x: x == 'true', default=False",
    "type=lambda s: s.lower() in {'1', 'yes'}, default='yes'",
    "type=str2bool, default='no', nargs='?', const=True",
    "type=json.loads, default=True",
    "type=json.loads, default='true'",
    "type=eval, default=True",
    "type=ast.literal_eval, default=False",
    "type=int, default=True",
    "type=str, default=False",
    "action='store_true'",
    "action='store_true', default=True",
    "action='store_const', const=True, default=False",
    "action=argparse.BooleanOptionalAction, default=True",
    "action=argparse.BooleanOptionalAction",
)

NUMBERS = (
    "'--a_lr', type=float, default=0.01",
    "'--b-lr', type=float, default='0.01'",
    "'--c_lr', default=0.01",
    "'--d_lr', type=str, default=0.01",
    "'--e_lr', type=positive, default=0.01",
    "'--f_lr', type=percent, default=0.01",
    "'--g_lr', type=functools.partial(round, ndigits=2), default=0.01",
    "'--h_lr', type=json.loads, default='0.01'",
    "'--i_lr', type=float, nargs='?', const=0.5, default=0.01",
    "'--j_lr', type=float",
    "'--k_lr', type=float, required=True",
    "'--l_lr', action='store_const', const=0.5, default=0.1",
    "'-lr', type=float, default=0.01",
    "'-d', type=float, default=0.1, dest='dropout'",
    "'+d', type=float, default=0.1, dest='drop_path'",
    "'--bias', type=float, default=-1e-05",
    "'-b', type=float, default=-1e-05, dest='my_bias'",
    "'--hidden', type=int, default=int(1e3)",
    "'--units', type=lambda text: int(float(text)), default=64",
    "'--depth', type=int, choices=range(1, 6), default=3",
    "'--layers', type=int, choices=range(1, 1000), default=30",
    "'--rank', type=int, choices=SIZES, default=4",
    "'--opt', choices=sorted(TABLE), default='adam'",
    "'--act', type=str.lower, choices=['sgd', 'adam'], required=True",
    "'momentum', type=float",
    "'gamma', type=float, nargs='?', default=0.9",
)

ARGPARSE = """
import argparse, ast, functools, json
def str2bool(v):
    if isinstance(v, bool):
        return v
    if v.lower() in ("yes", "true"):
        return True
    elif v.lower() in ("no", "false"):
        return False
    raise argparse.ArgumentTypeError("no bool")
def positive(text):
    value = float(text)
    if value <= 0:
        raise argparse.ArgumentTypeError("not positive")
    return value
def percent(text):
    return float(text) / 100
SIZES = [2, 4, 8]
TABLE = {"sgd": object, "adam": object}
p = argparse.ArgumentParser(prefix_chars="-+")
OPTIONS
print(vars(p.parse_args()))
"""


def test_a_boolean_of_argparse_arrives_however_it_is_declared(tmp_path: Path) -> None:
    options = [f"p.add_argument('--b{number}', {how})" for number, how in enumerate(BOOLEANS)]
    options += ["p.add_argument('--no-x', dest='x', action='store_false')"]
    options += ["p.add_argument('-y', action='store_true')"]
    options += ["p.add_argument('++z', action='store_true')"]
    found = draft(tmp_path, ARGPARSE.replace("OPTIONS", "\n".join(options)))

    assert found.space is not None
    assert set(found.space.names) == {*(f"b{number}" for number in range(len(BOOLEANS))), *"xyz"}
    check(found, tmp_path)


def test_a_value_of_argparse_arrives_however_it_is_declared(tmp_path: Path) -> None:
    options = (f"p.add_argument({option})" for option in NUMBERS)
    found = draft(tmp_path, ARGPARSE.replace("OPTIONS", "\n".join(options)))

    assert len(found.chosen) == len(NUMBERS)
    check(found, tmp_path)


SCRIPTS = {
    "a switch with an off form of its own": """
import argparse
p = argparse.ArgumentParser()
g = p.add_mutually_exclusive_group(required=True)
g.add_argument("--bn", dest="bn", action="store_true")
g.add_argument("--no-bn", dest="bn", action="store_false")
p.set_defaults(bn=True)
print(vars(p.parse_args()))
""",
    "set_defaults": """
import argparse
p = argparse.ArgumentParser()
p.add_argument("--augment", action="store_true")
p.add_argument("--lr", type=float, default=0.01)
p.add_argument("--bn", type=bool, default=True)
p.set_defaults(augment=True, lr=0.5, bn=False)
print(vars(p.parse_args()))
""",
    "set_defaults of a parser that inherits": """
import argparse
base = argparse.ArgumentParser(add_help=False)
base.add_argument("--lr", type=float, default=0.01)
p = argparse.ArgumentParser(parents=[base])
p.set_defaults(lr=0.5)
print(vars(p.parse_args()))
""",
    "a script that reads no command line": """
import argparse
p = argparse.ArgumentParser()
p.add_argument("--lr", type=float, default=0.01)
p.add_argument("--bn", action="store_true")
print(vars(p.parse_args([])))
""",
    "options that exclude each other": """
import argparse
p = argparse.ArgumentParser()
g = p.add_mutually_exclusive_group()
g.add_argument("--dropout", type=float, default=0.2)
g.add_argument("--drop-path", type=float, default=0.1)
print(vars(p.parse_args()))
""",
    "subcommands": """
import argparse
def common(parser):
    parser.add_argument("--momentum", type=float, default=0.9)
base = argparse.ArgumentParser(add_help=False)
base.add_argument("--gamma", type=float, default=0.9)
p = argparse.ArgumentParser()
p.add_argument("--dropout", type=float, default=0.2)
s = p.add_subparsers(dest="do", required=True)
q = s.add_parser("evaluate", parents=[base])
q.add_argument("--lr", type=float, default=0.5)
common(q)
q = s.add_parser("train", parents=[base])
q.add_argument_group("more").add_argument("--lr", type=float, default=0.01)
q.add_argument("--bn", action="store_true")
common(q)
print(vars(p.parse_args()))
""",
    "parsers that go by other names": """
import argparse
class Model:
    @staticmethod
    def add_model_specific_args(parent_parser):
        parser = argparse.ArgumentParser(parents=[parent_parser], add_help=False)
        parser.add_argument("--gamma", type=float, default=0.9)
        return parser
p = argparse.ArgumentParser()
p = Model.add_model_specific_args(p)
s = p.add_subparsers()
parsers = {}
parsers["train"] = train = s.add_parser("train")
parsers["train"].add_argument("--dropout", type=float, default=0.1)
for q in (train, s.add_parser("evaluate")):
    q.add_argument("--lr", type=float, default=0.1)
print(vars(p.parse_args()))
""",
    "optparse": """
import optparse
p = optparse.OptionParser()
p.add_option("--lr", type="float", default=0.01)
p.add_option("--bn", action="store_true", default=False)
p.add_option("-q", action="store_false", dest="bias", default=True)
p.add_option("--opt", type="choice", choices=["sgd", "adam"], default="adam")
p.add_option("--wd", default=0.1)
print(vars(p.parse_args()[0]))
""",
    "click": """
import click
@click.command()
@click.option("--lr", default=0.01)
@click.option("--gamma", default=1)
@click.option("-d", "dropout", type=float, default=0.1)
@click.option("--bias", default=-1e-05)
@click.option("--temp", type=click.FloatRange(0, 1, min_open=True), default=0.5)
@click.option("--opt", type=click.Choice(["sgd", "adam"]), default="sgd")
@click.option("--a", type=bool, default=True)
@click.option("--b", default=True)
@click.option("--c", is_flag=True)
@click.option("--e", is_flag=True, default=True)
@click.option("--f/--no-f", default=True)
@click.option("--g/-G", default=False)
@click.option("-h", is_flag=True)
@click.argument("momentum", type=float, default=0.9)
def main(**given):
    print(given)
main()
""",
    "commands of click": """
import click
def common(f):
    return click.option("--momentum", default=0.9)(f)
@click.group()
@click.option("--dropout", default=0.1)
@click.pass_context
def cli(ctx, dropout):
    ctx.obj = dropout
@cli.command()
@common
@click.option("--lr", default=0.1)
@click.pass_context
def train_model(ctx, lr, momentum):
    print({"lr": lr, "dropout": ctx.obj, "momentum": momentum})
@click.command()
@click.option("--lr", default=0.3)
def score(lr):
    pass
cli.add_command(score, name="evaluate")
cli()
""",
    "Typer": """
import typer
from enum import Enum
from typing import Annotated, Optional
class Opt(str, Enum):
    sgd = "sgd"
    adam = "adam"
app = typer.Typer()
@app.command()
def main(
    lr: Annotated[float, typer.Option(help="rate", max=0.5)] = 0.01, weight_decay: float = 1e-4, plain=0.5,
    hidden: int = typer.Option(64, "--units", max=100), opt: Opt = Opt.adam,
    a: bool = True, b: bool = typer.Option(False, "--b"),
    c: bool = typer.Option(True, "--c"),
    e: Annotated[bool, typer.Option("--e/--without-e")] = False,
    temp: Annotated[float, typer.Argument()] = 0.5,
):
    print({**locals(), "opt": opt.value})
app()
""",
    "commands of Typer": """
import typer
app, model = typer.Typer(), None
model = typer.Typer()
app.add_typer(model, name="model")
@model.command()
def train_it(lr: float = 0.1):
    print({"lr": lr})
@model.command()
def score(gamma: float = 0.1):
    pass
app()
""",
    "constants in small letters": """
lr, momentum = 0.01, 0.9
hidden_size = 64
use_bn = True
params = dict(max_depth=6, eta=0.3)
if __name__ == "__main__":
    dropout = 0.1
    print(dict(lr=lr, momentum=momentum, hidden_size=hidden_size, use_bn=use_bn, dropout=dropout, **params))
""",
    "plain classes": """
import argparse
class CFG:
    lr = 0.01
    width: int = 64
    bn = False
    optim = {"gamma": 0.9}
class Sub(CFG):
    dropout = 0.1
class Config:
    def __init__(self):
        self.momentum = 0.9
        self.alpha = self.momentum / 9
        self.model = dict(depth=3)
config = Config()
args = argparse.Namespace(weight_decay=0.1)
more = dict(momentum=config.momentum, weight_decay=args.weight_decay, **config.model)
print(dict(lr=CFG.lr, width=CFG.width, bn=CFG.bn, dropout=Sub().dropout, **CFG.optim, **more))
""",
}


@pytest.mark.parametrize("name", SCRIPTS)
def test_all_that_is_drafted_arrives_at_both_ends(tmp_path: Path, name: str) -> None:
    check(draft(tmp_path, SCRIPTS[name]), tmp_path)
