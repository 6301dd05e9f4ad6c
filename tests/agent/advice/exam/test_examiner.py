"""A served model is examined by itself the first time: in the background, within the budget, once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

import bestguess as bg
from bestguess.agent.advice.exam.examination import PROBLEMS, SAMPLES
from bestguess.agent.advice.exam.kept import every_kept
from bestguess.agent.llm import Request
from bestguess.agent.llm.grades import Grade
from bestguess.agent.llm.server import ServerLLM
from bestguess.agent.testing import SchemaLLM
from bestguess.agent.testing.server import MisbehavingServer

SPACE = bg.Space(lr=bg.Float(1e-4, 1e-1, log=True, default=1e-3), depth=bg.Int(1, 9, default=3))


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BESTGUESS_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def server() -> Iterator[MisbehavingServer]:
    with MisbehavingServer(["good"]) as started:
        yield started


def until_graded(tuner: bg.Tuner) -> Grade:
    deadline = time.monotonic() + 60
    while tuner.grade is None and time.monotonic() < deadline:
        time.sleep(0.01)
    assert tuner.grade is not None
    return tuner.grade


@pytest.mark.slow
def test_a_server_is_examined_once_and_that_is_said_first(server: MisbehavingServer, tmp_path: Path) -> None:
    said: list[str] = []
    storage = f"sqlite:///{tmp_path}/study.db"
    with bg.Tuner(SPACE, llm=server.url, storage=storage, study_name="s", seed=0, exam=said.append) as tuner:
        assert until_graded(tuner).word == "failed"
        assert tuner.study.grade_at(1) == "fair"  # nothing is noted before a trial needs it
        assert [tuner.ask().source for _ in range(4)] == ["default", "random", "random", "random"]
        assert tuner.study.grade_at(1) == "failed"
    assert "examined now, behind the search's own requests: 8 small problems, about" in said[0]
    assert "is failed: a first guess is better" in said[-1]
    ((_, marks),) = every_kept()
    assert {len(one.chances) for one in marks.values()} == {SAMPLES}
    before = len(server.served)
    with bg.Tuner(SPACE, llm=server.url, seed=0, exam=said.append) as tuner:
        until_graded(tuner)
    assert len(said) == 2
    assert len(server.served) == before


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"exam": False}, ""),
        ({"budget": bg.Budget(tokens=3000)}, "the budget has no room for an exam of about"),
        ({"budget": bg.Budget(requests=len(PROBLEMS) - 1)}, "the budget has no room for an exam"),
        ({"prefetch": False}, ""),
    ],
)
def test_it_is_not_where_it_was_refused_or_has_no_room(
    server: MisbehavingServer, how: dict[str, object], words: str
) -> None:
    said: list[str] = []
    with bg.Tuner(SPACE, llm=server.url, seed=0, **{"exam": said.append, **how}) as tuner:  # type: ignore[arg-type]
        tuner.ask()
        tuner.ask()
        deadline = time.monotonic() + (20.0 if words else 0.1)
        while not said and time.monotonic() < deadline:
            time.sleep(0.01)
        assert tuner.grade is None
    assert words in " ".join(said)
    assert not every_kept()


@pytest.mark.slow
def test_its_tokens_count_to_the_budget_and_to_no_trial(server: MisbehavingServer, tmp_path: Path) -> None:
    budget = bg.Budget(tokens=50_000, trial_requests=1)
    storage = f"sqlite:///{tmp_path}/study.db"
    with bg.Tuner(SPACE, llm=server.url, storage=storage, study_name="s", seed=0, budget=budget) as tuner:
        until_graded(tuner)
        assert tuner._assembly.journal is not None
        spent = tuner._assembly.journal.spent("s")
    assert spent.requests == len(PROBLEMS)
    assert spent.tokens > 1000


def test_an_object_of_the_users_own_is_not_examined_by_itself_and_may_say_its_grade() -> None:
    class Own:
        name = "own"

        def generate(self, request: Request) -> bg.Reply:
            return SchemaLLM().generate(request)

        def close(self) -> None: ...

    with bg.Tuner(SPACE, llm=Own(), seed=0) as tuner:
        assert tuner.grade is None
        assert [tuner.ask().source for _ in range(3)] == ["default", "random", "random"]
    own = Own()
    own.grade = Grade((0.9, 0.9))  # type: ignore[attr-defined]
    with bg.Tuner(SPACE, llm=own, seed=0) as tuner:
        assert [tuner.ask().source for _ in range(3)] == ["default", "llm", "llm"]


def test_a_servers_identity_is_what_it_lists_of_its_model(server: MisbehavingServer) -> None:
    llm = ServerLLM(server.url)
    assert llm.identify() == ServerLLM(server.url).identify()
    assert llm.name in llm.identify()
    with MisbehavingServer(["good"]) as other:
        assert ServerLLM(other.url).identify() != llm.identify()  # the same name, and no more is known
