"""Stopping early in Python: the tuner's trials, `tune`'s objectives, and Optuna's own studies."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from click.testing import CliRunner
from sqlalchemy import event
from sqlalchemy.engine import Engine

import bestguess as bg
from bestguess.agent.cli import main
from bestguess.agent.pruning.pruner import is_control
from bestguess.agent.pruning.run import Run
from bestguess.agent.record.study import load
from bestguess.agent.reports.stopped import count_stopped
from bestguess.tools.errors import InputError, StudyError
from bestguess.tools.objective.run import FunctionObjective, evaluate
from bestguess.tools.surrogate.gp import GaussianProcess
from bestguess.tools.trial import Trial

SPACE = bg.Space(x=bg.Float(0, 1, default=0.2))
STEPS = range(1, 13)
HOPELESS = {"x": 0.9}


def loss(params: dict[str, Any], step: int) -> float:
    return float(params["x"] + math.exp(-step / 2))


def run(tuner: bg.Tuner, trial: Trial, *, heeds: bool = True) -> Trial:
    """Run a trial step by step until it is told to stop; one that does not heed that goes on."""
    for step in STEPS:
        trial.report(step, loss(trial.params, step))
        if trial.should_stop() and heeds:
            break
    return tuner.tell(trial, loss(trial.params, step))


def begun(**terms: Any) -> bg.Tuner:
    """Return a tuner with three completed trials, the default's the best."""
    tuner = bg.Tuner(SPACE, **{"seed": 0, "pruner": "forecast", **terms})
    for x in (0.2, 0.5, 0.6):
        run(tuner, tuner.ask() if x == 0.2 else tuner.start({"x": x}))
    return tuner


def stopped(tuner: bg.Tuner, many: int = 4) -> Trial:
    """Return the first of some hopeless trials that is no control."""
    return next(one for _ in range(many) if (one := run(tuner, tuner.start(HOPELESS))).state == "pruned")


def test_a_hopeless_trial_is_stopped_and_is_evidence_and_no_failure() -> None:
    with begun() as tuner:
        trial = stopped(tuner)
        assert trial.value is None
        assert max(trial.reports) < STEPS[-1]
        assert trial.last == pytest.approx(loss(HOPELESS, max(trial.reports)))
        again = tuner.history.trials[trial.number]
        assert (again, again.reports) == (trial, trial.reports)
        assert trial in tuner.history.told
        assert not tuner.history.failed
        assert tuner.best
        assert tuner.best.number == 0
        frozen = tuner.study.optuna_study.trials[trial.number]
        assert frozen.state == optuna.trial.TrialState.PRUNED
        assert frozen.intermediate_values == trial.reports


@pytest.mark.parametrize("pruner", [None, "none", False])
def test_nothing_is_stopped_unless_that_is_asked_for(pruner: Any) -> None:
    with begun(pruner=pruner) as tuner:
        assert run(tuner, tuner.start(HOPELESS)).state == "complete"


def test_reports_alone_change_no_proposal() -> None:
    proposed = []
    for reports in (True, False):
        with bg.Tuner(SPACE, seed=0) as tuner:
            for _ in range(5):
                trial = tuner.ask()
                if reports:
                    trial.report(1, 0.5)
                tuner.tell(trial, loss(trial.params, 12))
            proposed.append([trial.params for trial in tuner.history])
    assert proposed[0] == proposed[1]


def test_the_default_is_never_stopped() -> None:
    with bg.Tuner(SPACE, seed=0, pruner="forecast") as tuner:
        for x in (0.0, 0.1, 0.15):
            run(tuner, tuner.start({"x": x}))
        default = tuner.ask()
        assert default.source == "default"
        assert run(tuner, default).state == "complete"


def test_one_in_ten_goes_on_as_a_control_by_seed_and_number_and_says_how_often_the_rule_is_right() -> None:
    with begun() as tuner:
        trials = [run(tuner, tuner.start(HOPELESS)) for _ in range(12)]
        assert all(trial.stop for trial in trials)
        controls = [trial.number for trial in trials if trial.state == "complete"]
        assert controls == [number for number in range(3, 15) if is_control(tuner.study.seed, number)]
        counts = count_stopped(tuner.history)
        assert counts
        assert (counts.trials, counts.controls, counts.missed) == (12 - len(controls), len(controls), 0)
        assert f"right for {counts.controls}" in counts.words
    assert 50 < sum(is_control(0, number) for number in range(1000)) < 150


def test_a_trial_that_goes_on_all_the_same_is_complete() -> None:
    with begun() as tuner:
        trial = run(tuner, tuner.start(HOPELESS), heeds=False)
        assert trial.state == "complete"
        assert trial.stop
        assert trial.stop.control


@pytest.mark.parametrize(
    ("rule", "is_rule"),
    [
        ("median", optuna.pruners.MedianPruner),
        ("hyperband", optuna.pruners.HyperbandPruner),
        ("successive_halving", optuna.pruners.SuccessiveHalvingPruner),
    ],
)
def test_optunas_pruners_are_named_in_its_words(rule: str, is_rule: type) -> None:
    with bg.Tuner(SPACE, seed=0, pruner=rule) as tuner:
        assert tuner.pruner
        assert isinstance(tuner.pruner.rule, is_rule)
        assert tuner.study.pruner == rule
        states = [run(tuner, tuner.start({"x": x})).state for x in (0.2, 0.3, 0.4, 0.1, 0.5, 0.9, 0.95, 1.0)]
        assert states[0] == "complete"
        assert "pruned" in states


def test_any_pruner_of_optunas_stops_trials() -> None:
    with begun(pruner=optuna.pruners.ThresholdPruner(upper=1.4)) as tuner:
        assert max(stopped(tuner).reports) == 1


def test_where_completed_trials_ended_nothing_is_stopped_whatever_the_rule() -> None:
    with begun(pruner="median") as tuner:
        for _ in range(3):
            run(tuner, tuner.start({"x": 0.1}))
        trial = tuner.start(HOPELESS)
        for step in STEPS:
            trial.report(step, loss(HOPELESS if step == STEPS[-1] else {"x": 0.0}, step))
            assert not trial.should_stop()


@pytest.mark.parametrize("wrong", ["medain", "percentile", 3, object()])
def test_a_pruner_that_is_none_is_refused_before_anything_is_written(wrong: Any, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pruner is .*forecast, .*median"):
        bg.Tuner(SPACE, storage=f"sqlite:///{tmp_path}/s.db", pruner=wrong)
    assert not (tmp_path / "s.db").exists()


@pytest.mark.parametrize(
    ("step", "value"), [(-1, 0.5), (1.5, 0.5), (True, 0.5), ("1", 0.5), (1, "low"), (1, None)]
)
def test_a_step_or_a_value_that_is_none_is_refused(step: Any, value: Any) -> None:
    with bg.Tuner(SPACE, seed=0) as tuner, pytest.raises(InputError, match=r"step is|value is"):
        tuner.ask().report(step, value)


def test_only_a_running_trial_takes_reports() -> None:
    with bg.Tuner(SPACE, seed=0) as tuner:
        trial = tuner.ask()
        tuner.tell(trial, 0.5)
        with pytest.raises(StudyError, match="is a record and does not run"):
            tuner.history.trials[0].report(1, 0.5)
        with pytest.raises(StudyError, match="trial 0 is over"):
            trial.report(1, 0.5)


def test_a_study_that_is_gone_on_with_keeps_its_pruner_and_its_curves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place: dict[str, Any] = {"storage": f"sqlite:///{tmp_path}/s.db", "study_name": "s"}
    monkeypatch.setattr(sys.modules[__name__], "STEPS", range(1, 5))
    with begun(**place) as tuner:
        numbers = [tuner.start(HOPELESS).number for _ in range(2)]
    with bg.Tuner(SPACE, **place) as tuner:
        for number in numbers:  # as another process that has nothing but the number
            stop = any(tuner.report(number, step, loss(HOPELESS, step)) for step in STEPS[:3])
            told = tuner.tell(number, 0.9)
            assert stop == (told.state == "pruned")
            assert tuner.tell(number, 0.9) == told
        assert tuner.history.pruned


def test_a_run_that_was_broken_off_and_is_done_again_is_judged_by_what_it_reports_now() -> None:
    with begun() as tuner:
        trial = tuner.start({"x": 0.55})
        for step in STEPS:
            trial.report(step, 5.0)
        tuner.give_back(trial)
        again = tuner.ask()
        assert again.number == trial.number
        again.report(1, loss(again.params, 1))
        assert not again.should_stop()
        told = run(tuner, again)
        assert all(value == loss(again.params, step) for step, value in told.reports.items())
        assert told == tuner.history.trials[told.number]


def test_of_a_million_steps_a_few_thousand_are_recorded() -> None:
    with bg.Tuner(SPACE, seed=0) as tuner:
        trial = tuner.ask()
        for step in (*range(50), *range(1000, 1100), 5000, 10**6):
            trial.report(step, 0.5)
        kept = tuner.tell(trial, 0.5).reports
        assert [step for step in kept if step < 1000] == list(range(50))
        assert 10 <= len([step for step in kept if 1000 <= step < 1100]) <= 13
        assert {5000, 10**6} <= kept.keys()


def test_an_objective_with_an_argument_named_trial_gets_the_trial_and_may_end_as_it_likes() -> None:
    ends = iter((None, optuna.TrialPruned(), 0.99))

    def objective(params: dict[str, Any], trial: Trial) -> Any:
        for step in STEPS:
            trial.report(step, loss(params, step))
            if trial.should_stop():
                end = next(ends)
                if isinstance(end, Exception):
                    raise end
                return end
        return loss(params, step)

    with begun() as tuner:
        states: list[str] = []
        while len(states) < 3:
            trial = tuner.start(HOPELESS)
            told = tuner.tell_run(trial, evaluate(FunctionObjective(objective), trial))
            states += [] if told.state == "complete" else [told.state]  # a control
        assert states == ["pruned"] * 3


def test_tune_passes_the_trial_and_the_pruner_on() -> None:
    seen = []

    def objective(params: dict[str, Any], *, trial: Trial) -> float:
        seen.append(trial.number)
        trial.report(1, params["x"])
        assert not trial.should_stop()
        return float(params["x"])

    result = bg.tune(objective, SPACE, n_trials=2, seed=0, pruner="median")
    assert seen == [0, 1]
    assert result.trials[1].reports == {1: result.trials[1].params["x"]}
    record = result.to_dict()
    assert record["trials"][0]["stopped"] is None
    assert (record["stopped"], record["stopped_early"]) == ("", None)


def test_the_command_line_takes_the_rule_keeps_it_and_refuses_what_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "space.yaml").write_text("parameters: {x: {type: float, low: 0, high: 1}}\n")
    (tmp_path / "stepwise.py").write_text(
        "def objective(params, trial):\n    trial.report(1, params['x'])\n    return params['x']\n"
    )
    words = [
        "tune",
        "--space",
        "space.yaml",
        "--n-trials",
        "2",
        "--seed",
        "0",
        "--json",
        "stepwise:objective",
    ]
    done = CliRunner().invoke(main, [*words, "--pruner", "hyperband"], catch_exceptions=False)
    assert done.exit_code == 0
    assert [trial["stopped"] for trial in json.loads(done.stdout)["trials"]] == [None, None]
    study = load("sqlite:///bestguess.db", "space")
    assert study.pruner == "hyperband"
    assert [len(trial.reports) for trial in study.history] == [1, 1]
    refused = CliRunner().invoke(main, [*words, "--pruner", "medain"])
    assert (refused.exit_code, "did you mean" in refused.stderr) == (2, True)


def test_an_uncertain_value_pulls_the_surrogate_less_and_is_no_best() -> None:
    x, y = np.array([[0.1], [0.5], [0.9]]), np.array([1.0, 2.0, 0.0])
    surrogate = GaussianProcess(["continuous"])
    firm = surrogate.fit(x, y)
    vague = surrogate.fit(x, y, spread=np.array([0.0, 0.0, 2.0]))
    same = surrogate.fit(x, y, spread=np.zeros(3))
    at = np.array([[0.9]])
    assert same.predict_latent(at) == firm.predict_latent(at)
    assert vague.predict_latent(at)[0] > firm.predict_latent(at)[0]
    assert vague.predict_latent(at)[1] > 2 * firm.predict_latent(at)[1]
    assert vague.incumbent_latent > firm.incumbent_latent
    assert vague.assume(np.array([[0.3]])).incumbent_latent == pytest.approx(vague.incumbent_latent, abs=0.1)


def test_a_study_of_optunas_is_pruned_by_the_same_rule() -> None:
    study = optuna.create_study(pruner=bg.Pruner(seed=0), sampler=optuna.samplers.RandomSampler(seed=0))

    def objective(trial: optuna.Trial) -> float:
        x = trial.suggest_float("x", 0, 1) if trial.number else trial.suggest_float("x", 0, 0)
        for step in STEPS:
            trial.report(loss({"x": x}, step), step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return loss({"x": x}, step)

    study.optimize(objective, n_trials=20)
    states = [trial.state.name for trial in study.trials]
    assert states[:3] == ["COMPLETE"] * 3
    assert states.count("PRUNED") > 5
    assert study.best_trial.number == 0


@pytest.mark.slow
def test_trials_that_run_at_once_are_judged_beside_each_other() -> None:
    def objective(params: dict[str, Any], trial: Trial) -> float | None:
        for step in STEPS:
            trial.report(step, loss(params, step))
            if trial.should_stop():
                return None
        return loss(params, step)

    with begun() as tuner:
        objective_run = FunctionObjective(objective)
        for _ in range(6):
            tuner.study.optuna_study.enqueue_trial(HOPELESS)
        result = tuner.run(objective_run, n_trials=9, n_jobs=3)
        assert sum(trial.state == "pruned" for trial in result.trials) >= 4
        with pytest.raises(InputError, match="run it in threads"):
            tuner.run(objective_run, n_trials=10, n_jobs=2, processes=True)


def test_no_report_or_judgement_asks_more_of_the_storage_than_the_one_before_it(tmp_path: Path) -> None:
    with begun(storage=f"sqlite:///{tmp_path}/s.db", study_name="s") as tuner:
        progress = Run(tuner.study, tuner.start({"x": 0.3}).number, tuner.pruner)
        statements, asked = list[str](), list[int]()

        def hear(_connection: Any, _cursor: Any, statement: str, *_how: Any) -> None:
            statements.append(statement)

        event.listen(Engine, "before_cursor_execute", hear)
        try:
            for step in STEPS:
                progress.report(step, 0.3)
                progress.should_stop()
                asked.append(len(statements))
                statements.clear()
        finally:
            event.remove(Engine, "before_cursor_execute", hear)
    assert 0 < max(asked[1:]) <= min(asked[1:-1])  # the first opens the study, the last judges nothing


def test_trials_that_stop_themselves_from_the_start_are_no_run_of_failures() -> None:
    def stops(params: dict[str, Any], trial: Trial) -> float:
        trial.report(1, params["x"])
        raise optuna.TrialPruned

    result = bg.tune(stops, SPACE, n_trials=4, seed=0)
    assert (result.ending, [trial.state for trial in result.trials]) == ("done", ["pruned"] * 4)


@pytest.mark.parametrize("rule", ["threshold", "patient", "percentile"])
def test_a_rule_that_wants_more_than_its_name_is_refused_and_not_offered(rule: str) -> None:
    for ask in (lambda: bg.Tuner(SPACE, pruner=rule), lambda: bg.Pruner(rule)):
        with pytest.raises(InputError, match="forecast, ") as caught:
            ask()
        assert rule not in str(caught.value).partition("give one of")[2]


def test_a_pruner_for_an_objective_with_nothing_to_report_to_is_refused() -> None:
    with pytest.raises(InputError, match="an argument named trial"):
        bg.tune(lambda params: params["x"], SPACE, n_trials=2, pruner="forecast")
