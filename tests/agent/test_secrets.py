"""Keys are blanked and files are their owner's, at every place where a study leaves words."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import bestguess as bg
from bestguess.agent.chat.session import Session
from bestguess.agent.record.lock import lock_file
from bestguess.agent.record.storage_url import shown_url
from bestguess.agent.testing import SchemaLLM
from bestguess.tools.errors import BestGuessError, InputError
from bestguess.tools.objective.run import CommandObjective, FunctionObjective

KEY = "our-very-own-key-77"
SPACE = bg.Space(x=bg.Float(0, 1, doc="learning rate"))


@pytest.fixture(autouse=True)
def key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOME_API_KEY", KEY)


def _contents(folder: Path) -> bytes:
    return b"".join(one.read_bytes() for one in folder.rglob("*") if one.is_file())


def test_an_objective_that_prints_its_environment_does_not_put_the_key_into_the_study(tmp_path: Path) -> None:
    # So often that what is kept would begin in the middle of a key, were it not blanked first.
    words = "print((os.environ['SOME_API_KEY'] + 'x') * 400)"
    (tmp_path / "leak.py").write_text(f"import os, sys\n{words}\nsys.exit(3)")
    objective = CommandObjective(
        [sys.executable, str(tmp_path / "leak.py"), "--x", "{x}", "--api-key", KEY],
        metric="loss=([0-9.]+)",
        space_names=SPACE.names,
    )
    outcome = objective({"x": 0.5})
    assert outcome.failed
    assert "***x***" in outcome.feedback
    assert KEY[4:] not in f"{outcome.feedback} {outcome.error}"


def test_what_an_exception_says_is_kept_without_the_key() -> None:
    def objective(params: dict[str, float]) -> float:
        raise RuntimeError(f"401 for https://user:{KEY}@host/?token=abc and {KEY} \x1b]0;pwned\x07 \ud800")

    outcome = FunctionObjective(objective)({"x": 0.5})
    assert "401 for https://user:***@host/?token=*** and ***" in outcome.error
    assert not set(outcome.error + outcome.feedback) & set("\x1b\x07\ud800")


def test_a_study_with_all_its_files_is_its_owners_and_holds_no_key(tmp_path: Path) -> None:
    before = os.umask(0)
    folder = tmp_path / "study"
    folder.mkdir()
    try:
        with bg.Tuner(
            SPACE,
            bg.Task(f"Tune train.py --api-key {KEY}", facts={"note": KEY}),
            llm=SchemaLLM(),
            storage=f"sqlite:///{folder}/study.db",
            study_name="s",
        ) as tuner:
            for number in range(4):
                trial = tuner.ask()
                tuner.tell(trial, bg.Outcome(float(number), feedback=f"{KEY} seen"))
                tuner.study.remark(trial.number, f"is {KEY} right?")
            modes = {one.name: one.stat().st_mode & 0o777 for one in folder.iterdir()}
            report = bg.tune(lambda params: 1.0, SPACE, n_trials=1).report()
    finally:
        os.umask(before)
    assert {"study.db", "study.journal.db"} < modes.keys()
    assert set(modes.values()) == {0o600}, modes
    assert KEY.encode() not in _contents(folder)
    assert KEY not in report


def test_a_session_with_its_transcript_and_exports_is_its_owners_and_holds_no_key(tmp_path: Path) -> None:
    (tmp_path / "train.py").write_text("LR = 0.1\nprint(f'loss={LR}')\n")
    os.chmod(tmp_path / "train.py", 0o644)
    before = os.umask(0)
    try:
        session = Session(tmp_path, seed=0)
        heard: list[str] = []
        session.listen(lambda event: heard.append(event.text))
        for text in ("tune train.py", "always", f"my key is {KEY}", "/export json", "/log"):
            session.say(text)
        session.close()
    finally:
        os.umask(before)
    modes = {one.name: one.stat().st_mode & 0o777 for one in tmp_path.iterdir() if one.name != "train.py"}
    assert {"bestguess.chat.jsonl"} < modes.keys()
    assert set(modes.values()) == {0o600}, modes
    assert KEY not in "".join(heard)
    assert KEY.encode() not in _contents(tmp_path)


def test_an_error_shows_neither_a_key_nor_what_a_terminal_obeys() -> None:
    for kind in (InputError, BestGuessError):
        assert (
            str(kind(f"the URL http://h/v1?key=abc with {KEY}\x1b[2J"))
            == "the URL http://h/v1?key=*** with ***"
        )


def test_a_password_in_a_storage_url_is_in_no_name_and_not_shown() -> None:
    url = f"postgresql://me:{KEY}@db/x?sslpassword={KEY}"
    assert KEY not in str(shown_url(url))
    other = url.replace(KEY, "another-password")
    assert lock_file(url.partition("?")[0], "write") == lock_file(other.partition("?")[0], "write")
