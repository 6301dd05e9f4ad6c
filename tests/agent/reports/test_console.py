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
from bestguess.agent.chat.answers.rendering import render
from bestguess.agent.chat.events import Card, Event
from bestguess.agent.reports.console import CleanConsole
from bestguess.agent.reports.live import PlainLines, trials_table
from bestguess.agent.reports.report import write_report
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
