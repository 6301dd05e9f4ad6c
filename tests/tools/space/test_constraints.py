from __future__ import annotations

import tracemalloc
from typing import Any

import pytest

from bestguess.tools.errors import SpaceError
from bestguess.tools.space.constraints import Expression, Function, read_constraint

NAMES = ["a", "b", "width", "mode", "flag", "log", "batch-size", "lambda", "opt.lr"]
PARAMS = {
    "a": 2,
    "b": 0.5,
    "width": 128,
    "mode": "fast",
    "flag": True,
    "log": 7,
    "batch-size": 32,
    "lambda": 0.1,
    "opt.lr": 1e-3,
}


def holds(text: str, params: dict[str, Any] | None = None) -> bool:
    return read_constraint(text, NAMES).failure(PARAMS if params is None else params) is None


@pytest.mark.parametrize(
    "text",
    [
        "a * width <= 256",
        "a < 3 and b < 1",
        "a > 3 or b == 0.5",
        "not a > 3",
        "1 < a <= 2",
        "mode == 'fast'",
        'mode != "slow"',
        "mode in ('fast', 'slow')",
        "a not in [1, 3]",
        "flag",
        "flag == True and mode != None",
        "min(a, b, 3) == b and max(a, b) == a",
        "abs(-a) == 2 and log(width, 2) == 7 and log > 6",
        "a ** 3 == 8 and width // 3 == 42 and width % 3 == 2 and width / 4 - 2 == 30",
        "`batch-size` * a == 64",
        "`lambda` < 1 and `opt.lr` < 0.01",
        "mode != 'in `backticks` a string'",
    ],
)
def test_an_expression_is_computed_as_python_would(text: str) -> None:
    assert holds(text)
    assert not holds(f"not ({text})")


def test_a_constraint_on_an_inactive_parameter_holds() -> None:
    assert holds("a > 100 and width > 1", {"a": 1})
    assert not holds("a > 100", {"a": 1})


def test_what_cannot_be_computed_does_not_hold_and_says_why() -> None:
    failure = read_constraint("width / (a - 2) < 3", NAMES).failure(PARAMS)
    assert failure == "cannot be computed (division by zero) for width=128, a=2"

    assert not holds("mode < 3")
    assert not holds("log(a - 2) < 3")
    assert not holds("10 ** width ** width < 3")
    assert not holds("(-a) ** b < 3")


def test_a_broken_constraint_shows_the_values_it_is_about() -> None:
    assert read_constraint("a * width <= 10", NAMES).failure(PARAMS) == "does not hold for a=2, width=128"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("widht < 3", "no parameter is called 'widht'; did you mean 'width'"),
        ("__import__('os').system('x') == 0", "only min, max, abs, log, log2, sqrt may be called"),
        ("eval('1') == a", "only min, max, abs, log, log2, sqrt may be called"),
        ("tuple(a) == b", "only min, max, abs, log, log2, sqrt may be called"),
        ("a.__class__ == 1", "has a dot; write the name in backticks"),
        ("opt.lr < 1", "'opt.lr' has a dot"),
        ("mode[0] == 'f'", "is not allowed"),
        ("[x for x in (1, 2)] == a", "is not allowed"),
        ("(lambda: 1)() == a", "only min"),
        ("f'{a}' == 'x'", "is not allowed"),
        ("(a := 3) > 2", "is not allowed"),
        ("a if flag else b", "is not allowed"),
        ("a << 1000000 > 3", "is not allowed"),
        ("a | 1 > 3", "is not allowed"),
        ("mode is None", "is not allowed"),
        ("b'x' == mode", "is not allowed"),
        ("1j == a", "is not allowed"),
        ("max(*(1, 2)) == a", "is not allowed"),
        ("max(a, key=b) == a", "without keywords"),
        ("'fas' in mode", "'in' needs a list that is written out"),
        ("a == (1, 2)", "'in' needs a list that is written out"),
        ("a in ((1, 2), 3)", "is not allowed"),
        ("a = 3", "cannot be read"),
        ("a <", "cannot be read"),
        ("lambda < 3", "cannot be read .*backticks"),
        ("a < 1; b < 2", "cannot be read"),
        ("a * width", "compares nothing"),
        ("a < 3 and a * width", "compares nothing"),
        ("not -a", "compares nothing"),
        ("1 < 2", "mentions no parameter"),
        ("", "it has 0 characters"),
        ("a < " + "1" * 2000, "it has 2004 characters"),
        ("a < " + "-" * 60 + "1", "nested too deeply"),
        ("a < " + "(" * 300 + "1" + ")" * 300, "cannot be read"),
        ("a < 1\0", "cannot be read"),
    ],
)
def test_an_expression_that_is_not_a_comparison_of_parameters_is_refused(text: str, words: str) -> None:
    with pytest.raises(SpaceError, match=words) as caught:
        read_constraint(text, NAMES)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["'x' * 10**9 == mode", "9 ** 9 ** 9 ** 9 > a", "'%999999999d' % a == mode", "'a' + mode == 'b'"]
)
def test_no_expression_fills_the_memory(text: str) -> None:
    constraint = read_constraint(text, NAMES)
    tracemalloc.start()

    assert constraint.failure(PARAMS) is not None

    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak_bytes < 1_000_000


def test_a_function_gets_a_copy_of_the_active_params() -> None:
    seen = []

    def spoil(params: dict[str, Any]) -> bool:
        seen.append(dict(params))
        params.clear()
        return True

    assert read_constraint(spoil, NAMES).failure(PARAMS) is None
    assert seen == [PARAMS]
    assert len(PARAMS) == 9


def test_a_function_that_asks_for_an_inactive_parameter_holds() -> None:
    constraint = read_constraint(lambda params: params["a"] > 5, NAMES)

    assert constraint.failure({"b": 1}) is None
    assert constraint.failure({"a": 1}) == "does not hold"


@pytest.mark.parametrize("broken", [lambda params: params["nobody"], lambda params: 1 / 0])
def test_a_function_that_raises_is_named_with_what_it_raised(broken: Any) -> None:
    with pytest.raises(SpaceError, match=r"test_constraints\.<lambda> raised (KeyError|ZeroDivisionError)"):
        read_constraint(broken, NAMES).failure(PARAMS)


def test_definitions_keep_the_expression_or_the_name_of_the_function() -> None:
    assert read_constraint(" a < 3 ", NAMES).definition() == "a < 3"
    assert read_constraint(max, NAMES).definition() == {"callable": "builtins.max"}


def test_constraints_are_equal_when_what_was_given_is() -> None:
    assert read_constraint("a < 3", NAMES) == read_constraint("a < 3", ["a"])
    assert isinstance(read_constraint("a < 3", NAMES), Expression)
    assert isinstance(read_constraint(max, NAMES), Function)
    assert read_constraint(max, NAMES) != read_constraint(min, NAMES)


def test_something_else_is_no_constraint() -> None:
    with pytest.raises(SpaceError, match="constraint 3: give an expression"):
        read_constraint(3, NAMES)  # type: ignore[arg-type]
