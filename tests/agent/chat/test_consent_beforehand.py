"""What is agreed to beforehand, and nothing else, is done where nobody attends."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.agent.chat.conftest import SCRIPT, Talk
from tests.agent.chat.scripted import Reply, ToolServer

import bestguess as bg
from bestguess.agent.chat.consent import Consent
from bestguess.agent.chat.unattended import Agent
from bestguess.agent.llm.grades import Grade
from bestguess.agent.llm.server import ServerLLM


class Able(ServerLLM):
    """A server's model that passed its exam."""

    grade = Grade((0.9, 0.9))

    def __init__(self, url: str) -> None:
        super().__init__(url, model="able")


@pytest.mark.parametrize(
    "given",
    [
        "trials=20 time=1h30m,space",
        ["trials=20", "budget=1h30m", "space"],
        ["trials=20,space", "time=90 minutes"],
        "time=1 h 30 min space trials=20",
        {"trials": 20, "time": "5400s", "space": True, "write": False},
    ],
)
def test_the_same_words_agree_to_the_same_at_every_door(given: Any) -> None:
    assert Consent.read(given) == Consent(20, 5400.0, None, frozenset({"space"}))


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("trial=3", "did you mean 'trials'"),
        ("trials=0", "give a whole number from 1"),
        ("trials=many", "give a whole number from 1"),
        ("budget=30", "give a time with its unit, as budget=30m"),
        ("time=0s", "give a time with its unit"),
        ("all", "which nothing is agreed to by"),
        (7, "give words such as"),
        ({"space": "maybe"}, "space stands alone"),
        ("space=maybe", "space stands alone"),
        ("space space=false", "beside another space"),
        (["trials=5", "trials=6"], "beside another trials"),
        ({"time": "1m", "budget": "9m"}, "beside another budget"),
        ({"trials": float("inf")}, "give a whole number from 1"),
        ({"tokens": 10**5000}, "give a whole number from 1"),
        ({"trials": 5.7}, "give a whole number from 1"),
        ({"time": "1" * 50_000}, "give a time with its unit"),
    ],
)
def test_what_agrees_to_nothing_is_an_error_that_says_what_would(given: Any, words: str) -> None:
    with pytest.raises(bg.InputError, match=words):
        Consent.read(given)


def test_without_a_consent_nothing_runs_and_the_turn_says_what_would_agree(folder: Path) -> None:
    with bg.Agent(folder, seed=0) as agent:
        turn = agent.do("tune train.py, minimise val_loss")
        assert turn.status == "refused"
        assert turn.refused == ("Run train.py once with its defaults? Agreed to by: trials=N or time=30m",)
        assert not agent.session.bench.opened
        assert agent.do("flurb the wibble").status == "unclear"


@pytest.mark.parametrize(
    ("line", "lacking"),
    [
        ("/export json", "write"),
        ("/log", "write"),
        ("/pin depth=3", "space"),
        ("/fix seed=1", "space"),
        ("/run 1", "trials=N or time=30m"),
        ("/try depth=4", "trials=N or time=30m"),
        ("/web", "nobody beforehand"),
        ("/model embedded", "nobody beforehand"),
    ],
)
def test_a_command_that_is_typed_is_not_agreed_to_by_that(folder: Path, line: str, lacking: str) -> None:
    with bg.Agent(folder, yes="study") as agent:
        agent.do("/new train.py val_loss minimize")
        before = sorted(path.name for path in folder.iterdir())
        turn = agent.do(line)
        assert (turn.status, [each.rpartition(": ")[2] for each in turn.refused]) == ("refused", [lacking])
        assert sorted(path.name for path in folder.iterdir()) == before


@pytest.mark.slow
def test_a_study_that_is_begun_runs_all_trials_that_were_agreed_to(folder: Path) -> None:
    with bg.Agent(folder, yes={"trials": 5}, seed=0) as agent:
        turn = agent.do("tune train.py, minimise val_loss, tell me what matters")
        assert (turn.status, turn.errors, turn.refused) == ("done", (), ())
        assert len(turn.study["trials"]) == 5
        assert turn.best_value == turn.to_dict()["best_value"]
        assert set(turn.importance) == {"lr", "depth", "booster", "nap_s"}
        assert "What moves the value" in turn.answers[-1]
        assert agent.do("run 3").limit == "the 5 trials that were agreed to are run"
    with bg.Agent(folder, yes="trials=1 write", resume=True) as agent:
        turn = agent.do("/run 1\n/export json")
        assert (turn.status, len(turn.study["trials"])) == ("limit", 6)  # 3 of before are still wanted
        assert (folder / "best_train.json").exists()


@pytest.mark.slow
def test_words_that_say_how_many_trials_are_kept_to_and_a_time_ends_the_run(folder: Path) -> None:
    with bg.Agent(folder, yes="time=1h", seed=0) as agent:
        agent.do("/new train.py val_loss minimize\n/run 2")
        assert len(agent.session.bench.history) == 3
    with bg.Agent(folder, yes="time=1s", seed=0) as agent:
        turn = agent.do("tune train.py, minimise val_loss")
        assert turn.status in ("done", "limit")
        assert agent.session.bench.trials is not None
        assert not agent.session.bench.trials.busy


@pytest.mark.slow
def test_a_program_that_fails_is_a_turn_that_failed(folder: Path) -> None:
    (folder / "train.py").write_text("raise SystemExit('no data')\n# --lr\nLR = 0.1\nprint('loss', LR)\n")
    with bg.Agent(folder, yes="trials=5") as agent:
        turn = agent.do("tune train.py, minimise loss")
        assert (turn.status, turn.best_value, len(turn.study["trials"])) == ("failed", None, 1)
        assert "exit" in turn.errors[0]


@pytest.mark.slow
def test_a_model_that_plans_does_what_was_agreed_to_and_nothing_else(folder: Path) -> None:
    wishes: list[tuple[str, Any]] = [
        ("apply", {}),
        ("export", {"form": "json"}),
        ("fix", {"values": {"seed": 3}}),
        ("model", {"spec": "embedded"}),
        ("web", {}),
        ("budget", {"trials": 999}),
        ("run", {"n": 50}),
    ]
    plan: list[Reply] = [[("new", {"script": "train.py"})], [("run", {"n": 1})], [("wait", {})]]
    plan += [[wish] for wish in wishes] + [[("wait", {})], "All of it was done."]
    with ToolServer(plan) as server, Agent(folder, yes="trials=3", llm=Able(server.url), exam=False) as agent:
        turn = agent.do("hmm, what would a wise person make of this in my place and why")
        assert turn.status == "refused"
        asked = " ".join(turn.refused)
        for lacking in ("write", "space", "nobody beforehand"):
            assert f"Agreed to by: {lacking}" in asked
        assert len(agent.session.bench.history) == 3
        assert agent.session.bench.agreed.trials is None
        assert agent.session.page is None
    assert (folder / "train.py").read_text() == SCRIPT
    kept = {path.name.partition(".")[0] for path in folder.iterdir() if not path.name.startswith(".")}
    assert kept == {"train", "bestguess"}


@pytest.mark.parametrize("begun", [True, False])
def test_trials_that_were_agreed_to_are_for_no_other_script_of_a_models(folder: Path, begun: bool) -> None:
    (folder / "other.py").write_text(SCRIPT)
    words = "hmm, what would a wise person make of train.py in my place and why"
    plan: list[Reply] = [[("new", {"script": "other.py"})], "That was refused."]
    with ToolServer(plan) as server, Agent(folder, yes="trials=3", llm=Able(server.url), exam=False) as agent:
        if begun:
            agent.do("/new train.py")
        turn = agent.do(words.replace("train.py", "it") if begun else words)
        assert turn.status == "refused"
        assert "Agreed to by: study" in " ".join(turn.refused)


def test_tokens_that_were_agreed_to_are_for_all_studies_together(folder: Path) -> None:
    (folder / "other.py").write_text(SCRIPT)
    plan: list[Reply] = [[("new", {"script": script})] for script in ("train.py", "other.py", "train.py")]
    words = "hmm, what would a wise person make of this in my place and why"
    with (
        ToolServer([*plan, [("status", {})], "Done."]) as server,
        Agent(folder, yes="trials=9 tokens=300 study", llm=Able(server.url), exam=False) as agent,
    ):
        turn = agent.do(words)
        assert (turn.status, turn.errors) == ("limit", ())
        assert turn.limit == "the 300 tokens that were agreed to are spent"
        assert len(server.bodies) == 3  # of 120 tokens each
        assert agent.session.bench.llm.tokens_left == 0  # type: ignore[union-attr]


def test_what_was_agreed_to_before_the_first_study_holds_in_it(talk: Talk) -> None:
    talk.say("/budget trials=7 tokens=900", "/new train.py val_loss minimize")
    assert (talk.session.bench.agreed.trials, talk.session.bench.agreed.tokens) == (7, 900)
    talk.say("/new train.py val_loss maximize")
    assert (talk.session.bench.agreed.trials, talk.session.bench.agreed.tokens) == (None, 900)


def test_a_database_that_is_a_link_to_elsewhere_is_not_followed(folder: Path, tmp_path: Path) -> None:
    home = folder / "home"
    home.mkdir()
    (home / "bestguess.db").symlink_to(tmp_path / "elsewhere.db")
    with pytest.raises(bg.InputError, match="lies outside of the session's folder"):
        Agent(home)
    assert not (tmp_path / "elsewhere.db").exists()


def test_a_session_that_was_left_does_nothing_more_and_says_so(folder: Path) -> None:
    with Agent(folder, yes="trials=2") as agent:
        assert agent.do("/quit").status == "done"
        with pytest.raises(bg.InputError, match="was left"):
            agent.do("run 1")


def test_what_is_left_out_of_a_sentence_makes_it_unclear(folder: Path) -> None:
    with Agent(folder, yes="trials=20 space study", seed=0) as agent:
        agent.do("/new train.py val_loss minimize")
        turn = agent.do("run 2, then pin depth=2, then run 3")
        assert (turn.status, len(agent.session.bench.history)) == ("unclear", 3)  # with the first one


def test_what_is_understood_only_in_the_new_study_may_stand_in_a_question(folder: Path) -> None:
    with Agent(folder, yes="trials=2 space") as agent:
        turn = agent.do("tune train.py, the less val_loss the better, at most 20 trials")
    assert (turn.status, turn.errors) == ("unclear", ())
