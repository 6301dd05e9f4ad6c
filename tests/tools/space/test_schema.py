"""The schemas are tested on the grammar engine that enforces them, byte by byte."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from llguidance import LLMatcher, LLTokenizer
from tests.strategies import params_of, spaces

from bestguess.tools.errors import ParamsError
from bestguess.tools.space.parameters import Choice, Float, Int, Parameter, Text
from bestguess.tools.space.schema import reply_text
from bestguess.tools.space.space import Space

BYTES = LLTokenizer("byte")


class Grammar:
    """A schema, compiled."""

    def __init__(self, schema: dict[str, Any], *, whitespace: bool = True) -> None:
        grammar = LLMatcher.grammar_from_json_schema(schema, overrides={"whitespace_flexible": whitespace})
        assert LLMatcher.validate_grammar(grammar) == ""
        self.matcher = LLMatcher(BYTES, grammar)

    def begins_with(self, text: str) -> bool:
        self.matcher.reset()
        tokens = BYTES.tokenize_str(text)
        return bool(self.matcher.validate_tokens(tokens) == len(tokens))

    def accepts(self, text: str) -> bool:
        self.matcher.reset()
        tokens = BYTES.tokenize_str(text)
        return bool(self.matcher.try_consume_tokens(tokens) == len(tokens) and self.matcher.is_accepting())

    def spell(self, reply: dict[str, Any]) -> str:
        """Return `reply` as text, floats with the zeros that llguidance wants of a number next to a bound."""
        text = "{"
        for place, (name, value) in enumerate(reply.items(), start=1):
            text += json.dumps(name, ensure_ascii=False) + ": "
            end = ", " if place < len(reply) else "}"
            plain = json.dumps(value, ensure_ascii=False)
            spellings = [plain, plain.replace("\x7f", "\\u007f")]
            if isinstance(value, float):
                shortest = np.format_float_positional(value)
                spellings = [shortest.removesuffix("."), *(shortest + "0" * zeros for zeros in range(1, 12))]
            spelled = next((each for each in spellings if self.begins_with(text + each + end)), spellings[0])
            text += spelled + end
        return text


def boosting() -> Space:
    return Space(
        lr=Float(1e-5, 1e-1, log=True),
        depth=Int(1, 8),
        width=Int(16, 512, step=16),
        booster=Choice(["gbtree", "dart", None]),
        gamma=Choice([0, 3e-4, 0.1]),
        rate_drop=Float(0, 0.5, when={"booster": ["dart"]}),
        prompt=Text(max_chars=20),
    )


def test_an_unconditional_space_is_one_object() -> None:
    space = Space(
        lr=Float(1e-5, 0.1), depth=Int(1, 8), width=Int(16, 48, step=16), on=Choice([True, None, "x"])
    )

    assert space.json_schema() == {
        "type": "object",
        "properties": {
            "lr": {"type": "number", "minimum": 1e-5, "maximum": 0.1},
            "depth": {"type": "integer", "minimum": 1, "maximum": 8},
            "width": {"type": "string", "enum": ["16", "32", "48"]},
            "on": {"type": "string", "enum": ["True", "None", "x"]},
        },
        "required": ["lr", "depth", "width", "on"],
        "additionalProperties": False,
    }


def test_a_condition_makes_a_branch_for_each_set_of_active_parameters() -> None:
    branches = boosting().json_schema()["anyOf"]

    assert [branch["properties"]["booster"]["enum"] for branch in branches] == [["gbtree", "None"], ["dart"]]
    assert ["rate_drop" in branch["required"] for branch in branches] == [False, True]
    assert all(branch["required"] == list(branch["properties"]) for branch in branches)


def test_nested_conditions_make_no_branch_that_cannot_happen() -> None:
    space = Space(a=Choice(["x", "y"]), b=Choice(["x", "y"], when={"a": "x"}), c=Int(1, 2, when={"b": "x"}))

    assert [branch["required"] for branch in space.json_schema()["anyOf"]] == [
        ["a", "b", "c"],
        ["a", "b"],
        ["a"],
    ]


def test_an_integer_parent_is_cut_where_its_children_change() -> None:
    space = Space(layers=Int(1, 10**9), width=Int(1, 9, when={"layers": [1, 2, 3, 7]}))

    branches = space.json_schema()["anyOf"]

    assert [branch["properties"]["layers"] for branch in branches] == [
        {
            "anyOf": [
                {"type": "integer", "minimum": 1, "maximum": 3},
                {"type": "integer", "minimum": 7, "maximum": 7},
            ]
        },
        {
            "anyOf": [
                {"type": "integer", "minimum": 4, "maximum": 6},
                {"type": "integer", "minimum": 8, "maximum": 10**9},
            ]
        },
    ]
    grammar = Grammar(space.json_schema())
    assert grammar.accepts('{"layers": 7, "width": 1}')
    assert grammar.accepts('{"layers": 8}')
    assert not grammar.accepts('{"layers": 7}')
    assert not grammar.begins_with('{"layers": 8, ')


def test_beyond_32_branches_conditional_parameters_are_optional() -> None:
    parents: dict[str, Parameter] = {f"p{i}": Choice(["on", "off"]) for i in range(6)}
    children: dict[str, Parameter] = {f"c{i}": Int(1, 9, when={f"p{i}": "on"}) for i in range(6)}
    space = Space({**parents, **children})

    schema = space.json_schema()

    assert schema["required"] == list(parents)
    assert list(schema["properties"]) == [*parents, *children]
    Grammar(schema)
    five = Space({name: one for name, one in {**parents, **children}.items() if "5" not in name})
    assert len(five.json_schema()["anyOf"]) == 32


@pytest.mark.parametrize(
    ("parameter", "accepted", "refused"),
    [
        (Float(1e-5, 0.1), ["0.00001", "0.05", "0.1"], ["0.000009", "0.11", "1", "-0.05", '"0.05"', "NaN"]),
        (Float(-1, 1), ["-1", "-0.5", "0", "1.0"], ["-1.1", "1.01", "null"]),
        (Float(1e-40, 1e20), ["1", "1e-40", "1e20"], ['"1"']),
        (Int(1, 8), ["1", "8"], ["0", "9", "3.5", '"3"', "true"]),
        (Int(16, 64, step=16), ['"16"', '"64"'], ['"17"', "16"]),
        (Int(0, 1000, step=10), ["0", "990", "1000"], ["1001", '"10"']),
        (Choice([3e-4, None, True, "x"]), ['"0.0003"', '"None"', '"True"', '"x"'], ["0.0003", "null", '"y"']),
        (Choice(['"\n\\', "é"]), ['"\\"\\n\\\\"', '"é"'], ['"e"']),
        (Text(max_chars=3), ['""', '"abc"', '"é\\"x"'], ['"abcd"', "abc"]),
    ],
)
def test_the_grammar_takes_allowed_values_and_no_others(
    parameter: Parameter, accepted: list[str], refused: list[str]
) -> None:
    space = Space(x=parameter)
    grammar = Grammar(space.json_schema())

    for text in accepted:
        assert grammar.accepts(f'{{"x": {text}}}')
        space.from_reply({"x": json.loads(text)})
    for text in refused:
        assert not grammar.accepts(f'{{"x": {text}}}')
    assert not grammar.accepts("{}")


@given(st.data())
def test_the_grammar_takes_the_reply_of_any_valid_params(data: st.DataObject) -> None:
    space = data.draw(spaces())
    params = data.draw(params_of(space))
    grammar = Grammar(space.json_schema())

    text = grammar.spell(space.to_reply(params))

    assert grammar.accepts(text)
    assert space.from_reply(json.loads(text)) == space.from_reply(space.to_reply(params))


@given(st.data())
def test_params_come_back_from_their_reply(data: st.DataObject) -> None:
    space = data.draw(spaces())
    params = data.draw(params_of(space))

    back = space.from_reply(json.loads(json.dumps(space.to_reply(params))))

    assert list(back) == list(params)
    for name, value in params.items():
        parameter = space[name]
        if isinstance(parameter, Float) and parameter.step is None:
            assert abs(parameter.encode(back[name]) - parameter.encode(value)) <= 5e-4
        else:
            assert (back[name], type(back[name])) == (value, type(value))


@given(st.data())
def test_whatever_the_grammar_generates_is_a_valid_reply(data: st.DataObject) -> None:
    """A walk through the grammar, one byte at a time, that after a while ends wherever it can.

    JSON allows texts that cannot be stored, and no schema knows the constraints, so there are neither here.
    """
    space = data.draw(spaces(max_size=4).filter(_is_free_of_texts_and_constraints))
    matcher = Grammar(space.json_schema(), whitespace=False).matcher
    written = b""
    while not matcher.is_stopped():
        allowed = np.flatnonzero(np.frombuffer(matcher.compute_logit_bias(), dtype=np.uint8)[:256]).tolist()
        ends = [byte for byte in b'"},' if byte in allowed]
        byte = data.draw(st.sampled_from(ends if ends and len(written) > 60 else allowed))
        assert matcher.consume_token(byte)
        written += bytes([byte])

    reply = json.loads(written)

    assert space.validate(space.from_reply(reply)) == space.from_reply(reply)


def _is_free_of_texts_and_constraints(space: Space) -> bool:
    return not space.constraints and not any(isinstance(one, Text) for one in space.parameters.values())


def test_a_reply_is_read_leniently_where_its_meaning_is_clear() -> None:
    space = boosting()
    reply = {
        "lr": 1e-3,
        "depth": 3.0,
        "width": 30,
        "booster": None,
        "gamma": "1e-1",
        "prompt": "hi",
        "rate_drop": 1,
    }

    assert space.from_reply(reply) == {
        "lr": 1e-3,
        "depth": 3,
        "width": 32,
        "booster": None,
        "gamma": 0.1,
        "prompt": "hi",
    }
    assert space.from_reply(reply | {"booster": "none", "gamma": 3e-4, "width": "48"})["gamma"] == 3e-4
    assert space.from_reply(reply | {"booster": "dart", "rate_drop": 0.1})["rate_drop"] == 0.1
    without = {name: value for name, value in reply.items() if name != "rate_drop"}
    assert space.from_reply(without | {"booster": "dart"})["rate_drop"] == 0.25


@pytest.mark.parametrize(
    "said",
    [
        {"params": {"lr": 1e-3, "depth": 5}},
        [{"lr": 1e-3, "depth": 5}],
        {"reason": "small", "configuration": [{"lr": "0.001", "depth": "5"}]},
        {"lr": "1e-3", "depth": 5.0, "reason": "small"},
        {"LR": {"value": 1e-3}, "Depth": ["5.0"]},
    ],
)
def test_a_configuration_is_found_in_its_wrapper_and_beside_other_words(said: object) -> None:
    space = Space(lr=Float(1e-5, 1e-1, log=True), depth=Int(1, 64))

    assert space.from_reply(said) == {"lr": 1e-3, "depth": 5}


def test_booleans_come_back_from_both_spellings() -> None:
    space = Space(on=Choice([True, False]))

    for spelled in ("False", "false", False):
        assert space.from_reply({"on": spelled}) == {"on": False}


def test_a_string_option_is_not_taken_for_something_else() -> None:
    assert Space(x=Choice(["true", "1", 2])).from_reply({"x": "true"}) == {"x": "true"}
    assert Space(x=Choice(["true", "1", 2])).from_reply({"x": "2"}) == {"x": 2}


@pytest.mark.parametrize("reply", [1, 1.0, True, None])
def test_an_option_that_is_the_text_of_a_value_is_that_of_its_type(reply: object) -> None:
    space = Space(x=Choice(["None", "1", "1.0", "True"]))
    assert space.from_reply({"x": reply}) == {"x": str(reply)}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"lr": "1e-3 or so"}, "lr: '1e-3 or so' is not a number"),
        ({"lr": "0.01 mm"}, "lr: '0.01 mm' is not a number"),
        ({"lr": "1e999"}, "lr: inf is out of bounds"),
        ({"lr": 1}, "lr: 1 is out of bounds"),
        ({"lr": float("nan")}, "lr: nan is not a number"),
        ({"lr": [0.1, 0.1]}, r"lr: \[0.1, 0.1\] is not a number"),
        ({"lr": None}, "lr: None is not a number"),
        ({"LR": 0.1}, "lr is given twice, also as 'LR'"),
        ({"depth": 3.5}, "depth: 3.5 is not whole"),
        ({"depth": True}, "depth: True is not a number"),
        ({"width": "x"}, "width: 'x' is not a number"),
        ({"booster": "gbtrees"}, "booster: 'gbtrees' is not an option"),
        ({"booster": "[" * 10_000}, "booster: .* is not an option"),
        ({"gamma": "9" * 10_000}, "gamma: .* is not an option"),
        ({"prompt": "x" * 21}, "prompt: .* has 21 characters"),
        ({"prompt": {"a": 1}}, "prompt: .* is not text"),
        ({"rate_dorp": 0.1}, "no parameter is called 'rate_dorp'; did you mean 'rate_drop'"),
    ],
)
def test_a_reply_that_does_not_fit_is_refused(change: dict[str, Any], words: str) -> None:
    space = boosting()

    with pytest.raises(ParamsError, match=words):
        space.from_reply({**space.to_reply(space.default()), **change})


@pytest.mark.parametrize("reply", [None, [], "{}", 3, {}, {"lr": 0.1}])
def test_a_reply_that_is_no_object_or_lacks_a_parameter_is_refused(reply: Any) -> None:
    with pytest.raises(ParamsError, match=r"is no configuration|is missing"):
        boosting().from_reply(reply)


def test_a_reply_that_breaks_a_constraint_is_refused() -> None:
    space = Space(a=Int(1, 9, default=1), b=Int(1, 9, default=1), constraints="a * b < 20")

    with pytest.raises(ParamsError, match=r"constraint 'a . b < 20' does not hold for a=5, b=4"):
        space.from_reply({"a": 5, "b": 4})


@pytest.mark.parametrize(
    ("parameter", "value", "shown"),
    [
        (Float(1e-5, 1e-1, log=True), 0.00314159265, 0.003142),
        (Float(1000.0, 1000.1), 1000.0123456, 1000.0123),
        (Float(0.30001, 0.4), 0.300011, 0.30001),
        (Float(0, 1, step=0.0001), 0.1234, 0.1234),
        (Float(0, 1e6), 123456.0, 123500.0),
    ],
)
def test_floats_are_shown_with_the_digits_that_matter(parameter: Float, value: float, shown: float) -> None:
    assert Space(x=parameter).to_reply({"x": value}) == {"x": shown}


def test_rounding_never_breaks_a_constraint() -> None:
    space = Space(x=Float(0, 1, default=0.1), constraints="x < 0.12345678")

    assert space.to_reply({"x": 0.1234}) == {"x": 0.1234}
    assert space.to_reply({"x": 0.1234567}) == {"x": 0.1234567}


def test_the_text_of_a_reply_has_no_exponents() -> None:
    space = Space({"größe": Float(1e-9, 1e9, log=True), "b": Choice([1e-7, None]), "c": Text(default='"é"')})

    reply = space.to_reply({"größe": 1e-9, "b": 1e-7, "c": '"é"'})

    assert reply_text(reply) == '{"größe": 0.000000001, "b": "1e-07", "c": "\\"é\\""}'
    assert Grammar(space.json_schema()).accepts(reply_text(reply))
