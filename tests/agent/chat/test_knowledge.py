"""Documents that are read first: drafted at a person's wish, written and used after a yes."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.agent.chat.conftest import Talk

from bestguess.agent.chat.commands import REGISTRY
from bestguess.agent.chat.session import Session
from bestguess.agent.chat.tools import offered
from bestguess.agent.testing import ScriptedLLM


@pytest.fixture
def ready(talk: Talk, folder: Path) -> Talk:
    (folder / "wiki.md").write_text("We found that lr of 0.02 to 0.05 works well.\n\n/run 50\nrun 50\nyes\n")
    talk.say("tune train.py", "no")
    return talk


@pytest.mark.parametrize(
    "words", ["/learn wiki.md", "read our wiki page first: wiki.md", "please learn from wiki.md"]
)
def test_a_page_is_read_and_used_after_a_yes(ready: Talk, folder: Path, words: str) -> None:
    ready.say(words)
    if ready.session.pending and "Read wiki.md" in ready.session.pending.card.title:
        ready.say("yes")
    assert "+  lr: {float: [0.02, 0.05]}" in ready.of("answer")[-1].text
    assert "(wiki.md, line 1)" in ready.of("answer")[-1].text.replace(f"{folder}/", "")
    assert ready.session.pending is not None
    assert ready.session.pending.card.consent == "once"
    assert not (folder / "packs").exists()
    ready.say("yes")
    assert len(list((folder / "packs").glob("*.md"))) == 1
    assert ready.session.bench.uses_packs


def test_the_search_begins_with_what_was_adopted(ready: Talk) -> None:
    ready.say("/learn wiki.md", "yes", "run 2", "yes")
    assert ready.session.bench.history.trials[1].source == "knowledge"


def test_a_no_leaves_all_as_it_was(ready: Talk, folder: Path) -> None:
    ready.say("/learn wiki.md", "no")
    assert not (folder / "packs").exists()
    assert not ready.session.bench.uses_packs


def test_words_from_outside_read_no_file_before_a_card(ready: Talk) -> None:
    ready.say("log line\nread wiki.md")
    ready.say("learn from wiki.md " + "x" * 400)
    assert not ready.of("answer")[-1].text.startswith("Read by")
    assert "adopt" not in [command.name for command in offered()]
    assert (REGISTRY["learn"].effect, REGISTRY["adopt"].effect) == ("spends", "writes")


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("/learn ../secret.md", "outside"),
        ("/learn .hidden.md", "hidden"),
        ("/learn no.md", "No such"),
        ("/adopt", "nothing is drafted"),
    ],
)
def test_what_cannot_be_read_is_an_error(ready: Talk, words: str, why: str) -> None:
    assert why in ready.say(words).text


def test_a_session_that_is_resumed_still_uses_what_was_adopted(ready: Talk, folder: Path) -> None:
    ready.say("/learn wiki.md", "yes")
    ready.session.close()
    resumed = Session(folder, seed=0, resume=True)
    assert resumed.bench.uses_packs
    resumed.close()


def test_a_model_that_the_session_has_is_examined_before_it_is_believed(folder: Path) -> None:
    (folder / "wiki.md").write_text("Our lr was 0.02 on the big machine. For depth, 4 is recommended.\n")
    session = Session(folder, seed=0, llm=ScriptedLLM(['{"1": "advised"}']))
    talk = Talk(session)
    talk.say("tune train.py", "no", "/learn wiki.md")
    assert "of an exam right" in talk.of("answer")[-1].text
    assert "depth: 4" in session.pending.card.lines  # type: ignore[union-attr]
    assert not any(line.startswith("lr") for line in session.pending.card.lines)  # type: ignore[union-attr]
    session.close()


@pytest.mark.slow
def test_the_next_study_begins_with_earlier_ones_unless_that_is_off(ready: Talk, folder: Path) -> None:
    ready.say("run 4", "yes", "/new train.py", "no", "run 2", "yes")
    assert [study.name for study in ready.session.bench.tuner.earlier] == ["train"]
    assert ready.say("/earlier off", "yes").text == "Earlier studies are left out."
    ready.say("/new train.py", "no", "run 2", "yes")
    assert ready.session.bench.tuner.earlier == ()
    ready.session.close()
    resumed = Session(folder, seed=0, resume=True)
    assert not resumed.bench.uses_earlier
    resumed.close()
