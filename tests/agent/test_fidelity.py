"""Studies whose space has a Fidelity: small runs first, and nobody takes their values for the objective's."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest

import bestguess as bg
from bestguess.agent.reports.insight import find_insight, gain_insight
from bestguess.tools.errors import InputError

SPACE = bg.Space(a=bg.Float(0, 1), b=bg.Float(0, 1), epochs=bg.Fidelity(1, 27))
TASK = bg.Task("a toy", metric="loss")


def whole(params: Mapping[str, Any]) -> float:
    return float((params["a"] - 0.3) ** 2 + (params["b"] - 0.7) ** 2)


def train(params: Mapping[str, Any]) -> bg.Outcome:
    """Give values below every whole run's where the run is small, in as many seconds as it is large."""
    small = params["epochs"] < 27
    return bg.Outcome(whole(params) - 5.0 * small, seconds=float(params["epochs"]))


def misleading(params: Mapping[str, Any]) -> bg.Outcome:
    mirrored = {"a": 1 - params["a"], "b": 1 - params["b"]}
    value = whole(params) if params["epochs"] == 27 else whole(mirrored)
    return bg.Outcome(value, seconds=float(params["epochs"]))


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> bg.Result:
    storage = f"sqlite:///{tmp_path_factory.mktemp('study')}/s.db"
    return bg.tune(train, SPACE, task=TASK, n_trials=16, seed=0, storage=storage, study_name="s")


def test_the_default_comes_first_as_a_whole_run_and_then_as_the_smallest(result: bg.Result) -> None:
    first, second = result.trials[:2]
    assert (first.source, first.params["epochs"]) == ("default", 27)
    assert second.params == {**first.params, "epochs": 1}
    assert result.history.default == first


def test_small_runs_come_first_and_promising_ones_are_run_again_larger(result: bg.Result) -> None:
    assert [trial.params["epochs"] for trial in result.trials[2:5]] == [1, 1, 1]
    sizes: dict[tuple[float, float], list[int]] = {}
    for trial in result.trials:
        sizes.setdefault((trial.params["a"], trial.params["b"]), []).append(trial.params["epochs"])
    assert any(len(several) > 1 for several in sizes.values())
    assert any("again with epochs=" in trial.reason for trial in result.trials)


def test_the_best_the_recommended_and_the_last_are_whole_runs(result: bg.Result) -> None:
    assert result.best_params["epochs"] == 27
    assert result.best_value == pytest.approx(whole(result.best_params))
    assert result.recommended is not None
    assert result.recommended.params["epochs"] == 27
    assert result.trials[-1].params["epochs"] == 27
    assert result.study.best_value == result.best_value


def test_a_small_run_has_a_value_of_what_it_is_and_none_of_the_objective(result: bg.Result) -> None:
    small = result.history.partial[0]
    assert (small.state, small.value) == ("partial", None)
    assert small.last == pytest.approx(whole(small.params) - 5.0)
    assert small.outcome is not None
    assert small.outcome.partial == "epochs=1 of 27"
    assert len(result.history.partial) + len(result.history.complete) == len(result.trials)


def test_what_is_expected_of_a_run_is_never_certain(result: bg.Result) -> None:
    for trial in result.trials[2:]:
        expected = trial.proposal.prediction
        assert expected is None or expected.low < expected.high


def test_the_report_and_the_records_say_what_is_small(result: bg.Result) -> None:
    small = result.history.partial
    words = (
        f"{len(small)} of 16 trials were less than a whole run, by epochs; none of them counts as the best"
    )
    assert words in result.report()
    record = result.to_dict()["trials"][1]
    assert record["value"] is None
    assert record["partial"] == {"at": "epochs=1 of 27", "value": small[0].last}
    assert "partial" not in result.to_dict()["trials"][0]
    frame = result.trials_dataframe()
    assert frame["value_of_part"].notna().sum() == len(small)
    json.dumps(result.to_dict())


def test_what_matters_is_said_of_what_is_searched(result: bg.Result) -> None:
    insights = gain_insight(SPACE, result.history)
    assert {insight.importance.name for insight in insights} == {"a", "b"}
    with pytest.raises(InputError, match="epochs is the size of runs"):
        find_insight(SPACE, result.history, "epochs")


def test_a_study_that_is_opened_again_has_the_same_trials(result: bg.Result, tmp_path: Path) -> None:
    url = result.record.url
    with bg.Tuner(SPACE, TASK, storage=url, study_name="s") as tuner:
        assert [(one.state, one.last) for one in tuner.history] == [
            (one.state, one.last) for one in result.trials
        ]
        assert tuner.best == result.best_trial
    result.save(tmp_path / "result.json")
    assert bg.Result.load(tmp_path / "result.json").best_value == result.best_value


def test_what_a_user_tells_of_a_small_run_is_one() -> None:
    tuner = bg.Tuner(SPACE, TASK, seed=0)
    assert tuner.tell({"a": 0.1, "b": 0.1, "epochs": 9}, -9.0).state == "partial"
    assert tuner.best is None
    asked = tuner.ask()
    assert asked.params["epochs"] == 27  # no whole run has a value yet
    assert tuner.tell(asked, 0.5) == tuner.best


def test_until_a_whole_run_gives_a_value_all_are_whole() -> None:
    tuner = bg.Tuner(SPACE, TASK, seed=0)
    for _ in range(2):
        trial = tuner.ask()
        assert trial.params["epochs"] == 27
        tuner.tell(trial, bg.Outcome.failure("out of memory"))
    tuner.tell(tuner.ask(), 0.4)
    assert tuner.ask().params["epochs"] == 1


def test_what_plain_optuna_put_in_is_told_by_its_size(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/s.db"
    with bg.Tuner(SPACE, TASK, storage=url, study_name="s") as tuner:
        tuner.tell(tuner.ask(), 0.4)
        other = optuna.load_study(study_name="s", storage=url)
        params, distributions = {"a": 0.5, "b": 0.5, "epochs": 3}, SPACE.to_optuna()
        other.add_trial(optuna.create_trial(params=params, distributions=distributions, value=-1.0))
        assert [trial.state for trial in tuner.history] == ["complete", "partial"]
        assert tuner.best is not None
        assert tuner.best.number == 0


def test_several_run_at_once() -> None:
    result = bg.tune(train, SPACE, task=TASK, n_trials=8, seed=1, n_jobs=2)
    assert len(result.history.told) == 8
    assert result.best_params["epochs"] == 27
    assert len({tuple(trial.params.values()) for trial in result.trials}) == 8


@pytest.mark.slow
def test_repeats_are_of_one_size() -> None:
    result = bg.tune(lambda params, seed=0: whole(params) + 0.01 * seed, SPACE, n_trials=6, repeats=2, seed=0)
    assert all(len(trial.outcome.runs) == 2 for trial in result.trials if trial.outcome)


def test_what_does_not_go_together_is_refused() -> None:
    with pytest.raises(InputError, match=r"pruner is 'forecast', and the space has a Fidelity, epochs"):
        bg.tune(lambda params, trial: 0.0, SPACE, pruner="forecast", n_trials=1)
    with pytest.raises(InputError, match="epochs is a Fidelity, and small runs are compared by one metric"):
        bg.Tuner(SPACE, bg.Task("t", metrics={"loss": "minimize", "ms": "minimize"}))
    with pytest.raises(InputError, match="epochs is a Fidelity"):
        bg.Tuner(SPACE, bg.Task("t", metric="loss", limits={"mb": "<= 3"}))
    tuner = bg.Tuner(SPACE, TASK)
    with pytest.raises(InputError, match="leave out one of the two"):
        tuner.set_pruner("median")


def test_a_warm_start_is_of_whole_runs() -> None:
    points = bg.warm_start(SPACE, TASK, n=4)
    assert {point.params["epochs"] for point in points} == {27}


def test_the_options_of_a_small_space_end_with_whole_runs_of_all() -> None:
    space = bg.Space(kind=bg.Choice(["x", "y", "z"]), rows=bg.Fidelity(10, 90))
    value = {"x": 1.0, "y": 0.5, "z": 2.0}
    result = bg.tune(lambda params: value[params["kind"]] + 1 / params["rows"], space, n_trials=30, seed=0)
    assert result.ending == "exhausted"
    assert {trial.params["kind"] for trial in result.history.complete} == {"x", "y", "z"}
    assert result.best_params == {"kind": "y", "rows": 90}


def cost_to(result: bg.Result, value: float) -> float:
    """Return the cost, in whole runs, until the best was as good."""
    spent = 0.0
    for trial in result.trials:
        spent += float(trial.params.get("epochs", 27)) / 27
        if trial.value is not None and trial.value <= value:
            return spent
    return math.inf


@pytest.mark.slow
@pytest.mark.parametrize(("objective", "share"), [(train, 0.7), (misleading, 2.0)])
def test_small_runs_save_cost_where_they_tell_and_cost_at_most_as_much_again_where_they_mislead(
    objective: Any, share: float
) -> None:
    plain = bg.Space(a=bg.Float(0, 1), b=bg.Float(0, 1))
    costs = []
    for seed in range(3):
        alone = bg.tune(lambda params: whole(params), plain, task=TASK, n_trials=20, seed=seed)
        sized = bg.tune(objective, SPACE, task=TASK, n_trials=70, seed=seed)
        costs.append((cost_to(sized, 1e-3), cost_to(alone, 1e-3)))
    sized_cost, alone_cost = np.mean(costs, axis=0)
    assert sized_cost <= share * alone_cost
