"""What others wrote is text on a console, wherever it stands, and steers nothing."""

from __future__ import annotations

import io

import pytest
from rich.console import RenderableType
from rich.markdown import Markdown
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

import bestguess as bg
from bestguess.agent.chat.answers.rendering import draw, render
from bestguess.agent.chat.events import Card, Event, Plot, Series
from bestguess.agent.reports.console import CleanConsole
from bestguess.agent.reports.live import PlainLines, trials_table
from bestguess.agent.reports.report import share_words, write_report
from bestguess.tools.trial import History, Outcome, Proposal, Trial

EVIL = "\x1b]52;c;ZXZpbA==\x07\x1b]0;pwned\x1b\\\x9b2J\u202eevil[/nothing][bold]\x07"


def table() -> Table:
    made = Table(title=EVIL)
    made.add_column(Text(EVIL))
    made.add_row(Text(EVIL))
    return made


@pytest.mark.parametrize(
    "shown", [EVIL, Text(EVIL), Panel(EVIL), Markdown(f"# {EVIL}\n[link](http://evil/{EVIL})"), table()]
)
def test_a_text_in_whatever_it_stands_obeys_nobody(shown: RenderableType) -> None:
    out = io.StringIO()
    CleanConsole(file=out, force_terminal=True, width=200).print(shown)
    said = out.getvalue()
    assert "evil" in said
    for obeyed in ("\x1b]", "\x07", "\x9b", "\x1b[2J", "\u202e", "pwned"):
        assert obeyed not in said


def test_trials_reports_events_and_cards_show_what_others_wrote_as_text() -> None:
    proposal = Proposal({"x": EVIL}, "llm", reason=EVIL, fallback=EVIL)
    trial = Trial(0, proposal, Outcome.failure(f"{EVIL}\ntrial 9 of 9 [llm] best"))
    history = History("minimize", (trial,))
    task = bg.Task(metric=EVIL)
    out = io.StringIO()
    console = CleanConsole(file=out, force_terminal=True, width=200)

    PlainLines(console, task, 1).finished(trial, history)
    console.print(trials_table(history.trials, task))
    console.print(write_report(history, task, bg.Space(x=bg.Text(default="a")), title=EVIL))
    card = Card(EVIL, (EVIL,), "code")
    for event in (
        Event("error", EVIL),
        Event("answer", EVIL),
        Event("card", card.title, {"lines": card.lines, "consent": card.consent}),
        Event("remark", EVIL),
    ):
        render(console, event, echo=True)

    said = out.getvalue()
    assert said.count("evil") > 10
    for obeyed in ("\x1b]", "\x07", "\x9b", "\x1b[2J", "\u202e", "pwned"):
        assert obeyed not in said
    assert not [line for line in said.splitlines() if line.startswith("trial 9")]


@pytest.mark.parametrize(
    ("x", "log", "axis"),
    [
        ((0.0, 1.0, 7.0), False, ["0", "2", "4", "5", "7"]),  # there is no trial 1.8
        ((0.0, 1.0), False, ["0", "1"]),
        ((3.3e-5, 0.03), True, ["3.3e-05", "0.0001812", "0.000995", "0.005463", "0.03"]),
        ((16.0, 256.0), True, ["16", "32", "64", "128", "256"]),
        ((5.0,), False, ["5"]),
    ],
)
def test_an_axis_has_numbers_that_are_there_and_can_be_told_apart(
    x: tuple[float, ...], log: bool, axis: list[str]
) -> None:
    plot = Plot("loss", "", "loss", (Series("trials", x, x, points=True),), log_x=log)
    console = CleanConsole(file=io.StringIO(), width=100, color_system=None)
    assert draw(plot, console).rstrip().splitlines()[-1].split() == axis


@pytest.mark.parametrize(
    ("change", "default", "words"),
    [
        (-1.1, 1e6, ", -0.0001 %"),
        (0.0, 1e6, ", +0.0 %"),
        (-0.047, 0.1252, ", -37.5 %"),
        (3e-4, 1.0, ", +0.03 %"),
        (1.0, 1e-9, ""),
    ],
)
def test_a_change_that_is_there_is_no_share_of_zero(change: float, default: float, words: str) -> None:
    assert share_words(change, default) == words
