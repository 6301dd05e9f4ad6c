"""Who may do what: effects, where words come from, and which answer counts for which card."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.agent.chat.conftest import Talk
from tests.agent.chat.pty_talk import PtyTalk

from bestguess.agent.chat.answers.formatting import verbatim
from bestguess.agent.chat.answers.rendering import render
from bestguess.agent.chat.command import command as make_command
from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.events import Event
from bestguess.agent.chat.plan import Change
from bestguess.agent.chat.session import Session
from bestguess.agent.llm import Request
from bestguess.agent.reports.console import CleanConsole
from bestguess.agent.testing import ScriptedLLM
from bestguess.tools.suggestion import Suggestion

FIRST = "Run train.py once with its defaults?"


def state(talk: Talk) -> tuple[Any, ...]:
    """Return what words may change."""
    bench = talk.session.bench
    trials = (bench.trials.left, bench.trials.paused) if bench.trials else ()
    kept = bench.study.everything if bench.opened else ()
    return (
        bench.plan,
        bench.agreed,
        tuple(bench.undos),
        kept,
        trials,
        sorted(set(bench.folder.glob("*")) - set(bench.folder.glob("bestguess.*"))),
    )


@pytest.fixture
def agreed(talk: Talk) -> Talk:
    """A session in which code, changes of the space and some trials were agreed to."""
    talk.say("tune train.py", "always", "run 2", "pin depth=4", "always")
    assert talk.session.consents == {"code", "space"}
    return talk


def test_a_command_without_an_effect_or_with_an_unknown_one_is_not_registered() -> None:
    with pytest.raises(TypeError):
        make_command()  # type: ignore[call-arg]
    with pytest.raises(ValueError, match="no effect"):
        make_command("looks")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no effect"):
        make_command("changes", of_study=True)
    effects = {command.name: command.effect for command in REGISTRY.values()}
    assert {effects[name] for name in ("budget", "goal", "note", "undo", "new", "pause", "quit")} == {
        "changes"
    }
    assert {effects[name] for name in ("model", "web")} == {"reaches"}
    assert {effects[name] for name in ("export", "log")} == {"writes"}


PASTED = (
    "epoch 3 val_loss=.2 target .01",
    "epoch 3 took 4 minutes",
    "epoch 3: 512 tokens per batch",
    "objective loss 0.3",
    "minimize train_loss: 0.3 at step 9",
    "WARNING early stop at epoch 3",
    'File "train.py", line 3, in <module>',
    "[I 2026-11-28 12:00:00] Trial 1 finished with value: 0.2 and parameters: {'lr': 0.1}",
    "run 3: loss=0.2",
    "Saving model script to x.py",
    "get code 3",
    "lr >= 0.01 and <= 0.05 at step 7",
    "set lr=0.1 depth=3 at step 400",
    "retry 1 of 5 in 10 seconds",
    "Early stopping: undo last step",
    "resume from checkpoint epoch 3",
    "budget exceeded: 20000 tokens",
    "ETA 2 hours",
    "never saw dart at iteration 3",
    "export best script\nrun 50\nbudget of 500 trials",
    "undo\nundo",
    "/budget trials=500\n/run 50",
    "note that trial 0 is the best\x1b[2J",
    "run 50" + " " * 300 + "more",
    "tune train.py\nexport json",
)


@pytest.mark.slow
def test_what_was_pasted_changes_nothing_although_all_was_agreed_to(agreed: Talk) -> None:
    before = state(agreed)
    for line in PASTED:
        agreed.say(line)
        assert state(agreed) == before, line
        assert agreed.session.pending is None or agreed.session.pending.card.consent == "once", line


SAID = (
    "run 1", "budget of 29 trials", "set the budget to 30 trials", "I have an hour",
    "don't spend more than 2000 tokens", "undo", "trial 0 looked overfit",
    "note that trial 1: it crashed at step 4",
    "undo trial 1", "pause",
    "export the best as a script", "save the transcript", "narrow lr to 0.01..0.02", "don't use dart",
    "try lr=0.02 depth=4", "/budget trials=500", "budget trials=600", "run 1, please", "let's do 1 more",
    "go on", "could you please add 1 more trial?",
)  # fmt: skip


@pytest.mark.slow
def test_what_a_person_says_in_one_whole_sentence_is_done_as_before(agreed: Talk) -> None:
    agreed.session.bench.start_trials().wanted = 1
    agreed.session.bench.start_trials().pause()
    for line in SAID:
        before = state(agreed)
        agreed.say(line)
        assert agreed.session.pending is None, line
        assert state(agreed) != before or line in ("pause", "go on"), line


def test_a_yes_counts_only_for_the_card_that_was_seen_when_it_was_begun(talk: Talk) -> None:
    talk.session.say("tune train.py")
    card = talk.session.pending
    assert card is not None
    for facing in (0, card.number - 1, card.number + 1):
        talk.session.say("yes", facing=facing)
        assert talk.session.pending is card
        assert "begun before this question" in talk.of("remark")[-1].text
    assert not talk.session.bench.opened
    talk.session.say("yes", facing=card.number)
    assert talk.session.bench.trials is not None
    assert talk.session.bench.trials.wait(60)
    assert len(talk.session.bench.history.told) == 1


def test_an_answer_that_came_before_its_card_is_not_kept_for_it(talk: Talk) -> None:
    talk.session.say("yes")
    talk.session.answer(1, "yes")
    with talk.session._turn:  # a turn that is not over
        early = threading.Thread(target=talk.session.answer, args=(1, "yes"))
        early.start()
        time.sleep(0.2)
        talk.session.say("tune train.py")
    early.join()
    assert talk.session.pending is not None
    assert talk.session.pending.card.title == FIRST
    assert not talk.session.bench.opened


def test_what_would_be_something_else_by_now_is_asked_again(folder: Path) -> None:
    session = Session(folder, seed=0)
    talk = Talk(session)
    talk.say("tune train.py", "no", "pin depth=4", "yes", "hm, scrap that last change, that was dumb of me")
    assert talk.of("card")[-1].text == "Take back depth=4 from now on?"
    session.do("note", {"text": "x"})  # leaves the card open
    plan = session.bench.the_plan()
    session.bench.apply(Change(plan.space, plan.limits, "something else"))
    talk.say("yes")
    assert talk.of("card")[-1].text == "Take back something else?"
    assert len(session.bench.undos) == 2
    session.close()


def test_a_configuration_whose_rest_would_be_another_by_now_is_asked_for_again(folder: Path) -> None:
    session = Session(folder, seed=0)
    talk = Talk(session)
    talk.say("tune train.py", "yes")
    assert session.bench.trials is not None
    session.bench.trials.wait(60)
    talk.say("try lr=0.2")
    assert "depth=3" in talk.of("card")[-1].text
    session.bench.tuner.tell({**session.bench.the_plan().space.default(), "depth": 1}, -1e9)
    talk.say("yes")
    assert "depth=1" in talk.of("card")[-1].text
    assert len(session.bench.history) == 2
    session.close()


SPECS = (
    "os:abort", "http.server:test", "json", "http://127.0.0.1:9/v1", "https://example.org", "/etc", ".", "..",
    "embedded:/etc", "embedded:os:abort", "EMBEDDED", "file:///etc", "scripted2", "\x1b[2J", "x" * 5000,
)  # fmt: skip


def advise(talk: Talk, said: Suggestion) -> None:
    """Have a trial told with which a model advised something."""
    trial = talk.session.bench.history.trials[-1]
    talk.session.finished(replace(trial, proposal=replace(trial.proposal, suggestion=said)))


@pytest.mark.slow
def test_what_a_model_advises_is_a_card_that_only_who_saw_it_can_answer(agreed: Talk) -> None:
    before = state(agreed)
    advise(agreed, Suggestion("narrow", "it </card> \x1b[2J overfits", "lr", low=0.001, high=0.1))
    (card,) = [event for event in agreed.of("card") if "lr" in event.text]
    assert any("overfits" in line for line in card.fields["lines"])
    assert any("/narrow parameter=lr low=0.001 high=0.1" in line for line in card.fields["lines"])
    assert any("keep to it" in line for line in card.fields["lines"])

    agreed.session.say("yes")  # from a door where nobody sees cards
    agreed.session.say("always", facing=card.fields["card"] - 1)
    assert state(agreed) == before

    agreed.session.say("yes", facing=card.fields["card"])
    plan = agreed.session.bench.plan
    assert plan is not None
    assert plan.limits.of["lr"].words == "≥ 0.001 and ≤ 0.1"
    assert agreed.session.consents == {"code", "space"}

    events = len(agreed.events)
    advise(agreed, Suggestion("narrow", "once more", "lr", low=0.001, high=0.1))
    assert not [event for event in agreed.events[events:] if event.kind in ("card", "remark")]
    advise(agreed, Suggestion("stop", "flat"))
    pending, before = agreed.session.pending, state(agreed)
    assert pending is not None
    assert pending.intent.command == "pause"
    for said in (Suggestion("fix", "", "booster", value="dart"), Suggestion("fix", "", "gone", value=1)):
        advise(agreed, said)
        assert f"it would be `/pin {said.parameter}={said.value}`" in agreed.of("remark")[-1].text
    assert agreed.session.pending is pending
    assert state(agreed) == before


def test_no_door_switches_to_a_model_that_was_not_named_at_the_start(folder: Path) -> None:
    first = ScriptedLLM(["{}"])
    session = Session(folder, llm=first, seed=0)
    talk = Talk(session)
    used = session.bench.llm
    for spec in SPECS:
        refused = len(talk.of("error"))
        session.do("model", {"spec": spec})
        talk.say(f"/model {spec}", f"model spec={spec}")
        assert session.bench.llm is used, spec
        assert len(talk.of("error")) > refused, spec
    assert "inside BestGuess" not in str(talk.events)
    assert talk.say("/model none").text == "The language model is now none."
    assert talk.say(f"/model {first.name}").text == "The language model is now scripted."
    session.close()


def test_a_session_that_is_resumed_brings_no_consent_and_no_model(folder: Path) -> None:
    first = Talk(Session(folder, llm=ScriptedLLM(["{}"]), seed=0))
    first.say("/model none", "tune train.py", "always", "pin depth=4", "always", "tune train.py")
    assert first.session.consents == {"space"}
    first.session.close()
    transcript = (folder / "bestguess.chat.jsonl").read_text()
    states = [json.loads(line) for line in transcript.splitlines() if '"kind": "state"' in line]
    assert states
    assert not {"llm", "model", "consents"} & {key for one in states for key in one}
    second = Session(folder, resume=True)
    assert (second.consents, second.pending, second.bench.llm) == (set(), None, None)
    told = len(second.bench.history.told)
    for wish in ("run 1", "pin depth=3"):
        second.say(wish)
        assert second.pending is not None, f"{wish}: done on what was agreed in an earlier session"
        second.say("no")
    assert len(second.bench.history.told) == told
    second.close()


def test_a_card_shows_all_of_what_would_be_done(folder: Path) -> None:
    text = "a`b` **c** [d](http://e) " + "f" * 200
    session = Session(folder, seed=0)
    talk = Talk(session)
    talk.say("tune train.py", "yes", f"/note {text}\nand so on")
    out = io.StringIO()
    render(CleanConsole(file=out, width=60), talk.of("card")[-1])
    shown = "".join(out.getvalue().replace("│", "").split())
    assert "".join(text.split()) in shown
    assert "yes / no " in out.getvalue()
    assert "always" not in out.getvalue().rpartition("╰")[2]
    session.close()


@pytest.mark.parametrize("title", ["short?", "a long title that goes on and on " * 5 + "to its end?"])
def test_no_title_of_a_card_is_cut(title: str) -> None:
    out = io.StringIO()
    render(CleanConsole(file=out, width=60), Event("card", title, {"lines": ["x"], "consent": "space"}))
    assert "".join(title.split()) in "".join(out.getvalue().replace("│", "").replace("─", "").split())


def test_what_cannot_be_seen_is_spelled_out_or_refused_and_what_has_no_room_on_a_card_is_not_asked(
    talk: Talk,
) -> None:
    assert verbatim("a\x1b[2J`b`\n\u202ec") == "`` a\\x1b[2J`b`\\n\\u202ec ``".replace("`` a", "``a").replace(
        "c ``", "c``"
    )
    talk.say("tune train.py", "no")
    assert "cannot be seen" in talk.say("/note text\u202e\x07").text
    options = ",".join(f"option{number}" for number in range(2000))
    assert "no room on a card" in talk.say(f"/widen booster {options}").text
    assert talk.session.pending is None


class Deaf(ScriptedLLM):
    """Answers only when it is let go, and cannot be heard while it writes."""

    def __init__(self) -> None:
        super().__init__(["{}"])
        self.asked, self.go = threading.Event(), threading.Event()

    def texts(self, request: Request) -> list[str]:
        self.asked.set()
        self.go.wait(60)
        return super().texts(request)


@pytest.fixture
def deaf(folder: Path) -> Iterator[tuple[Talk, Deaf]]:
    """A session whose model hangs."""
    model = Deaf()
    session = Session(folder, llm=model, seed=0)
    yield Talk(session), model
    model.go.set()
    session.close()


def test_who_waits_for_a_model_sees_that_and_can_stop_it_although_it_hangs(deaf: tuple[Talk, Deaf]) -> None:
    talk, model = deaf
    turn = threading.Thread(target=talk.session.say, args=("flurb the wibble, run 2",))
    turn.start()
    assert model.asked.wait(20)
    assert talk.session.thinking_since is not None
    assert talk.of("thinking")[-1].text
    talk.session.discard_reply()
    turn.join(30)
    assert not turn.is_alive()
    assert talk.session.thinking_since is None
    assert talk.of("thinking")[-1].text == ""
    assert "thinking" not in {event.kind for event in talk.session.events}


def test_the_page_says_that_a_model_is_waited_for_and_how_to_stop_it(deaf: tuple[Talk, Deaf]) -> None:
    pytest.importorskip("fastapi", reason="the extra `web` is not installed")
    import http.client

    from tests.agent.chat.web_server import TOKEN, WebServer

    talk, model = deaf
    server = WebServer(talk.session)
    turn = threading.Thread(
        target=server.ask, args=("/say",), kwargs={"form": {"text": "flurb the wibble, run 2"}}
    )
    turn.start()
    assert model.asked.wait(20)
    connection = http.client.HTTPConnection(server.address, timeout=20)
    connection.request("GET", "/events?after=0", headers={"Cookie": f"{server.cookie}={TOKEN}"})
    stream = connection.getresponse()
    seen = ""
    while "event: writing" not in seen or not seen.endswith("\n\n"):
        seen += stream.readline().decode()
    assert "The language model is thinking: the button Stop ends that." in seen
    assert server.ask("/stop", form={})[0] == 204
    turn.join(30)
    assert not turn.is_alive()
    connection.close()


@pytest.mark.slow
def test_a_yes_that_was_typed_ahead_of_its_card_runs_nothing_and_one_after_it_does(folder: Path) -> None:
    with PtyTalk(folder, "--seed", "0") as talk:
        talk.wait_for("lists the commands")
        talk.type_in("tune train.py\ryes")
        talk.wait_for("begun before this question was on the screen")
        assert not (folder / "bestguess.db").exists()
        talk.type_in("yes")
        talk.wait_for("The metric was found")
        talk.type_in("run 2\rye", enter=False)
        talk.wait_for(r"Run 2 trials\?")
        talk.type_in("s")
        talk.wait_for("begun before this question was on the screen")
        talk.type_in("no")
        talk.wait_for("Left as it was")
        talk.type_in("/quit")
        talk.wait_for("goes on from here")


@pytest.mark.slow
def test_a_terminal_says_that_a_model_is_waited_for_and_ctrl_c_stops_it(folder: Path) -> None:
    (folder / "slow.py").write_text(
        "from bestguess.agent.testing import SlowLLM\nmodel = SlowLLM(50)\n", encoding="utf-8"
    )
    with PtyTalk(folder, "--llm", "slow:model", env={"PYTHONPATH": f"{folder}:{_path()}"}) as talk:
        talk.wait_for("lists the commands")
        talk.type_in("flurb the wibble")
        talk.wait_for(r"the model is thinking, \d+ s: Ctrl-C stops it", 20)
        talk.type_in("\x03", enter=False)
        talk.wait_for(r"Stopped\. Ctrl-C again leaves")
        talk.type_in("/help model")
        talk.wait_for("Show the language model", 10)
        talk.type_in("\x04", enter=False)


def _path() -> str:
    import os

    return os.environ.get("PYTHONPATH", "")
