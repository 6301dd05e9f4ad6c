from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

import bestguess as bg
from bestguess.agent.adapters import ray
from bestguess.agent.adapters._ray_trials import RayTrials, check_format, translate
from bestguess.tools.errors import InputError

NATIVE = {
    "net": {"width": {"grid_search": [4, 8, 16, 32]}, "act": {"grid_search": ["relu", math.tanh]}},
    "depth": {"grid_search": [1, 2, 3]},
    "epochs": 9,
}


def trials(native: Any = NATIVE, **settings: Any) -> RayTrials:
    return RayTrials(bg.Tuner(translate(native).space, seed=0, **settings), native)


def outcome(one: RayTrials, number: int = 0) -> bg.Outcome:
    found = one.trial(number).outcome
    assert found is not None
    return found


def test_a_configuration_has_the_shape_of_the_search_space_with_its_constants_and_objects() -> None:
    found = trials()
    configs = [found.suggest(str(number)) for number in range(12)]
    assert configs[0] == {"net": {"width": 4, "act": "relu"}, "depth": 1, "epochs": 9}
    assert {type(config["net"]["act"]) for config in configs} == {str, type(math.tanh)}


def test_of_a_space_of_ours_only_active_parameters_are_given() -> None:
    space = bg.Space(kind=bg.Choice(["a", "b"]), rate=bg.Float(0, 1, when={"kind": ["b"]}))
    found = trials(space)
    for number in range(8):
        config = found.suggest(str(number))
        assert ("rate" in config) == (config["kind"] == "b")


def test_trials_that_run_at_once_are_all_different() -> None:
    found = trials()
    assert len({json.dumps(found.suggest(str(number)), default=str) for number in range(8)}) == 8


def test_the_last_value_of_the_metric_is_told() -> None:
    found = trials()
    found.suggest("a")
    found.complete("a", "loss", {"loss": 0.25, "training_iteration": 9})
    assert (outcome(found).value, outcome(found).feedback) == (0.25, "")


@pytest.mark.parametrize(
    ("result", "error", "words"),
    [
        (None, "CUDA out of memory", "CUDA out of memory"),
        ({"loss": math.nan}, "the last repetition broke off", "the last repetition broke off"),
        ({"loss": math.nan}, "", "not finite"),
        ({"other": 1.0}, "", "without a value of 'loss'"),
    ],
)
def test_a_trial_without_a_value_failed_with_the_reason(result: Any, error: str, words: str) -> None:
    found = trials()
    found.suggest("a")
    found.report("a", "loss", {"loss": 0.5, "training_iteration": 1})
    found.complete("a", "loss", result, error=error, log="Traceback")
    assert outcome(found).failed
    assert words in outcome(found).error


def test_a_trial_that_was_cut_short_says_so() -> None:
    found = trials()
    for name in ("long", "short"):
        found.suggest(name)
    found.report("long", "loss", {"loss": 0.5, "training_iteration": 27})
    found.complete("short", "loss", {"loss": 0.9, "training_iteration": 3})
    assert (outcome(found, 1).value, found.trial(1).state) == (0.9, "pruned")
    assert outcome(found, 1).feedback == "ended after 3 iterations; the longest trial has had 27"


def test_what_is_stopped_early_is_evidence_and_what_ends_by_itself_is_complete() -> None:
    found = trials()
    for name in ("long", "stopped", "short", "failed"):
        found.suggest(name)
    for step in (1, 2, 3):
        found.report("long", "loss", {"loss": 1 / step, "training_iteration": step})
        found.report("long", "loss", {"loss": 9.0, "training_iteration": step})  # a repetition's
    found.complete("long", "loss", {"loss": 1 / 3, "training_iteration": 3})
    found.report("stopped", "loss", {"loss": 0.9, "training_iteration": 1})
    found.complete("stopped", "loss", {"loss": 0.8, "training_iteration": 2})  # which is new here
    found.report("short", "loss", {"loss": 0.7, "training_iteration": 1})
    found.complete("short", "loss", {"loss": 0.7, "training_iteration": 1})  # which it had reported
    found.report("failed", "loss", {"loss": "much", "training_iteration": 1})
    found.complete("failed", "loss", {"loss": 0.9, "training_iteration": 2}, error="out of memory")
    states = [found.trial(number).state for number in range(4)]
    assert states == ["complete", "pruned", "complete", "complete"]
    assert found.trial(0).reports == {1: 1.0, 2: 0.5, 3: pytest.approx(1 / 3)}
    assert (found.trial(1).reports, found.trial(1).last) == ({1: 0.9, 2: 0.8}, 0.8)
    after = trials()
    after.resume(json.loads(json.dumps(found.to_dict())), in_memory=True)
    assert after.tuner.history == found.tuner.history


def test_a_paused_trial_that_is_stopped_counts_with_what_it_reported_last() -> None:
    found = trials()
    found.suggest("a")
    found.report("a", "loss", {"loss": 0.5, "training_iteration": 1})
    found.complete("a", "loss", None)
    assert outcome(found).value == 0.5


def test_a_trial_that_is_stopped_before_it_reported_is_suggested_again() -> None:
    found = trials()
    config = found.suggest("a")
    found.complete("a", "loss", None)
    assert found.suggest("b") == config
    assert len(found.tuner.history) == 1


def test_an_outcome_of_a_trial_that_was_never_suggested_is_reported(caplog: pytest.LogCaptureFixture) -> None:
    found = trials()
    found.complete("nobody", "loss", {"loss": 1.0})
    assert "trial nobody was not suggested" in caplog.text
    assert len(found.tuner.history) == 0


def test_a_configuration_that_was_run_elsewhere_is_told() -> None:
    found = trials()
    config = {"net": {"width": 16, "act": math.tanh}, "depth": 3, "epochs": 9}
    told = found.add(config, bg.Outcome(0.5))
    assert (told.source, told.params["net/width"], told.params["depth"]) == ("user", 16, 3)


@pytest.mark.parametrize("share", [1, 1.0, True, (1,)])
def test_an_option_that_was_run_elsewhere_is_the_one_of_its_type(share: Any) -> None:
    found = trials({"share": {"grid_search": [1, 1.0, True, (1,)]}})
    assert found.add({"share": share}, bg.Outcome(0.5)).params == {"share": str(share)}


def test_a_search_in_memory_goes_on_from_its_state_as_if_it_had_not_stopped() -> None:
    before = trials()
    for number in range(6):
        before.suggest(str(number))
        if number < 5:
            before.complete(str(number), "loss", {"loss": number / 10}, error="no" if number == 3 else "")
    after = trials()
    after.resume(json.loads(json.dumps(before.to_dict())), in_memory=True)
    assert after.tuner.history == before.tuner.history
    assert after.suggest("next") == before.suggest("next")
    after.complete("5", "loss", {"loss": 0.7})
    assert outcome(after, 5).value == 0.7


def test_what_ray_runs_again_keeps_its_value_but_a_failure_may_be_mended(tmp_path: Path) -> None:
    storage = f"sqlite:///{tmp_path}/s.db"
    before = trials(storage=storage, study_name="s")
    kept = before.to_dict()
    for name in ("good", "bad"):
        before.suggest(name)
        kept = before.to_dict()
    before.complete("good", "loss", {"loss": 0.5})
    before.complete("bad", "loss", None, error="a node was lost")
    before.tuner.close()
    after = trials(storage=storage, study_name="s")
    after.resume(kept, in_memory=False)
    after.complete("good", "loss", {"loss": 0.9})
    after.complete("bad", "loss", {"loss": 0.4})
    assert [trial.value for trial in after.tuner.history] == [0.5, None, 0.4]
    assert after.trial(2).reason == "Ray ran trial 1, which had failed, again"
    after.tuner.close()


def test_a_state_of_another_kind_is_refused() -> None:
    with pytest.raises(InputError, match=r"format 'x', not 'bestguess\.ray/1'"):
        check_format({"format": "x"})


def test_the_search_is_the_only_thing_in_the_adapter_that_is_looked_up() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Searcher'"):
        _ = ray.Searcher
