"""A Text that nobody can propose for: an error before the first trial at every door, with what to give."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

import bestguess as bg
from bestguess.agent.cli import main
from bestguess.agent.mcp.studies import Studies
from bestguess.agent.testing import DeadLLM
from bestguess.tools.errors import InputError

ALONE = bg.Space(prompt=bg.Text(default="Answer."))
BESIDE = bg.Space(prompt=bg.Text(), lr=bg.Float(0, 1))
WHEN = bg.Space(kind=bg.Choice(["a", "b"]), prompt=bg.Text(default="x", when={"kind": "b"}))
SPACES = pytest.mark.parametrize("space", [ALONE, BESIDE, WHEN], ids=["alone", "beside", "conditional"])
DOORS: dict[str, Callable[[bg.Space], object]] = {
    "Tuner": bg.Tuner,
    "tune": lambda space: bg.tune(lambda _: 1.0, space, n_trials=2),
    "warm_start": bg.warm_start,
    "Sampler": lambda space: bg.Sampler(space=space),
}


@SPACES
@pytest.mark.parametrize("door", DOORS.values(), ids=DOORS)
def test_a_text_that_would_always_be_the_same_is_an_error_with_its_name_and_what_to_give(
    door: Callable[[bg.Space], object], space: bg.Space
) -> None:
    with pytest.raises(
        InputError, match=r"parameter 'prompt' is a Text .* in every trial.* give it examples"
    ):
        door(space)


def test_a_command_says_it_and_leaves_no_study_behind(tmp_path: Path) -> None:
    (tmp_path / "space.yaml").write_text('parameters:\n  prompt: {type: text, default: "Answer."}\n')
    url = f"sqlite:///{tmp_path}/study.db"
    words = ["--space", str(tmp_path / "space.yaml"), "--storage", url, "--study-name", "s"]

    for command in (
        ["tune", "--n-trials", "2", *words, "--metric", "v", "--", sys.executable, "train.py", "{prompt}"],
        ["ask", *words],
    ):
        result = CliRunner().invoke(main, command)

        assert result.exit_code == 2
        assert "nobody can propose another; give it examples" in " ".join(result.output.split())
        assert not (tmp_path / "study.db").exists()


def test_over_mcp_the_study_is_not_made(tmp_path: Path) -> None:
    studies = Studies(f"sqlite:///{tmp_path}/study.db")

    with pytest.raises(InputError, match="nobody can propose another"):
        studies.create("s", ALONE, bg.Task())

    assert studies.names() == []


@pytest.mark.parametrize(
    "text",
    [
        bg.Text(default="Be brief. Use JSON."),
        bg.Text(default="one\ntwo"),
        bg.Text(examples=["other"]),
        bg.Text(pool=["a worked example"]),
    ],
    ids=["sentences", "lines", "examples", "pool"],
)
def test_what_can_be_put_together_is_enough_and_gives_another_text(text: bg.Text) -> None:
    result = bg.tune(lambda _: 1.0, bg.Space(prompt=text), n_trials=2, seed=0)

    assert len({trial.params["prompt"] for trial in result.trials}) == 2


def test_with_a_model_there_is_somebody_to_propose() -> None:
    with bg.Tuner(ALONE, llm=DeadLLM(), seed=0) as tuner:
        assert tuner.ask().params == {"prompt": "Answer."}


def test_a_study_that_was_made_before_is_gone_on_with(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/study.db"
    with bg.Tuner(BESIDE, llm=DeadLLM(), storage=url, study_name="s", seed=0) as tuner:
        tuner.tell(tuner.ask(), 1.0)

    with bg.Tuner(BESIDE, storage=url, study_name="s") as again:
        assert again.ask().number == 1


def test_options_that_are_labels_are_no_sentences_to_put_together() -> None:
    space = bg.Space(style=bg.Text(default="brief", examples=["formal", "warm"]))

    result = bg.tune(lambda _: 1.0, space, n_trials=9, seed=0)

    assert result.ending == "exhausted"
    assert {trial.params["style"] for trial in result.trials} == {"brief", "formal", "warm"}


def test_a_warm_start_over_texts_gives_different_ones() -> None:
    space = bg.Space(shown=bg.Text(pool=["a", "b", "c"]), prompt=bg.Text(default="Be brief. Use JSON."))

    points = bg.warm_start(space, n=6)

    assert len({tuple(point.params.values()) for point in points}) == 6
