# ruff: noqa: E501 - one line a bad input
"""Expressions, YAML, files and scripts from strangers: each ends in one line that names it, or is fine, at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tests.bad_inputs import FINE, Places, Rows, expect, expect_each, table

from bestguess.tools.scan.draft import scan
from bestguess.tools.space.formats import load_yaml
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space

LR = "lr: {type: float, low: 0.1, high: 1}"


def constrained(expression: str) -> Space:
    return Space(a=Float(0.5, 2), b=Int(1, 9), mode=Choice(["x", "y"]), constraints=[expression])


EXPRESSIONS = [
    (f"expression {text[:40]}", lambda text=text: constrained(text), words)
    for text, words in {
        "": "characters",
        " ": "characters",
        "import os": "cannot be read",
        "a < 1 #": "",
        "a\n< 1": "cannot be read",
        "a\0 < 1": "null",
        "a\ud800 < 1": "cannot be read",
        "a < " + "9" * 995: "",
        "a < " + "9" * 50_000_000: "characters",
        "9**9**9 < a": "cannot be computed",
        "a < 9**3999999*0": "cannot be computed",
        "a * 10**400 < 1": "cannot be computed",
        "'x' * 10**10 == mode": "cannot be computed",
        "mode * 10**10 == 'x'": "cannot be computed",
        "'%9999999999d' % 1 == mode": "cannot be computed",
        "a << 10**9 > 1": "not allowed",
        "sum(range(10**9)) > a": "may be called",
        "__import__('os').system('id') > a": "may be called",
        "a" + ".b" * 400 + " > 1": "",
        "(" * 150 + "a" + ")" * 150 + " > 1": "fine",
        "(" * 400 + "a" + ")" * 400 + " > 1": "cannot be read",
        "[" * 150 + "a" + "]" * 150 + " == 1": "",
        "-" * 900 + "a > 1": "nested too deeply",
        "not " * 200 + "a > 1": "nested too deeply",
        "a" + "+a" * 450 + " > 1": "nested too deeply",
        "a > 1 or " * 100 + "a > 1": "fine",
        "a in mode": "'in' needs a list",
        "a in (1, (2, 3))": "not allowed",
        "f'{a:>99999999999}' == mode": "not allowed",
        "... == a": "not allowed",
        "`a < 1": "cannot be read",
        "`nobody` < 1": "no parameter is called 'nobody'",
        "moda < 1": "did you mean 'mode'",
        "a": "",
        "a < mode": "cannot be computed",
        "a / 0 < 1": "cannot be computed",
        "log(0 * a) < 1": "cannot be computed",
        "sqrt(0 - a) < 1": "cannot be computed",
        "max() < a": "cannot be computed",
        "abs(a, b) < 1": "cannot be computed",
        "log(a, 1) < 1": "cannot be computed",
        "min(mode, 1) < a": "cannot be computed",
        "a < nan": "no parameter is called 'nan'",
        "a < 1e400": "fine",
        "a != a": "does not hold",
        "mode == '\\d'": "does not hold",
        "{a: 1} == 1": "not allowed",
        "{a, b} == 1": "not allowed",
        "a is 1": "not allowed",
        "a ** -400 > 0 * b ** 999": "",
        "yield a": "cannot be read",
        "await a": "",
        "*a > 1": "",
        "a @ b > 1": "not allowed",
        "a[10**9] > 1": "not allowed",
    }.items()
]

YAMLS = [
    (f"YAML {name}", lambda text=text: load_yaml(text), *words)
    for name, text, *words in [
        ("empty", "", "mapping"),
        ("word", "hello", "mapping"),
        ("list", "- 1", "mapping"),
        ("no parameters", "task: {}", "parameters"),
        ("null parameters", "parameters:", "parameters"),
        ("parameters list", "parameters: [1]", "parameters"),
        ("parameter null", "parameters: {lr: }", "lr"),
        ("parameter number", "parameters: {lr: 1}", "lr"),
        (
            "type unknown",
            "parameters: {lr: {type: flaot, low: 0, high: 1}}",
            "lr",
            "type",
            "did you mean 'float'",
        ),
        ("type list", "parameters: {lr: {type: [float], low: 0, high: 1}}", "lr", "type"),
        ("field near", "parameters: {lr: {type: float, low: 0, hihg: 1}}", "lr", "did you mean 'high'"),
        ("top field near", f"parameter: {{{LR}}}", "did you mean 'parameters'"),
        ("low missing", "parameters: {lr: {type: float, high: 1}}", "lr", "low is missing"),
        ("low word", "parameters: {lr: {type: float, low: small, high: 1}}", "lr", "low is 'small'"),
        ("low quoted", "parameters: {lr: {type: float, low: '0.1', high: 1}}", "lr", "low is '0.1'"),
        ("low true", "parameters: {lr: {type: float, low: true, high: 1}}", "lr", "low is True"),
        ("low null", "parameters: {lr: {type: float, low: null, high: 1}}", "lr", "low is None"),
        ("low nan", "parameters: {lr: {type: float, low: .nan, high: 1}}", "lr", "low is nan"),
        ("high 1e400", "parameters: {lr: {type: float, low: 0, high: 1e400}}", "lr", "high is inf"),
        ("high of 900 digits", f"parameters: {{lr: {{type: int, low: 0, high: {'9' * 900}}}}}", "lr", "high"),
        (
            "high of 9000 digits",
            f"parameters: {{lr: {{type: int, low: 0, high: {'9' * 9000}}}}}",
            "lr",
            "high",
        ),
        (
            "default outside",
            "parameters: {lr: {type: float, low: 0, high: 1, default: 2}}",
            "lr",
            "default 2",
        ),
        ("log of zero", "parameters: {lr: {type: float, low: 0, high: 1, log: true}}", "lr", "log"),
        ("log word", "parameters: {lr: {type: float, low: 0, high: 1, log: yes}}", "lr", "log is 'yes'"),
        ("options empty", "parameters: {k: {type: choice, options: []}}", "'k'", "options"),
        ("options word", "parameters: {k: {type: choice, options: abc}}", "'k'", "options"),
        ("options alike", "parameters: {k: {type: choice, options: [1, '1']}}", "'k'", "look the same"),
        ("options nested", "parameters: {k: {type: choice, options: [[a], b]}}", "'k'", "option"),
        ("options 100,000", "parameters: {k: {type: choice, options: [" + "a," * 100_000 + "]}}", "10000"),
        ("examples word", "parameters: {k: {type: text, examples: abc}}", "'k'", "examples"),
        ("max_chars huge", "parameters: {k: {type: text, max_chars: 99999999999}}", "'k'", "max_chars"),
        (
            "when unknown",
            f"parameters: {{{LR}, k: {{type: int, low: 0, high: 2, when: {{lx: 1}}}}}}",
            "'k'",
            "'lx'",
        ),
        (
            "when on float",
            f"parameters: {{{LR}, k: {{type: int, low: 0, high: 2, when: {{lr: 1}}}}}}",
            "'k'",
            "parent",
        ),
        ("when itself", "parameters: {k: {type: int, low: 0, high: 2, when: {k: 1}}}", "cycle"),
        (
            "when cycle",
            "parameters: {a: {type: int, low: 0, high: 2, when: {b: 1}}, b: {type: int, low: 0, high: 2, when: {a: 1}}}",
            "cycle",
        ),
        ("when list", f"parameters: {{{LR}, k: {{type: int, low: 0, high: 2, when: [1]}}}}", "'k'", "when"),
        ("name empty", "parameters: {'': {type: float, low: 0, high: 1}}", "name"),
        ("name null", "parameters: {null: {type: float, low: 0, high: 1}}", "quotes"),
        ("name brace", "parameters: {'a{b': {type: float, low: 0, high: 1}}", "name"),
        ("name long", f"parameters: {{{'n' * 200}: {{type: float, low: 0, high: 1}}}}", "name"),
        ("constraint null", f"parameters: {{{LR}}}\nconstraints: [null]", "constraint"),
        ("constraint mapping", f"parameters: {{{LR}}}\nconstraints: [{{lr: 1}}]", "constraint"),
        (
            "constraint callable",
            f"parameters: {{{LR}}}\nconstraints: [{{callable: 'os:system'}}]",
            "'os:system'",
        ),
        ("constraint power", f"parameters: {{{LR}}}\nconstraints: [lr < 9**3999999*0]", "cannot be computed"),
        ("alias bomb", "a: &a [x, x]\nb: &b [*a, *a]\nparameters: *b", "anchor"),
        (
            "billion laughs",
            "a0: &a0 lol\n" + "".join(f"a{i + 1}: &a{i + 1} [{f'*a{i}, ' * 9}]\n" for i in range(30)),
            "anchor",
        ),
        ("merge key", "parameters: {lr: {<<: {low: 0}, type: float, high: 1}}", "'<<'"),
        ("python name", "parameters: {lr: !!python/name:os.system ''}", "tag"),
        ("tag binary", "parameters: !!binary aGVsbG8=", "tag"),
        ("tag set", "parameters: !!set {a}", "tag"),
        ("directive", "%TAG ! tag:evil,2026:\n---\nparameters: !x 1", "tag"),
        ("version 9", "%YAML 9.9\n---\na: 1", "YAML"),
        ("nested 10,000 flow", "parameters: " + "[" * 10_000, "nested"),
        ("nested 10,000 block", "\n".join(" " * i + "- " for i in range(600)), "nested"),
        ("nested mappings", "{a: " * 10_000, "nested"),
        ("bad escape", 'parameters: {lr: "\\q"}', "YAML"),
        ("control character", "parameters: \x1b[31m", "YAML"),
        ("surrogate", "parameters: {'\ud800': 1}", "YAML"),
        ("question marks", "?" * 5_000, ""),
        ("dashes", "- " * 5_000, "nested"),
        ("quotes", "'" * 100_001, ""),
        ("stars", "*" * 100_000, ""),
        ("50 MB", "a" * 50_000_000, "characters"),
        ("50 MB of lines", "a: 1\n" * 10_000_000, "characters"),
        ("long key", "k" * 100_000 + ": 1", ""),
        (
            "many keys",
            "parameters: {" + ", ".join(f"p{i}: {{type: int, low: 0, high: 9}}" for i in range(1001)) + "}",
            "1001 parameters",
        ),
        ("old yes", "parameters: {k: {type: choice, options: [yes, no, on, off, 010, 1_000, 1:30]}}", *FINE),
        ("byte order mark", f"\ufeffparameters: {{{LR}}}", *FINE),
    ]
]

BYTES = {
    "latin 1": (b"parameters: {k\xe9: 1}", "UTF-8"),
    "utf 16": (f"parameters: {{{LR}}}".encode("utf-16"), "UTF-8"),
    "utf 32": (f"parameters: {{{LR}}}".encode("utf-32"), ""),
    "zeros": (bytes(1000), ""),
    "binary": (bytes(range(256)) * 10, "UTF-8"),
    "gzip": (b"\x1f\x8b\x08" + bytes(50), "UTF-8"),
    "byte order mark": (f"parameters: {{{LR}}}".encode("utf-8-sig"), *FINE),
    "surrogates as UTF-8": (b"parameters: \xed\xa0\x80", "UTF-8"),
    "overlong": (b"parameters: \xc0\xaf", "UTF-8"),
    "empty": (b"", "mapping"),
}

PATHS = {
    "fifo.yaml": "pipe", "zero.yaml": "device", "folder.yaml": "folder", "loop.yaml": "", "huge.yaml": "bytes",
    "absent.yaml": "No such file", "n" * 300 + ".yaml": "too long", "null\0.yaml": "path", "\ud800.yaml": "path",
}  # fmt: skip


@pytest.mark.slow
@table(*EXPRESSIONS)
def test_a_bad_expression_is_refused_as_a_constraint(rows: Rows) -> None:
    expect_each(rows)


@pytest.mark.slow
@table(*YAMLS)
def test_a_bad_yaml_text_is_refused_with_its_line_or_name(rows: Rows) -> None:
    expect_each(rows)


@pytest.mark.parametrize("name", BYTES)
def test_a_yaml_file_of_odd_bytes_is_refused_by_its_name(name: str, tmp_path: Path) -> None:
    content, *words = BYTES[name]
    path = tmp_path / "odd.yaml"
    path.write_bytes(content)
    expect(lambda: load_yaml(path), FINE if tuple(words) == FINE else ("odd.yaml", *words))


@pytest.mark.parametrize("kind", PATHS)
def test_what_is_no_file_is_not_waited_for(kind: str, tmp_path: Path) -> None:
    path = Places(tmp_path)[kind]
    shown = kind[:20].partition("\0")[0].partition("\ud800")[0]
    expect(lambda: load_yaml(path), (shown, PATHS[kind]))
    expect(lambda: load_yaml(str(path)), (shown, PATHS[kind]))
    expect(lambda: scan(path), (shown,))


SCRIPTS: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "fine"),
    "no Python": ("this is no Python", "odd.py"),
    "null": ("a = 1\0", "odd.py"),
    "latin 1": (b"LR = 0.1  # \xe9\n", "UTF-8"),
    "utf 16": ("LR = 0.1".encode("utf-16"), "UTF-8"),
    "byte order mark": ("LR = 0.1\n".encode("utf-8-sig"), "fine"),
    "nested lists": ("X = " + "[" * 10_000, "odd.py"),
    "nested lists, closed": ("X = " + "[" * 150 + "]" * 150, "fine"),
    "sum of 900": ("X = " + "1+" * 900 + "1", ""),
    "sum of 20,000": ("X = " + "1+" * 20_000 + "1", "odd.py"),
    "text of 900": ("print(" + "'loss: '+" * 900 + "str(x))", ""),
    "text of 2,000": ("print(" + "'loss: '+" * 2000 + "str(x))", ""),
    "dots": ("x" + ".a" * 20_000, "odd.py"),
    "calls": ("x" + "()" * 20_000, "odd.py"),
    "minuses": ("X = " + "-" * 50_000 + "1", "odd.py"),
    "blocks": ("\n".join(" " * i + "if 1:" for i in range(150)), "odd.py"),
    "power": ("X = 9 ** 9 ** 9\nY = 9**3999999*0", "fine"),
    "power of a power": ("X = (((2 ** 64) ** 64) ** 64) ** 64", "fine"),
    "shift": ("X = 1 << 10**9", "fine"),
    "text times": ("X = 'a' * 10**10", "fine"),
    "5,000 digits": ("X = " + "9" * 5000, "odd.py"),
    "1e400": ("LR = 1e400\nMOMENTUM = float('nan')\nDEPTH = int('9' * 5000)", "fine"),
    "int of text": ("DEPTH = int('" + "9" * 5000 + "')", "fine"),
    "20,000 constants": ("".join(f"C{i} = {i}\n" for i in range(20_000)), ""),
    "one name 5,000 times": ("LR = 0.1\n" * 5_000, "fine"),
    "1,100 constants": ("".join(f"C{i} = {i + 1}\n" for i in range(1100)), ""),
    "odd names": ("CONFIG = {\"a'b\": 1, 'c{d': 2, '\\n': 3, '': 4, 'x' * 200: 5, '" + "y" * 200 + "': 0.5}", ""),
    "surrogate": ("NAME = '\\ud800'\nif NAME == '\\udfff': pass", "fine"),
    "surrogate in help": ("import argparse\np = argparse.ArgumentParser()\np.add_argument('--lr', type=float, default=0.1, help='\\ud800')", ""),
    "odd flags": ("p.add_argument()\np.add_argument(*a, **k)\np.add_argument(1)\np.add_argument('--')\np.add_argument('-')\np.add_argument('--x', choices=range(10**12), default=3)\np.add_argument('--y', choices=[[1]], type=5, default={})", ""),
    "odd options": ("import click\n@click.option()\n@click.option(3, default=[])\n@click.option('--lr', type=click.FloatRange(1, 0), default=.5)\n@click.option('--n', type=click.IntRange('a', None), default=3)\ndef f(): pass", ""),
    "reversed range": ("import click\n@click.command()\n@click.option('--lr', type=click.FloatRange(5, 1), default=2.0)\ndef f(lr): pass", "fine"),
    "odd fields": ("from dataclasses import dataclass, field\n@dataclass\nclass C:\n    a: int = field()\n    b: 'int | None' = None\n    c: Literal[1, [2], x] = 1\n    d: float = field(default=1e400, metadata={1: 2, 'help': 3})", "fine"),
    "form feed": ("LR = 0.1\n\x0cDEPTH = 3\n", "fine"),
    "backslash end": ("LR = 0.1 \\", "odd.py"),
    "unclosed text": ("LR = '''", "odd.py"),
    "crlf": (b"LR = 0.1\r\nDEPTH = 3\r\n", "fine"),
    "a megabyte": ("# " + "x" * 3_000_000, "odd.py"),
    "many statements": ("a = 1\n" * 300_000, "odd.py"),
    "odd prints": ("print()\nprint(*a)\nprint(**k)\nprint('loss', sep=3)\nprint('%' % x)\nprint('{'.format(x))\nd = d2 = {**d}\nprint(d)\nprint(f'{x!r:>{y}}')", "fine"),
    "print circle": ("d = {'loss': d}\nprint(d)", "fine"),
    "print doubling": ("".join(f"d{i + 1} = {{'a': d{i}, 'b': d{i}}}\n" for i in range(40)) + "d0 = {'loss': x}\nprint(d40)", "fine"),
    "match": ("match x:\n case {'a': [1, *_]} | (1 | 'a'): pass\n case -1: pass\n case x.y: pass", "fine"),
    "walrus": ("LR = (x := 0.1)\nA, B = 1\nA, *B = 1, 2", "fine"),
    "long hexadecimal": (f"BATCH_SIZE = 0x{'f' * 10_000}\nLR = 0.1", "fine"),
    "hydra": ("import hydra\n@hydra.main(config_path='..', config_name='/etc/passwd')\ndef f(c): pass", "fine"),
}  # fmt: skip

CONFIGS: dict[str, tuple[str | bytes, str]] = {
    "empty": ("", "fine"),
    "no YAML": ("a: [", "c.yaml"),
    "python object": ("lr: !!python/object/apply:os.system ['id']", "fine"),
    "python scalar": ("lr: !!python/name:os.system ''", "fine"),
    "latin 1": (b"lr: \xe9", "c.yaml"),
    "utf 16": ("lr: 1".encode("utf-16"), "c.yaml"),
    "nested flow": ("lr: " + "[" * 10_000, "c.yaml"),
    "nested block": ("".join(" " * i + "a:\n" for i in range(400)), "c.yaml"),
    "billion laughs": ("a0: &a0 {x: 1}\n" + "".join(f"a{i + 1}: &a{i + 1} {{p: *a{i}, q: *a{i}, r: *a{i}}}\n" for i in range(30)), "c.yaml"),
    "circle": ("a: &a {b: *a, lr: 0.1}", "fine"),
    "merge bomb": ("a0: &a0 {x: 1}\n" + "".join(f"a{i + 1}: &a{i + 1} {{<<: [*a{i}, *a{i}, *a{i}]}}\n" for i in range(30)), "fine"),
    "aliases": ("base: &base {lr: 0.1}\nother: *base", "fine"),
    "odd keys": ("? [a, b]\n: 1\n? {c: d}\n: 2\n1: 3\nnull: 4\n'': 5", "fine"),
    "odd numbers": ("a: 0o9\nb: 0x\nc: 1:99:99\nd: " + "9" * 5000 + "\ne: .nan\nf: 1e999\ng: 0b2\nh: 1__0", "fine"),
    "long hexadecimal": (f"width: 0x{'f' * 10_000}\nlr: 0.1", "fine"),
    "bad time": ("a: 2026-99-99", "fine"),
    "bad int": ("a: !!int abc", "fine"),
    "two documents": ("a: 1\n---\nb: 2", "c.yaml"),
    "null": ("a: \0", "c.yaml"),
    "large": ("a: 1\n" * 100_000, "fine"),
    "defaults": ("defaults: [1, {a: b, c: d}, {../..: passwd}, {a: [1]}, null]\nlr: 0.1", "fine"),
    "many": ("".join(f"k{i}: {i}\n" for i in range(20_000)), ""),
}  # fmt: skip


def scanned(folder: Path, script: str | bytes) -> None:
    path = folder / "odd.py"
    path.write_bytes(script if isinstance(script, bytes) else script.encode())
    draft = scan(path)
    json.dumps([draft.command, draft.space.to_dict() if draft.space else None])


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_hostile_script_is_read_or_refused_by_its_name(name: str, tmp_path: Path) -> None:
    text, words = SCRIPTS[name]
    expect(lambda: scanned(tmp_path, text), (words,))


@pytest.mark.timeout(20)
@pytest.mark.parametrize("option", ["'--n', help='{}'", "'--{}'"])
def test_an_option_of_many_letters_or_blanks_takes_no_time(option: str, tmp_path: Path) -> None:
    words = option.format((" " if "help" in option else "a") * 250_000)
    scanned(tmp_path, f"import argparse\np = argparse.ArgumentParser()\np.add_argument({words}, default=0.1)")


@pytest.mark.parametrize("reader", ["yaml.safe_load(open('c.yaml'))", "hydra"])
@pytest.mark.parametrize("name", CONFIGS)
def test_a_hostile_configuration_is_read_or_refused_by_its_name(
    name: str, reader: str, tmp_path: Path
) -> None:
    text, words = CONFIGS[name]
    (tmp_path / "c.yaml").write_bytes(text if isinstance(text, bytes) else text.encode())
    hydra = "@hydra.main(config_path='.', config_name='c')\ndef main(c): pass\n"
    expect(lambda: scanned(tmp_path, hydra if reader == "hydra" else f"C = {reader}"), (words,))
