"""Which spellings are one word, and which others are not."""

from __future__ import annotations

import pytest

from bestguess.tools.words.spelling import fold, read_words


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Light GBM", "LightGBM"),
        ("light-gbm's ranker", "lightgbm"),
        ("k-Nearest Neighbour", "k nearest neighbors"),
        ("RFs, SVMs", "RF"),
        ("extremely randomised trees", "extremely randomized tree"),
        ("our database (pg16)", "pg"),
        ("LGBMRanker", "lgbm"),
        ("a LassoCV", "lasso"),
        ("logistic regresion", "logistic regression"),
        ("xgbost", "XGBoost"),
        ("Naïve Bayes", "naive bayes"),
        ("MLPClassifier(solver='sgd')", "solver sgd"),
        ("sklearn.svm.SVC", "SVC"),
        ("LightGBM instead of XGBoost", "lightgbm"),
        ("tune Postgres without SSL", "Postgres without SSL"),
        ("It is our nightly job on the small box in Munich.", "our nightly job on the small box in Munich"),
        ("an oven: the large one", "oven, the large one"),
        ("我们的数据库", "数据库"),
    ],
)
def test_spellings_of_one_thing_are_equal(text: str, phrase: str) -> None:
    assert read_words(text).names(phrase)


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("neighbourhood", "neighbours"),
        ("a woven rug", "oven"),
        ("random, forest", "random forest"),
        ("Boosted light. GBM", "Light GBM"),
        ("visual perception", "perceptron classifier"),
        ("transformed features", "transformer"),
        ("a car", "CART"),
        ("our nightly job on the small box in Munichs old town", "r nightly job on the small box in Munich"),
        ("SVD", "SVM"),
        ("LightGBM instead of XGBoost", "xgboost"),
        ("unlike a random forest, it is linear", "random forest"),
    ],
)
def test_others_are_not(text: str, phrase: str) -> None:
    assert not read_words(text).names(phrase)


def test_a_slip_is_one_letter_and_only_where_it_may_be_one() -> None:
    assert read_words("randon forest").names("random forest")
    assert not read_words("randon forest").names("random forest", exactly=True)
    assert not read_words("rendon forest").names("random forest")


def test_words_of_any_alphabet_fold_to_themselves() -> None:
    assert fold("Случайный лес") == "случаиныилес"
    assert fold("¡!") == ""
