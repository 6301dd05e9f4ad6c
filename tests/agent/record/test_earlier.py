"""A new study begins with what earlier ones came to: which they are, and what is kept of them."""

from __future__ import annotations

import logging
import shutil
import warnings
from pathlib import Path
from typing import Any

import optuna
import pytest

import bestguess as bg
from bestguess.agent.record.earlier import find_earlier
from bestguess.agent.record.opening import study_names
from bestguess.agent.record.study import load
from bestguess.agent.replay import replay
from bestguess.tools.errors import InputError, StudyError

SPACE = bg.Space(lr=bg.Float(1e-5, 1e-1, log=True), depth=bg.Int(1, 8))
RENAMED = bg.Space(rate=bg.Float(1e-5, 1e-1, log=True), depth=bg.Int(1, 8))
GRID = [{"lr": lr, "depth": depth} for lr in (1e-4, 1e-3, 3e-2) for depth in (2, 6)]
BEST = {"lr": 3e-2, "depth": 6}


def loss(params: dict[str, Any]) -> float:
    return float(abs(params.get("lr", params.get("rate", 0.0)) - 0.03) * 10 + abs(params["depth"] - 6))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file of a storage with one finished study, named old."""
    file = tmp_path_factory.mktemp("old") / "studies.db"
    with bg.Tuner(SPACE, storage=f"sqlite:///{file}", study_name="old", seed=0) as tuner:
        for params in GRID:
            tuner.tell(params, loss(params))
    return file


@pytest.fixture
def url(made: Path, tmp_path: Path) -> str:
    """A copy of that storage."""
    return f"sqlite:///{shutil.copy(made, tmp_path)}"


def second(space: bg.Space = SPACE, **terms: Any) -> bg.Trial:
    """Return the trial after the default of a new study."""
    with bg.Tuner(space, study_name="new", seed=0, **terms) as tuner:
        first = tuner.ask()
        assert first.params == space.default()
        tuner.tell(first, loss(first.params))
        return tuner.ask()


def test_a_new_study_runs_the_best_of_an_earlier_one_after_the_default(
    url: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        trial = second(storage=url)
    assert (trial.params, trial.source) == (BEST, "knowledge")
    assert trial.reason == "best of study old: it gave 0 there"
    assert "begins with what earlier studies came to: 'old'" in caplog.text


def test_without_earlier_studies_it_proposes_as_in_a_storage_of_its_own(url: str) -> None:
    alone = second(storage=None)
    trial = second(storage=url, earlier=False)
    assert (trial.params, trial.source, trial.reason) == (alone.params, alone.source, alone.reason)


@pytest.mark.parametrize("earlier", [False, None, [], {}])
def test_nothing_is_no_earlier_study(earlier: Any) -> None:
    assert find_earlier(SPACE, bg.Task(), earlier) == ()


def test_a_storage_without_studies_alike_changes_nothing(url: str) -> None:
    space = bg.Space(lr=bg.Float(1e-5, 1e-1, log=True), width=bg.Int(1, 8), drop=bg.Float(0, 1))
    with bg.Tuner(space, storage=url, study_name="other", seed=0) as tuner:
        assert tuner.earlier == ()
    assert second(RENAMED, storage=url).source == "random"


@pytest.mark.slow
def test_earlier_studies_can_be_named_in_many_ways(url: str) -> None:
    with bg.Tuner(SPACE, storage=url, study_name="old") as old:
        named: list[Any] = [
            "old", ["old"], url, old.result(0.0), [old.study], {"old": {}},
            [optuna.load_study(study_name="old", storage=url)],
        ]  # fmt: skip
        for earlier in named:
            (found,) = find_earlier(SPACE, bg.Task(), earlier, storage=url) or ()
            assert (found.name, found.configurations[found.best[0]]) == ("old", BEST)
    assert find_earlier(SPACE, bg.Task(), True, storage=url) is None  # whatever is in the new study's storage


def test_in_memory_only_what_was_named_is_used(url: str) -> None:
    assert second(storage=None).source == "random"
    assert second(storage=None, earlier=url).params == BEST


def test_what_was_renamed_is_used_by_consent_only(url: str) -> None:
    trial = second(RENAMED, storage=url, earlier={"old": {"lr": "rate"}})
    assert trial.params == {"rate": 3e-2, "depth": 6}


@pytest.mark.parametrize(
    ("earlier", "said"),
    [
        (5, "earlier is 5; give True, False"),
        ([5], "earlier names 5"),
        ({"old": "lr"}, "earlier says 'lr' of a study"),
        ({"old": {"lr": "rat"}}, "no parameter of this study is called 'rat'"),
        ("older", "there is no study 'older'"),
    ],
)
def test_what_is_no_earlier_study_is_refused(url: str, earlier: Any, said: str) -> None:
    with pytest.raises((InputError, StudyError), match=said):
        find_earlier(RENAMED, bg.Task(), earlier, storage=url)


def test_nothing_is_written_where_earlier_studies_are_refused(url: str) -> None:
    with pytest.raises(StudyError, match="there is no study 'older'"):
        bg.Tuner(SPACE, storage=url, study_name="new", earlier="older")
    assert study_names(url) == ["old"]


def test_a_study_that_was_named_and_has_nothing_in_common_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="no parameter in common"):
        find_earlier(bg.Space(x=bg.Float(0, 1)), bg.Task(), "old", storage=url)


def test_it_goes_on_and_is_replayed_with_what_it_knew_when_it_began(url: str) -> None:
    with bg.Tuner(SPACE, storage=url, study_name="new", seed=0) as tuner:
        for _ in range(3):
            trial = tuner.ask()
            tuner.tell(trial, loss(trial.params))
    optuna.delete_study(study_name="old", storage=url)
    with bg.Tuner(SPACE, storage=url, study_name="new") as tuner:
        assert [study.name for study in tuner.earlier] == ["old"]
        tuner.ask()
    study = load(url, "new")
    assert all(replayed.same for replayed in replay(study, {}))
    study.close()


def test_a_study_that_began_alone_stays_alone(url: str) -> None:
    with bg.Tuner(SPACE, storage=url, study_name="new", seed=0, earlier=False):
        pass
    with bg.Tuner(SPACE, storage=url, study_name="new") as tuner:
        assert tuner.earlier == ()


def test_a_direction_of_its_own_turns_the_values() -> None:
    with bg.Tuner(SPACE, bg.Task(direction="maximize"), study_name="gain") as tuner:
        trial = second(earlier=_told(tuner, sign=-1.0))
    assert (trial.params, trial.reason) == (BEST, "best of study gain: it gave 0 there")


def test_a_misleading_study_costs_the_trials_that_find_it_out() -> None:
    with bg.Tuner(SPACE, seed=0) as old, bg.Tuner(SPACE, seed=0, earlier=_told(old, sign=-1.0)) as tuner:
        sources = []
        for _ in range(7):
            trial = tuner.ask()
            sources.append(trial.source)
            tuner.tell(trial, loss(trial.params))
    assert sources == ["default", "knowledge", "random", "random", "random", "random", "gp"]


def _told(tuner: bg.Tuner, *, sign: float) -> Any:
    for params in GRID:
        tuner.tell(params, sign * loss(params))
    return tuner.study


def test_studies_of_several_metrics_have_no_part(url: str) -> None:
    several = bg.Task(metrics={"loss": "minimize", "latency": "minimize"})
    with bg.Tuner(SPACE, several, storage=url, study_name="both") as tuner:
        assert tuner.earlier == ()
    with bg.Tuner(SPACE, storage=url, study_name="new") as tuner:
        assert [study.name for study in tuner.earlier] == ["old"]
    with pytest.raises(InputError, match="several metrics, as 'both' is"):
        bg.Tuner(SPACE, storage=url, study_name="newer", earlier="both")


def test_where_the_best_of_an_earlier_study_is_the_worst_here_it_has_no_part(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'studies.db'}"
    with bg.Tuner(SPACE, bg.Task(metric="auc"), storage=url, study_name="old", seed=0) as tuner:
        for params in GRID:
            tuner.tell(params, loss(params))
    task = bg.Task(metric="AUC", direction="maximize")
    assert second(storage=url, task=task).source == "random"
    with pytest.raises(bg.InputError, match="is to minimize auc, and this one to maximize it"):
        second(storage=url, task=task, earlier=["old"])


def test_ranges_that_do_not_meet_are_said(url: str) -> None:
    elsewhere = bg.Space(lr=bg.Float(1, 2), depth=bg.Int(20, 30))
    with pytest.raises(bg.InputError, match="no value of lr, depth is in the ranges of this one"):
        second(elsewhere, storage=url, earlier=["old"])


def test_an_earlier_study_named_too_late_is_said(url: str, caplog: pytest.LogCaptureFixture) -> None:
    second(storage=url, earlier=False)
    with caplog.at_level(logging.WARNING), bg.Tuner(SPACE, storage=url, study_name="new", earlier=["old"]):
        pass
    assert "'new' has begun" in caplog.text


def test_the_same_call_goes_on_when_the_earlier_study_is_gone(tmp_path: Path) -> None:
    old, new = tmp_path / "old.db", f"sqlite:///{tmp_path}/new.db"
    bg.tune(loss, SPACE, n_trials=6, storage=f"sqlite:///{old}", study_name="old", seed=0)

    def go_on(n_trials: int) -> bg.Result:
        place: dict[str, Any] = {"storage": new, "study_name": "new", "earlier": f"sqlite:///{old}"}
        return bg.tune(loss, SPACE, n_trials=n_trials, seed=0, **place)

    go_on(3)
    old.unlink()
    assert len(go_on(4).trials) == 4
    with pytest.raises(StudyError, match=r"no study in .*old\.db"):
        bg.tune(loss, SPACE, n_trials=1, storage=new, study_name="other", earlier=f"sqlite:///{old}")


def test_what_was_set_aside_or_breaks_a_constraint_is_no_best_of_an_earlier_study(url: str) -> None:
    with bg.Tuner(SPACE, storage=url, study_name="old", earlier=False) as tuner:
        slip = tuner.tell({"lr": 1e-5, "depth": 1}, -100.0)
        tuner.study.set_aside(slip.number)
    assert second(storage=url, earlier=[optuna.load_study(study_name="old", storage=url)]).params == BEST

    def constrained(trial: optuna.Trial) -> float:
        lr, depth = trial.suggest_float("lr", 1e-5, 1e-1, log=True), trial.suggest_int("depth", 1, 8)
        trial.set_constraint("deep", depth - 5.0)
        return -float(depth) - lr

    chance = optuna.samplers.RandomSampler(seed=0)
    plain = optuna.create_study(study_name="plain", storage=url, sampler=chance)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        plain.optimize(constrained, n_trials=20)
    assert second(earlier=[plain]).params["depth"] <= 5


def test_a_parameter_that_cannot_be_held_does_not_keep_the_others_out(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def objective(trial: optuna.Trial) -> float:
        trial.suggest_int("seed", 0, 2**62)
        return loss(
            {"lr": trial.suggest_float("lr", 1e-5, 1e-1, log=True), "depth": trial.suggest_int("depth", 1, 8)}
        )

    plain = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=0))
    plain.optimize(objective, n_trials=10)
    assert second(earlier=[plain]).reason.startswith("best of study")
    assert "nothing is read of seed" in caplog.text
