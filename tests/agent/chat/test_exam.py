"""A card says what examining a served model costs, before anything is spent."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.agent.chat.conftest import Talk

from bestguess.agent.chat.session import Session
from bestguess.agent.testing import SchemaLLM

NOBODY = "http://127.0.0.1:9/v1"


@pytest.mark.parametrize(
    ("llm", "exam", "said"), [(NOBODY, True, True), (NOBODY, False, False), (SchemaLLM(), True, False)]
)
def test_the_card_of_the_first_run_says_what_an_exam_would_cost(
    folder: Path, llm: Any, exam: bool, said: bool
) -> None:
    talk = Talk(Session(folder, llm=llm, seed=0, exam=exam))
    talk.session.say("tune train.py, minimise val_loss")
    lines = " ".join(line for card in talk.of("card") for line in card.fields["lines"])
    assert "how many: 1" in lines
    assert ("if the model was not examined before, it is: 8 small problems, about" in lines) == said
    talk.session.close()


def test_the_model_is_shown_with_its_grade(folder: Path) -> None:
    talk = Talk(Session(folder, llm=SchemaLLM(), seed=0))
    assert "Its entrance exam: fair: a first guess is better than" in talk.say("/model").text
    talk.session.close()
    talk = Talk(Session(folder, llm=NOBODY, seed=0))
    assert "not taken yet, as if it had failed" in talk.say("/model").text
    talk.session.close()
