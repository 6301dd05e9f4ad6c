from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bestguess.tools.errors import CommandError
from bestguess.tools.objective.command import CommandTemplate


@pytest.mark.parametrize(
    ("words", "params", "rendered"),
    [
        (["train", "{lr}"], {"lr": 1e-05}, ["train", "1e-05"]),
        (["train", "--lr={lr}"], {"lr": 0.1}, ["train", "--lr=0.1"]),
        (["train", "{lr}x{lr}"], {"lr": 2}, ["train", "2x2"]),
        (["train", "--lr={lr:.3g}"], {"lr": 0.123456}, ["train", "--lr=0.123"]),
        (["train", '{{"lr": {lr}}}'], {"lr": 2}, ["train", '{"lr": 2}']),
        (["python", "t.py", "{lr}"], {"lr": "a b; $(rm)"}, ["python", "t.py", "a b; $(rm)"]),
    ],
)
def test_placeholders_become_values(words: list[str], params: dict[str, object], rendered: list[str]) -> None:
    assert CommandTemplate(words, ["lr"]).render(params) == rendered


@given(value=st.floats(allow_nan=False) | st.text() | st.integers() | st.booleans())
def test_a_value_is_written_in_full_and_never_split(value: object) -> None:
    (_, word) = CommandTemplate(["train", "--x={x}"], ["x"], []).render({"x": value})
    assert word == f"--x={value}"
    if isinstance(value, float):
        assert float(word.removeprefix("--x=")) == value


def test_a_placeholder_may_have_a_dotted_name_that_is_a_parameter() -> None:
    assert CommandTemplate(["train", "{optim.lr}"], ["optim.lr"]).render({"optim.lr": 3}) == ["train", "3"]


@pytest.mark.parametrize(
    ("arguments", "left"),
    [
        (["--drop={drop}"], []),
        (["--drop", "{drop}"], []),
        (["-d", "{drop}"], []),
        (["--fast", "--drop={drop}"], ["--fast"]),
        (["--", "{drop}"], ["--"]),
        (["-1", "{drop}"], ["-1"]),
        (["--seed=1", "{drop}"], ["--seed=1"]),
        (["file", "{drop}", "-v"], ["file", "-v"]),
        (["{drop}", "{drop}"], []),
    ],
)
def test_the_argument_of_an_inactive_parameter_goes_and_takes_its_lone_flag_with_it(
    arguments: list[str], left: list[str]
) -> None:
    template = CommandTemplate(["train", *arguments, "{lr}"], ["lr", "drop"])
    assert template.render({"lr": 1}) == ["train", *left, "1"]


@pytest.mark.parametrize(
    ("words", "names", "message"),
    [
        ("train {lr}", ["lr"], "give a list of strings"),
        (["train", 1], ["lr"], "give a list of strings"),
        ([], ["lr"], "the command is empty"),
        (["train", "{dept}"], ["depth"], r"\{dept\} is no parameter; did you mean 'depth'"),
        (["train", "{zzz}"], ["lr"], "the space has lr"),
        (["train", "{lr.real}"], ["lr"], "is no parameter"),
        (["awk", "{print $1}", "{lr}"], ["lr"], r"Literal braces are written \{\{ and \}\}"),
        (["train", "{}"], ["lr"], "malformed placeholder"),
        (["train", "{lr!r}"], ["lr"], "malformed placeholder"),
        (["train", "{lr:{w}}"], ["lr", "w"], "malformed placeholder"),
        (["train", "{lr:.3q}"], ["lr"], "malformed placeholder"),
        (["train", "{lr"], ["lr"], r"a literal brace as \{\{ or \}\}"),
        (["train", "lr}"], ["lr"], r"a literal brace as \{\{ or \}\}"),
        (["{lr}", "train"], ["lr"], "only its arguments"),
        (["train", "{lr}"], ["lr", "depth"], r"no placeholder uses depth, .* write \{depth\}"),
    ],
)
def test_a_template_that_cannot_work_is_refused_with_the_mend(
    words: Sequence[str], names: list[str], message: str
) -> None:
    with pytest.raises(CommandError, match=message):
        CommandTemplate(words, names)


def test_a_command_without_placeholders_is_allowed() -> None:
    assert CommandTemplate(["train", "{{}}"], ["lr"]).render({"lr": 1}) == ["train", "{}"]


def test_a_format_that_a_value_does_not_suit_is_named() -> None:
    with pytest.raises(CommandError, match=r"\{lr:d\} cannot write 0.5"):
        CommandTemplate(["train", "{lr:d}"], ["lr"]).render({"lr": 0.5})


@pytest.mark.parametrize("prefix", [["/bin/bash", "-lc"], ["env", "sh", "-c"], ["python3.12", "-c"]])
def test_text_is_never_written_into_code(prefix: list[str]) -> None:
    template = CommandTemplate([*prefix, "echo {x}"], ["x"])
    assert template.render({"x": "adam-w"})[-1] == "echo adam-w"
    assert template.render({"x": -0.5})[-1] == "echo -0.5"
    with pytest.raises(CommandError, match="would be run as code"):
        template.render({"x": "1; rm -r ."})


@pytest.mark.parametrize(
    ("words", "value", "rendered"),
    [
        (["--x", "{x}"], -1e-05, ["--x=-1e-05"]),
        (["-x", "{x}"], -1e-05, ["-x-1e-05"]),
        (["-xy", "{x:.1e}"], -0.25, ["-xy=-2.5e-01"]),
        (["--x", "{x}"], float("-inf"), ["--x=-inf"]),
        (["--x", "{x}"], -0.5, ["--x", "-0.5"]),
        (["--x", "{x}"], -3, ["--x", "-3"]),
        (["--", "{x}"], -1e-05, ["--", "-1e-05"]),
        (["--y", "z", "{x}"], -1e-05, ["--y", "z", "-1e-05"]),
        (["--x={x}"], -1e-05, ["--x=-1e-05"]),
    ],
)
def test_a_number_that_argparse_takes_for_a_flag_is_one_word_with_its_flag(
    words: list[str], value: float, rendered: list[str]
) -> None:
    assert CommandTemplate(["train", *words], ["x"]).render({"x": value}) == ["train", *rendered]


@pytest.mark.parametrize(
    ("word", "on", "off"),
    [
        ("{x:--amp}", ["--amp"], []),
        ("{x:--amp/--no-amp}", ["--amp"], ["--no-amp"]),
        ("{x:/--no-amp}", [], ["--no-amp"]),
        ("{x:-a/}", ["-a"], []),
        ("{x:++amp}", ["++amp"], []),
        ("run{x:--a/--b}", ["run--a"], ["run--b"]),
    ],
)
def test_a_switch_is_a_word_that_is_there_or_not(word: str, on: list[str], off: list[str]) -> None:
    template = CommandTemplate(["train", "--verbose", word], ["x"])

    assert template.render({"x": True}) == ["train", "--verbose", *on]
    assert template.render({"x": False}) == ["train", "--verbose", *off]
    assert template.render({})[:2] == ["train", "--verbose"][: 2 if word[0] == "{" else 1]
    with pytest.raises(CommandError, match="takes True or False, and x='--amp'"):
        template.render({"x": "--amp"})


def test_an_option_without_text_is_no_argument_and_an_empty_text_is_one() -> None:
    words = ["python", "train.py", "{x}", "--y", "{y}", "a"]

    assert CommandTemplate(words, ["x", "y"], []).render({"x": "", "y": ""})[2:] == ["--y", "", "a"]
    assert CommandTemplate(words, ["x", "y"], ["x"]).render({"x": "", "y": "b"})[2] == ""
