"""LLAMBO's ways: a model ranks configurations, by values or as good and bad; it aims at a target."""

from __future__ import annotations

import json
import re

import pytest

import bestguess as bg
from bestguess.agent.advice.advisor import ModelAdvisor, read_reply
from bestguess.agent.llm import Reply, Request
from bestguess.agent.search.state import SearchState
from bestguess.agent.search.switches import Switches
from bestguess.agent.testing import ScriptedLLM
from bestguess.evals.contestants._guesses import Judging, OtherGuesses, other_guesses, read_judgement
from bestguess.tools.trial import History, Outcome, Proposal, Trial

SPACE = bg.Space(x=bg.Float(-1, 1, default=1.0))
VALUES = [1.0, 0.81, 0.64, 0.49, 0.36, 0.25, 0.16, 0.09]


def history(direction: bg.Direction = "minimize") -> History:
    sign = -1.0 if direction == "maximize" else 1.0
    rows = enumerate(VALUES)
    trials = (Trial(i, Proposal({"x": v**0.5}, "random"), Outcome(sign * v)) for i, v in rows)
    return History(direction, tuple(trials))


def asked_x(request: Request) -> float:
    return float(re.findall(r'"x": ?(-?[\d.]+)', request.messages[-1].content)[-1])


def knowing(direction: bg.Direction, kind: Judging) -> ScriptedLLM:
    def answer(request: Request) -> str:
        loss = asked_x(request) ** 2
        if kind == "generative":
            return json.dumps({"value": "good" if loss < 0.2 else "bad"})
        return json.dumps({"value": -loss if direction == "maximize" else loss})

    return ScriptedLLM([answer])


def ranked(
    llm: ScriptedLLM, judge: Judging, xs: list[float], direction: bg.Direction = "minimize"
) -> list[float]:
    """Return the x of configurations in the order of a judge."""
    guesses = OtherGuesses(ModelAdvisor(llm, wait_s=5), llm, aims=False, judge=judge, checked=True)
    state = SearchState(SPACE, bg.Task(direction=direction), history(direction), 0, len(VALUES))
    order, _ = guesses.rank(state, [{"x": x} for x in xs])
    return [guess["x"] for guess in order]


@pytest.mark.parametrize("direction", ["minimize", "maximize"])
@pytest.mark.parametrize("kind", ["discriminative", "generative"])
def test_what_the_model_expects_to_be_best_comes_first(direction: bg.Direction, kind: Judging) -> None:
    llm = knowing(direction, kind)
    assert ranked(llm, kind, [0.9, 0.1, -0.8], direction)[0] == 0.1
    assert len(llm.requests) == 3


def test_one_of_which_nothing_is_said_comes_last() -> None:
    answers = ['{"value": "who knows"}'] * 5 + ['{"value": 3.0}'] * 5
    assert ranked(ScriptedLLM(answers), "discriminative", [0.2, 0.9]) == [0.9, 0.2]


@pytest.mark.parametrize("text", ['{"value": true}', '{"value": NaN}', '{"value": null}', '{"x": 1}', "7"])
def test_what_is_no_judgement_is_turned_down(text: str) -> None:
    assert read_reply(Reply((text,)), read_judgement).refusal


def test_the_best_quarter_is_named_by_its_value() -> None:
    llm = knowing("minimize", "generative")
    ranked(llm, "generative", [0.5])
    assert "0.2275 or better" in llm.requests[0].messages[-1].content


def run(switches: Switches, llm: bg.LLM) -> bg.Tuner:
    tuner = bg.Tuner(SPACE, llm=llm, seed=0, switches=switches)
    for _ in range(15):
        trial = tuner.ask()
        tuner.tell(trial, trial.params["x"] ** 2)
    return tuner


def test_a_judging_model_decides_which_of_its_guesses_runs() -> None:
    def answer(request: Request) -> str:
        if "value" in (request.schema or {}).get("properties", {}):
            return json.dumps({"value": 10 + asked_x(request)})
        return json.dumps({"x": next(guesses)})

    guesses = iter([round(0.9 - 0.01 * i, 2) for i in range(100)])
    switches = Switches(
        first_guesses=False,
        trust=False,
        guesses=other_guesses(aims=False, judge="discriminative", checked=False),
    )
    with run(switches, ScriptedLLM([answer])) as tuner:
        chosen = [trial.params["x"] for trial in tuner.history if trial.source == "llm"]
    assert chosen
    assert all(round(0.9 - x, 2) % 0.04 == pytest.approx(0.03) for x in chosen)


def test_a_model_that_aims_is_told_a_target_beyond_the_best_and_not_what_the_surrogate_believes() -> None:
    llm = ScriptedLLM(['{"x": 0.3}'])
    run(
        Switches(first_guesses=False, guesses=other_guesses(aims=True, judge="gp", checked=True)), llm
    ).close()
    said = llm.requests[0].messages[-1].content
    target = float(re.findall(r"a value of (-?[\d.e-]+)\.", said)[0])
    assert target < min(float(value) for value in re.findall(r"^value (-?[\d.e-]+):", said, re.MULTILINE))
    assert "Gaussian process" not in said
