from __future__ import annotations

import numpy as np
import pytest

import bestguess as bg
from bestguess.tools.analysis.importance import Effect, Importance
from bestguess.tools.analysis.plots import draw_effect, draw_history, draw_importance
from bestguess.tools.errors import InputError

PNG = b"\x89PNG\r\n\x1a\n"


def trial(number: int, source: str, outcome: bg.Outcome | None) -> bg.Trial:
    return bg.Trial(number, bg.Proposal({"x": float(number)}, source), outcome)  # type: ignore[arg-type]


def test_a_history_of_all_states_is_drawn_and_an_empty_one_refused() -> None:
    trials = (
        trial(0, "default", bg.Outcome(0.5)),
        trial(1, "gp", bg.Outcome.failure("oom")),
        trial(2, "llm", bg.Outcome(0.0)),
        trial(3, "user", None),
    )
    assert draw_history(bg.History("maximize", trials), "accuracy").startswith(PNG)
    with pytest.raises(InputError, match="nothing to draw"):
        draw_history(bg.History("minimize", trials[3:]), "loss")


def test_importance_is_drawn_and_none_refused() -> None:
    assert draw_importance(
        [Importance("lr", 0.7, 0.5, 0.9), Importance("a" * 99, 0.1, 0.12, 0.3)]
    ).startswith(PNG)
    with pytest.raises(InputError, match="two trials"):
        draw_importance([])


@pytest.mark.parametrize("values", [(1e-5, 1e-3, 1e-1), (0, 1, 2), ("a", "b" * 99, "None"), (True, False)])
def test_effects_of_numbers_and_of_options_are_drawn(values: tuple[object, ...]) -> None:
    mean = np.arange(len(values), dtype=float)
    assert draw_effect(Effect("lr", values, mean, mean - 1, mean + 1), "loss").startswith(PNG)
