from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.strategies import WORDS, spaces

from bestguess.tools.errors import SpaceError
from bestguess.tools.space import formats as space_formats
from bestguess.tools.space.parameters import Choice, Float, Int, Text
from bestguess.tools.space.space import Space

DOCUMENT = """\
parameters:
  lr: {type: float, low: 1e-5, high: 1e-1, log: true, default: 1e-3, doc: Adam learning rate}
  depth: {type: int, low: 1, high: 8}
  booster: {type: choice, options: [gbtree, dart]}
  rate_drop: {type: float, low: 0, high: 0.5, when: {booster: dart}}
constraints: ["depth * 2 <= 10"]
task:
  description: Tune it
  metric: error
  direction: minimize
"""

SPACE = Space(
    lr=Float(1e-5, 1e-1, log=True, default=1e-3, doc="Adam learning rate"),
    depth=Int(1, 8),
    booster=Choice(["gbtree", "dart"]),
    rate_drop=Float(0, 0.5, when={"booster": ["dart"]}),
    constraints=["depth * 2 <= 10"],
)


def small(params: dict[str, Any]) -> bool:
    return bool(params["x"] < 9)


def test_a_document_is_the_space_it_describes() -> None:
    space, task = space_formats.load_yaml(DOCUMENT)

    assert space == SPACE
    assert task == {"description": "Tune it", "metric": "error", "direction": "minimize"}


def test_the_document_in_the_module_is_a_space() -> None:
    assert space_formats.__doc__
    space, task = space_formats.load_yaml(space_formats.__doc__.split("\n\n")[1])

    assert space.names == ("lr", "depth", "width", "booster", "rate_drop", "prompt")
    assert set(task) == {"description", "metric", "direction"}


def test_a_document_can_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "space.yaml"
    path.write_text(DOCUMENT, encoding="utf-8")

    assert Space.from_yaml(path) == Space.from_yaml(str(path)) == SPACE


@given(spaces())
def test_spaces_come_back_from_yaml_and_from_json(space: Space) -> None:
    assert Space.from_yaml(space.to_yaml()) == space
    assert Space.from_dict(json.loads(json.dumps(space.to_dict()))) == space


@given(st.lists(WORDS | st.text("0123456789eE+-._:xonyNul~ \n\t\u2028"), min_size=1, unique=True))
def test_strings_come_back_as_strings(words: list[str]) -> None:
    space = Space(x=Choice(words, doc=words[0]))

    assert Space.from_yaml(space.to_yaml()) == space


def test_yaml_that_is_written_has_one_line_a_parameter() -> None:
    assert SPACE.to_yaml() == (
        "parameters:\n"
        "  lr: {type: float, low: 1.0e-05, high: 0.1, log: true, default: 0.001, doc: Adam learning rate}\n"
        "  depth: {type: int, low: 1, high: 8, default: 4}\n"
        "  booster: {type: choice, options: [gbtree, dart], default: gbtree}\n"
        "  rate_drop: {type: float, low: 0.0, high: 0.5, default: 0.25, when: {booster: [dart]}}\n"
        "constraints:\n"
        "  - depth * 2 <= 10\n"
    )


def test_plain_words_mean_what_yaml_1_2_says() -> None:
    text = "[1e-5, 1E3, .5, 010, -3, true, null, yes, on, 1_000, 0x1f, 1:30, 2024-01-01, =, <<, '7']"

    space = Space.from_yaml(f"parameters: {{x: {{type: choice, options: {text}}}}}")

    options = space["x"].values()
    assert options[:7] == [1e-5, 1000.0, 0.5, 10, -3, True, None]
    assert options[7:] == ["yes", "on", "1_000", "0x1f", "1:30", "2024-01-01", "=", "<<", "7"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "YAML: the document is None"),
        ("just words", "YAML: the document is 'just words'"),
        ("parameters: {}", "YAML: the space has no parameters"),
        ("parameters: [a]", r"YAML: parameters is \['a'\]"),
        (
            "lr: {type: float, low: 0, high: 1}",
            "'lr' is unknown; the fields are parameters, constraints, task, and every parameter stands under",
        ),
        ("parametres: {}", "YAML: the field 'parametres' is unknown; did you mean 'parameters'"),
        ("parameters: {a: 3}", "parameter 'a' is 3; give a mapping"),
        ("parameters: {a: {low: 1}}", "parameter 'a': type is None; give one of float, int, choice, text"),
        ("parameters: {a: {type: flaot}}", "type is 'flaot'.* did you mean 'float'"),
        (
            "parameters: {a: {type: float, low: 1}}",
            "parameter 'a': high is missing; a float needs low and high",
        ),
        ("parameters: {a: {type: choice}}", "parameter 'a': options is missing"),
        (
            "parameters: {a: {type: int, low: 1, hihg: 2}}",
            "'a': the field 'hihg' is unknown; did you mean 'high'",
        ),
        ("parameters: {a: {type: text, low: 1}}", "'a': the field 'low' is unknown; the fields are type"),
        ("parameters: {a: {type: int, low: 2, high: 1}}", "YAML: parameter 'a': Int: low is 2 and high is 1"),
        ("parameters: {a: {type: int, low: '1', high: 2}}", "'a': Int: low is '1'; give a finite number"),
        ("parameters: {a: {type: int, low: 1, high: .inf}}", "'a': Int: high is inf"),
        ("parameters: {a: {type: text, when: {b: 1}}}", "parameter 'a': when names 'b'"),
        ("parameters: {a: {type: text}}\nconstraints: 3", "YAML: constraints are 3"),
        ("parameters: {a: {type: text}}\nconstraints: [3]", "constraint 3: give an expression"),
        (
            "parameters: {a: {type: text}}\nconstraints: b < 3",
            "constraint 'b < 3': no parameter is called 'b'",
        ),
        ("parameters: {a: {type: text}}\ntask: 3", "YAML: task is 3"),
        ("parameters:\n  a: {type: text}\n  a: {type: text}", "YAML:3: the key 'a' is there twice"),
        ("parameters:\n  1: {type: text}", "YAML:2: the key 1 is no string; put it in quotes"),
        ("parameters:\n  ? {a: b}\n  : c", "YAML:2: the key .* is no string"),
        ("a: 1\nb: !!python/object/apply:os.system [ls]", "YAML:2: the tag .*os.system' is not allowed"),
        ("a: !custom b", "YAML:1: the tag '!custom' is not allowed"),
        ("a: !!str 3", "YAML:1: the tag"),
        ("a: ! 3", "YAML:1: the tag '!' is not allowed"),
        ("a: &x [1]\nb: [*x, *x]", "YAML:1: the anchor 'x' is not allowed; write the value out"),
        ("b: *x", "YAML:1: the anchor 'x' is not allowed"),
        ("[" * 100_000, "YAML:1: it is nested more than 20 deep"),
        ("- " * 100_000, "YAML:1: it is nested more than 20 deep"),
        ("a: 1\n---\nb: 2", "YAML:2: a second document begins"),
        ("a: [1", "YAML:[12]: .*; it is not valid YAML"),
        ("\tx: 1", "YAML:[12]: .*; it is not valid YAML"),
        ("a: \0", "YAML: .*; it is not valid YAML"),
        ("parameters: {a: {type: choice, options: [None, b]}}", "YAML:1: None could mean null or the string"),
        ("a: " + "x" * 1_000_000, "YAML: it has 1000003 characters"),
        ("nowhere.yaml", r"nowhere.yaml: it cannot be read \(No such file"),
    ],
)
def test_a_bad_document_is_refused_in_one_line_that_says_where(text: str, words: str) -> None:
    with pytest.raises(SpaceError, match=words) as caught:
        Space.from_yaml(text)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_errors_name_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("parameters: {a: {type: int, low: 2, high: 1}}", encoding="utf-8")
    with pytest.raises(SpaceError, match=r"^mine\.yaml: parameter 'a': Int: low is 2 and high is 1"):
        Space.from_yaml(path)

    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SpaceError, match=r"mine\.yaml: it is not UTF-8 text"):
        Space.from_yaml(path)


def test_a_function_is_recorded_by_name_and_must_be_supplied_again() -> None:
    space = Space(x=Int(1, 10), constraints=small)
    definition = space.to_dict()
    name = f"{small.__module__}.small"

    assert definition["constraints"] == [{"callable": name}]
    assert Space.from_dict(definition, callables={name: small}) == space
    with pytest.raises(SpaceError, match="is a Python function, which a definition only names"):
        Space.from_dict(definition)
    with pytest.raises(SpaceError, match="is a function; YAML needs it as an expression"):
        space.to_yaml()


def test_a_definition_leaves_out_what_says_nothing() -> None:
    space = Space(a=Int(1, 8), b=Text(), c=Choice([None, True], ordered=True, default=None))

    assert space.to_dict() == {
        "parameters": {
            "a": {"type": "int", "low": 1, "high": 8, "default": 4},
            "b": {"type": "text", "default": ""},
            "c": {"type": "choice", "options": [None, True], "ordered": True, "default": None},
        }
    }
