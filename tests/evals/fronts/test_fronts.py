from __future__ import annotations

import pickle
import tarfile
from pathlib import Path

import numpy as np
import pytest

from bestguess.evals.fronts import measure
from bestguess.evals.fronts.problems import problems
from bestguess.evals.fronts.searches import SEARCHES, search
from bestguess.evals.fronts.tables import DATA_SETS, OPERATIONS, VERSION, canonical, convert, table_problems
from bestguess.tools.errors import InputError


def test_points_of_a_true_front_are_reached_by_params_and_nothing_is_better() -> None:
    known = problems()
    flat = dict.fromkeys((f"x{number}" for number in range(1, 6)), 0.0)
    assert known["zdt1"].evaluate({"x0": 0.25, **flat}) == pytest.approx({"f1": 0.25, "f2": 0.5})
    assert known["zdt2"].evaluate({"x0": 0.5, **flat}) == pytest.approx({"f1": 0.5, "f2": 0.75})
    half = dict.fromkeys((f"x{number}" for number in range(2, 6)), 0.5)
    assert known["dtlz2"].evaluate({"x0": 0.0, "x1": 0.0, **half}) == pytest.approx(
        {"f1": 1, "f2": 0, "f3": 0}
    )
    rng = np.random.default_rng(0)
    for problem in known.values():
        told = [problem.evaluate(params) for params in problem.space.samples(rng, 50)]
        assert 0.0 <= problem.share(told) < 1.0
    on_front = [known["zdt1"].evaluate({"x0": x, **flat}) for x in np.linspace(0, 1, 200)]
    assert known["zdt1"].share(on_front) == pytest.approx(1.0, abs=0.01)


def test_what_breaks_a_limit_has_no_share() -> None:
    bnh = problems()["bnh"]
    assert not bnh.goals.keeps(bnh.evaluate({"x": 0.0, "y": 3.0}))
    assert bnh.share([bnh.evaluate({"x": 0.0, "y": 3.0})]) == 0.0


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (("0000", ("gat", "gcn", "gin", "fc")), ("0000", ("fc", "gin", "gcn", "gat")), True),
        (("0123", ("skip", "gcn", "gcn", "gat")), ("0013", ("gcn", "skip", "gcn", "gat")), True),
        (("0111", ("gat", "gcn", "gin", "fc")), ("0111", ("gat", "fc", "gcn", "gin")), True),
        (("0123", ("gat", "gcn", "gin", "fc")), ("0123", ("gcn", "gat", "gin", "fc")), False),
    ],
)
def test_architectures_that_compute_the_same_are_the_same(
    one: tuple[str, tuple[str, ...]], other: tuple[str, tuple[str, ...]], *, same: bool
) -> None:
    assert (canonical(*one) == canonical(*other)) is same


def sdist(folder: Path, table: object) -> Path:
    path = folder / "tables.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for name in DATA_SETS:
            (folder / name).write_bytes(pickle.dumps(table))
            archive.add(folder / name, f"nas_bench_graph-{VERSION}/nas_bench_graph/light/{name}.bench")
    return path


def test_tables_are_read_as_numbers_and_a_pickle_that_asks_for_code_is_refused(tmp_path: Path) -> None:
    rows = {
        number: {"valid_perf": np.float64(number / 10_000), "latency": 1.0, "para": number}
        for number in range(9)
    }
    convert(sdist(tmp_path, rows), tmp_path / "t.npz")
    problem = table_problems(tmp_path / "t.npz")["nas_cora_2"]
    params = {"links": "0000", "op1": "gat", "op2": "gat", "op3": "gat", "op4": OPERATIONS[3]}
    assert problem.evaluate(params) == {"valid_perf": 0.0003, "latency": 1.0}
    with pytest.raises(InputError, match="which is no number"):
        convert(sdist(tmp_path, {0: Path}), tmp_path / "bad.npz")


def test_a_run_is_played_kept_and_not_played_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(measure, "N_TRIALS", 8)
    monkeypatch.setattr(measure, "LOOKS", (4, 8))
    chosen = {"bnh": problems()["bnh"]}
    kept = tmp_path / "fronts.jsonl"
    (figure,) = measure.measure_fronts(chosen, ["optuna:random"], range(1), kept)
    assert figure.runs[0].shares[0] <= figure.runs[0].shares[1]
    again = list(measure.measure_fronts(chosen, ["optuna:random"], range(1), kept))
    assert again == [figure]
    assert len(kept.read_text().splitlines()) == 1
    with pytest.raises(InputError, match="no search is called 'optuna:rando'; did you mean"):
        list(measure.measure_fronts(chosen, ["optuna:rando"], range(1), kept))


@pytest.mark.slow
@pytest.mark.parametrize("name", SEARCHES)
def test_every_search_begins_with_the_default_and_tells_all_values(name: str) -> None:
    problem = problems()["bnh"]
    told = search(name, problem, 12, 0)
    assert told[0] == problem.evaluate(problem.space.default())
    assert all(set(values) == {"f1", "f2", "c1", "c2"} for values in told)
