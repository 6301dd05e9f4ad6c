"""Whose turn it is, from the default to the search, and with parts switched off."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bestguess.agent.llm import LLM, Reply, Request
from bestguess.agent.search.state import Pass, SearchState
from bestguess.agent.search.switches import Switches
from bestguess.agent.task import Task
from bestguess.agent.testing import DeadLLM, SchemaLLM, ScriptedLLM
from bestguess.agent.tuner import Tuner
from bestguess.tools.space.parameters import Choice, Float, Int
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Outcome, Proposal, Source

SPACE = Space(x=Float(-1, 1, doc="the dose"), y=Float(-1, 1, default=0.5))


def sources(switches: Switches, n: int, llm: object = None) -> list[Source]:
    with Tuner(SPACE, llm=llm or SchemaLLM(), seed=0, switches=switches) as tuner:  # type: ignore[arg-type]
        for _ in range(n):
            trial = tuner.ask()
            tuner.tell(trial, trial.params["x"] ** 2 + trial.params["y"] ** 2)
        return [trial.source for trial in tuner.history]


def test_with_everything_on_the_model_warms_up_and_later_proposes() -> None:
    with Tuner(SPACE, llm=SchemaLLM(), seed=0) as tuner:
        for _ in range(16):
            trial = tuner.ask()
            tuner.tell(trial, trial.params["x"] ** 2 + trial.params["y"] ** 2)
        turns = [trial for trial in tuner.history if trial.source == "llm" or trial.proposal.fallback]
    assert [trial.number for trial in turns] == [1, 2, 3, 8]  # a first guess of three was a new best


def test_after_two_first_guesses_that_are_not_the_best_chance_has_all_its_looks() -> None:
    bad = ScriptedLLM(['{"x": 1, "y": 1}', '{"x": -1, "y": 1}', '{"x": 1, "y": -1}'])
    found = sources(Switches(propose=False), 9, bad)
    assert found == ["default", "llm", "llm", *["random"] * 4, "gp", "gp"]


def test_guesses_that_miss_put_the_looks_of_chance_off_and_do_not_change_them() -> None:
    def looks(llm: LLM | None) -> list[dict[str, object]]:
        with Tuner(SPACE, llm=llm, seed=3, switches=Switches(propose=False)) as tuner:
            for _ in range(7):
                trial = tuner.ask()
                tuner.tell(trial, trial.params["x"] ** 2 + trial.params["y"] ** 2)
            return [trial.params for trial in tuner.history if trial.source == "random"]

    assert looks(ScriptedLLM(['{"x": 1, "y": 1}', '{"x": -1, "y": 1}'])) == looks(None)


def test_a_guess_is_worth_nothing_to_the_search_before_one_beat_the_default() -> None:
    bad = ScriptedLLM(['{"x": 1, "y": 1}', '{"x": -1, "y": 1}', '{"x": 1, "y": -1}'])
    with Tuner(SPACE, llm=bad, seed=0) as tuner:
        for _ in range(6):
            trial = tuner.ask()
            tuner.tell(trial, trial.params["x"] ** 2 + trial.params["y"] ** 2)
        assert not tuner._turns._model_leads(tuner.history)
        tuner.tell({"x": 0.0, "y": 0.0}, -1.0)
        assert not tuner._turns._model_leads(tuner.history)


def test_without_the_warm_start_the_first_points_are_random() -> None:
    assert sources(Switches(first_guesses=False), 5) == ["default", *["random"] * 4]


def test_without_proposals_the_search_is_the_surrogates() -> None:
    assert set(sources(Switches(propose=False), 15)[5:]) == {"gp"}


@pytest.mark.slow
def test_without_trust_a_model_that_guesses_blindly_keeps_the_most_turns_there_are() -> None:
    def turns(switches: Switches) -> int:
        with Tuner(SPACE, llm=SchemaLLM(), seed=0, switches=switches) as tuner:
            for _ in range(20):
                trial = tuner.ask()
                tuner.tell(trial, trial.params["x"] ** 2 + trial.params["y"] ** 2)
            return sum(trial.proposal.rival is not None for trial in tuner.history)

    assert turns(Switches()) < turns(Switches(trust=False)) == 6


@pytest.mark.parametrize("switches", [Switches(trust=False), Switches(first_guesses=False)])
def test_a_dead_model_is_no_obstacle_whatever_is_on(switches: Switches) -> None:
    assert "llm" not in sources(switches, 8, DeadLLM())


def test_after_five_trials_of_the_users_the_surrogate_searches_at_once() -> None:
    with Tuner(SPACE, llm=SchemaLLM(), seed=0) as tuner:
        for x in (-1.0, -0.5, 0.0, 0.5, 1.0):
            tuner.tell({"x": x, "y": x}, 2 * x**2 + 1)
        for _ in range(2):
            tuner.tell(tuner.ask(), 1.0)
        default, following = tuner.history.trials[-2:]
    assert default.source == "default"
    assert following.source == "gp" or "accepted" in following.proposal.verdict


def test_where_packs_know_most_no_model_is_asked_for_first_guesses() -> None:
    space = Space(
        learning_rate=Float(1e-3, 1, log=True), max_depth=Int(1, 12), subsample=Float(0.3, 1), p1=Float(0, 1)
    )
    model = ScriptedLLM(['{"learning_rate": 0.1, "max_depth": 3, "subsample": 0.8, "p1": 0.5}'])
    with Tuner(space, Task("Tune XGBoost"), llm=model, seed=0, llm_wait_s=5) as tuner:
        for _ in range(3):
            trial = tuner.ask()
            tuner.tell(trial, trial.params["p1"])
        assert [trial.source for trial in tuner.history] == ["default", "knowledge", "knowledge"]
    assert not [one for one in model.requests if "warm_start" in one.template]


def test_the_model_sees_what_the_surrogate_would_try_next_and_may_pick_it() -> None:
    seen: list[str] = []

    def pick(request: Request) -> str:
        words = request.messages[-1].content
        if "It would try next" not in words:
            return '{"x": 1, "y": 1}'
        rows = words.split("It would try next:\n")[1].split("\n\n")[0].splitlines()
        seen.append(rows[0])
        return rows[0].partition(": ")[2]

    with Tuner(
        SPACE, llm=ScriptedLLM([pick]), seed=0, prefetch=False, switches=Switches(first_guesses=False)
    ) as tuner:
        for _ in range(16):
            trial = tuner.ask()
            tuner.tell(trial, trial.params["x"] ** 2 + trial.params["y"] ** 2)
        picks = [trial for trial in tuner.history if "the model's pick" in trial.proposal.verdict]
    assert seen
    assert all(" to " in row for row in seen)
    assert picks
    assert all(trial.source == "gp" for trial in picks)


def test_a_model_whose_guesses_are_not_run_is_not_asked_at_every_turn() -> None:
    far = ScriptedLLM(['{"x": 1, "y": 1}'])
    sources(Switches(first_guesses=False), 24, far)
    assert 1 <= len(far.requests) <= 4


class _Uncounted(ScriptedLLM):
    """A model whose maker does not count tokens."""

    def generate(self, request: Request) -> Reply:
        return replace(super().generate(request), prompt_tokens=0, completion_tokens=0)


def test_a_model_that_counts_no_tokens_has_no_more_turns_than_others() -> None:
    uncounted = _Uncounted(['{"x": 1, "y": 1}'])
    sources(Switches(first_guesses=False), 24, uncounted)
    assert 1 <= len(uncounted.requests) <= 4


def asked_at(llm: ScriptedLLM, n: int, *, fails: bool = False, told: int = 0) -> list[int]:
    """Return at which trials a model was asked to propose in the search."""
    trials = []
    with Tuner(SPACE, llm=llm, seed=0, prefetch=False) as tuner:
        for x in range(told):
            tuner.tell({"x": -x / 10, "y": 0.9}, 2.0)
        for number in range(told, n):
            before = len(llm.requests)
            trial = tuner.ask()
            new = llm.requests[before:]
            trials += [number] if any("propose" in request.template for request in new) else []
            if fails and number in (3, 6):
                tuner.tell(trial, Outcome.failure("the core melted" if number == 3 else "the flux was off"))
            else:
                tuner.tell(trial, trial.params["x"] ** 2 + trial.params["y"] ** 2 + 1)
    return trials


@pytest.mark.slow
def test_an_explanation_is_no_turn_of_the_search() -> None:
    said = '{"why": "it was beyond its limit", "causes": [{"parameter": "x", "was": "too high"}]}'

    def model() -> ScriptedLLM:
        return ScriptedLLM([lambda asked: said if "explain" in asked.template else '{"x": 1, "y": 1}'])

    explained = model()
    assert asked_at(explained, 16, fails=True) == asked_at(model(), 16) == [13]
    assert sum("explain" in request.template for request in explained.requests) == 2


def test_first_guesses_after_trials_of_the_users_are_no_turns_of_the_search() -> None:
    guesses = ScriptedLLM(['{"x": 1, "y": 1}', '{"x": -1, "y": -1}', '{"x": 1, "y": -1}'])
    assert asked_at(guesses, 16, told=3) == [13]


def test_guesses_that_run_where_the_default_fails_have_shown_something() -> None:
    with Tuner(SPACE, llm=ScriptedLLM(['{"x": 0, "y": 0}', '{"x": 0.3, "y": 0}']), seed=0) as tuner:
        default, guess = tuner.ask(), tuner.ask()
        tuner.tell(guess, 1.0)
        assert guess.source == "llm"
        assert not tuner._turns._model_leads(tuner.history)
        tuner.tell(default, Outcome.failure("out of memory"))
        assert tuner._turns._model_leads(tuner.history)


def test_options_without_an_order_are_not_near_to_one_another() -> None:
    space = Space(kind=Choice([f"kind{i}" for i in range(12)], doc="the alloy"))
    with Tuner(space, llm=ScriptedLLM(['{"kind": "kind1"}']), seed=0) as tuner:
        for _ in range(2):
            trial = tuner.ask()
            tuner.tell(trial, 1.0)
        assert (trial.source, trial.params) == ("llm", {"kind": "kind1"})


@pytest.mark.parametrize(
    ("space", "task", "asked"),
    [
        (Space(x=Float(0, 1), p2=Float(0, 1)), Task(), False),
        (Space(x=Float(0, 1), lr=Float(0, 1)), Task(), True),
        (Space(x=Float(0, 1, doc="the dose")), Task(), True),
        (Space(x=Float(0, 1)), Task("a bowl"), False),
        (Space(x=Float(0, 1)), Task("a bowl in x"), True),
    ],
)
def test_a_model_is_asked_for_first_guesses_only_where_a_word_says_what_a_parameter_is(
    space: Space, task: Task, asked: bool
) -> None:
    with Tuner(space, task, llm=SchemaLLM(), seed=0) as tuner:
        tuner.tell(tuner.ask(), 1.0)
        trial = tuner.ask()
    assert (trial.source == "llm") == asked
    assert ("no word says what a parameter is" in trial.proposal.fallback) != asked


class Corners:
    """A proposer of somebody's own: two corners of the square, then it passes."""

    def propose(self, state: SearchState) -> Proposal | Pass:
        for x in (-1.0, 1.0):
            if not state.tried({"x": x, "y": x}):
                return Proposal({"x": x, "y": x}, "user", "a corner")
        return Pass("both corners were tried")


def test_a_proposer_of_ones_own_is_asked_after_the_default_until_it_passes() -> None:
    found = sources(Switches(proposers=(Corners(),), first_guesses=False, propose=False), 8)
    assert found == ["default", "user", "user", "random", "random", "gp", "gp", "gp"]


def test_a_proposer_that_passes_with_a_reason_takes_no_turn_of_the_models() -> None:
    model = ScriptedLLM(['{"x": 1, "y": 1}'])
    sources(Switches(proposers=(Corners(),), first_guesses=False), 16, model)
    assert any("propose" in request.template for request in model.requests)


def test_what_packs_believe_is_tested_by_looks_at_all_of_the_space() -> None:
    space = Space(learning_rate=Float(1e-3, 1, log=True), max_depth=Int(1, 12), subsample=Float(0.3, 1))
    with Tuner(space, Task("Tune XGBoost on tabular rows"), seed=0) as tuner:
        for _ in range(10):
            trial = tuner.ask()
            tuner.tell(trial, trial.params["learning_rate"])
        outside = [trial.number for trial in tuner.history if trial.source == "random"]
        assert outside == [5, 8]
        assert "to test what is known beforehand" in tuner.history.trials[5].reason
