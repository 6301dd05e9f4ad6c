# ruff: noqa: E501 - one line a bad input
"""Whatever is given to a parameter, a space or an outcome ends in one line that names it, or is fine."""

from __future__ import annotations

from itertools import chain
from typing import Any

import numpy as np
from tests.bad_inputs import FEW, FINE, HostileError, Rows, each_odd, expect_each, table

from bestguess.tools.space.parameters import Choice, Float, Int, Text
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome, Proposal

NUMBERS = "half, negative, hostile int"
WHOLE = "negative, hostile int"
TEXTS = "empty, word, digits, escape, two lines"
ANY_TEXTS = f"{TEXTS}, surrogate, null, 50 MB"
UNHASHABLE = "hostile, list, empty list, mapping, number keys, hostile mapping, 0-d array, array, object array, deep, circle, long list, signalling"  # fmt: skip
MAPPINGS = "mapping, number keys, circle"

SPACE = Space(
    lr=Float(1e-5, 1.0, log=True), depth=Int(1, 8), kind=Choice(["a", "b"]), words=Text(default="x")
)
ARRAY: Any = np.array([[1, 2], [3, 4]])
NOTHING: Any = lambda: True  # noqa: E731
GOOD = {"lr": 0.1, "depth": 1, "kind": "a", "words": "x"}
A = {"type": "float", "low": 0, "high": 3}


def define(entry: Any, **more: Any) -> Space:
    return Space.from_dict({"parameters": {"a": entry}, **more})


PARAMETERS = chain(
    each_odd("Float low", lambda odd: Float(odd, 5), "low", fine=NUMBERS),
    each_odd("Float high", lambda odd: Float(-2, odd), "high", fine=NUMBERS),
    each_odd("Float log", lambda odd: Float(1, 2, log=odd), "log", fine="true"),
    each_odd("Float step", lambda odd: Float(0, 2, step=odd), "step", fine="none, half"),
    each_odd("Float default", lambda odd: Float(0, 2, default=odd), "default", fine="none, half"),
    each_odd("Float doc", lambda odd: Float(0, 2, doc=odd), "doc", fine=TEXTS, of=FEW),
    each_odd("Float when", lambda odd: Float(0, 2, when=odd), "when", fine="none, mapping, circle"),
    each_odd("Int low", lambda odd: Int(odd, 9), "low", fine=WHOLE),
    each_odd("Int high", lambda odd: Int(-2, odd), "high", fine=WHOLE),
    each_odd("Int log", lambda odd: Int(1, 9, log=odd), "log", fine="true", of=FEW),
    each_odd("Int step", lambda odd: Int(0, 9, step=odd), "step", fine="hostile int", of=FEW),
    each_odd("Int default", lambda odd: Int(-5, 9, default=odd), "default", fine=f"none, {WHOLE}"),
    each_odd("Choice options", lambda odd: Choice(odd), "option", fine="list, array"),
    each_odd(
        "Choice option", lambda odd: Choice(["b", odd]), "option", fine=f"none, true, {NUMBERS}, {TEXTS}"
    ),
    each_odd("Choice ordered", lambda odd: Choice(["a", "b"], ordered=odd), "ordered", fine="true", of=FEW),
    each_odd("Choice default", lambda odd: Choice(["a", "b"], default=odd), "default", fine="none", of=FEW),
    each_odd("Text default", lambda odd: Text(default=odd), "default", fine=f"none, {TEXTS}"),
    each_odd("Text examples", lambda odd: Text(examples=odd), "example", fine="empty list", of=FEW),
    each_odd("Text example", lambda odd: Text(examples=[odd]), "example", fine=TEXTS, of=FEW),
    each_odd("Text max_chars", lambda odd: Text(max_chars=odd), "max_chars", fine="hostile int", of=FEW),
    [
        (
            "Choice of 100,000 texts",
            lambda: Choice([f"option {i}" for i in range(100_000)]),
            "options",
            "10000",
        ),
        ("Choice of 10,000 texts", lambda: Choice([f"option {i}" for i in range(10_000)]), *FINE),
        ("Choice of lists", lambda: Choice(ARRAY), "option [1, 2]"),
        ("Float too far apart", lambda: Float(-8e307, 8e307), *FINE),
        ("Float tiny step", lambda: Float(0, 1, step=1e-300), "step"),
        ("Int default outside", lambda: Int(0, 3, default=4), "default 4"),
        ("when of endless values", lambda: Float(0, 1, when={"a": range(10**12)}), "when['a']"),
    ],
)
SPACES = chain(
    each_odd("Space parameters", Space, "parameter", of=FEW),
    each_odd("Space parameter", lambda odd: Space(a=odd), "parameter 'a'", of=FEW),
    each_odd("Space name", lambda odd: Space({odd: Float(0, 1)}), "name", fine="word, digits", but=UNHASHABLE),
    each_odd("Space constraints", lambda odd: Space(a=Float(0, 1), constraints=odd), "constraint", fine="empty list, lambda"),
    each_odd("Space constraint", lambda odd: Space(a=Float(0, 1), constraints=[odd]), "constraint", fine="lambda", of=FEW),
    each_odd("validate", SPACE.validate, "is no configuration", but=MAPPINGS, of=FEW),
    each_odd("validate lr", lambda odd: SPACE.validate({**GOOD, "lr": odd}), "lr", fine="half"),
    each_odd("validate depth", lambda odd: SPACE.validate({**GOOD, "depth": odd}), "depth", fine="hostile int"),
    each_odd("validate kind", lambda odd: SPACE.validate({**GOOD, "kind": odd}), "kind", of=FEW),
    each_odd("validate words", lambda odd: SPACE.validate({**GOOD, "words": odd}), "words", fine=TEXTS, of=FEW),
    each_odd("complete", SPACE.complete, "is no configuration", of=FEW),
    each_odd("complete depth", lambda odd: SPACE.complete({"depth": odd}), "depth", fine="hostile int", of=FEW),
    each_odd("active", SPACE.active, "is no configuration", of=FEW),
    each_odd("satisfies", SPACE.satisfies, "is no configuration", of=FEW),
    each_odd("encode", SPACE.encode, "is no configuration", of=FEW),
    each_odd("encode_many", SPACE.encode_many, "configuration", of=FEW),
    each_odd("active_mask", SPACE.active_mask, "is no configuration", of=FEW),
    each_odd("decode", SPACE.decode, "x is", "give 4 numbers", of=FEW),
    each_odd("sample", SPACE.sample, "rng", of=FEW),
    each_odd("from_reply", SPACE.from_reply, "is no configuration", but=MAPPINGS, of=FEW),
    each_odd("from_reply kind", lambda odd: SPACE.from_reply({**GOOD, "kind": odd}), "kind", of=FEW),
    each_odd("to_reply", SPACE.to_reply, "is no configuration", of=FEW),
    each_odd("getitem", lambda odd: SPACE[odd], "no parameter is called", of=FEW),
    each_odd("in", lambda odd: odd in SPACE, fine=FEW, of=FEW),
    each_odd("from_dict", Space.from_dict, "definition: it is", but=MAPPINGS, of=FEW),
    each_odd("from_dict parameters", lambda odd: Space.from_dict({"parameters": odd}), "parameter", of=FEW),
    each_odd("from_dict parameter", define, "'a'", of=FEW),
    each_odd("from_dict type", lambda odd: define({"type": odd}), "type", of=FEW),
    each_odd("from_dict low", lambda odd: define({**A, "low": odd}), "'a'", "low", of=FEW),
    each_odd("from_dict options", lambda odd: define({"type": "choice", "options": odd}), "'a'", "option", fine="list, array", of=FEW),
    each_odd("from_dict when", lambda odd: define({**A, "when": odd}), "'a'", "when", fine="none", of=FEW),
    each_odd("from_dict constraints", lambda odd: define(A, constraints=odd), "constraint", fine="none", of=FEW),
    each_odd("from_dict callables", lambda odd: Space.from_dict({"parameters": {"a": A}, "constraints": [{"callable": "f"}]}, callables=odd), "f", of=FEW),
    each_odd("from_yaml", Space.from_yaml, "YAML", of=FEW),
    each_odd("from_optuna", Space.from_optuna, "distributions", but=MAPPINGS, of=FEW),
    each_odd("from_optuna one", lambda odd: Space.from_optuna({"a": odd}), "'a'", "no distribution", of=FEW),
    each_odd("from_configspace", Space.from_configspace, "no space of ConfigSpace's", of=FEW),
    [
        ("a name twice", lambda: Space({"a": Float(0, 1)}, a=Int(0, 1)), "'a' is given twice"),
        ("a name near", lambda: SPACE.validate({**GOOD, "dept": 3}), "did you mean 'depth'"),
        ("1,001 parameters", lambda: Space({f"p{i}": Int(0, 9) for i in range(1001)}), "1001 parameters"),
        ("1,000 conditions deep", lambda: Space({f"p{i}": Int(0, 1, when={f"p{i - 1}": 1} if i else {}) for i in range(1000)}).json_schema(), *FINE),
        ("a constraint raises", lambda: Space(a=Float(0, 1), constraints=lambda params: 1 / 0), "raised ZeroDivisionError"),
        ("a constraint raises without words", lambda: Space(a=Float(0, 1), constraints=_raise), "raised HostileError"),
        ("a constraint gives None", lambda: Space(a=Float(0, 1), constraints=lambda params: None), "does not hold"),
        ("a constraint gives an array", lambda: Space(a=Float(0, 1), constraints=lambda params: np.array([1, 2])), "raised ValueError"),
        ("a constraint takes nothing", lambda: Space(a=Float(0, 1), constraints=NOTHING), "raised TypeError"),
        ("a constraint asks for no parameter", lambda: Space(a=Float(0, 1), constraints=lambda params: params["b"]), "raised KeyError"),
        ("a constraint asks for an odd key", lambda: Space(a=Float(0, 1), constraints=lambda params: _raise(KeyError([1]))), "raised KeyError"),
    ],
)  # fmt: skip
OUTCOMES = chain(
    each_odd("Outcome value", Outcome, "value", fine="digits, nan, inf, minus inf, 1e308, true, negative, half, decimal, fraction, 0-d array, numpy nan, numpy long"),
    each_odd("Outcome error", lambda odd: Outcome(error=odd), "error", fine=ANY_TEXTS, but="empty"),
    each_odd("Outcome feedback", lambda odd: Outcome(1.0, feedback=odd), "feedback", fine=ANY_TEXTS),
    each_odd("Outcome seconds", lambda odd: Outcome(1.0, seconds=odd), "seconds", fine="none, 1e308, half, hostile int"),
    each_odd("Outcome.failure", Outcome.failure, "error", fine=ANY_TEXTS),
    each_odd("Proposal params", lambda odd: Proposal(odd, "user"), "params", fine="hostile mapping", of=FEW),
    each_odd("Proposal reason", lambda odd: Proposal({}, "user", odd), "reason", fine=ANY_TEXTS, of=FEW),
    [("Outcome.failure of an exception without words", lambda: Outcome.failure(HostileError()), *FINE)],
)  # fmt: skip


def _raise(error: Any) -> None:
    raise error if isinstance(error, Exception) else HostileError


@table(*PARAMETERS)
def test_a_bad_field_of_a_parameter_is_refused_by_its_name(rows: Rows) -> None:
    expect_each(rows)


@table(*SPACES)
def test_a_bad_argument_of_a_space_is_refused_by_its_name(rows: Rows) -> None:
    expect_each(rows)


@table(*OUTCOMES)
def test_a_bad_outcome_is_refused_by_its_field(rows: Rows) -> None:
    expect_each(rows)
