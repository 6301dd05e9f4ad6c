from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import bestguess as bg
from bestguess.agent.mcp.studies import MOST_AT_ONCE, AskCall, OpenStudy, Studies
from bestguess.agent.record.study import load
from bestguess.tools.errors import InputError, StudyError

SPACE = bg.Space(x=bg.Float(0, 1), n=bg.Int(1, 6))
TASK = bg.Task("Tune it")


@pytest.fixture
def studies(tmp_path: Path) -> Iterator[Studies]:
    opened = Studies(f"sqlite:///{tmp_path / 's.db'}")
    yield opened
    opened.close()


def numbers(study: OpenStudy, n: int) -> list[int]:
    return [trial.number for trial in study.ask(n, AskCall())]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"storage": "not a url"}, "no database URL"),
        ({"storage": "sqlite:////nowhere/at/all/s.db"}, "does not exist"),
        ({"llm_wait_s": -1.0}, "llm_wait_s is -1.0"),
        ({"llm": "nobody"}, "nobody"),
    ],
)
def test_arguments_with_which_no_study_could_be_opened_are_refused_and_nothing_is_made(
    options: dict[str, Any], words: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError, match=words):
        Studies(**{"storage": f"sqlite:///{tmp_path / 's.db'}", **options})
    assert not list(tmp_path.iterdir())


def test_a_study_is_made_once_and_gone_on_with_where_space_and_direction_are_the_same(
    studies: Studies,
) -> None:
    assert studies.names() == []
    made, is_new = studies.create("s", SPACE, TASK, seed=1)
    assert is_new
    assert studies.create("s", SPACE, TASK) == (made, False)
    assert (studies.names(), studies.get("s"), studies.get(None)) == (["s"], made, made)
    with pytest.raises(StudyError, match="differs in n"):
        studies.create("s", bg.Space(x=bg.Float(0, 1)), TASK)
    with pytest.raises(StudyError, match="minimize, not maximize"):
        studies.create("s", SPACE, bg.Task("Tune it", direction="maximize"))


def test_of_several_studies_one_must_be_named(studies: Studies) -> None:
    for name in ("a", "b"):
        studies.create(name, SPACE, TASK)
    with pytest.raises(StudyError, match="there are 2 studies; name one by study_name: a, b"):
        studies.get(None)
    assert studies.get("b").name == "b"


def test_no_trial_is_asked_for_or_told_in_a_study_of_experiments(studies: Studies) -> None:
    bg.Experiments(studies.storage).record(0.5, description="base")
    with pytest.raises(StudyError, match="is one of experiments, not of parameters"):
        studies.get(None)
    with (
        closing(load(studies.storage, "experiments")) as study,
        pytest.raises(StudyError, match="is one of experiments"),
    ):
        study.tell_params({"change": "another"}, bg.Outcome(0.1))
    assert bg.Experiments(studies.storage).record(0.4, description="another").entry.number == 1


def test_what_was_asked_stays_asked_when_the_process_has_closed_its_studies(studies: Studies) -> None:
    assert numbers(studies.create("s", SPACE, TASK)[0], 2) == [0, 1]
    studies.close()
    again = Studies(studies.storage)
    assert numbers(again.get("s"), 1) == [2]
    assert [trial.number for trial in again.get("s").tuner.history.running] == [0, 1, 2]
    again.close()


@pytest.mark.parametrize("n", [0, MOST_AT_ONCE + 1])
def test_no_trial_is_started_for_an_odd_number_of_them(n: int, studies: Studies) -> None:
    study, _ = studies.create("s", SPACE, TASK)
    with pytest.raises(InputError, match=f"n is {n}; give a whole number from 1 to {MOST_AT_ONCE}"):
        study.ask(n, AskCall())
    assert len(study.tuner.history) == 0


def test_trials_of_a_call_that_is_cancelled_afterwards_are_the_next_that_are_asked_for(
    studies: Studies,
) -> None:
    study, _ = studies.create("s", SPACE, TASK)
    call = AskCall()
    study.ask(3, call)
    call.cancel()
    assert numbers(study, 4) == [0, 1, 2, 3]


def test_a_call_that_is_cancelled_meanwhile_starts_no_more_and_gives_back_what_it_started(
    studies: Studies,
) -> None:
    study, _ = studies.create("s", SPACE, TASK)
    call, ask = AskCall(), study.tuner.ask
    started: list[bg.Trial] = []

    def cancelled_after_two() -> bg.Trial:
        started.append(ask())
        if len(started) == 2:
            thread = threading.Thread(target=call.cancel)
            thread.start()
            thread.join()
        return started[-1]

    study.tuner.ask = cancelled_after_two  # type: ignore[method-assign]
    study.ask(MOST_AT_ONCE, call)
    study.tuner.ask = ask  # type: ignore[method-assign]

    assert len(started) == 2
    assert numbers(study, 3) == [0, 1, 2]


def test_a_configuration_is_judged_once_two_trials_have_a_value(studies: Studies) -> None:
    study, _ = studies.create("s", SPACE, TASK, seed=0)
    idea = {"x": 0.25, "n": 2}
    assert study.verify(idea) == (idea, None)
    for x in (0.5, 0.75):
        study.add({"x": x, "n": 3}, bg.Outcome(x))
    given, verdict = study.verify(idea)
    assert given == idea
    assert verdict is not None
    assert verdict.prediction.low < verdict.prediction.median < verdict.prediction.high
