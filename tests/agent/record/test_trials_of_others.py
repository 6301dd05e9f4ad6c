"""What others put into a study with plain Optuna: values that fit or do not, and enqueued trials."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import optuna
import pytest
from click.testing import CliRunner
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.trial import TrialState
from tests.params import few_of

import bestguess as bg
from bestguess.agent.cli import main
from bestguess.agent.record.study import Study
from bestguess.tools.errors import StudyError
from bestguess.tools.words.kept import ATTRIBUTE

SPACE = bg.Space(
    lr=bg.Float(1e-4, 1, log=True, default=0.01),
    n=bg.Int(1, 9),
    kind=bg.Choice(["a", "b"]),
    extra=bg.Float(0, 1, step=0.25, when={"kind": ["b"]}),
)
FIT: dict[str, Any] = {"lr": 0.1, "n": 3, "kind": "a"}


@pytest.fixture
def place(tmp_path: Path) -> dict[str, Any]:
    return {"storage": f"sqlite:///{tmp_path / 's.db'}", "study_name": "s"}


def put(study: optuna.Study, params: dict[str, Any], value: float = 0.5, **changed: Any) -> None:
    """Add a complete trial of plain Optuna's, some of its distributions changed."""
    distributions = {name: (SPACE.to_optuna() | changed)[name] for name in params}
    study.add_trial(optuna.create_trial(params=params, distributions=distributions, value=value))


Misfit = tuple[dict[str, Any], dict[str, BaseDistribution], str]
MISFITS: list[Misfit] = [
    ({"lr": 5.0}, {"lr": FloatDistribution(1e-4, 10, log=True)}, "lr: 5.0 is out of bounds"),
    ({"lr": 0.1, "n": 2.5}, {"lr": FloatDistribution(0, 1), "n": FloatDistribution(1, 9)}, "n: 2.5"),
    ({"kind": "c"}, {"kind": CategoricalDistribution(["c", "a"])}, "kind: 'c' is not an option"),
    ({"rate": 0.1}, {"rate": FloatDistribution(0, 1)}, "no parameter is called 'rate'"),
    ({"n": 12}, {"n": IntDistribution(2, 22, step=5)}, "n: 12 is out of bounds"),
]


@pytest.mark.parametrize("misfit", few_of(MISFITS, fast=1))
def test_a_trial_that_does_not_fit_is_told_of_and_left_out_and_the_search_goes_on(
    misfit: Misfit, place: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    params, distributions, words = misfit
    plain = optuna.create_study(storage=place["storage"], study_name="s")
    put(plain, FIT | params, -1.0, **distributions)
    with bg.Tuner(SPACE, seed=0, **place) as tuner:
        asked = tuner.ask()
        tuner.tell(asked, 0.5)
        (trial,) = tuner.history
        assert trial.params == asked.params == SPACE.default()
        assert words in tuner.study.left_out[0]
    assert sum("trial 0 is left out" in message and words in message for message in caplog.messages) == 1


@pytest.mark.slow
def test_show_says_what_is_left_out_and_why(place: dict[str, Any]) -> None:
    with bg.Tuner(SPACE, seed=0, **place) as tuner:
        tuner.tell(tuner.ask(), 0.5)
        for number in range(7):
            put(
                tuner.study.optuna_study,
                {**FIT, "lr": 5.0 + number},
                lr=FloatDistribution(1e-4, 99, log=True),
            )
        assert "left out: lr: 5.0" in tuner.result(1.0).report()
    words = ["show", "--storage", place["storage"]]
    shown = CliRunner().invoke(main, words, catch_exceptions=False)
    assert "trial 1 is left out: lr: 5.0 is out of bounds" in shown.stdout
    assert "2 more trials are left out" in shown.stdout
    record = json.loads(CliRunner().invoke(main, [*words, "--json"], catch_exceptions=False).stdout)
    assert [one["number"] for one in record["left_out"]] == list(range(1, 8))
    assert record["best_value"] == 0.5


@pytest.mark.parametrize(
    ("params", "changed"),
    [
        (FIT, {"kind": CategoricalDistribution(["c", "b", "a"])}),
        pytest.param(FIT, {"lr": FloatDistribution(0, 2)}, marks=pytest.mark.slow),
        pytest.param(FIT | {"n": 3.0}, {"n": FloatDistribution(1, 9)}, marks=pytest.mark.slow),
        pytest.param(FIT | {"extra": 0.5}, {}, marks=pytest.mark.slow),
    ],
    ids=["another order", "another scale", "another kind", "inactive"],
)
def test_a_trial_that_fits_counts_whatever_its_distributions(
    params: dict[str, Any], changed: dict[str, Any], place: dict[str, Any]
) -> None:
    plain = optuna.create_study(storage=place["storage"], study_name="s")
    put(plain, params, **changed)
    with bg.Tuner(SPACE, seed=0, **place) as tuner:
        tuner.tell(tuner.ask(), 1.0)
        told = tuner.tell(FIT | {"n": 4}, 2.0)
    with bg.Tuner(SPACE, seed=0, **place) as again:
        assert [trial.params for trial in again.history] == [FIT, SPACE.default(), told.params]
        assert [trial.value for trial in again.history] == [0.5, 1.0, 2.0]


def test_what_is_pruned_in_optuna_was_stopped_and_what_is_infeasible_is_a_failure() -> None:
    with bg.Tuner(SPACE, seed=0) as tuner:
        study = tuner.study.optuna_study
        pruned = study.ask(SPACE.to_optuna())
        pruned.report(0.25, 3)
        study.tell(pruned, state=TrialState.PRUNED)
        broken = study.ask(SPACE.to_optuna())
        broken.set_constraint("memory", 0.5)
        study.tell(broken, -9.0)
        assert tuner.best is None
        stopped, failed = tuner.history
    assert (stopped.state, stopped.value, stopped.reports) == ("pruned", None, {3: 0.25})
    assert failed.outcome
    assert failed.outcome.error == "infeasible: memory is 0.5, more than 0"


def test_what_optuna_tells_of_our_trial_stays() -> None:
    with bg.Tuner(SPACE, seed=0) as tuner:
        first, second = tuner.ask(), tuner.ask()
        tuner.study.optuna_study.tell(first.number, 0.25)
        tuner.study.optuna_study.tell(second.number, state=TrialState.FAIL)
        assert [trial.state for trial in tuner.history] == ["complete", "failed"]
        with pytest.raises(StudyError, match=r"told the value 0\.25, and now"):
            tuner.tell(first, 1.0)


def test_a_study_of_other_directions_is_refused_with_what_to_do(place: dict[str, Any]) -> None:
    optuna.create_study(storage=place["storage"], study_name="s", directions=["minimize", "maximize"])
    optuna.create_study(storage=place["storage"], study_name="t", direction="maximize")
    with pytest.raises(StudyError, match=r"2 objectives .*bestguess.Sampler"):
        bg.Tuner(SPACE, **place)
    with pytest.raises(StudyError, match="direction maximize, not minimize"):
        bg.Tuner(SPACE, **place | {"study_name": "t"})


ENQUEUED: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    ({"lr": 0.5, "n": 2, "kind": "b", "extra": 0.5}, {}, "enqueued in Optuna"),
    ({"n": 2}, {"lr": 0.01, "kind": "a"}, "lr, kind at the default"),
    ({"kind": "b"}, {"lr": 0.01, "n": 5, "extra": 0.5}, "lr, n, extra at the default"),
    ({"kind": "b", "extra": 0.3}, {"lr": 0.01, "n": 5, "extra": 0.25}, "extra moved to 0.25"),
    ({"kind": "a", "extra": 0.5}, {"lr": 0.01, "n": 5, "extra": None}, "lr, n at the default"),
]


@pytest.mark.parametrize(("enqueued", "completed", "reason"), ENQUEUED)
@pytest.mark.parametrize("kept", [pytest.param(True, marks=pytest.mark.slow), False])
def test_what_a_colleague_enqueues_is_run_next_and_completed(
    enqueued: dict[str, Any], completed: dict[str, Any], reason: str, kept: bool, place: dict[str, Any]
) -> None:
    with bg.Tuner(SPACE, seed=0, **(place if kept else {})) as tuner:
        study = tuner.study.optuna_study
        tuner.tell(tuner.ask(), 1.0)
        study.enqueue_trial(enqueued)
        trial = tuner.ask()
        assert {name: value for name, value in {**enqueued, **completed}.items() if value is not None} == (
            trial.params
        )
        assert (trial.number, trial.source) == (1, "user")
        assert reason in trial.reason
        tuner.tell(trial, 2.0)
        assert tuner.ask().source != "user"
        assert study.trials[1].state == TrialState.COMPLETE
        assert study.trials[1].params == trial.params == tuner.history.trials[1].params


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"lr": 5.0}, "lr: 5.0 is out of bounds"),
    ({"kind": "c"}, "kind: 'c' is not an option"),
    ({"n": math.nan}, "n: nan is not a number"),
    ({"n": 2.5}, "n: 2.5 is not whole"),
    ({"learning_rate": 0.1}, "no parameter is called 'learning_rate'"),
]


@pytest.mark.parametrize("refused", REFUSED)
def test_what_is_enqueued_and_does_not_fit_is_refused_by_name_and_failed(
    refused: tuple[dict[str, Any], str], caplog: pytest.LogCaptureFixture
) -> None:
    enqueued, words = refused
    with bg.Tuner(SPACE, seed=0) as tuner:
        study = tuner.study.optuna_study
        study.enqueue_trial(enqueued)
        study.enqueue_trial(FIT)
        assert tuner.ask().params == FIT
        assert study.trials[0].state == TrialState.FAIL
        assert words in study.trials[0].user_attrs[ATTRIBUTE]["outcome"]["error"]
        assert words in tuner.study.left_out[0]
        assert len(tuner.history) == 1
    assert sum(words in message for message in caplog.messages) == 1


def test_an_enqueued_trial_is_run_once_given_back_and_taken_up_again(place: dict[str, Any]) -> None:
    with bg.Tuner(SPACE, seed=0, **place) as first, bg.Tuner(SPACE, seed=0, **place) as second:
        first.study.optuna_study.enqueue_trial(FIT)
        assert [first.ask().params, second.ask().params].count(FIT) == 1
        first.give_back(first.history.trials[0])
        again = second.ask()
        assert (again.number, again.params, again.source) == (0, FIT, "user")
        assert second.tell(again, 0.5).value == 0.5


def test_a_process_that_dies_with_an_enqueued_trial_in_hand_leaves_it_whole(
    place: dict[str, Any],
) -> None:
    url, name = place["storage"], place["study_name"]
    study = Study.open(SPACE, bg.Task(), storage=url, name=name, seed=0)
    study.optuna_study.enqueue_trial({"n": 2})
    proposal = study.read_enqueued(0)
    assert proposal is not None

    def die(*_: Any) -> None:
        raise KeyboardInterrupt

    study.storage.set_trial_param = die  # type: ignore[assignment]
    with pytest.raises(KeyboardInterrupt):
        study.begin(0, proposal)
    (trial,) = Study.open(SPACE, bg.Task(), storage=url, name=name).history
    assert trial.params == {"lr": 0.01, "n": 2, "kind": "a"}
