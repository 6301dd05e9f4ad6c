"""Adversaries answer within the schema, say what their names promise, and cost a search little."""

from __future__ import annotations

import pytest

import bestguess as bg
from bestguess.agent.llm import Message, Request
from bestguess.agent.search.replies import Replies
from bestguess.evals.adversaries import ADVERSARIES, BEST, Copycat, InvertedIncumbent, WorstCorner
from bestguess.evals.suites.bbob import Suite

SPACE = bg.Space(x=bg.Float(-1, 1), n=bg.Int(0, 100), c=bg.Choice(["a", "b", "c"], ordered=True))
PROMPT = (
    f'# Tried so far\n{BEST}loss 0.5: {{"x": 0.9, "n": 10, "c": "a"}}\nloss 0.6: {{"x": 0, "n": 1, "c": "b"}}'
)
REQUEST = Request((Message("user", PROMPT),), n=3, schema=SPACE.json_schema(), seed=0)


@pytest.mark.parametrize("name", ["random", "constant", "corner", "inverted", "copies", "liar"])
def test_answers_fit_the_space_with_and_without_a_best_trial(name: str) -> None:
    for request in (REQUEST, Request((Message("user", "guess"),), n=3, schema=SPACE.json_schema(), seed=0)):
        reply = ADVERSARIES[name]().generate(request)
        assert len([SPACE.from_reply(one) for one in reply.parsed]) == 3


@pytest.mark.parametrize("name", ["constant", "corner", "liar"])
def test_asked_for_several_points_they_give_them_in_one_answer(name: str) -> None:
    replies = Replies(SPACE, 4)
    request = Request((Message("user", PROMPT),), n=1, schema=replies.schema, seed=0)
    (said,) = ADVERSARIES[name]().generate(request).parsed
    assert len([SPACE.from_reply(point["params"]) for point in replies.split(said)]) == 4


def test_they_read_the_best_trial_and_answer_as_their_names_say() -> None:
    copy, mirror, corner = (
        SPACE.from_reply(one().generate(REQUEST).parsed[0])
        for one in (Copycat, InvertedIncumbent, WorstCorner)
    )
    assert copy["x"] == pytest.approx(0.9, abs=0.05)
    assert mirror["x"] == pytest.approx(-0.9, abs=0.2)
    assert corner["x"] < -0.8
    assert corner["n"] > 80


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(ADVERSARIES))
def test_no_adversary_holds_more_than_a_seventh_of_the_late_trials(name: str) -> None:
    problem = Suite().problem("f01-d02", 0)
    with bg.Tuner(problem.space, problem.task, llm=ADVERSARIES[name](), seed=0) as tuner:
        for _ in range(30):
            trial = tuner.ask()
            tuner.tell(trial, problem.evaluate(trial.params).outcome)
        late = [trial.source for trial in tuner.history.trials[13:]]
    assert late.count("llm") <= 0.15 * len(late)
