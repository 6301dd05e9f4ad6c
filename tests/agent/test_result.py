"""What a run came to: kept in a file and read again, as a table, as figures."""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import pytest

import bestguess as bg
from bestguess.agent.result import Result
from bestguess.tools.errors import BestGuessError, InputError

SPACE = bg.Space(
    x=bg.Float(-1, 1),
    rate=bg.Float(1e-3, 1, log=True),
    kind=bg.Choice(["a", "<b>"]),
    drop=bg.Float(0, 1, when={"kind": ["a"]}),
)


def bowl(params: dict[str, Any]) -> float:
    if params["x"] > 0.8:
        raise ValueError("out of memory")
    return float(params["x"] ** 2 + params["rate"] + params.get("drop", 0.1))


@pytest.fixture(scope="module")
def result() -> Result:
    return bg.tune(bowl, SPACE, task=bg.Task("A bowl", metric="loss", noisy=True), n_trials=8, seed=0)


@pytest.fixture
def saved(result: Result, tmp_path: Path) -> Path:
    result.save(tmp_path / "result.json")
    return tmp_path / "result.json"


def test_a_result_is_shown_by_its_best_and_a_study_that_nobody_named_by_its_task(result: Result) -> None:
    assert repr(result).endswith(
        f"8 trials, best_value={result.best_value}, best_params={result.best_params})"
    )
    assert result.report().startswith("# A bowl\n")
    nothing = bg.tune(lambda params: float("nan"), SPACE, n_trials=1, study_name="mine", seed=0)
    assert repr(nothing) == "Result('mine', 1 trial, no value)"
    assert nothing.report().startswith("# Study mine\n")


def test_what_was_saved_is_loaded_as_it_was(result: Result, saved: Path) -> None:
    loaded = Result.load(saved)

    assert loaded.to_dict() == result.to_dict()
    assert loaded.report() == result.report()
    assert (loaded.recommended, loaded.best_params) == (result.recommended, result.best_params)
    assert loaded.record.space == result.record.space
    assert loaded.study.best_value == result.study.best_value
    assert saved.stat().st_mode & 0o077 == 0


def test_a_result_and_an_asked_trial_of_a_study_in_a_file_can_be_pickled(tmp_path: Path) -> None:
    kept = bg.tune(bowl, SPACE, n_trials=3, seed=0, storage=f"sqlite:///{tmp_path / 's.db'}")
    with bg.Tuner(SPACE, storage=f"sqlite:///{tmp_path / 's.db'}", study_name="asked") as tuner:
        asked = tuner.ask()
        result, trial = pickle.loads(pickle.dumps((kept, asked)))
        assert tuner.tell(trial, 0.5).value == 0.5
    assert (result.trials, result.report()) == (kept.trials, kept.report())
    (tmp_path / "s.db").unlink()
    assert result.best_value == min(trial.value for trial in result.trials if trial.value is not None)
    with pytest.raises(BestGuessError, match="is a record"):
        trial.report(1, 0.5)


def test_a_loaded_result_can_be_saved_again(saved: Path) -> None:
    before = saved.read_text()
    Result.load(saved).save(saved)
    assert saved.read_text() == before


@pytest.mark.parametrize("runs", [2, 3])
def test_several_runs_a_trial_are_saved_with_it(runs: int, tmp_path: Path) -> None:
    result = bg.tune(lambda params: params["x"], bg.Space(x=bg.Float(0, 1)), n_trials=2, seed=0, repeats=runs)
    result.save(tmp_path / "r.json")
    assert [trial.outcome for trial in Result.load(tmp_path / "r.json").trials] == [
        trial.outcome for trial in result.trials
    ]


def _with_values(kept: dict[str, Any], values: list[Any]) -> dict[str, Any]:
    trials = kept["study"]["trials"]
    return {**kept, "study": {**kept["study"], "trials": [{**trials[0], "values": values}, *trials[1:]]}}


def test_nothing_that_was_saved_steers_a_terminal_or_writes_a_line_of_its_own(saved: Path) -> None:
    stopped = "\x1b]52;c;xx\x07\n# Forged heading"
    saved.write_text(json.dumps({**json.loads(saved.read_text()), "stopped": stopped}))
    report = Result.load(saved).report()
    assert "\x1b" not in report
    assert "\n# Forged" not in report


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda _: [], "holds no result of BestGuess"),
        (lambda _: {"format": "other"}, "holds no result of BestGuess"),
        (lambda kept: {**kept, "version": 2}, "is of version 2, and this BestGuess reads 1"),
        (lambda kept: {**kept, "seconds": "3"}, "has seconds '3'"),
        (lambda kept: {**kept, "seconds": float("nan")}, "has seconds nan"),
        (lambda kept: {**kept, "ending": "burnt"}, "has ending 'burnt'"),
        (lambda kept: {**kept, "study": None}, "cannot be read"),
        (lambda kept: {**kept, "study": {**kept["study"], "trials": [{}]}}, "cannot be read"),
        (lambda kept: {**kept, "study": {**kept["study"], "directions": ["UP"]}}, "cannot be read"),
        (lambda kept: {**kept, "study": {**kept["study"], "user_attrs": {}}}, "was not made by BestGuess"),
        (lambda kept: _with_values(kept, ["-5"]), "'-5' is no number"),
        (lambda kept: _with_values(kept, [-(10**400)]), "cannot be read"),
        (lambda kept: _with_values(kept, [1.0, 2.0]), "cannot be read"),
    ],
)
def test_a_file_that_was_changed_is_refused_in_words(saved: Path, change: Any, words: str) -> None:
    saved.write_text(json.dumps(change(json.loads(saved.read_text()))))
    with pytest.raises(BestGuessError, match=words):
        Result.load(saved)


@pytest.mark.parametrize("content", ["", "no JSON", '{"format": 1, "format": 2}', "[" * 100_000])
def test_a_file_that_is_no_json_is_refused_in_words(tmp_path: Path, content: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(InputError, match=r"give a file that Result\.save wrote"):
        Result.load(tmp_path / "x.json")


@pytest.mark.parametrize("path", [None, 3, "", "no/such/file.json", "."])
def test_a_path_that_is_none_is_refused_in_words(result: Result, path: Any) -> None:
    with pytest.raises(InputError, match=r"cannot be read|is no path"):
        Result.load(path)
    with pytest.raises(InputError, match=r"cannot be written|give a file"):
        result.save(path)


@pytest.mark.parametrize(
    ("library", "method", "extra"),
    [("pandas", "trials_dataframe", "pandas"), ("plotly.graph_objects", "plot_importance", "plot")],
)
def test_without_a_library_the_error_names_the_extra(
    result: Result, monkeypatch: pytest.MonkeyPatch, library: str, method: str, extra: str
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(InputError, match=rf"pip install 'bestguess\[{extra}\]'"):
        getattr(result, method)()


def test_the_data_frame_has_a_row_a_trial_and_a_column_a_parameter(result: Result) -> None:
    pytest.importorskip("pandas", reason="the extra `pandas` is not installed")
    frame = result.trials_dataframe()
    assert list(frame["value"].dropna()) == [trial.value for trial in result.history.complete]
    assert {f"params_{name}" for name in SPACE.names} <= set(frame.columns)
    assert frame["params_drop"].isna().sum() == sum("drop" not in trial.params for trial in result.trials)


@pytest.mark.parametrize(
    "kind",
    [
        "optimization_history",
        "slice",
        "parallel_coordinate",
        "contour",
        "timeline",
        "importance",
        "predictions",
    ],
)
def test_a_figure_is_one_of_plotlys(result: Result, kind: str) -> None:
    plotly = pytest.importorskip("plotly.graph_objects", reason="the extra `plot` is not installed")
    assert isinstance(getattr(result, f"plot_{kind}")(), plotly.Figure)


@pytest.mark.parametrize("parameter", SPACE.names)
def test_an_effect_has_a_median_within_its_band(result: Result, parameter: str) -> None:
    pytest.importorskip("plotly", reason="the extra `plot` is not installed")
    low, high, median, *dots = result.plot_effect(parameter).data
    assert all(a <= b <= c for a, b, c in zip(low.y, median.y, high.y, strict=True))
    drawn = sum(value is not None for source in dots for value in source.x)  # none: for the legend alone
    assert drawn == sum(parameter in trial.params for trial in result.history.complete)
    assert "<b>" not in str(low.x)


def test_what_cannot_be_drawn_is_refused_in_words(result: Result) -> None:
    pytest.importorskip("plotly", reason="the extra `plot` is not installed")
    with pytest.raises(InputError, match="there is no parameter 'y'"):
        result.plot_effect("y")
    with pytest.raises(InputError, match="plot_slice cannot be drawn"):
        result.plot_slice(["y"])
    empty = bg.tune(lambda _: float("nan"), bg.Space(x=bg.Float(0, 1)), n_trials=2, seed=0)
    for draw in (empty.plot_importance, empty.plot_predictions, lambda: empty.plot_effect("x")):
        with pytest.raises(InputError):
            draw()


def test_the_recommended_trial_is_one_that_ran_with_its_chance_against_the_default(result: Result) -> None:
    recommended = result.recommended
    assert recommended
    assert recommended.params in [trial.params for trial in result.history.complete]
    assert recommended.beats_default is not None
    assert 0.5 < recommended.beats_default <= 1.0


def stopped_early(params: dict[str, Any], trial: bg.Trial) -> float | None:
    for step in (1, 2):
        trial.report(step, params["x"] ** 2 + 1 / step)
        if trial.should_stop():
            return None
    return float(params["x"] ** 2)


def of_two(params: dict[str, Any]) -> dict[str, float]:
    return {"loss": params["x"] ** 2, "ms": 1 - params["x"]}


@pytest.mark.parametrize(
    ("objective", "more"),
    [
        (stopped_early, {"pruner": "median"}),
        (
            of_two,
            {"task": bg.Task(metrics={"loss": "minimize", "ms": "minimize"}), "prefer": {"loss": 2, "ms": 1}},
        ),
        (of_two, {"task": bg.Task(metrics={"loss": "minimize"}, limits={"ms": "<= 1.2"}), "repeats": 2}),
        (lambda params: params["x"], {"direction": "maximize", "n_jobs": 2}),
    ],
)
def test_a_run_of_any_kind_is_loaded_as_it_was(objective: Any, more: dict[str, Any], tmp_path: Path) -> None:
    result = bg.tune(objective, bg.Space(x=bg.Float(-1, 1)), n_trials=4, seed=0, **more)
    result.save(tmp_path / "r.json")
    loaded = Result.load(tmp_path / "r.json")
    assert loaded.to_dict() == result.to_dict()
    assert loaded.report() == result.report()
    assert loaded.front == result.front
    assert [trial.reports for trial in loaded.trials] == [trial.reports for trial in result.trials]


@pytest.mark.parametrize("kind", ["optimization_history", "slice", "contour", "pareto_front", "predictions"])
def test_of_several_metrics_a_figure_is_about_the_first(kind: str) -> None:
    pytest.importorskip("plotly", reason="the extra `plot` is not installed")
    task = bg.Task(metrics={"loss": "minimize", "ms": "minimize"})
    space = bg.Space(x=bg.Float(-1, 1), y=bg.Float(0, 1))
    result = bg.tune(of_two, space, task=task, n_trials=4, seed=0)
    assert getattr(result, f"plot_{kind}")().data


def of_four(params: dict[str, float]) -> dict[str, float]:
    return {name: params["x"] * sign for name, sign in zip("abcd", (1, -1, 1, -1), strict=True)}


def test_figures_of_several_metrics_have_our_words_and_any_two_or_three_of_the_metrics() -> None:
    pytest.importorskip("plotly", reason="the extra `plot` is not installed")
    task = bg.Task(metrics=dict.fromkeys("abcd", "minimize"), limits={"a": "<= 0.5"})
    result = bg.tune(of_four, bg.Space(x=bg.Float(-1, 1)), task=task, n_trials=4, seed=0)
    for figure in (result.plot_pareto_front(["a", "d"]), result.plot_slice(), result.plot_timeline()):
        said = figure.to_json()
        for theirs in ("Best Trial", "Feasible Trial", "Infeasible Trial", '"COMPLETE"', "Objective"):
            assert theirs not in said
    assert "on the front" in result.plot_pareto_front(["a", "b", "c"]).to_json()
    for metrics in (None, ["a"], ["a", "x"], ["a", "a"], ["a", "b", "c", "d"]):
        with pytest.raises(InputError, match="name two or three of a, b, c, d to draw"):
            result.plot_pareto_front(metrics)
    with pytest.raises(InputError, match="the study has one, value"):
        bg.tune(lambda p: p["x"], bg.Space(x=bg.Float(-1, 1)), n_trials=1).plot_pareto_front()


def test_a_file_is_written_over_only_by_a_whole_result_whatever_the_facts(tmp_path: Path) -> None:
    task = bg.Task("t", facts={"missing": float("nan"), "n": float("inf"), "rows": 3.0})
    result = bg.tune(lambda params: params["x"], bg.Space(x=bg.Float(0, 1)), task=task, n_trials=2)
    result.save(tmp_path / "r.json")
    loaded = bg.Result.load(tmp_path / "r.json")
    assert loaded.record.task.facts == {"missing": "nan", "n": "inf", "rows": 3.0}
