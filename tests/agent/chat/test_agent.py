"""The agent's loop against a real local server: steps, cards, limits, and what goes wrong."""

from __future__ import annotations

import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.agent.chat.conftest import Talk
from tests.agent.chat.scripted import AbleLLM, Reply, ToolServer

from bestguess.agent.advice.journal import Journal
from bestguess.agent.chat.events import Event
from bestguess.agent.chat.session import Session
from bestguess.agent.chat.unattended import converse

ODD = "hmm, what would a wise person make of this in my place and why"

Begin = Callable[..., tuple[Talk, ToolServer]]


@pytest.fixture
def begin(folder: Path) -> Iterator[Begin]:
    """Return what begins a session with a scripted able model, with a study of one trial."""
    servers: list[ToolServer] = []
    sessions: list[Session] = []

    def make(
        *replies: Reply, refuses: str = "", tuned: bool = True, pause_s: float | None = None
    ) -> tuple[Talk, ToolServer]:
        server = ToolServer(replies, refuses=refuses, pause_s=pause_s)
        servers.append(server)
        server.__enter__()
        model = AbleLLM(server.url, model="able")
        session = Session(folder, llm=model, seed=0, exam=False)
        sessions.append(session)
        talk = Talk(session)
        if tuned:
            talk.say("/model none", "tune train.py", "yes", "/model able")
        return talk, server

    yield make
    for session in sessions:
        session.close()
    for server in servers:
        server.__exit__(None, None, None)


def results(body: Any) -> list[str]:
    """Return what the model was told of its calls."""
    return [turn["content"] for turn in body["messages"] if turn["role"] == "tool"]


def test_several_steps_and_parallel_calls_come_back_as_messages_until_it_answers(begin: Begin) -> None:
    talk, server = begin([("best", {}), ("cost", {})], [("why", {"trial": 0})], "Trial 0 is the best so far.")
    said = talk.say(ODD)
    assert said.text == "Trial 0 is the best so far."
    assert [event.text for event in talk.of("step")] == ["/best", "/cost", "/why trial=0"]
    first, second, third = server.bodies
    assert {tool["function"]["name"] for tool in first["tools"]} >= {"best", "run", "pin", "wait", "expect"}
    assert not {"quit", "web", "model", "ask"} & {tool["function"]["name"] for tool in first["tools"]}
    assert first["messages"][-1] == {"role": "user", "content": ODD}
    calls = second["messages"][-3]["tool_calls"]
    assert [call["function"]["name"] for call in calls] == ["best", "cost"]
    assert [turn["tool_call_id"] for turn in second["messages"][-2:]] == [call["id"] for call in calls]
    assert "proposed by" in results(third)[-1]


@pytest.mark.slow
def test_what_acts_is_one_card_for_all_steps_and_done_in_order_after_a_yes(begin: Begin) -> None:
    plan = [
        ("narrow", {"parameter": "lr", "low": 0.01, "high": 0.05}),
        ("run", {"n": 2}),
        ("wait", {}),
        ("best", {}),
    ]
    talk, server = begin(plan, "Done.")
    talk.say(ODD)
    (card,) = [event for event in talk.of("card") if "steps" in event.text]
    assert card.text == "Do these 2 steps: /narrow, then /run?"
    assert card.fields["consent"] == "once"
    assert [asked["command"] for asked in card.fields["asks"]] == ["narrow", "run"]
    lines = " ".join(card.fields["lines"])
    assert "/narrow parameter=lr low=0.01 high=0.05" in lines
    assert "how many: 2" in lines
    assert not talk.session.bench.the_plan().limits
    talk.session.say("yes")
    assert talk.session.rest(60)
    assert len(talk.session.bench.history.told) == 3
    assert all(trial.params["lr"] <= 0.05 for trial in talk.session.bench.history.trials[1:])
    assert talk.of("answer")[-1].text == "Done."
    assert "Nothing runs" in results(server.bodies[-1])[2]


def test_a_refused_card_is_told_to_the_model_and_the_same_is_not_asked_again(begin: Begin) -> None:
    talk, server = begin([("run", {"n": 9})], [("run", {"n": 9})], "Nothing was run.")
    talk.say(ODD)
    assert talk.say("no").text == "Nothing was run."
    assert len(talk.of("card")) == 2  # that of the first trial, and this one
    assert all("said no" in result for result in results(server.bodies[-1]))
    assert len(talk.session.bench.history.told) == 1


@pytest.mark.slow
def test_a_call_that_cannot_be_done_comes_back_as_an_error_and_the_loop_goes_on(begin: Begin) -> None:
    calls: dict[str, tuple[str, Any]] = {
        "there is no tool 'shell'; there are": ("shell", {"command": "id"}),
        "there is no tool 'quit'": ("quit", {}),
        "there is no tool 'web'": ("web", {}),
        "/why: trial is -3": ("why", {"trial": -3}),
        "there is no trial 99; there are 0 to 0": ("why", {"trial": 99}),
        "are no JSON": ("why", "{trial: 0"),
        "are no object": ("why", "[1]"),
        "/compare: b": ("compare", {"a": 0}),
        "cannot be seen": ("plot", {"parameter": "x\u202e"}),
        "there is no parameter 'gone'": ("narrow", {"parameter": "gone", "low": 1}),
    }
    talk, server = begin(*[[call] for call in calls.values()], "I could not.")
    assert talk.say(ODD).text == "I could not."
    errors = results(server.bodies[-1])[-len(calls) :]
    assert [error for error, result in zip(calls, errors, strict=True) if error not in result] == []
    assert len(talk.of("card")) == 1


@pytest.mark.slow
def test_steps_are_limited_and_then_it_must_answer_without_tools(begin: Begin) -> None:
    talk, server = begin(*[[("best", {})]] * 11, "Enough.")
    assert talk.say(ODD).text == "Enough."
    assert len(server.bodies) == 12
    assert "tools" not in server.bodies[-1]
    assert "answer now" in server.bodies[-1]["messages"][-1]["content"]


def test_a_reply_with_neither_is_asked_once_more_and_then_said(begin: Begin) -> None:
    talk, server = begin("", "It is well.")
    assert talk.say(ODD).text == "It is well."
    server._replies = iter(["", []])
    assert "neither answered nor called a tool" in talk.say(ODD).text
    assert talk.say("best").text.startswith("The best")


def test_numbers_that_no_result_has_are_left_out_and_that_is_said(begin: Begin) -> None:
    talk, _ = begin(
        [("best", {})], "The best value is 0.05 with 0.04 as the loss. It will reach 4711 soon. Fine."
    )
    said = talk.say(ODD).text
    assert "4711 soon" not in said
    assert "no result has it:* what was said with 0.04, 4711" in said
    assert said.startswith("Fine.")


@pytest.mark.slow
def test_an_answer_is_shown_while_it_is_written_and_no_number_before_it_is_checked(begin: Begin) -> None:
    answer = "Trial 0 is the best so far. It will reach 4711 soon. Then all is well, I think."
    talk, server = begin([("best", {}), ("why", {"trial": 0})], answer, pause_s=0.02)
    words: list[str] = []
    seen, in_time = threading.Event(), list[bool]()

    def hear(event: Event) -> None:
        if event.kind == "writing":
            words.append(event.text)
            seen.set()

    talk.session.listen(hear)
    server.before_last_piece = lambda: in_time.append(seen.wait(60))
    talk.say(ODD)
    steps = [event.text for event in talk.of("step")]
    assert steps == ["/best", "/why trial=0"]  # put together of their pieces
    assert server.bodies[0]["stream"] is True
    assert words[0].startswith("Trial")
    assert len(words) > 3
    assert not any("4711" in text for text in words)
    assert words[-1].startswith("Trial 0 is the best so far. Then all is")
    assert in_time[-1]
    assert "what was said with 4711" in talk.of("answer")[-1].text


@pytest.mark.slow
def test_an_answer_by_schema_is_shown_while_it_is_written_too(begin: Begin) -> None:
    talk, _ = begin(
        "",
        json.dumps({"answer": "All is as well as it can be by now."}),
        refuses="tools are not supported",
        pause_s=0.03,
    )
    talk.say(ODD)
    words = [event.text for event in talk.of("writing")]
    assert len(words) > 2
    assert all("All is as well as it can be by".startswith(text) for text in words)


def test_a_stop_in_the_middle_ends_the_turn_at_once(begin: Begin) -> None:
    asked, over = threading.Event(), threading.Event()

    def hang(_: Any) -> str:
        asked.set()
        over.wait(60)
        return "late"

    talk, _ = begin([("best", {})], hang)
    turn = threading.Thread(target=talk.session.say, args=(ODD,))
    turn.start()
    assert asked.wait(20)
    talk.session.discard_reply()
    turn.join(30)
    assert not turn.is_alive()  # and the model has said nothing yet
    over.set()
    assert "Stopped; nothing more of it is done." in talk.of("remark")[-1].text
    assert talk.session.thinking_since is None


def test_a_server_without_tools_is_asked_for_one_action_by_a_schema(begin: Begin) -> None:
    refusal = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'
    talk, server = begin(
        "ignored: it came before the schema", json.dumps({"tool": "why", "trial": 0}),
        json.dumps({"answer": "The default."}), refuses=refusal,
    )  # fmt: skip
    assert talk.say(ODD).text == "The default."
    schema = server.bodies[-1]["response_format"]["json_schema"]["schema"]
    assert {"answer"} == set(schema["anyOf"][0]["properties"])
    assert "proposed by" in server.bodies[-1]["messages"][-1]["content"]
    assert [event.text for event in talk.of("step")] == ["/why trial=0"]


def test_calls_are_kept_in_the_journal_and_count_to_the_budget(begin: Begin, folder: Path) -> None:
    talk, _ = begin([("best", {})], "Good.", "never asked")
    talk.say("/budget tokens=200", ODD)
    calls = Journal(folder / "bestguess.journal.db", reading=True).calls()
    assert [json.loads(call["texts"])[-1] for call in calls] == ['{"call": "best", "with": "{}"}', "Good."]
    assert talk.of("answer")[-1].text == "Good."
    assert "budget of 200 tokens is spent" in talk.say(ODD).text


@pytest.mark.slow
def test_the_conversation_is_the_context_and_the_oldest_of_it_goes_first(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk, server = begin("One.", "Two.", "Three.")
    talk.say(f"{ODD} at first", f"{ODD} then")
    told = [turn["content"] for turn in server.bodies[-1]["messages"]]
    assert any("One." in text for text in told)
    monkeypatch.setattr("bestguess.agent.chat.agent.CONTEXT_TOKENS", 600)
    talk.say(f"{ODD} and now {'x' * 200}")
    told = [turn["content"] for turn in server.bodies[-1]["messages"]]
    assert told[0].startswith("You are the agent")
    assert "Goal: minimize val_loss" in told[0]
    assert told[-1].endswith("x" * 200)
    assert not any("One." in text for text in told)


@pytest.mark.slow
def test_without_anybody_at_the_screen_the_agent_goes_on_until_it_has_answered(begin: Begin) -> None:
    plan: list[Reply] = [
        [("new", {"script": "train.py"})], [("run", {"n": 1})], [("wait", {})],
        [("run", {"n": 2}), ("wait", {})], "It is tuned.",
    ]  # fmt: skip
    talk, _ = begin(*plan, tuned=False)
    found = converse(talk.session, ODD, lambda pending: True)
    assert [each.text for each in found if each.kind == "answer"][-1] == "It is tuned.", found
    assert len(talk.session.bench.history.told) == 3


def test_a_plan_step_that_fails_keeps_the_later_ones_from_being_done(begin: Begin) -> None:
    plan = [
        ("widen", {"parameter": "depth", "low": 1, "high": 12}),
        ("retry", {"trial": 99}),
        ("run", {"n": 5}),
    ]
    talk, server = begin(plan, "It did not work.")
    talk.say(ODD)
    assert talk.say("yes").text == "It did not work."
    assert len(talk.session.bench.history.told) == 1
    told = results(server.bodies[-1])
    assert told[1].startswith("error: there is no trial 99")
    assert "Not done" in told[2]


@pytest.mark.slow
def test_a_card_does_not_say_of_later_steps_what_only_the_ones_before_them_settle(begin: Begin) -> None:
    talk, _ = begin(
        [("fix", {"values": {"seed": 4}}), ("run", {"n": 5})],
        "No.",
        [("new", {"script": "train.py"}), ("run", {"n": 5})],
        "Nor this.",
    )
    talk.say(ODD)
    lines = talk.of("card")[-1].fields["lines"]
    assert [line for line in lines if line.startswith("what: ")] == [
        "what: the command as the steps before leave it"
    ]
    assert "how many: 5" in lines
    talk.say("no", ODD)
    assert "what it would do is known only after the steps before it" in " ".join(
        talk.of("card")[-1].fields["lines"]
    )
    talk.say("yes")
    assert talk.session.pending is not None
    assert talk.session.pending.card.title == "Run 5 trials?"
    assert talk.session.bench.the_plan().study == "train-2"
    assert len(talk.session.bench.history) == 0


def test_a_step_that_is_so_already_does_not_keep_the_later_ones_from_being_done(begin: Begin) -> None:
    talk, _ = begin(
        [("narrow", {"parameter": "depth", "high": 6}), ("forbid", {"values": {"booster": "dart"}})], "Done."
    )
    talk.say(ODD)
    assert talk.of("card")[-1].text == "Change the space: never booster=dart?"
    assert talk.say("yes").text == "Done."
    assert talk.session.bench.the_plan().limits.of["booster"].options == ("gbtree",)
    assert [event.text for event in talk.of("step")] == [
        "/narrow parameter=depth high=6",
        "/forbid booster=dart",
    ]
    assert not any(event.fields for event in talk.of("step"))


def test_an_answer_of_which_nothing_holds_says_so(begin: Begin) -> None:
    talk, _ = begin("It will reach 4711.")
    assert talk.say(ODD).text.startswith("Nothing of the model's answer holds.")


def test_words_without_an_answer_are_said_when_their_session_is_resumed(
    begin: Begin, folder: Path, tmp_path: Path
) -> None:
    over = threading.Event()

    def late(_: Any) -> str:
        over.wait(60)
        return "late"

    talk, _ = begin([("best", {})], late)
    turn = threading.Thread(target=talk.session.say, args=(ODD,))
    turn.start()
    while not talk.of("step"):
        time.sleep(0.01)
    killed = tmp_path / "killed"  # what a kill would leave
    shutil.copytree(folder, killed, ignore=shutil.ignore_patterns("killed", "*.lock"))
    again = Talk(Session(killed, resume=True))
    again.session.greet()
    assert f"Your words have no answer yet: *{ODD}*" in again.of("remark")[-1].text
    again.session.close()
    talk.session.discard_reply()
    turn.join(10)


@pytest.mark.slow
def test_what_is_left_of_a_plan_is_said_when_its_session_is_resumed(
    begin: Begin, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    narrow = ("narrow", {"parameter": "lr", "low": 0.01, "high": 0.05})
    talk, _ = begin([narrow, ("run", {"n": 1}), ("wait", {}), ("retry", {"trial": 0})])
    talk.say(ODD)
    monkeypatch.setenv("NAP_S", "5")
    talk.session.say("yes")
    talk.session.close()
    again = Talk(Session(folder, resume=True))
    again.session.greet()
    assert "left of it: `/retry trial=0`." in again.of("remark")[-1].text
    assert again.session.bench.the_plan().limits.of["lr"].words == "≥ 0.01 and ≤ 0.05"
    again.session.close()


@pytest.mark.slow
def test_a_question_meanwhile_leaves_a_plan_that_waits_as_it_is(
    begin: Begin, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk, _ = begin(
        [("run", {"n": 1}), ("wait", {}), ("narrow", {"parameter": "depth", "high": 5})],
        "All is well.",
        "Done.",
    )
    talk.say(ODD)
    monkeypatch.setenv("NAP_S", "2")
    talk.session.say("yes")
    assert talk.session.suspended
    talk.session.say(f"{ODD} meanwhile")
    assert [event.text for event in talk.of("answer")][-1] == "All is well."
    assert talk.session.rest(60)
    assert talk.of("answer")[-1].text == "Done."
    assert talk.session.bench.the_plan().limits.of["depth"].high == 5


@pytest.mark.slow
def test_a_stop_while_a_plan_waits_says_what_is_left_of_it(
    begin: Begin, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    talk, _ = begin([("run", {"n": 1}), ("wait", {}), ("narrow", {"parameter": "depth", "high": 5})], "Done.")
    talk.say(ODD)
    monkeypatch.setenv("NAP_S", "1")
    talk.session.say("yes")
    talk.session.discard_reply()
    assert f"No more is done of `{ODD}`, of whose plan" in talk.of("remark")[-1].text
    assert "/narrow parameter=depth high=5" in talk.of("remark")[-1].text
    assert talk.session.rest(60)
    assert not talk.session.bench.the_plan().limits
    talk.session.close()
    again = Talk(Session(folder, resume=True))
    again.session.greet()
    assert "left of it" not in again.of("remark")[-1].text
    again.session.close()


def test_a_step_that_was_not_done_says_so_and_why(begin: Begin) -> None:
    talk, _ = begin(
        [("table", {"which": "failed"}), ("why", {"trial": 9}), ("try", {"values": {"layers": 3}})], "No."
    )
    talk.say(ODD)
    steps = [event.text for event in talk.of("step")]
    assert any(step.startswith("/table") and "not done" in step for step in steps), steps
    assert any(step.startswith("/why trial=9: not done: there is no trial 9") for step in steps), steps


def test_a_plan_says_beforehand_of_a_step_that_it_cannot_be_done_as_things_are(begin: Begin) -> None:
    talk, _ = begin([("run", {"n": 1}), ("try", {"values": {"layers": 3}})], "No.")
    talk.say(ODD)
    assert "as things are, it cannot be done: `" in " ".join(talk.of("card")[-1].fields["lines"])


def test_a_yes_to_what_the_agent_asked_in_words_is_its_to_understand(begin: Begin) -> None:
    talk, server = begin("Shall I run 2 trials?", [("run", {"n": 2})], "Left.")
    talk.say(ODD, "yes")
    assert server.bodies[-1]["messages"][-1]["content"] == "yes"
    assert talk.of("card")[-1].text == "Run 2 trials?"
    assert len(talk.session.bench.history.told) == 1
