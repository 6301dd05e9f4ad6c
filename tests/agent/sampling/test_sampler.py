from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import optuna
import pytest
from optuna.trial import FrozenTrial, TrialState
from tests.spaces import SPACE, bowl

import bestguess as bg
from bestguess.agent.advice.journal import Journal
from bestguess.agent.testing import DeadLLM, SchemaLLM
from bestguess.tools.errors import InputError, ModelSpecError
from bestguess.tools.search.hypervolume import hypervolume
from bestguess.tools.words.kept import ATTRIBUTE


@pytest.fixture(autouse=True)
def _quiet() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)


def suggest(trial: optuna.Trial) -> dict[str, Any]:
    params: dict[str, Any] = {
        "x": trial.suggest_float("x", -2, 2),
        "lr": trial.suggest_float("lr", 1e-4, 1, log=True),
        "n": trial.suggest_int("n", 1, 6),
        "kind": trial.suggest_categorical("kind", ["a", "b"]),
    }
    if params["kind"] == "b":
        params["extra"] = trial.suggest_float("extra", 0, 1)
    return params


def objective(trial: optuna.Trial) -> float:
    return bowl(suggest(trial))


def run(sampler: bg.Sampler, n_trials: int, objective: Any = objective, **options: Any) -> optuna.Study:
    study = optuna.create_study(sampler=sampler, **options)
    study.optimize(objective, n_trials=n_trials, catch=(ZeroDivisionError,))
    return study


def said(trial: FrozenTrial) -> dict[str, Any]:
    found: dict[str, Any] = trial.user_attrs[ATTRIBUTE]
    return found


def sources(study: optuna.Study) -> list[str]:
    return [said(trial)["source"] for trial in study.trials]


@pytest.mark.parametrize(("direction", "llm"), [("minimize", None), ("maximize", SchemaLLM(3))])
def test_in_a_space_it_proposes_what_the_tuner_proposes(llm: bg.LLM | None, direction: Any) -> None:
    sign = 1.0 if direction == "minimize" else -1.0
    task = bg.Task("A bowl", direction=direction)
    tuned = bg.tune(lambda params: sign * bowl(params), SPACE, task=task, n_trials=12, llm=llm, seed=3)
    study = run(
        bg.Sampler(space=SPACE, task=task, llm=llm, seed=3),
        12,
        lambda trial: sign * objective(trial),
        direction=direction,
    )
    assert [trial.params for trial in study.trials] == [trial.params for trial in tuned.trials]
    assert sources(study) == [trial.source for trial in tuned.trials]


def test_what_is_known_of_the_task_has_its_part_as_in_the_tuner() -> None:
    forest = bg.Space(
        max_features=bg.Float(0.1, 1, default=1.0), min_samples_leaf=bg.Int(1, 50, log=True, default=1)
    )
    task = bg.Task("RandomForestRegressor on sales")

    def value(max_features: float, min_samples_leaf: int) -> float:
        return abs(max_features - 0.4) + abs(min_samples_leaf - 3) / 50

    def suggesting(trial: optuna.Trial) -> float:
        share = trial.suggest_float("max_features", 0.1, 1)
        return value(share, trial.suggest_int("min_samples_leaf", 1, 50, log=True))

    tuned = bg.tune(lambda params: value(**params), forest, task=task, n_trials=8, seed=0)
    study = run(bg.Sampler(space=forest, task=task, seed=0), 8, suggesting)
    plain = run(bg.Sampler(space=forest, task=task, seed=0, knowledge=False), 8, suggesting)
    assert [trial.params for trial in study.trials] == [trial.params for trial in tuned.trials]
    assert "knowledge" in sources(study)
    assert "knowledge" not in sources(plain)


def test_define_by_run_it_proposes_what_the_tuner_proposes_in_the_space_that_it_sees() -> None:
    space = bg.Space(a=bg.Float(-2, 2), b=bg.Int(1, 9), c=bg.Choice(["u", "v", "w"]))

    def value(params: dict[str, Any]) -> float:
        return float((params["a"] - 1) ** 2 + abs(params["b"] - 7) + (params["c"] != "v"))

    def suggesting(trial: optuna.Trial) -> float:
        c = trial.suggest_categorical("c", ["u", "v", "w"])
        return value({"a": trial.suggest_float("a", -2, 2), "b": trial.suggest_int("b", 1, 9), "c": c})

    tuned = bg.tune(value, space, n_trials=14, seed=5)
    study = run(bg.Sampler(seed=5), 14, suggesting)
    assert [trial.params for trial in study.trials] == [trial.params for trial in tuned.trials]
    assert sources(study) == ["default"] + ["random"] * 4 + ["gp"] * 9


def test_conditions_are_learned_from_the_trials() -> None:
    study = run(bg.Sampler(seed=1), 20)
    first = next(trial.number for trial in study.trials if trial.params["kind"] == "b")
    surprised = [said(trial).get("proposed", {}).keys() != trial.params.keys() for trial in study.trials]
    assert [number for number, one in enumerate(surprised) if one] == [0, first]
    assert any(trial.params["kind"] == "b" for trial in study.trials[first + 1 :])


@pytest.mark.slow
def test_it_reaches_what_chance_does_not() -> None:
    ours = [run(bg.Sampler(seed=seed), 25).best_value for seed in range(3)]
    chance = [run_random(seed) for seed in range(3)]
    assert max(ours) < 0.1 < min(chance)


def run_random(seed: int) -> float:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=seed))
    study.optimize(objective, n_trials=25)
    return study.best_value


def test_every_trial_says_who_proposed_it_why_and_what_was_expected() -> None:
    study = run(bg.Sampler(space=SPACE, llm=SchemaLLM(0), seed=0), 12)
    for trial in study.trials:
        assert said(trial)["source"] in {"default", "llm", "gp", "random"}
        assert 0 < len(said(trial)["reason"]) <= 500
        assert trial.number < 3 or len(said(trial)["prediction"]) >= 2
    assert "llm" in sources(study)


def test_a_dead_model_costs_nothing_and_the_trials_say_so() -> None:
    study = run(bg.Sampler(space=SPACE, llm=DeadLLM(), seed=0), 8)
    without = run(bg.Sampler(space=SPACE, seed=0), 8)
    assert [trial.params for trial in study.trials] == [trial.params for trial in without.trials]
    assert "dead" in said(study.trials[1])["fallback"]


@pytest.mark.slow
def test_failed_trials_are_evidence_as_they_are_to_the_tuner() -> None:
    def value(x: float, y: float) -> float:
        return (x - 0.3) ** 2 + y + 0 / (x < 0.5)

    def failing(trial: optuna.Trial) -> float:
        return value(trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1))

    space = bg.Space(x=bg.Float(0, 1, default=0.4), y=bg.Float(0, 1))
    tuned = bg.tune(lambda params: value(**params), space, n_trials=16, seed=0)
    study = run(bg.Sampler(space=space, seed=0), 16, failing)
    assert TrialState.FAIL in {trial.state for trial in study.trials}
    assert [trial.params for trial in study.trials] == [trial.params for trial in tuned.trials]


def test_a_failure_before_all_was_suggested_is_evidence_with_all_that_was_proposed() -> None:
    sampler = bg.Sampler(space=SPACE, seed=0)
    study = optuna.create_study(sampler=sampler)
    trial = study.ask()
    trial.suggest_float("x", -2, 2)
    study.tell(trial, state=TrialState.FAIL)
    study.optimize(objective, n_trials=2)
    assert said(study.trials[0])["source"] == "default"
    assert sources(study).count("default") == 1


@pytest.mark.slow
def test_pruned_trials_are_evidence_that_is_no_better_than_what_finished() -> None:
    def learning(trial: optuna.Trial) -> float:
        value = objective(trial)
        for step in range(4):
            # The curve begins far below where it ends: cut short, it would look better than any value.
            trial.report(value - (4 - step) * 10, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return value

    study = run(bg.Sampler(seed=0), 25, learning, pruner=optuna.pruners.MedianPruner(n_startup_trials=4))
    assert sum(trial.state == TrialState.PRUNED for trial in study.trials) > 3
    assert study.best_value < 0.3


@pytest.mark.slow
def test_all_brackets_of_a_hyperband_pruner_are_one_search() -> None:
    def learning(trial: optuna.Trial) -> float:
        value = objective(trial)
        for step in range(9):
            trial.report(value, step)
            if trial.should_prune():
                raise optuna.TrialPruned
        return value

    pruner = optuna.pruners.HyperbandPruner(max_resource=9)
    study = run(bg.Sampler(space=SPACE, seed=0), 12, learning, pruner=pruner)
    assert sources(study).count("default") == 1
    assert "gp" in sources(study)


@pytest.mark.slow
def test_the_best_is_searched_among_trials_that_keep_the_constraints() -> None:
    def constrained(trial: optuna.Trial) -> float:
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        trial.set_constraint("sum", x + y - 0.6)
        return -x - 2 * y

    study = run(bg.Sampler(seed=0), 30, constrained)
    assert study.best_trial.constraints["sum"] <= 0
    assert study.best_value < -1.0  # chance comes to about -0.8


@pytest.mark.slow
def test_while_nothing_is_feasible_the_violation_is_minimized() -> None:
    def narrow(trial: optuna.Trial) -> float:
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        trial.set_constraint("ball", (x - 0.93) ** 2 + (y - 0.07) ** 2 - 0.001)
        return x

    study = run(bg.Sampler(seed=0), 25, narrow, direction="maximize")
    feasible = [trial.number for trial in study.trials if trial.constraints["ball"] <= 0]
    assert len(feasible) >= 2
    assert "constraints are broken" in said(study.trials[feasible[0]])["reason"]
    assert "prediction" not in said(study.trials[feasible[0]])


@pytest.mark.slow
def test_several_objectives_are_weighed_anew_at_every_trial_and_the_front_is_approached() -> None:
    def two(trial: optuna.Trial) -> tuple[float, float]:
        x, y = trial.suggest_float("x", 0, 1), trial.suggest_float("y", 0, 1)
        return x**2 + (y - 0.3) ** 2, -((x - 1) ** 2) - (y - 0.3) ** 2

    study = run(bg.Sampler(seed=0, llm=SchemaLLM(0)), 30, two, directions=["minimize", "maximize"])
    chance = optuna.create_study(
        sampler=optuna.samplers.RandomSampler(seed=0), directions=["minimize", "maximize"]
    )
    chance.optimize(two, n_trials=30)
    assert area(study) > area(chance)
    late = said(study.trials[-1])
    assert "weighed" in late["reason"]
    assert "not asked" in late["fallback"]


@pytest.mark.filterwarnings("ignore:optuna.study.study.Study.set_metric_names is experimental")
def test_a_model_is_told_all_objectives_by_their_names() -> None:
    sampler = bg.Sampler(seed=0)
    study = optuna.create_study(sampler=sampler, directions=["minimize", "maximize"])
    told = sampler._searching(study)._as_told
    assert told.aim == "minimize distance from the best of all (minimize objective 0, maximize objective 1)"
    study.set_metric_names(["loss", "speed\n"])
    assert "minimize loss, maximize speed)" in sampler._searching(study)._as_told.metric
    one = optuna.create_study(sampler=sampler)
    assert sampler._searching(one)._as_told.metric == "value"


def area(study: optuna.Study) -> float:
    """Return the area between the front and (1.5, -1.5)."""
    front = np.array([(loss, -gain) for loss, gain in (trial.values for trial in study.best_trials)])
    return hypervolume(front, np.array([1.5, 1.5]))


@pytest.mark.slow
def test_threads_do_not_repeat_each_other() -> None:
    study = optuna.create_study(sampler=bg.Sampler(seed=0))
    study.optimize(objective, n_trials=16, n_jobs=4)
    assert len({tuple(sorted(trial.params.items())) for trial in study.trials}) == 16


def test_what_another_process_runs_is_not_proposed_again() -> None:
    grid = bg.Space(a=bg.Int(0, 3), b=bg.Int(0, 3))
    first = optuna.create_study(sampler=bg.Sampler(space=grid, seed=0))
    second = optuna.load_study(
        study_name=first.study_name, storage=first._storage, sampler=bg.Sampler(space=grid, seed=0)
    )
    for _ in range(4):
        asked = [study.ask(grid.to_optuna()) for study in (first, second, first, second)]
        for trial in asked:
            first.tell(trial.number, trial.params["a"] + trial.params["b"])
    assert len({tuple(trial.params.items()) for trial in first.trials}) == 16


def test_a_process_that_starts_beside_another_leaves_the_default_to_it() -> None:
    study = optuna.create_study(sampler=bg.Sampler(space=SPACE, seed=0))
    early, late = study.ask(), study.ask()
    assert late.suggest_float("x", -2, 2) != 1.5
    assert early.suggest_float("x", -2, 2) == 1.5


WORKER = """
import sys, optuna, bestguess as bg
from bestguess.agent.record.storage import open_storage
optuna.logging.set_verbosity(optuna.logging.ERROR)
space = bg.Space(a=bg.Int(0, 5), b=bg.Int(0, 5))
sampler = bg.Sampler(space=space, seed=0)
study = optuna.load_study(study_name="s", storage=open_storage(sys.argv[1]), sampler=sampler)
study.optimize(lambda trial: trial.suggest_int("a", 0, 5) + trial.suggest_int("b", 0, 5), n_trials=8)
"""


@pytest.mark.slow
def test_processes_on_one_storage_with_one_seed_share_the_search(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'study.db'}"
    optuna.create_study(study_name="s", storage=url)
    workers = [subprocess.Popen([sys.executable, "-c", WORKER, url]) for _ in range(3)]
    assert [worker.wait() for worker in workers] == [0, 0, 0]
    study = optuna.load_study(study_name="s", storage=url)
    assert [trial.state for trial in study.trials] == [TrialState.COMPLETE] * 24
    assert sources(study).count("default") == 1
    assert len({tuple(trial.params.items()) for trial in study.trials}) == 24


def test_enqueued_trials_are_the_users() -> None:
    study = optuna.create_study(sampler=bg.Sampler(space=SPACE, seed=0))
    study.enqueue_trial({"x": 0.5, "lr": 0.01, "n": 4, "kind": "a"})
    study.enqueue_trial({"x": 0.25})
    study.optimize(objective, n_trials=4)
    assert study.trials[0].params == {"x": 0.5, "lr": 0.01, "n": 4, "kind": "a"}
    assert ATTRIBUTE not in study.trials[0].user_attrs
    assert study.trials[1].params["x"] == 0.25
    # The second was to be the default, but its x was not.
    assert study.trials[2].params == SPACE.default()
    assert (said(study.trials[1])["source"], said(study.trials[2])["source"]) == ("user", "default")


def test_a_first_trial_that_was_enqueued_in_part_is_the_users_and_the_default_follows() -> None:
    study = optuna.create_study(sampler=bg.Sampler(seed=0))
    study.enqueue_trial({"x": 0.25})
    study.optimize(objective, n_trials=2)
    assert sources(study) == ["user", "default"]
    assert said(study.trials[0])["reason"] == "part of it was enqueued by the user"


def test_a_seed_repeats_the_search_and_reseeding_changes_it() -> None:
    first, second = (run(bg.Sampler(seed=7), 8) for _ in range(2))
    sampler = bg.Sampler(seed=7)
    sampler.reseed_rng()
    other = run(sampler, 8)
    assert [trial.params for trial in first.trials] == [trial.params for trial in second.trials]
    assert [trial.params for trial in first.trials] != [trial.params for trial in other.trials]


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda sampler: pickle.loads(pickle.dumps(sampler))])
def test_a_copy_goes_on_as_the_original_would(copied: Any) -> None:
    study = run(bg.Sampler(space=SPACE, seed=2), 7)
    twin = copied(study)
    study.optimize(objective, n_trials=2)
    twin.optimize(objective, n_trials=2)
    assert [trial.params for trial in study.trials] == [trial.params for trial in twin.trials]


def test_one_sampler_serves_several_studies() -> None:
    sampler = bg.Sampler(seed=0)
    first, second = (optuna.create_study(sampler=sampler) for _ in range(2))
    for _ in range(4):
        first.optimize(objective, n_trials=1)
        second.optimize(lambda trial: trial.suggest_float("other", 0, 1), n_trials=1)
    assert sources(first) == sources(second) == ["default", "random", "random", "random"]


def test_names_and_categories_that_no_space_holds_are_searched_all_the_same() -> None:
    choices = (1, "1", True, None, float("inf"))

    def odd(trial: optuna.Trial) -> float:
        value = trial.suggest_categorical("the 'kind' {0}", choices)
        return abs(trial.suggest_float("", 0, 1) - 0.3) + (value is not None)

    study = run(bg.Sampler(seed=0), 20, odd)
    assert study.best_params["the 'kind' {0}"] is None
    assert said(study.trials[-1])["proposed"].keys() == {"the 'kind' {0}", ""}


def test_what_cannot_be_searched_is_drawn_at_random_and_it_is_said_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def moody(trial: optuna.Trial) -> float:
        return trial.suggest_float("x", 0, 1) + (trial.suggest_float("y", 0, 1) if trial.number % 2 else 0)

    study = run(bg.Sampler(seed=0), 6, moody)
    assert "y: some trials have it and some do not" in said(study.trials[-1])["reason"]
    assert said(study.trials[-1])["proposed"].keys() == {"x"}
    assert sum("parameter 'y' is drawn at random" in message for message in caplog.messages) == 1


def test_optunas_distributions_are_a_space_too() -> None:
    space = {
        "x": optuna.distributions.FloatDistribution(0, 1),
        "y": optuna.distributions.CategoricalDistribution(["p", "q"]),
    }
    study = optuna.create_study(sampler=bg.Sampler(space=space, seed=0))
    trial = study.ask(space)
    assert trial.params == {"x": 0.5, "y": "p"}
    assert said(study.trials[0])["reason"].startswith("the default configuration")


@pytest.mark.filterwarnings("ignore:Choices for a categorical:UserWarning")
def test_optunas_distributions_may_have_categories_that_a_space_calls_by_labels() -> None:
    choices: Any = [(32,), (64, 32)]
    layers = optuna.distributions.CategoricalDistribution(choices)
    sampler = bg.Sampler(space={"x": optuna.distributions.FloatDistribution(0, 1), "layers": layers}, seed=0)

    def suggesting(trial: optuna.Trial) -> float:
        tried: Any = trial.suggest_categorical("layers", choices)
        return trial.suggest_float("x", 0, 1) - len(tried)

    study = run(sampler, 9, suggesting)
    assert study.trials[0].params == {"x": 0.5, "layers": (32,)}
    assert sources(study) == ["default", *["random"] * 4, *["gp"] * 4]
    assert study.best_params == {"x": 0.0, "layers": (64, 32)}
    turned: Any = choices[::-1]
    assert run(sampler, 1, lambda trial: len(trial.suggest_categorical("layers", turned))).best_value == 1
    with pytest.raises(InputError, match=r"'layers'.*make them the same"):
        run(sampler, 1, lambda trial: trial.suggest_categorical("layers", [(32,), (8, 8)]))


def test_a_study_of_the_tuner_goes_on_in_optuna() -> None:
    tuner = bg.Tuner(SPACE, seed=0)
    for _ in range(6):
        trial = tuner.ask()
        tuner.tell(trial, bowl(trial.params))
    study = tuner.study.optuna_study
    study.sampler = bg.Sampler(space=SPACE, seed=0)
    study.optimize(objective, n_trials=2)
    assert sources(study) == ["default", *["random"] * 4, "gp", "gp", "gp"]


def test_the_budget_and_the_journal_are_the_tuners(tmp_path: Path) -> None:
    path = tmp_path / "calls.db"
    budget = bg.Budget(requests=1)
    study = run(bg.Sampler(space=SPACE, llm=SchemaLLM(0), budget=budget, journal=path, seed=0), 15)
    assert len(Journal(path).calls()) == 1
    assert Journal(path).advice(study.study_name)[1][0].role == "warm_start"
    assert any("budget" in said(trial).get("fallback", "") for trial in study.trials)


def test_a_budget_for_each_trial_begins_anew_with_each() -> None:
    budget = bg.Budget(trial_requests=1)
    study = run(bg.Sampler(space=SPACE, llm=SchemaLLM(0), budget=budget, seed=0), 16)
    assert not any("budget" in said(trial).get("fallback", "") for trial in study.trials)


def test_a_budget_is_for_the_whole_study_whatever_process_spends_it() -> None:
    storage = optuna.storages.InMemoryStorage()
    tokens = []
    for _ in range(3):
        sampler = bg.Sampler(space=SPACE, llm=SchemaLLM(0), budget=bg.Budget(tokens=1), seed=0, exam=False)
        study = optuna.create_study(storage=storage, study_name="s", load_if_exists=True, sampler=sampler)
        study.optimize(objective, n_trials=2)
        tokens.append(sum(said(trial).get("tokens", 0) for trial in study.trials))
    assert tokens[0] > 0
    assert tokens == tokens[:1] * 3


def test_the_first_guesses_in_the_journal_are_not_asked_for_again(tmp_path: Path) -> None:
    study = optuna.create_study()
    for _ in range(2):
        study.sampler = bg.Sampler(space=SPACE, llm=SchemaLLM(0), journal=tmp_path / "calls.db", seed=0)
        study.optimize(objective, n_trials=2)
    assert sources(study)[:3] == ["default", "llm", "llm"]
    assert len(Journal(tmp_path / "calls.db").calls()) == 1


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"seed": -1}, InputError, "seed is -1"),
        ({"seed": "0"}, InputError, "seed is '0'"),
        ({"llm_wait_s": -1}, InputError, "llm_wait_s is -1"),
        ({"llm_wait_s": "x"}, InputError, "llm_wait_s is 'x'; give 0 or more seconds"),
        ({"llm": "nobody"}, ModelSpecError, "nobody"),
        ({"task": "words"}, InputError, r"task is 'words'; give a bestguess\.Task"),
        ({"budget": 500}, InputError, r"budget is 500; give a bestguess\.Budget"),
        ({"knowledge": 3}, InputError, "knowledge is 3; give True, False, or a folder"),
        ({"space": [1]}, InputError, r"space is \[1\]; give a bestguess\.Space, or a dictionary of Optuna's"),
        ({"space": {"x": bg.Float(0, 1)}}, InputError, "'x'.*no distribution"),
    ],
)
def test_a_wrong_argument_is_named(options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        bg.Sampler(**options)


def test_the_dashboard_shows_the_study_unchanged() -> None:
    dashboard = pytest.importorskip("optuna_dashboard")
    study = run(bg.Sampler(space=SPACE, seed=0), 6)
    app = dashboard.wsgi(study._storage)
    answers: list[str] = []
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": f"/api/studies/{study._study_id}",
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "wsgi.url_scheme": "http",
    }
    body = b"".join(app(environ, lambda status, headers, info=None: answers.append(status)))
    assert answers == ["200 OK"]
    assert b"most expected improvement" in body
    assert np.array_equal([b'"number": %d' % number in body for number in range(6)], [True] * 6)
