from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from bestguess.evals.cache import shared_cache
from bestguess.evals.references import reference
from bestguess.evals.suites import _llambo_runs as runs
from bestguess.evals.suites import _llambo_tasks as tasks
from bestguess.evals.suites import llambo, suite
from bestguess.tools.errors import InputError

pytestmark = pytest.mark.slow  # what a suite holds changes with its files only


SUITE = suite("llambo")
HEADLINE = llambo.Suite().headline
DATA_AS_DESCRIBED = {
    "breast": {"rows": 455, "features": 30, "classes": 2},
    "digits": {"rows": 1437, "features": 64, "classes": 10},
    "wine": {"rows": 142, "features": 13, "classes": 3},
    "iris": {"rows": 120, "features": 4, "classes": 3},
    "diabetes": {"rows": 353, "features": 10},
}


def _runs_are_here() -> bool:
    try:
        runs.run("SVM-iris", 0)
    except InputError:
        return False
    return True


needs_runs = pytest.mark.skipif(
    not _runs_are_here(), reason="LLAMBO's published runs are not on this machine"
)


@pytest.fixture
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(runs.VARIABLE, str(runs._file()))
    monkeypatch.setenv("BESTGUESS_HOME", str(tmp_path))
    shared_cache.cache_clear()
    yield
    shared_cache().close()
    shared_cache.cache_clear()


def test_there_are_25_problems_and_those_without_adaboost_come_first() -> None:
    assert len(set(SUITE.problems)) == 25
    assert SUITE.problems[:20] == HEADLINE
    assert {name.split("-")[0] for name in SUITE.problems[20:]} == {"AdaBoost"}
    assert set(SUITE.smoke) <= set(HEADLINE)


@pytest.mark.parametrize("name", SUITE.problems)
def test_every_frozen_reference_has_its_best_below_its_median_and_chance_within_the_unit_interval(
    name: str,
) -> None:
    frozen = reference("llambo", name)
    assert frozen.best < frozen.median
    assert 0.0 < frozen.chance <= 1.0


@pytest.mark.parametrize("data", runs.SETS)
def test_a_task_tells_the_facts_of_its_training_rows_and_which_way_is_better(data: str) -> None:
    task = tasks.task_of(f"SVM-{data}")
    assert dict(task.facts) == DATA_AS_DESCRIBED[data]
    assert task.direction == ("minimize" if data == "diabetes" else "maximize")
    assert "support vector machine" in task.description
    assert data in task.description


def test_every_parameter_of_every_space_is_described() -> None:
    docs = [one.doc for name in SUITE.problems for one in tasks.space_of(name).parameters.values()]
    assert all(docs)


def test_defaults_are_those_of_scikit_learn_where_they_lie_within_the_bounds() -> None:
    assert tasks.space_of("AdaBoost-iris").default() == {"n_estimators": 50, "learning_rate": 1.0}
    assert tasks.space_of("SVM-iris").default()["C"] == 1.0


def test_an_exception_from_fitting_is_a_failure_that_says_why() -> None:
    evaluation = tasks.evaluate("SVM-iris", {"C": -1.0})
    assert evaluation.outcome.failed
    assert "'C' parameter" in evaluation.outcome.error
    assert evaluation.test is None


def test_a_problem_that_does_not_exist_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(InputError, match=r"no problem 'SVM-iriss'.*SVM-iris"):
        SUITE.problem("SVM-iriss", 0)


def test_missing_runs_are_an_error_that_says_how_to_make_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trajectories.json"
    monkeypatch.setenv(runs.VARIABLE, str(path))
    with pytest.raises(InputError) as caught:
        SUITE.problem("SVM-iris", 0)
    assert "clone github.com/tennisonliu/LLAMBO" in str(caught.value)
    assert f"python -m bestguess.evals.suites.llambo CLONE_DIR {path}" in str(caught.value)


def test_the_file_made_from_a_clone_has_the_rows_of_its_csv_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clone, path = tmp_path / "clone", tmp_path / "made/trajectories.json"
    for data in runs.SETS:
        for model in runs.MODELS:
            folder = clone / runs.RUNS / data / model
            folder.mkdir(parents=True)
            for seed in runs.SEEDS:
                with (folder / f"{seed}.csv").open("w", newline="") as lines:
                    csv.writer(lines).writerows(
                        [
                            ["C", "tol", "score", "generalization_score"],
                            [1.5, 1e-5, "", 0.5],
                            [2, 0.1, seed, 0.25],
                        ]
                    )

    runs.convert(clone, path)

    made = json.loads(path.read_text())
    assert set(made) == set(SUITE.problems)
    assert made["SVM-wine"]["3"] == {
        "params": ["C", "tol"],
        "x": [[1.5, 1e-5], [2.0, 0.1]],
        "score": [None, 3.0],
        "test": [0.5, 0.25],
    }
    monkeypatch.setenv(runs.VARIABLE, str(path))
    assert llambo.published_values("SVM-wine", 8) == [None, 3.0]


def test_a_folder_that_is_no_clone_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="give a clone of"):
        runs.convert(tmp_path, tmp_path / "trajectories.json")


@needs_runs
@pytest.mark.parametrize(
    ("names", "figures"),
    [
        (SUITE.problems, [0.2584, 0.0848, 0.0630, 0.0524, 0.0477, 0.0431]),
        (HEADLINE, [0.3031, 0.0940, 0.0705, 0.0581, 0.0537, 0.0480]),
    ],
    ids=["all 25", "without AdaBoost"],
)
def test_the_published_curves_are_those_that_llambo_reports(
    names: tuple[str, ...], figures: list[float]
) -> None:
    curve = llambo.published_curves(names, "rows")
    assert [round(mean, 4) for mean in curve] == figures


@needs_runs
def test_the_published_curve_under_a_frozen_reference_is_the_mean_regret_over_the_seeds() -> None:
    scale = reference("llambo", "SVM-diabetes")
    least = [
        min(value for value in llambo.published_values("SVM-diabetes", seed)[:10] if value is not None)
        for seed in runs.SEEDS
    ]
    curve = llambo.published_curves(["SVM-diabetes"], "reference")
    assert curve[1] == pytest.approx(sum(map(scale.regret, least)) / 5)
    assert curve == sorted(curve, reverse=True)


@needs_runs
def test_the_start_of_a_problem_is_the_published_initial_design_of_its_seed() -> None:
    problem = SUITE.problem("SVM-iris", 0)
    assert problem.n_trials == 30
    assert len(problem.start) == 5
    assert problem.start[0] == {"C": 44.30375245218264, "gamma": 0.000519026301769, "tol": 0.002576638574613}
    assert problem.start != SUITE.problem("SVM-iris", 1).start
    assert problem.start == SUITE.problem("SVM-iris", 5).start


@needs_runs
def test_whole_numbers_of_the_start_are_ints() -> None:
    start = SUITE.problem("MLP_SGD-wine", 0).start[0]
    assert {name for name, value in start.items() if isinstance(value, int)} == {
        "hidden_layer_sizes",
        "batch_size",
    }


@needs_runs
@pytest.mark.parametrize("name", SUITE.problems)
def test_the_space_contains_all_published_rows(name: str) -> None:
    space = tasks.space_of(name)
    rows = [params for seed in runs.SEEDS for params in runs.published_params(name, seed)]
    assert len(rows) == 150
    for row in rows:
        assert space.validate(row) == row


@needs_runs
@pytest.mark.parametrize(("name", "loss"), [("SVM-iris", -0.75), ("SVM-diabetes", 0.75)])
def test_more_accuracy_and_less_squared_error_are_less_loss(name: str, loss: float) -> None:
    assert SUITE.problem(name, 0).loss(0.75) == loss


def deviations(name: str, n_rows: int) -> tuple[float, float]:
    """Return how far score and test are from the published ones at most, over rows spread over the seeds.

    Rows without a published score are passed over; a row that fails here is infinitely far.
    """
    space = tasks.space_of(name)
    rows = [
        (params, score, test)
        for seed in runs.SEEDS
        for params, score, test in zip(
            runs.published_params(name, seed),
            runs.run(name, seed)["score"],
            runs.run(name, seed)["test"],
            strict=True,
        )
        if score is not None and test is not None
    ]
    largest = (0.0, 0.0)
    for row in np.linspace(0, len(rows) - 1, n_rows).astype(int):
        params, score, test = rows[row]
        ours = llambo._evaluate_once(name, space.validate(params))
        value, ours_test = (np.inf if one is None else one for one in (ours.outcome.value, ours.test))
        largest = (max(largest[0], abs(value - score)), max(largest[1], abs(ours_test - test)))
    return largest


@needs_runs
@pytest.mark.usefixtures("_own_cache")
@pytest.mark.parametrize("model", ["RandomForest", "DecisionTree", "SVM", "MLP_SGD"])
def test_published_rows_give_the_published_scores_and_tests_again(model: str) -> None:
    assert deviations(f"{model}-iris", 3) == pytest.approx((0.0, 0.0), abs=1e-9)


@needs_runs
@pytest.mark.usefixtures("_own_cache")
def test_a_problem_evaluates_to_the_published_score_and_keeps_the_test_score_apart() -> None:
    problem, published = SUITE.problem("SVM-diabetes", 2), runs.run("SVM-diabetes", 2)
    evaluation = problem.evaluate(dict(problem.start[3]))
    assert evaluation.outcome.value == pytest.approx(published["score"][3], abs=1e-9)
    assert evaluation.test == pytest.approx(published["test"][3], abs=1e-9)
