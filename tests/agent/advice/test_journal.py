from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import bestguess as bg
from bestguess.agent.advice.advisor import Advice
from bestguess.agent.advice.journal import Journal, JournaledLLM, beside
from bestguess.agent.llm import Message, Reply, Request
from bestguess.agent.testing import ScriptedLLM
from bestguess.tools.errors import ModelUnavailable, StudyError

ASKED = Request((Message("user", "Guess x."),), n=2, schema={"type": "object"}, seed=3, template="t@1")


def test_a_call_is_kept_with_its_prompt_its_answer_and_its_cost(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "calls.db")

    JournaledLLM(ScriptedLLM(['{"x": 1}', '{"x": 2}']), journal, "s").generate(ASKED)

    (call,) = journal.calls()
    assert (call["model"], call["template"], call["error"]) == ("scripted", "t@1", "")
    assert "Guess x." in call["request"]
    assert call["texts"] == '["{\\"x\\": 1}", "{\\"x\\": 2}"]'
    assert call["completion_tokens"] > 0


def test_a_call_that_failed_is_kept_with_its_error(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "calls.db")

    with pytest.raises(ModelUnavailable, match="gone"):
        JournaledLLM(ScriptedLLM([ModelUnavailable("gone")]), journal, "s").generate(ASKED)

    (call,) = journal.calls()
    assert (call["texts"], call["error"]) == (None, "ModelUnavailable: gone")


def test_with_the_cache_the_same_request_is_answered_without_the_model(tmp_path: Path) -> None:
    journal, model = Journal(tmp_path / "calls.db"), ScriptedLLM(['{"x": 1}', '{"x": 2}', '{"x": 3}'])
    cached = JournaledLLM(model, journal, "s", cache=True)

    first = cached.generate(ASKED)
    again = cached.generate(ASKED)
    other = cached.generate(Request(ASKED.messages, seed=4))

    assert again == first
    assert again.parsed == ({"x": 1}, {"x": 2})
    assert other.texts == ('{"x": 3}',)
    assert len(model.requests) == 2


def test_without_the_cache_the_model_is_asked_each_time(tmp_path: Path) -> None:
    model = ScriptedLLM(["{}"])
    journaled = JournaledLLM(model, Journal(tmp_path / "calls.db"), "s")

    journaled.generate(ASKED)
    journaled.generate(ASKED)

    assert len(model.requests) == 2


def test_rows_can_be_added_and_nothing_else(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "calls.db")
    journal.note_call("s", ASKED, "m", Reply(("{}",)))
    journal.note_advice("s", 1, Advice(role="warm_start"))

    with sqlite3.connect(journal.path) as connection:
        for command in ("DELETE FROM calls", "UPDATE calls SET key = ''", "DELETE FROM advice"):
            with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
                connection.execute(command)
    connection.close()
    assert len(Journal(journal.path).calls()) == 1


def test_keys_are_blanked_before_they_reach_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESTGUESS_API_KEY", "my-own-secret-key")
    journal = Journal(tmp_path / "calls.db")
    leak = "use my-own-secret-key, sk-abcdefghijklmnop1234, hf_ABCDEFGHIJKLMNOPQRST; Bearer abc.def-ghi"

    journal.note_call("s", Request((Message("user", leak),)), "m", Reply((leak,)), error=leak)
    journal.note_advice("s", 1, Advice(({"x": leak},), leak, rejected=(leak,), role="propose"))

    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    for secret in (b"my-own-secret-key", b"sk-abc", b"hf_ABC", b"abc.def"):
        assert secret not in content


def test_a_full_journal_keeps_answers_and_of_prompts_the_hash(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "calls.db", most_mib=0.0)

    journal.note_call("s", ASKED, "m", Reply(("x" * 100_000,)))

    (call,) = journal.calls()
    assert call["request"] is None
    assert len(call["key"]) == 64
    assert len(call["texts"]) < 70_000


def test_advice_comes_back_as_it_was_heard(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "calls.db")
    first = Advice(({"x": 0.1, "k": None},), "", 12, 0.5, ("x: too large",), "abc", role="warm_start")
    second = Advice(refusal="no answer", role="propose")
    journal.note_advice("s", 1, first)
    journal.note_advice("s", 7, second)
    journal.note_advice("another", 1, second)

    assert journal.advice("s") == {1: (first,), 7: (second,)}


def test_first_guesses_of_another_space_are_none(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "calls.db")
    journal.note_advice("s", 1, Advice(({"x": 0.1},), role="warm_start"))
    assert journal.first_guesses("s", bg.Space(x=bg.Float(0, 1)))
    assert journal.first_guesses("s", bg.Space(y=bg.Float(0, 1))) is None


def test_what_is_no_journal_is_an_error_that_names_it(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no database at all, and long enough to be read as one " * 20)

    with pytest.raises(StudyError, match=r"notes\.txt cannot be used"):
        Journal(path)


def overwrite(path: Path) -> None:
    path.write_bytes(b"no database " * 1000)


def put_a_folder_there(path: Path) -> None:
    path.unlink()
    path.mkdir()


def empty(path: Path) -> None:
    os.truncate(path, 0)


@pytest.mark.parametrize("harm", [Path.unlink, overwrite, put_a_folder_there, empty])
def test_a_journal_that_goes_away_costs_the_record_and_not_the_run(
    harm: Callable[[Path], None], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(tmp_path / "calls.db")
    journaled = JournaledLLM(ScriptedLLM(["1", "1", "2", "3"]), journal, "s", cache=True)
    journaled.generate(ASKED)
    harm(journal.path)
    before = sorted((one.name, one.stat().st_mtime_ns) for one in tmp_path.iterdir())

    replies = [journaled.generate(Request(ASKED.messages, seed=seed)) for seed in (4, 5)]
    journal.note_advice("s", 1, Advice(role="propose"))

    assert [reply.texts for reply in replies] == [("2",), ("3",)]
    (said,) = caplog.messages
    assert "calls.db cannot be used" in said
    assert "The run goes on" in said
    assert sorted((one.name, one.stat().st_mtime_ns) for one in tmp_path.iterdir()) == before


def test_a_damaged_journal_beside_a_study_is_said_and_the_run_begins(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "s.journal.db").write_bytes(b"no database " * 1000)

    space, storage = bg.Space(x=bg.Float(0, 1)), f"sqlite:///{tmp_path}/s.db"
    with bg.Tuner(space, llm=ScriptedLLM([]), storage=storage) as tuner:
        tuner.tell(tuner.ask(), 1.0)

    assert any("The run goes on without a record" in said for said in caplog.messages)
    with pytest.raises(StudyError, match=r"s\.journal\.db cannot be used"):
        Journal(tmp_path / "s.journal.db")


def test_another_programs_database_is_no_journal_and_stays_as_it_is(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "places.sqlite")) as theirs, theirs:
        theirs.execute("CREATE TABLE moz_places (url)")
    before = (tmp_path / "places.sqlite").read_bytes()

    with pytest.raises(StudyError, match="another program's, with moz_places"):
        Journal(tmp_path / "places.sqlite")

    assert (tmp_path / "places.sqlite").read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["places.sqlite"]


@pytest.mark.parametrize(
    ("storage", "path"),
    [
        ("sqlite:///runs/study.db", "runs/study.journal.db"),
        ("sqlite:////abs/study", "/abs/study.journal.db"),
        ("sqlite:///:memory:", None),
        ("postgresql://host/db", None),
        (None, None),
    ],
)
def test_a_journal_lies_beside_an_sqlite_file(storage: str | None, path: str | None) -> None:
    assert beside(storage) == (None if path is None else Path(path))


@pytest.mark.slow
def test_going_on_with_a_study_uses_the_first_guesses_it_had(tmp_path: Path) -> None:
    space = bg.Space(x=bg.Float(0, 1, doc="the dose"), k=bg.Choice([1, 2]))
    guesses = [f'{{"x": 0.{digit}, "k": 2}}' for digit in range(1, 9)]
    storage = f"sqlite:///{tmp_path}/s.db"

    def ask(model: ScriptedLLM, trials: int) -> list[bg.Trial]:
        with bg.Tuner(space, llm=model, storage=storage, study_name="s", seed=0, llm_wait_s=10) as tuner:
            for _ in range(trials):
                tuner.tell(tuner.ask(), 1.0)
            return list(tuner.history.trials)

    first, second = ScriptedLLM(guesses), ScriptedLLM(guesses)
    ask(first, 2)
    trials = ask(second, 1)

    assert [trial.source for trial in trials] == ["default", "llm", "llm"]
    assert not second.requests
