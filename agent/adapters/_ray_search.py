"""BestGuess as a search algorithm of Ray Tune: `bg.adapters.ray.Search`. It needs Ray.

    config = tune.TuneConfig(search_alg=bg.adapters.ray.Search(), metric="loss", mode="min", num_samples=50)
    tune.Tuner(train, param_space=…, tune_config=config).fit()

Ray calls it in the driver's process, wherever the trials run.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from ray.tune.result import DEFAULT_METRIC, EXPR_ERROR_FILE
from ray.tune.search import Searcher

from bestguess.agent.adapters._ray_trials import RayTrials, check_format, translate
from bestguess.agent.advice.budget import Budget
from bestguess.agent.assembly import LLM_WAIT_S
from bestguess.agent.checks import check_task
from bestguess.agent.llm import LLM
from bestguess.agent.record.earlier import Earlier, check_earlier
from bestguess.agent.record.study import Study
from bestguess.agent.task import Task
from bestguess.agent.tuner import Tuner
from bestguess.tools.errors import InputError
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.device import AUTO, check_device
from bestguess.tools.trial import Direction, History, Outcome
from bestguess.tools.words.private import open_private

DIRECTIONS: dict[str, Direction] = {"min": "minimize", "max": "maximize"}
NO_MESSAGE = "the trial ended with an error that Ray wrote down nowhere"

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


class Search(Searcher):  # type: ignore[misc]  # Ray is in an environment of its own
    """A search algorithm for Ray Tune, for as many trials at once as Ray runs.

    A trial that a scheduler stops early is evidence as far as it came, and no failure. One that fails is a
    failure of the study, with the last lines of its error. `tuner.pkl` holds this object, so a language model
    has to be given by name or URL for `tune.Tuner.restore` to go on with it in another process.

    Args:
        space: a search space of Ray's or a `bestguess.Space`; None takes the `param_space` of `tune.Tuner`.
        metric: what the trials report; None takes that of `tune.TuneConfig`.
        mode: "min" or "max"; None takes that of `tune.TuneConfig`. It, and not the task, says what is better.
        task: what is tuned, in words.
        llm, storage, study_name, seed, llm_wait_s, budget, knowledge, device, earlier: as for
            `bestguess.Tuner`.

    Raises:
        InputError: an argument is wrong.
    """

    def __init__(
        self,
        space: Space | Mapping[str, Any] | None = None,
        metric: str | None = None,
        mode: str | None = None,
        *,
        task: Task | None = None,
        llm: LLM | str | None = None,
        storage: str | None = None,
        study_name: str | None = None,
        seed: int | None = None,
        llm_wait_s: float = LLM_WAIT_S,
        budget: Budget | None = None,
        knowledge: bool | str | Path = True,
        device: str = AUTO,
        earlier: Earlier = True,
    ) -> None:
        _check(metric, mode)
        super().__init__(metric=metric, mode=mode)
        self._metric, self._mode = metric, mode
        if isinstance(space, Space) and space.fidelity:
            raise InputError(
                f"{space.fidelity} is a Fidelity, and Ray takes the value of each trial for the objective's; "
                "make it an Int, and stop trials early with a scheduler of Ray's"
            )
        if space is not None:
            translate(space)
        self._space = space
        self._task = check_task(task)
        self._settings: dict[str, Any] = {
            "llm": llm,
            "storage": storage,
            "study_name": study_name,
            "seed": seed,
            "llm_wait_s": llm_wait_s,
            "budget": budget,
            "knowledge": knowledge,
            "device": check_device(device),
            "earlier": check_earlier(earlier),
        }
        self._folder: str | None = None
        self._kept: dict[str, Any] | None = None
        self._opened: RayTrials | None = None

    @property
    def study(self) -> Study:
        """The record of the search; opened when it is first used."""
        return self._trials.tuner.study

    @property
    def history(self) -> History:
        """All trials so far."""
        return self.study.history

    def set_search_properties(
        self,
        metric: str | None,
        mode: str | None,
        config: dict[str, Any],
        **spec: Any,  # noqa: ARG002
    ) -> bool:
        """Take what `tune.Tuner` was given; return whether the search space comes from there.

        Raises:
            InputError: the search has begun with another metric or mode, or there are several.
        """
        _check(metric, mode)
        wanted = metric or self._metric, mode or self._mode
        if self._opened and wanted != (self._metric, self._mode):
            raise InputError(
                f"the search began with metric {self._metric!r} and mode {self._mode!r}, and is given "
                f"{wanted[0]!r} and {wanted[1]!r}; make another Search for those"
            )
        self._metric, self._mode = wanted
        if self._space is not None:
            return False
        translate(config)
        self._space = config
        return True

    def suggest(self, trial_id: str) -> dict[str, Any]:
        """Return the next configuration to run.

        Raises:
            InputError: the space, the metric or the mode was given neither here nor to `tune.Tuner`.
        """
        return self._trials.suggest(trial_id)

    def on_trial_result(self, trial_id: str, result: dict[str, Any]) -> None:
        """Note how far a trial has come."""
        self._trials.report(trial_id, str(self._metric), result)

    def on_trial_complete(
        self, trial_id: str, result: dict[str, Any] | None = None, error: bool = False
    ) -> None:
        """Tell the study the value that a trial ended with, or its error."""
        words, log = self._error(trial_id) if error else ("", "")
        self._trials.complete(trial_id, str(self._metric), result, error=words, log=log)

    def add_evaluated_point(
        self,
        parameters: dict[str, Any],
        value: float,
        error: bool = False,
        pruned: bool = False,
        intermediate_values: list[float] | None = None,  # noqa: ARG002
    ) -> None:
        """Tell the study of a configuration that was run elsewhere; raise ParamsError if it does not fit."""
        outcome = Outcome.failure(NO_MESSAGE) if error else Outcome(value, pruned=pruned)
        self._trials.add(parameters, outcome)

    def save(self, checkpoint_path: str) -> None:
        """Write the search's state as JSON; Ray calls this now and then."""
        with open_private(checkpoint_path, encoding="utf-8") as file:
            json.dump(self._state(), file)

    def restore(self, checkpoint_path: str) -> None:
        """Go on from what `save` wrote, with the arguments that this object was made with.

        Raises:
            InputError: the file is none that `save` wrote.
        """
        self._kept = check_format(json.loads(Path(checkpoint_path).read_text(encoding="utf-8")))
        if self._opened:
            self._opened.tuner.close()
            self._opened = None

    def save_to_dir(self, checkpoint_dir: str, session_str: str = "default") -> None:
        """Save into the folder of the experiment, below which Ray writes down what its trials died of."""
        self._folder = checkpoint_dir
        super().save_to_dir(checkpoint_dir, session_str)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None, "_kept": self._state() if self._opened else self._kept}

    def _state(self) -> dict[str, Any]:
        return {**self._trials.to_dict(), "metric": self._metric, "mode": self._mode}

    @property
    def _trials(self) -> RayTrials:
        if self._opened is None:
            self._opened = self._open()
        return self._opened

    def _open(self) -> RayTrials:
        kept = self._kept or {}
        self._metric = self._metric or kept.get("metric") or (DEFAULT_METRIC if self._mode else None)
        self._mode = self._mode or kept.get("mode")
        if self._space is None:
            raise InputError(
                "the search has no space; give space=… to Search, or param_space=… to tune.Tuner"
            )
        if self._metric is None or self._mode is None:
            missing = "metric" if self._metric is None else "mode"
            raise InputError(
                f"the search has no {missing}; give {missing}=… to Search, or to tune.TuneConfig"
            )
        task = replace(
            self._task,
            direction=DIRECTIONS[self._mode],
            metric=self._metric if self._task.metric == Task().metric else self._task.metric,
        )
        settings = self._settings
        if kept:
            settings = {**settings, "study_name": kept["study_name"], "seed": kept["seed"]}
        trials = RayTrials(Tuner(translate(self._space).space, task, **settings), self._space)
        if kept:
            trials.resume(kept, in_memory=settings["storage"] is None)
        return trials

    def _error(self, trial_id: str) -> tuple[str, str]:
        """Return the last line of a trial's error and what is above it; Ray passes on neither."""
        folder = Path(self._folder) if self._folder else None
        files = list(folder.glob(f"*{trial_id}*/{EXPR_ERROR_FILE}")) if folder else []
        text = _COLOUR.sub("", files[0].read_text(encoding="utf-8", errors="replace")) if files else ""
        lines = [line for line in text.splitlines() if line.strip()]
        return (lines[-1].strip(), "\n".join(lines[:-1])) if lines else (NO_MESSAGE, "")


def _check(metric: Any, mode: Any) -> None:
    if metric is not None and not isinstance(metric, str):
        raise InputError(f"metric is {metric!r}; give the name of one metric")
    if mode is not None and mode not in DIRECTIONS:
        raise InputError(f"mode is {mode!r}; give 'min' or 'max'")
