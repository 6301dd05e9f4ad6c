"""Which packs a description calls: what people write, of families that packs know and of other things."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sklearn.ensemble import BaggingClassifier
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import bestguess as bg
from bestguess.agent.advice.knowledge import call_packs, find_packs, know, name_family
from bestguess.agent.advice.pack import load_packs
from bestguess.agent.estimators.task import describe_task
from bestguess.evals.descriptions import DESCRIPTIONS, calls
from bestguess.tools.scan.draft import scan

PACKS = {pack.origin.removesuffix(".md"): pack for pack in load_packs()}


def called(words: str, *names: str, **docs: str) -> list[str]:
    """Return the packs that speak of a task with parameters of these names, all of them floats."""
    space = bg.Space({name: bg.Float(0, 1, doc=docs.get(name, "")) for name in (*names, *docs)})
    return [pack.origin.removesuffix(".md") for pack in find_packs(space, bg.Task(words), load_packs())]


def test_what_people_write_calls_the_pack_of_its_family_and_no_other() -> None:
    assert len(DESCRIPTIONS.tasks) == 60
    assert [task.words for task in DESCRIPTIONS.tasks if not task.is_found(calls(task))] == []


def test_what_no_pack_knows_calls_none() -> None:
    assert len(DESCRIPTIONS.others) == 30
    assert [task.words for task in DESCRIPTIONS.others if calls(task)] == []


def test_a_class_in_the_code_calls_the_pack_of_its_family() -> None:
    for pack, classes in DESCRIPTIONS.classes.items():
        for package, _, name in (path.partition(".") for path in classes):
            words = name_family(f"Tune it; it uses {name.rpartition('.')[2]}", [package])
            families = [found.origin.removesuffix(".md") for found in call_packs(words, load_packs())]
            assert families[-1:] == ([pack] if pack in PACKS else []), words


def test_an_estimator_is_named_with_what_it_is_made_of_and_what_it_is_a_kind_of() -> None:
    class Ours(SVC):  # type: ignore[misc]
        pass

    estimators: list[Any] = [Ours(), BaggingClassifier(SVC()), make_pipeline(StandardScaler(), Ours())]
    for estimator in estimators:
        task = describe_task(None, estimator, {}, scoring="f1", refit=True, n_splits=3)
        assert called(task.description, "estimator__C") == ["svm"]
    assert "Tune Ridge," in describe_task(None, Ridge(), {}, scoring="r2", refit=True, n_splits=3).description


@pytest.mark.parametrize(
    ("words", "names"),
    [
        ("hiking along the ridge", ["alpha", "l1_ratio", "tol"]),
        ("RF cavity of a cyclotron", ["max_depth", "max_features", "n_trees"]),
        ("SAC of an aircraft wing", ["gamma", "tau", "lr"]),
        ("LoRa radio of a weather station", ["rank", "lr", "batch_size"]),
        ("a transformer's winding", ["lr", "dropout", "num_layers"]),
        ("fishing net", ["depth", "gamma", "lr"]),
        ("", ["depth", "gamma", "lr"]),
        ("diving plan", ["max_depth", "subsample", "min_child_weight"]),
        ("approximate k-nearest-neighbour search with HNSW", ["n_neighbors", "metric", "p"]),
    ],
)
def test_a_weak_word_and_names_that_coincide_call_nobody(words: str, names: list[str]) -> None:
    assert called(words, *names) == []


@pytest.mark.parametrize(
    ("words", "names", "packs"),
    [
        ("RF on titanic", ["max_depth"], ["forests"]),
        ("ridge, five-fold cross-validation", ["alpha"], ["linear"]),
        ("SAC agent", ["tau"], ["rl"]),
        ("Tune a ridge", ["alpha"], ["linear"]),
        ("Our web shop", ["max_num_seqs", "gpu_memory_utilization", "max_num_batched_tokens"], ["vllm"]),
        ("", ["n_neighbors", "weights", "p"], ["neighbours"]),
    ],
)
def test_a_weak_word_with_company_and_names_of_one_family_do(
    words: str, names: list[str], packs: list[str]
) -> None:
    assert called(words, *names) == packs


@pytest.mark.parametrize(
    ("words", "packs"),
    [
        ("LightGBM, a gradient boosting library", ["lightgbm"]),
        ("XGBoost instead of LightGBM", ["xgboost"]),
        ("gradient boosted decision trees", ["boosting"]),
        ("a random forest of decision trees", ["forests"]),
        ("extreme gradient boosting", ["xgboost"]),
    ],
)
def test_the_more_particular_family_speaks_alone(words: str, packs: list[str]) -> None:
    assert called(words, "learning_rate", "max_depth", "n_estimators") == packs


@pytest.mark.parametrize(
    ("pack", "name", "doc", "known"),
    [
        ("xgboost", "xgb_max_depth", "", "max_depth"),
        ("xgboost", "learningRate", "", "learning_rate"),
        ("xgboost", "rounds_num", "", "n_estimators"),
        ("svm", "svm_C", "", "C"),
        ("postgresql", "work_mem_mb", "", "work_mem"),
        ("neighbours", "x1", "number of neighbours", "n_neighbors"),
        ("mlp", "x1", "Adam learning rate (log scale)", "learning_rate"),
        ("forests", "x1", "minimum samples per leaf", "min_samples_leaf"),
        ("xgboost", "x1", "", None),
        ("xgboost", "lr_decay", "", None),
        ("xgboost", "log_lr", "", None),
        ("mlp", "x1", "decay of the learning rate", None),
        ("mlp", "x1", "learning rate decay", None),
    ],
)
def test_of_a_named_family_names_are_known_by_spelling_and_by_doc(
    pack: str, name: str, doc: str, known: str | None
) -> None:
    entries = PACKS[pack].entries
    space = bg.Space({name: bg.Float(0, 1, doc=doc)})

    assert PACKS[pack].names(space) == {}
    found = PACKS[pack].names(space, loosely=True)
    assert found == ({name: entries[known]} if known else {})


def test_what_two_parameters_may_mean_neither_does() -> None:
    space = bg.Space(x1=bg.Float(0, 1, doc="learning rate"), x2=bg.Float(0, 1, doc="the learning rate"))

    assert PACKS["xgboost"].names(space, loosely=True) == {}


def test_a_pack_that_knows_no_numbers_speaks_to_a_model_and_changes_no_search() -> None:
    space = bg.Space(shared_buffers=bg.Int(16, 4096, log=True), work_mem=bg.Int(1, 512, log=True))
    task = bg.Task("Postgres on our laptop")
    known = know(space, task, load_packs())
    assert known is not None
    assert known.lines == ("Packs of knowledge: PostgreSQL (in words for a model only)",)
    assert "a quarter of the memory" in known.advice

    with bg.Tuner(space, task, seed=0) as tuner, bg.Tuner(space, task, seed=0, knowledge=False) as without:
        for _ in range(2):
            trials = [each.tell(each.ask(), 1.0) for each in (tuner, without)]
            assert trials[0].params == trials[1].params


@pytest.mark.parametrize(
    ("script", "description"),
    [
        ("import xgboost as xgb\nRATE = 0.1\nxgb.train({'eta': RATE}, None)", "; it uses xgboost"),
        ("import torch\nimport numpy as np\nRATE = 0.1\nprint(np.mean(RATE))", "; it uses torch"),
        (
            "from sklearn.linear_model import Ridge\nA = 0.1\nRidge(alpha=A)",
            "; it uses Ridge; it uses sklearn",
        ),
        ("import numpy as np\nRATE = 0.1\nprint(np.mean(RATE))", ""),
        ("from ours import model\nRATE = 0.1\nmodel(RATE)", "; it uses KNeighborsClassifier"),
    ],
)
def test_what_a_script_imports_names_the_family(tmp_path: Path, script: str, description: str) -> None:
    (tmp_path / "fit.py").write_text(script)
    (tmp_path / "ours.py").write_text(
        "from sklearn.neighbors import KNeighborsClassifier\n\n\n"
        "def model(k):\n    return KNeighborsClassifier(k)\n"
    )
    draft = scan(tmp_path / "fit.py")

    assert name_family(draft.description, draft.uses) == "Tune fit.py" + description
