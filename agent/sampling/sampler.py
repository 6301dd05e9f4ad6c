"""Our search as an Optuna sampler: the default first, then first guesses, then whoever has the turn.

Optuna keeps the study and runs the objective; everything is read from its trials at every call, so that any
number of threads and processes may share a study. Who proposed what and why goes into the same user
attribute as in a study of our own.
"""

from __future__ import annotations

import os
import threading
import zlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, RandomSampler
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState

from bestguess.agent.advice.budget import Budget
from bestguess.agent.advice.pack import choose_packs
from bestguess.agent.assembly import LLM_WAIT_S, ModelTerms
from bestguess.agent.checks import check_path, check_seed, check_task, check_texts
from bestguess.agent.llm import LLM
from bestguess.agent.record.earlier import Earlier, check_earlier
from bestguess.agent.sampling.native_space import NativeSpace, read_distribution
from bestguess.agent.sampling.search import OptunaSearch
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError, SpaceError
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.device import AUTO, check_device
from bestguess.tools.words.given import shown


class Sampler(BaseSampler):
    """Proposes as `Tuner` does, in a study of Optuna's.

    Without a `space`, it is learned from the trials: the first is the middle of every range and the first of
    every choice, the others follow the search. Parameters that it cannot learn are drawn at random.

    Args:
        space: what may be set, with defaults, conditions and documentation; or Optuna's distributions.
        task: what is tuned, in words; the study says which direction is better.
        llm: None, "embedded", a URL, a model folder, or any `bestguess.LLM`.
        seed: makes proposals repeatable where trials run one at a time; None draws one.
        llm_wait_s: the longest that a trial waits for the model.
        budget: what the model may cost.
        journal: the file that keeps the model's calls; None for nowhere.
        exam: as for `Tuner`.
        knowledge: whether packs of what is known to work have a part, where one speaks of the task; a folder
            adds packs of your own, and a file is a pack that speaks whatever the task is called.
        device: as for `Tuner`.
        earlier: as for `Tuner`; True also takes studies of the storage that another `Sampler` searched.

    Raises:
        InputError: an argument is wrong.
    """

    def __init__(
        self,
        *,
        space: Space | Mapping[str, BaseDistribution] | None = None,
        task: Task | None = None,
        llm: LLM | Path | str | None = None,
        seed: int | None = None,
        llm_wait_s: float = LLM_WAIT_S,
        budget: Budget | None = None,
        journal: Path | str | None = None,
        exam: bool = True,
        knowledge: bool | str | Path = True,
        device: str = AUTO,
        earlier: Earlier = True,
    ) -> None:
        given_seed = check_seed(seed)
        if isinstance(space, Space) and space.fidelity:
            raise InputError(
                f"{space.fidelity} is a Fidelity, and Optuna takes each trial's value for the objective's; "
                "use bestguess.tune or Tuner, or make it an Int and stop trials with bestguess.Pruner()"
            )
        journal = check_path("journal", journal, "give a file, or None for nowhere")
        self._terms = ModelTerms(llm, llm_wait_s, budget, journal, exam=exam)
        self._native = _read_space(space)
        self.space = space if isinstance(space, Space) else self._native.space if self._native else None
        self.task = check_task(task)
        if self.task.goals:
            raise InputError(
                f"the task is to {self.task.aim}, and a sampler has that from the study: give it directions, "
                "and constraints by trial.set_constraint; bestguess.Tuner takes such a task"
            )
        self._packs = choose_packs(knowledge)
        self.device = check_device(device)
        self.earlier = check_earlier(earlier)
        self.llm = self._terms.connect()
        self.seed = _draw_seed() if given_seed is None else given_seed
        if self.space:
            check_texts(self.space, model=None)
        self._lock = threading.RLock()
        self._search: OptunaSearch | None = None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_lock": None, "_search": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = threading.RLock()

    def reseed_rng(self) -> None:
        """Draw another seed; trials of one study never share a generator, with or without it."""
        with self._lock:
            self.seed = _draw_seed()
            if self._search:
                self._search.reseed(self.seed)

    def infer_relative_search_space(self, study: Study, trial: FrozenTrial) -> dict[str, BaseDistribution]:
        """Return the distributions of parameters that are known, can be searched, and were asked for so."""
        with self._lock:
            search = self._searching(study)
            return search.offer(trial, search.trials_beside(trial.number))

    def sample_relative(
        self, study: Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        """Return what to run next in this space, active parameters only, and note who proposed it and why.

        All other parameters that are known are proposed with it, and given when they are asked for.
        """
        with self._lock:
            search = self._searching(study)
            return search.propose(trial, search.trials_beside(trial.number), search_space)

    def sample_independent(
        self, study: Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        """Return what is proposed of a parameter that was not relative, or the nearest that is asked for.

        Of what is not known it is a random value, in the first trial the middle.

        Raises:
            InputError: the space that the sampler was given has values that the objective does not ask for.
        """
        with suppress(LookupError):
            return self._searching(study).give(trial, param_name, param_distribution)
        rng = np.random.default_rng((self.seed, trial.number, zlib.crc32(param_name.encode())))
        try:
            parameter, labels = read_distribution(param_distribution)
        except SpaceError:
            plain = RandomSampler(seed=int(rng.integers(2**31)))
            return plain.sample_independent(study, trial, param_name, param_distribution)
        value = parameter.default if trial.number == 0 else parameter.decode(rng.random())
        if not labels:
            return value
        return param_distribution.to_external_repr(labels.index(value))

    def after_trial(
        self,
        study: Study,
        trial: FrozenTrial,
        state: TrialState,  # noqa: ARG002
        values: Sequence[float] | None,  # noqa: ARG002
    ) -> None:
        """Let go of what was proposed for the trial."""
        if self._search and self._search.is_of(study):
            self._search.end(trial)

    def close(self) -> None:
        """Stop asking the model; one that was handed in as an object stays open."""
        if self._search:
            self._search.close()
        self._terms.close(self.llm)

    def _searching(self, study: Study) -> OptunaSearch:
        """Return what is known of this study; a sampler that changes studies starts again."""
        search = self._search
        if search is None or not search.is_of(study):
            self._search = search = OptunaSearch(
                study._storage,
                study._study_id,
                self._native,
                self.task,
                terms=self._terms,
                model=self.llm,
                packs=self._packs,
                seed=self.seed,
                device=self.device,
                earlier=self.earlier,
            )
        return search


def _draw_seed() -> int:
    return int.from_bytes(os.urandom(4))


def _read_space(space: Any) -> NativeSpace | None:
    """Return the space that the sampler is given in whatever form; raise InputError for what is none."""
    if space is None:
        return None
    if isinstance(space, Space):
        return NativeSpace.of(space)
    if not isinstance(space, Mapping):
        raise InputError(
            f"space is {shown(space)}; give a bestguess.Space, or a dictionary of Optuna's distributions"
        )
    return NativeSpace.of_distributions(space)
