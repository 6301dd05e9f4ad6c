from __future__ import annotations

import json
import re

import pytest
from markdown_it import MarkdownIt

import bestguess as bg
from bestguess.agent.reports.front import best_so_far, unmoved_words
from bestguess.agent.reports.insight import gain_insight, write_insight
from bestguess.agent.reports.report import (
    Credit,
    collect_fallbacks,
    credit_sources,
    describe_model,
    study_record,
    write_report,
)
from bestguess.tools.words.cleaning import inert

PARAMS = {"lr": 0.01}
SPACE = bg.Space(lr=bg.Float(0, 1))


def trial(
    number: int, source: str, outcome: bg.Outcome | None, fallback: str = "", tokens: int = 0
) -> bg.Trial:
    proposal = bg.Proposal(PARAMS, source, "why", fallback=fallback, tokens=tokens, seconds=tokens / 10)  # type: ignore[arg-type]
    return bg.Trial(number, proposal, outcome)


HISTORY = bg.History(
    "maximize",
    (
        trial(0, "default", bg.Outcome(0.5)),
        trial(1, "llm", bg.Outcome(0.75), tokens=100),
        trial(2, "llm", bg.Outcome(0.25)),
        trial(3, "gp", bg.Outcome(0.875), fallback="language model: dead"),
        trial(4, "gp", bg.Outcome.failure("out of memory"), fallback="language model: dead"),
        trial(5, "gp", None),
    ),
)


def test_each_source_is_credited_with_what_it_took_off_the_best_before_it() -> None:
    assert credit_sources(HISTORY) == (
        Credit("default", 1, 0, 0, gain=0.0, tokens=0, seconds=0.0),
        Credit("llm", 2, 0, 1, gain=0.25, tokens=100, seconds=10.0),
        Credit("gp", 3, 1, 1, gain=0.125, tokens=0, seconds=0.0),
    )


def test_turns_not_taken_are_gathered_by_reason() -> None:
    assert collect_fallbacks(HISTORY) == {"language model: dead": [3, 4]}


def test_the_record_is_json_with_the_promised_names() -> None:
    record = json.loads(json.dumps(study_record(HISTORY, bg.Task(), SPACE, seconds=1.0)))
    assert record["best_value"] == 0.875
    assert record["best_params"] == PARAMS
    assert record["default_value"] == 0.5
    assert record["tokens"] == 100
    assert {"number", "source", "reason", "params", "value", "state", "feedback"} <= record["trials"][
        4
    ].keys()
    assert record["trials"][4]["feedback"] == "out of memory"


def test_the_report_names_default_best_sources_fallbacks_and_failures() -> None:
    words = write_report(
        HISTORY, bg.Task(metric="accuracy", direction="maximize"), SPACE, title="T", lines=("a fact",)
    )
    for part in (
        "Best accuracy: **0.875** (trial 3, gp)",
        "change +0.375, +75.0 %",
        "a fact",
        "| llm | 2 | 0 | 1 |",
    ):
        assert part in words
    assert "trials 3, 4: language model: dead" in words
    assert "trial 4: out of memory" in words


@pytest.mark.parametrize("default", [0.0, 1e-9])
def test_a_change_beside_which_the_default_is_nothing_has_no_percentage(default: float) -> None:
    values = (trial(0, "default", bg.Outcome(default)), trial(1, "gp", bg.Outcome(-default - 1.0)))
    words = write_report(bg.History("minimize", values), bg.Task(), SPACE, title="T")
    assert "change -1\n" in words


def test_a_study_without_a_value_is_reported_as_such() -> None:
    history = bg.History("minimize", (trial(0, "default", bg.Outcome.failure("boom")),))
    assert "- No trial of 1 gave a value" in write_report(history, bg.Task(), SPACE, title="T")
    assert study_record(history, bg.Task(), SPACE, seconds=0)["best_value"] is None


def told(*turns: str) -> bg.History:
    """Trials in which the model's guess ran ("llm"), nothing was asked (""), or the reason why none ran."""
    trials = [
        trial(number, "llm", bg.Outcome(1.0)) if turn == "llm" else trial(number, "gp", bg.Outcome(1.0), turn)
        for number, turn in enumerate(turns)
    ]
    return bg.History("minimize", tuple(trials))


def test_how_the_model_is_doing_follows_from_its_last_turns() -> None:
    assert describe_model(told("", "")) == ""
    assert describe_model(told("language model: dead", "llm", "")) == "answering"
    words = describe_model(told("llm", "language model: dead", "", "language model: no answer within 2 s"))
    assert words == "no guess of its own ran in its last 2 turns: no answer within 2 s"
    alone = "language model: left alone after 3 failures in a row; the last: dead"
    assert describe_model(told(*["language model: dead"] * 3, alone)).startswith(
        "left alone after 3 failures"
    )
    assert "- Language model: left alone" in write_report(told(alone), bg.Task(), SPACE, title="t")
    assert study_record(told(alone), bg.Task(), SPACE, seconds=1.0)["model_state"].startswith("left alone")


def test_what_failures_have_in_common_is_said_where_the_trials_bear_it_out() -> None:
    rates = [0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6, 0.05, 0.95]
    trials = (
        bg.Trial(
            number,
            bg.Proposal({"lr": rate}, "random"),
            bg.Outcome.failure("loss is nan at step 3") if rate > 0.5 else bg.Outcome(rate),
        )
        for number, rate in enumerate(rates)
    )
    words = write_report(bg.History("minimize", tuple(trials)), bg.Task(), SPACE, title="t")
    assert "fail likelier:\n- higher lr: loss is nan at step #" in words


LIVE = (
    "![i](http://evil/a.png) ![i][r] \\<img src=b> <SCRIPT>alert(1)</SCRIPT> "
    "[text](http://evil/c) [named][r] <!-- is a < b"
)


def test_what_others_wrote_is_text_in_a_report_of_markdown() -> None:
    space = bg.Space(o=bg.Choice(["a", LIVE]), x=bg.Float(0, 1))
    trials = [
        bg.Trial(
            number,
            bg.Proposal({"o": LIVE, "x": number / 20}, "gp", fallback=LIVE),
            bg.Outcome(-float(number)) if number else bg.Outcome.failure(LIVE),
        )
        for number in range(12)
    ]
    history = bg.History("minimize", tuple(trials))
    shown = write_report(history, bg.Task(metric=LIVE), space, title=LIVE, lines=(LIVE,))
    shown += "\n\n" + write_insight(gain_insight(space, history), LIVE)
    assert "<SCRIPT>" in shown  # it is printed as it is
    text = inert(shown)
    html = MarkdownIt("commonmark").enable("table").render(f"{text}\n\n[r]: http://evil/d.png")
    assert html.count("alert(1)") > 6
    assert not re.search("<(img|script|!|a )", html, re.IGNORECASE)
    assert "is a &lt; b" in html
    assert "is a < b" in text


def flat(*params: float, value: float = 0.5) -> bg.History:
    told = [
        bg.Trial(n, bg.Proposal({"lr": lr}, "gp", "why"), bg.Outcome(value)) for n, lr in enumerate(params)
    ]
    return bg.History("minimize", tuple(told))


def test_values_that_never_move_are_asked_about_at_every_door() -> None:
    """An objective that does not use what is tuned gives one value whatever the params are."""
    asked = "4 different configurations all gave 0.5: does the objective use the parameters?"
    unmoved = flat(0.1, 0.2, 0.3, 0.4)
    assert best_so_far(unmoved) == asked
    assert f"- {asked}" in write_report(unmoved, bg.Task(), SPACE, title="A study")
    assert study_record(unmoved, bg.Task(), SPACE)["unmoved"] == asked


@pytest.mark.parametrize(
    "history", [flat(0.1, 0.2, 0.3), flat(*[0.1] * 9), HISTORY, bg.History("minimize", ())]
)
def test_few_or_equal_params_and_values_that_move_are_not_asked_about(history: bg.History) -> None:
    assert not unmoved_words(history)
