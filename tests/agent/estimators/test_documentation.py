from __future__ import annotations

from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from bestguess.agent.estimators.documentation import DOC_CHARS, parameter_doc, parameter_docs


class Model:
    """A model.

    Parameters
    ----------
    alpha, beta : float, default=1
        How **strong** ``it`` is. See :class:`~somewhere.Else` for
        more.

        .. versionadded:: 0.1
            With a remark.

    gamma
        {long}

    Attributes
    ----------
    delta_ : float
        Not a parameter.
    """


def test_the_first_sentences_on_each_parameter_are_read_in_plain_words() -> None:
    assert parameter_docs(Model())["alpha"] == "How strong it is. See somewhere.Else for more."
    assert parameter_docs(Model())["beta"] == parameter_docs(Model())["alpha"]
    assert "delta_" not in parameter_docs(Model())


def test_what_is_read_is_never_long() -> None:
    docs = parameter_docs(RandomForestClassifier())
    assert docs["n_estimators"] == "The number of trees in the forest."
    assert len(docs) == len(RandomForestClassifier().get_params())
    assert max(map(len, docs.values())) <= DOC_CHARS


def test_a_step_of_a_pipeline_is_looked_up_by_its_name() -> None:
    pipeline = make_pipeline(SVC())
    assert parameter_doc(pipeline, "svc__C").startswith("Regularization parameter.")
    assert parameter_doc(pipeline, "nobody__C") == ""
    assert parameter_doc(SVC(), "no_such") == ""


def test_a_class_without_a_docstring_says_nothing() -> None:
    class Silent:
        pass

    assert parameter_docs(Silent()) == {}
