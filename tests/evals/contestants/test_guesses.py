"""A model that nobody holds back: the first of its guesses that was not tried runs."""

from __future__ import annotations

import json

import bestguess as bg
from bestguess.agent.llm import Request
from bestguess.agent.search.switches import Switches
from bestguess.agent.testing import ScriptedLLM
from bestguess.evals.contestants._guesses import UncheckedGuesses

SPACE = bg.Space(x=bg.Float(-1, 1, default=1.0))


def test_the_first_guess_runs_whatever_the_surrogate_expects_of_it() -> None:
    def answer(request: Request) -> str:
        return json.dumps({"x": next(guesses)})

    guesses = iter([round(0.9 - 0.01 * i, 2) for i in range(100)])
    switches = Switches(first_guesses=False, trust=False, guesses=UncheckedGuesses)
    with bg.Tuner(SPACE, llm=ScriptedLLM([answer]), seed=0, switches=switches) as tuner:
        for _ in range(15):
            trial = tuner.ask()
            tuner.tell(trial, trial.params["x"] ** 2)
        chosen = [trial.params["x"] for trial in tuner.history if trial.source == "llm"]
    assert chosen == [round(0.9 - 0.04 * i, 2) for i in range(len(chosen))]  # of four guesses the first
    assert chosen
