from __future__ import annotations

import enum
import math
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.spaces import SPACE, bowl

import bestguess as bg
from bestguess.agent.record.lock import hold, lock_file
from bestguess.agent.record.owner import Owner
from bestguess.agent.testing import DeadLLM, GarbageLLM, SchemaLLM, SlowLLM
from bestguess.tools.errors import InputError, ParamsError, StudyError
from bestguess.tools.objective.run import CommandObjective, FunctionObjective
from bestguess.tools.space.region import Limit, Limits

TASK = bg.Task("A bowl", metric="loss")


class Number(enum.IntEnum):
    ONE = 1


def told(result: bg.Result) -> list[float]:
    """Return the values of the trials, of which none may be missing."""
    values = [trial.value for trial in result.trials if trial.value is not None]
    assert len(values) == len(result.trials)
    return values


def configurations(trials: tuple[bg.Trial, ...]) -> list[tuple[tuple[str, Any], ...]]:
    return [tuple(trial.params.items()) for trial in trials]


def test_the_default_comes_first_then_a_look_around_then_the_gp() -> None:
    result = bg.tune(bowl, SPACE, task=TASK, n_trials=12, seed=0)
    assert [trial.source for trial in result.trials] == ["default"] + ["random"] * 4 + ["gp"] * 7
    assert result.trials[0].params == SPACE.default()
    assert result.best_value == bowl(result.best_params) == min(told(result))


@pytest.mark.slow
def test_the_search_beats_the_default_and_chance() -> None:
    found = [bg.tune(bowl, SPACE, task=TASK, n_trials=25, seed=seed).best_value for seed in range(3)]
    assert max(found) < 0.25 < bowl(SPACE.default())


@pytest.mark.slow
def test_no_configuration_is_tried_twice_and_all_fit_the_space() -> None:
    trials = bg.tune(bowl, SPACE, task=TASK, n_trials=25, llm=SchemaLLM(0), seed=0).trials
    assert len(set(configurations(trials))) == 25
    for trial in trials:
        assert SPACE.validate(trial.params) == trial.params


@pytest.mark.slow
def test_a_model_gets_the_first_guesses_and_then_a_minority_of_the_turns() -> None:
    trials = bg.tune(bowl, SPACE, task=TASK, n_trials=25, llm=SchemaLLM(0), seed=0).trials
    sources = [trial.source for trial in trials]
    assert sources[:3] == ["default", "llm", "llm"]
    late = [
        trial.number
        for trial in trials[5:]
        if trial.source == "llm" or trial.proposal.fallback.startswith("language model: guess not run")
    ]
    assert 1 <= len(late) < len(trials) / 3
    assert sources.count("llm") < len(trials) / 2


def test_every_trial_says_why_and_what_was_expected() -> None:
    trials = bg.tune(bowl, SPACE, task=TASK, n_trials=12, llm=SchemaLLM(0), seed=0).trials
    for trial in trials:
        assert trial.reason
        assert len(trial.reason) <= 500
        if trial.number > 2:
            assert trial.proposal.prediction is not None
            assert trial.proposal.verdict


@pytest.mark.parametrize("llm", [None, SchemaLLM(3)])
def test_one_seed_gives_one_search(llm: bg.LLM | None) -> None:
    first, second = (bg.tune(bowl, SPACE, task=TASK, n_trials=10, llm=llm, seed=4) for _ in range(2))
    assert configurations(first.trials) == configurations(second.trials)


@pytest.mark.slow
def test_a_search_that_stops_and_goes_on_is_the_search_that_never_stopped(tmp_path: Path) -> None:
    whole = bg.tune(bowl, SPACE, task=TASK, n_trials=10, seed=4)
    place: dict[str, Any] = {"storage": f"sqlite:///{tmp_path / 's.db'}", "study_name": "s"}
    bg.tune(bowl, SPACE, task=TASK, n_trials=6, seed=4, **place)
    parts = bg.tune(bowl, SPACE, task=TASK, n_trials=10, **place)
    assert configurations(parts.trials) == configurations(whole.trials)


@pytest.mark.parametrize(
    ("llm", "words"),
    [(DeadLLM(), "language model:"), (GarbageLLM(0), "language model:")],
    ids=["dead", "garbage"],
)
def test_a_useless_model_costs_nothing_but_its_turns_and_each_says_why(llm: bg.LLM, words: str) -> None:
    result = bg.tune(bowl, SPACE, task=TASK, n_trials=16, llm=llm, seed=0)
    assert len(result.trials) == 16
    assert {trial.source for trial in result.trials} == {"default", "random", "gp"}
    assert all(words in trial.proposal.fallback for trial in result.trials[1:5])
    assert "Turns that were not taken" in result.report()
    assert words in result.report()


def test_a_model_that_was_handed_in_serves_one_search_after_the_other() -> None:
    llm = SlowLLM(0, SchemaLLM(0))
    for _ in range(2):
        trials = bg.tune(bowl, SPACE, task=TASK, n_trials=3, llm=llm, seed=0).trials
        assert [trial.source for trial in trials] == ["default", "llm", "llm"]


def test_ask_never_waits_longer_than_it_may_for_a_model_that_stalls() -> None:
    with bg.Tuner(SPACE, TASK, llm=SlowLLM(60), seed=0, llm_wait_s=0.2) as tuner:
        tuner.tell(tuner.ask(), 1.0)
        started = time.monotonic()
        trial = tuner.ask()
        assert time.monotonic() - started < 30  # of the 60 s that it stalls
    assert trial.source == "random"
    assert "no answer within 0.2 s" in trial.proposal.fallback


def fragile(params: dict[str, Any]) -> float:
    if params["x"] > 0.5:
        raise MemoryError("out of memory at x > 0.5")
    return bowl(params)


def test_failures_are_data_and_the_search_goes_on() -> None:
    trials = bg.tune(fragile, SPACE, task=TASK, n_trials=8, seed=0).trials
    assert len(trials) == 8
    assert trials[0].state == "failed"
    assert "out of memory" in trials[0].feedback


@pytest.mark.slow
def test_a_search_learns_where_trials_fail() -> None:
    trials = bg.tune(fragile, SPACE, task=TASK, n_trials=25, seed=0).trials
    late = [trial.state for trial in trials[10:]]
    assert late.count("failed") < len(late) / 3


def test_a_search_in_which_everything_fails_ends_and_says_so() -> None:
    result = bg.tune(lambda params: math.nan, SPACE, n_trials=8, seed=0)
    assert len(result.trials) == 8
    with pytest.raises(StudyError, match="no trial of 8"):
        _ = result.best_params


def test_a_run_whose_first_trials_fail_alike_stops_and_begins_anew_when_gone_on_with(
    caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    place: dict[str, Any] = {"storage": f"sqlite:///{tmp_path / 's.db'}", "study_name": "s", "seed": 0}
    result = bg.tune(lambda params: 1 / 0, SPACE, n_trials=5, **place)
    assert [trial.state for trial in result.trials] == ["failed"] * 3
    assert "ZeroDivisionError: division by zero. To mend: " in result.stopped
    assert "lambda params: 1 / 0, SPACE, n_trials=5" in result.stopped
    assert result.stopped in result.report()
    assert result.stopped in caplog.text
    assert result.to_dict()["stopped"] == result.stopped
    with pytest.raises(StudyError, match="failed alike"):
        _ = result.best_value
    mended = bg.tune(bowl, SPACE, n_trials=1, **place)
    assert [(trial.number, trial.source) for trial in mended.trials] == [(3, "default")]
    assert not mended.stopped


def test_a_run_that_is_to_keep_going_does() -> None:
    result = bg.tune(lambda params: 1 / 0, SPACE, n_trials=5, seed=0, keep_going=True)
    assert len(result.trials) == 5
    assert not result.stopped


def test_maximizing_is_minimizing_upside_down() -> None:
    result = bg.tune(
        lambda params: -bowl(params), SPACE, task=bg.Task(direction="maximize"), n_trials=20, seed=0
    )
    assert result.best_value == max(told(result))
    assert result.best_value > -bowl(SPACE.default())


def test_results_that_were_never_asked_for_are_learned_from() -> None:
    with bg.Tuner(SPACE, TASK, seed=0) as tuner:
        told = tuner.tell({"x": 0.1, "lr": 0.01, "n": 4, "kind": "a"}, 0.01)
        assert told.source == "user"
        assert tuner.best == told
        assert tuner.ask().source == "default"


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"x": 5.0, "lr": 0.01, "n": 4, "kind": "a"}, "x"),
        ({"x": 0.0, "lr": 0.01, "n": 4, "kind": "c"}, "kind"),
        ({"x": 0.0, "lr": 0.01, "n": 4}, "kind"),
        ({"x": 0.0, "lr": 0.01, "n": 4, "kind": "a", "y": 1}, "y"),
    ],
)
def test_params_that_do_not_fit_are_refused_by_name_and_nothing_is_recorded(
    params: dict[str, Any], words: str
) -> None:
    with bg.Tuner(SPACE, TASK, seed=0) as tuner:
        with pytest.raises(ParamsError, match=words):
            tuner.tell(params, 1.0)
        assert len(tuner.history) == 0


def test_several_trials_may_be_asked_before_any_is_told() -> None:
    with bg.Tuner(SPACE, TASK, seed=0) as tuner:
        for _ in range(6):
            tuner.tell(tuner.ask(), 1.0)
        trials = [tuner.ask() for _ in range(4)]
        assert len(set(configurations(tuple(trials)))) == 4


TINY = bg.Space(kind=bg.Choice(["a", "b"]), n=bg.Int(1, 2))


@pytest.mark.parametrize(
    ("space", "size"),
    [
        (TINY, 4),
        (bg.Space(kind=bg.Choice(["a", "b"]), n=bg.Int(1, 3, when={"kind": ["b"]})), 4),
        (bg.Space(n=bg.Int(1, 3), m=bg.Int(1, 3, default=3), constraints=["n <= m"]), 6),
        (bg.Space(x=bg.Float(0, 1, step=0.25), words=bg.Choice(["hm"])), 5),
    ],
    ids=["plain", "conditional", "constrained", "stepped"],
)
def test_a_run_ends_and_says_so_once_every_configuration_was_tried(
    space: bg.Space, size: int, caplog: pytest.LogCaptureFixture
) -> None:
    result = bg.tune(lambda params: float(len(params)), space, n_trials=9, seed=0)
    assert len(result.trials) == len({str(trial.params) for trial in result.trials}) == size
    assert result.ending == result.to_dict()["ending"] == "exhausted"
    assert "nothing was found that was not tried" in result.report()
    assert f"{size} of n_trials=9 have run" in caplog.text


def test_what_is_used_up_is_repeated_for_a_noisy_task_and_by_ask() -> None:
    noisy = bg.tune(lambda params: float(params["n"]), TINY, task=bg.Task(noisy=True), n_trials=7, seed=0)
    assert (len(noisy.trials), noisy.ending) == (7, "done")
    with bg.Tuner(TINY, seed=0) as tuner:
        while trial := tuner.ask_new():
            tuner.tell(trial, bg.Outcome.failure("no memory"))
        assert len(tuner.history) == len(set(configurations(tuner.history.trials))) == 4
        again = tuner.ask()
        assert (again.number, again.reason) == (4, "nothing was found in this space that has not been tried")
        tuner.study.optuna_study.enqueue_trial({"n": 1, "kind": "a"})
        assert tuner.ask_new() is not None


def test_a_run_within_limits_ends_once_all_of_them_was_tried() -> None:
    with bg.Tuner(SPACE, seed=0) as tuner:
        tuner.tell(tuner.ask(), 1.0)
        pinned = {name: Limit(options=(value,)) for name, value in SPACE.default().items() if name != "n"}
        tuner.limit(Limits(pinned))
        result = tuner.run(FunctionObjective(bowl), n_trials=20)
    assert (len(result.trials), result.ending) == (6, "exhausted")


def test_a_closed_tuner_starts_no_trial_and_what_ran_is_still_told() -> None:
    with bg.Tuner(SPACE, TASK, seed=0) as tuner:
        trial = tuner.ask()
    for start in (
        tuner.ask,
        tuner.ask_new,
        lambda: tuner.start({}),
        lambda: tuner.run(FunctionObjective(bowl), n_trials=3),
    ):
        with pytest.raises(StudyError, match="the tuner is closed and starts no trial; make another"):
            start()
    assert tuner.tell(trial, 1.0).value == 1.0


def test_no_trial_starts_after_the_timeout() -> None:
    result = bg.tune(bowl, SPACE, n_trials=10_000, timeout=0.5, seed=0)
    assert 1 <= len(result.trials) < 10_000
    assert "the time was up" in result.report()


def test_a_trial_that_was_chosen_too_late_waits_for_the_next_run(tmp_path: Path) -> None:
    """Another process's turn, and a model, may take longer to propose than there is time left."""
    place: dict[str, Any] = {"storage": f"sqlite:///{tmp_path}/s.db", "study_name": "s", "seed": 0}
    bg.tune(bowl, SPACE, n_trials=1, **place)
    held, over = threading.Event(), threading.Event()

    def choose_elsewhere() -> None:
        with hold(lock_file(place["storage"], "ask"), timeout_s=5):
            held.set()
            over.wait(4)

    other = threading.Thread(target=choose_elsewhere)
    other.start()
    held.wait(60)
    result = bg.tune(bowl, SPACE, n_trials=5, timeout=1, **place)
    over.set()
    other.join()
    assert "the time was up" in result.report()
    assert sum(trial.state == "complete" for trial in result.trials) == 1
    assert [trial.state for trial in bg.tune(bowl, SPACE, n_trials=3, **place).trials] == ["complete"] * 3


def test_an_interrupt_passes_through_and_the_trial_comes_first_next_time(tmp_path: Path) -> None:
    place: dict[str, Any] = {"storage": f"sqlite:///{tmp_path / 's.db'}", "study_name": "s", "seed": 0}

    def interrupted(params: dict[str, Any]) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bg.tune(interrupted, SPACE, n_trials=3, **place)
    with bg.Tuner(SPACE, TASK, **place) as tuner:
        assert [trial.state for trial in tuner.history] == ["running"]
        assert tuner.ask().number == 0
        assert tuner.ask().number == 1


@pytest.mark.parametrize(
    ("where", "kept"), [("function", False), ("model", False), ("command", False), ("function", True)]
)
def test_an_interrupted_run_returns_what_there_is_and_says_so(
    where: str, kept: bool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    sleep = [sys.executable, "-c", "import time; time.sleep(60)"]
    command = CommandObjective(sleep, metric="loss=(.*)", space_names=SPACE.names)
    begun: list[int] = []

    def objective(params: dict[str, Any]) -> float | bg.Outcome:
        begun.append(1)
        if len(begun) == 2 and where == "function":
            raise KeyboardInterrupt
        if len(begun) == (1 if where == "model" else 2):  # while the model is asked for the next, or now
            threading.Timer(0.3, os.kill, [os.getpid(), signal.SIGINT]).start()
        return command(params) if len(begun) == 2 else 1.0

    place: dict[str, Any] = {"storage": f"sqlite:///{tmp_path / 's.db'}"} if kept else {}
    llm = SlowLLM(60) if where == "model" else None
    result = bg.tune(objective, SPACE, task=TASK, llm=llm, n_trials=9, seed=0, **place)
    assert result.interrupted
    assert result.best_value == 1.0
    assert len(result.history.told) == 1
    assert "1 of n_trials=9 have run" in caplog.text
    assert "interrupted" in result.report()
    assert "elsewhere" not in result.report()


def test_a_trial_that_is_interrupted_while_the_next_is_prepared_is_asked_again() -> None:
    with bg.Tuner(SPACE, seed=0) as tuner:

        def interrupted(*_: Any, **__: Any) -> None:
            raise KeyboardInterrupt

        prefetch, tuner._turns.prefetch = tuner._turns.prefetch, interrupted  # type: ignore[method-assign]
        with pytest.raises(KeyboardInterrupt):
            tuner.ask()
        tuner._turns.prefetch = prefetch  # type: ignore[method-assign]
        assert tuner.ask().number == 0


@pytest.mark.parametrize("number", [np.int64(1), np.uint8(1), np.array(1), torch.tensor(1), Number.ONE])
def test_a_trials_number_may_be_any_librarys_whole_number(number: Any) -> None:
    with bg.Tuner(SPACE, seed=0) as tuner:
        tuner.ask()
        tuner.ask()
        assert tuner.tell(number, 0.5).number == 1
        assert tuner.study.tell(number, bg.Outcome(0.5))[1] is False


@pytest.mark.parametrize("number", [True, np.True_, 1.0, "1", None, np.array([1, 2]), np.float64(1), -1])
def test_what_is_no_trials_number_is_refused_by_its_value(number: Any) -> None:
    with bg.Tuner(SPACE, seed=0) as tuner:
        tuner.ask()
        with pytest.raises(InputError, match="trial"):
            tuner.tell(number, 0.5)
        assert not tuner.history.told


def test_an_interrupted_trial_that_was_told_meanwhile_is_not_asked_again(tmp_path: Path) -> None:
    place: dict[str, Any] = {"storage": f"sqlite:///{tmp_path / 's.db'}", "study_name": "s", "seed": 0}
    with bg.Tuner(SPACE, TASK, **place) as tuner:
        tuner.study.release(tuner.ask().number)
    with bg.Tuner(SPACE, TASK, **place) as tuner:
        tuner.tell(0, 1.0)
        assert tuner.ask().number == 1


def test_a_noisy_task_has_good_configurations_tried_again_and_an_exact_one_does_not() -> None:
    def repeats(noisy: bool) -> int:
        luck = random.Random(0)
        with bg.Tuner(bg.Space(n=bg.Int(1, 30, default=30)), bg.Task(noisy=noisy), seed=0) as tuner:
            for _ in range(20):
                trial = tuner.ask()
                tuner.tell(trial, (trial.params["n"] - 8) ** 2 / 100 + luck.gauss(0.0, 0.3))
            tried = [trial.params["n"] for trial in tuner.history]
        return len(tried) - len(set(tried))

    assert repeats(noisy=False) == 0
    assert repeats(noisy=True) > 0


@pytest.mark.slow
def test_what_another_process_starts_meanwhile_is_not_proposed_again(tmp_path: Path) -> None:
    place: dict[str, Any] = {"storage": f"sqlite:///{tmp_path / 's.db'}", "study_name": "s", "seed": 0}
    with bg.Tuner(SPACE, **place) as slow, bg.Tuner(SPACE, **place) as quick:
        quick._asking.queue_s = 0.0  # does not wait for the one who is asking, as across machines
        propose = slow._turns.propose
        met: list[bg.Trial] = []

        def propose_late(*how: Any, **more: Any) -> bg.Proposal:
            proposal = propose(*how, **more)
            if not met:
                met.append(quick.ask())
            return proposal

        slow._turns.propose = propose_late  # type: ignore[method-assign]
        for _ in range(6):
            met.clear()
            slow.tell(slow.ask(), bowl(slow.history.trials[-1].params))
            quick.tell(met[0], bowl(met[0].params))

        trials = slow.history.trials
    assert len(trials) == 12
    assert len(set(configurations(trials))) == 12
    assert trials[-1].number > 11, "nothing was withdrawn, so nothing was tested"


def test_a_trial_that_is_handed_out_stays_asked_when_the_process_ends(tmp_path: Path) -> None:
    place: dict[str, Any] = {"storage": f"sqlite:///{tmp_path / 's.db'}", "study_name": "s", "owner": None}
    with bg.Tuner(SPACE, **place) as tuner:
        tuner.ask()
    with bg.Tuner(SPACE, **place) as tuner:
        assert tuner.ask().number == 1
        assert tuner.tell(0, 1.0).value == 1.0


@pytest.mark.slow
def test_what_another_process_is_running_counts_towards_the_trials_of_a_run(tmp_path: Path) -> None:
    place: dict[str, Any] = {"storage": f"sqlite:///{tmp_path / 's.db'}", "study_name": "s"}
    with bg.Tuner(SPACE, **place, owner=Owner.process(os.getppid())) as elsewhere:
        running = elsewhere.ask()

        result = bg.tune(bowl, SPACE, n_trials=3, **place)

        assert [trial.number for trial in result.trials if trial.value is not None] == [1, 2]
        assert "still running elsewhere: trial 0" in result.report()
        elsewhere.tell(running, 1.0)
        assert len(bg.tune(bowl, SPACE, n_trials=3, **place).trials) == 3


@pytest.mark.slow
def test_a_study_that_is_gone_on_with_is_logged_with_how_to_start_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place: dict[str, Any] = {"storage": f"sqlite:///{tmp_path / 's.db'}", "study_name": "s", "n_trials": 2}
    bg.tune(bowl, SPACE, task=TASK, seed=0, **place)
    assert caplog.messages == []

    bg.tune(bowl, SPACE, task=bg.Task(metric="mAP"), seed=1, **place)

    existing, seed, metric = caplog.messages
    assert "has 2 trials already; they count towards n_trials=2" in existing
    assert "another study_name" in existing
    assert "made with seed 0" in seed
    assert "made with metric 'loss', and now has 'mAP'" in metric
    with pytest.raises(StudyError, match="already in"):
        bg.tune(bowl, SPACE, resume=False, **place)


def test_an_open_tuner_takes_up_what_a_process_that_died_was_running(tmp_path: Path) -> None:
    place: dict[str, Any] = {"storage": f"sqlite:///{tmp_path / 's.db'}", "study_name": "s", "seed": 0}
    child = subprocess.Popen(["sleep", "60"])
    with bg.Tuner(SPACE, **place) as tuner, bg.Tuner(SPACE, **place, owner=Owner.process(child.pid)) as dying:
        asked = dying.ask().number
        tuner.tell(tuner.ask(), 1.0)
        child.kill()
        child.wait()
        assert tuner.ask().number == asked
        assert tuner.ask().number > asked + 1


def test_another_processs_tell_of_the_running_trial_does_not_end_a_run(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    place: dict[str, Any] = {"storage": f"sqlite:///{tmp_path / 's.db'}", "study_name": "s", "seed": 0}
    told = iter([1.0, 2.0])

    def meddled(params: dict[str, Any]) -> float:
        with bg.Tuner(SPACE, **place) as other:
            (running,) = other.history.running
            if (value := next(told, None)) is not None:
                other.tell(running.number, value)
        return 1.0

    with bg.Tuner(SPACE, **place) as tuner:
        trials = tuner.run(FunctionObjective(meddled), n_trials=3).trials
    assert [trial.value for trial in trials] == [1.0, 2.0, 1.0]
    same, different = caplog.messages
    assert same == "another process told trial 0 the same while it ran"
    assert "what that told stays: trial 1 was already told the value 2.0, and now the value 1.0" in different


def test_a_run_that_is_stopped_after_another_process_told_its_trial_ends_quietly(tmp_path: Path) -> None:
    place: dict[str, Any] = {"storage": f"sqlite:///{tmp_path / 's.db'}", "study_name": "s", "seed": 0}

    def stopped(params: dict[str, Any]) -> float:
        with bg.Tuner(SPACE, **place) as other:
            other.tell(other.history.running[0], 0.5)
        raise KeyboardInterrupt

    with bg.Tuner(SPACE, **place) as tuner:
        with pytest.raises(KeyboardInterrupt):
            tuner.run(FunctionObjective(stopped), n_trials=2)
        assert tuner.interrupted == ()
        assert tuner.ask().number == 1


def test_what_is_given_back_to_another_studys_tuner_is_refused() -> None:
    with bg.Tuner(SPACE, seed=0) as one, bg.Tuner(SPACE, seed=0) as other:
        trial = one.ask()
        other.ask()
        with pytest.raises(StudyError, match="one of another study"):
            other.give_back(trial)
        with pytest.raises(StudyError, match="tell its params"):
            other.tell(trial, 1.0)
        assert other.tell(trial.params, 1.0).value == 1.0
        assert one.tell(trial, 1.0) == one.tell(trial, 1.0) == one.tell(trial.number, 1.0)


def test_a_trial_costs_one_read_of_the_history(tmp_path: Path) -> None:
    with bg.Tuner(SPACE, storage=f"sqlite:///{tmp_path / 's.db'}", study_name="s", seed=0) as tuner:
        read, reads = tuner.study.storage.get_all_trials, []

        def counted(*args: Any, **options: Any) -> Any:
            reads.append(args)
            return read(*args, **options)

        tuner.study.storage.get_all_trials = counted  # type: ignore[method-assign]
        tuner.run(FunctionObjective(bowl), n_trials=8)
        assert len(reads) == 1 + 8
        tuner.tell(tuner.ask(), 1.0)
        assert len(reads) == 1 + 8 + 1


def test_an_interrupted_trial_that_another_process_took_up_cannot_be_dropped(tmp_path: Path) -> None:
    place: dict[str, Any] = {"storage": f"sqlite:///{tmp_path / 's.db'}", "study_name": "s", "seed": 0}
    with bg.Tuner(SPACE, **place) as first:
        first.give_back(first.ask())
        first.give_back(first.start(SPACE.default() | {"n": 3}))
        with bg.Tuner(SPACE, **place) as second:
            assert second.ask().number == 0
            with pytest.raises(StudyError, match="trial 0 was taken up or told by another process"):
                first.drop(0)
            assert first.drop(1).state == "failed"
            assert second.tell(0, 1.0).value == 1.0
