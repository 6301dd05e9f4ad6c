from __future__ import annotations

import io

from rich.console import Console
from tests.predictions import normal

import bestguess as bg
from bestguess.agent.reports.live import format_prediction, watch

TASK = bg.Task(metric="loss")
PROPOSAL = bg.Proposal(
    {"lr": 0.01, "depth": 3},
    "llm",
    "the model's [bold]consensus[/bold]",
    normal(0.5, 0.1),
    fallback="",
)
TRIAL = bg.Trial(1, PROPOSAL)
TOLD = TRIAL.told(bg.Outcome(0.25))


def shown(*, terminal: bool, aside: int = 0) -> str:
    output = io.StringIO()
    console = Console(file=output, force_terminal=terminal, width=140, color_system=None)
    with watch(console, TASK, n_trials=2, done=1, aside=aside) as observer:
        observer.thinking(1)
        observer.started(TRIAL)
        observer.finished(TOLD, bg.History("minimize", (TOLD,)))
    return output.getvalue()


def test_a_pipe_gets_one_plain_line_a_trial() -> None:
    facts = "trial 1 of 2 [llm] loss 0.25, expected 0.5 (0.3355 to 0.6645); best 0.25 (trial 1)"
    line = f"{facts}; the model's [bold]consensus[/bold]"
    assert line in shown(terminal=False).splitlines()


def test_beside_the_value_of_a_small_run_it_says_that_a_whole_one_was_expected() -> None:
    small = TRIAL.told(bg.Outcome(0.9, partial="epochs 3"))
    assert format_prediction(small) == "0.5 (0.3355 to 0.6645) of a whole run"
    assert format_prediction(TOLD) == "0.5 (0.3355 to 0.6645)"


def test_trials_that_count_no_more_keep_their_numbers_so_the_last_number_is_larger() -> None:
    assert "trial 1 of 5 [llm]" in shown(terminal=False, aside=3)
    assert "1/2 trials" in shown(terminal=True, aside=3)


def test_a_terminal_gets_a_table_with_badge_value_prediction_params_and_progress() -> None:
    last = shown(terminal=True).rpartition("best loss")[2]
    for part in (
        ": 0.25 (trial 1, llm)",
        " llm ",
        "0.5 (0.3355 to 0.6645)",
        "lr=0.01 depth=3",
        "1/2 trials",
        "[bold]",
    ):
        assert part in last
