"""All trials of a study in order, and which of them are the best."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bestguess.tools.errors import InputError
from bestguess.tools.goals import Direction, Goals, joined, nondominated
from bestguess.tools.trial.trial import State, Trial
from bestguess.tools.words.given import shown


@dataclass(frozen=True, slots=True)
class History:
    """All trials of a study in order of their number, and which way is better.

    `goals` are those of a study with several metrics or limits, of whose metrics `direction` is that of the
    first; `prefer` says what counts how much where a best trial is to be chosen of several metrics.
    """

    direction: Direction = "minimize"
    trials: tuple[Trial, ...] = field(default=())
    goals: Goals | None = None
    prefer: Mapping[str, float] | None = None

    def __len__(self) -> int:
        return len(self.trials)

    def __iter__(self) -> Iterator[Trial]:
        return iter(self.trials)

    @property
    def complete(self) -> tuple[Trial, ...]:
        """Trials that gave a value."""
        return self._in("complete")

    @property
    def failed(self) -> tuple[Trial, ...]:
        """Trials that gave none."""
        return self._in("failed")

    @property
    def pruned(self) -> tuple[Trial, ...]:
        """Trials that were stopped early."""
        return self._in("pruned")

    @property
    def partial(self) -> tuple[Trial, ...]:
        """Trials that were less than a whole run, by the space's `Fidelity`."""
        return self._in("partial")

    @property
    def running(self) -> tuple[Trial, ...]:
        """Trials that were asked and not told."""
        return self._in("running")

    def _in(self, state: State) -> tuple[Trial, ...]:
        return tuple(trial for trial in self.trials if trial.state == state)

    @property
    def told(self) -> tuple[Trial, ...]:
        """Complete, failed, pruned and partial trials."""
        return tuple(trial for trial in self.trials if trial.outcome is not None)

    @property
    def admissible(self) -> tuple[Trial, ...]:
        """Complete trials that keep the limits on outcomes; without limits, all complete ones."""
        goals = self.goals
        if goals is None:
            return self.complete
        return tuple(trial for trial in self.complete if goals.keeps(trial.values))

    @property
    def front(self) -> tuple[Trial, ...]:
        """The trials within the limits that no other is at least as good as in every metric.

        Of equals it has the earliest; of one metric it is the best trial alone.
        """
        goals = self.goals
        if goals is None:
            return tuple(filter(None, (self.incumbent,)))
        trials = self.admissible
        losses = [goals.losses(trial.values) for trial in trials]
        return tuple(trials[index] for index in nondominated(losses))

    @property
    def joined(self) -> tuple[int, ...]:
        """The numbers of the trials that joined the front as they were told, also if they left it since."""
        trials, goals = self.admissible, self.goals
        losses = [goals.losses(trial.values) if goals else (self.loss(trial),) for trial in trials]
        return tuple(trials[index].number for index in joined(losses))

    @property
    def incumbent(self) -> Trial | None:
        """The best trial within the limits, the earliest of equals; None before there is one.

        Of several metrics it is what is preferred of the front, and None where nothing says what is, unless
        the front is one trial.
        """
        if self.goals is None:
            return min(self.complete, key=self.loss, default=None)
        front = self.front
        if len(front) < 2:
            return front[0] if front else None
        if self.prefer is None:
            return None
        return front[self.goals.prefer([trial.values for trial in front], self.prefer)]

    @property
    def since_best(self) -> int:
        """How many trials were told after the last that was a new best, or new on the front.

        What was less than a whole run could not be one, and does not count. Of trials that ran at once a
        later one may be told first: those of equal or unknown time count by number.
        """
        whole = (trial for trial in self.told if trial.state != "partial")
        told = sorted(whole, key=lambda trial: trial.ended or datetime.min)
        best = {trial.number for trial in replace(self, trials=tuple(told)).front}
        return next((since for since, trial in enumerate(reversed(told)) if trial.number in best), len(told))

    def preferring(self, prefer: Any) -> History:
        """Return this history with weights of its metrics, by which `incumbent` is chosen; None for none.

        Raises:
            InputError: the weights are not of its metrics, or it has only one.
        """
        if prefer is None:
            return self
        if self.goals is None or not self.goals.several:
            raise InputError(f"prefer is {shown(prefer)}, and the study has one metric; leave it out")
        return replace(self, prefer=self.goals.check_preference(prefer))

    @property
    def default(self) -> Trial | None:
        """The trial of the default configuration, if it is among them."""
        whole = (trial for trial in self.trials if trial.state != "partial")
        return next((trial for trial in whole if trial.source == "default"), None)

    def including(self, trial: Trial) -> History:
        """Return this history with a trial as it is now."""
        others = (other for other in self.trials if other.number != trial.number)
        return replace(self, trials=tuple(sorted((*others, trial), key=lambda each: each.number)))

    def loss(self, trial: Trial) -> float:
        """Return the trial's value turned so that less is better; the trial must be complete."""
        assert trial.value is not None
        return -trial.value if self.direction == "maximize" else trial.value

    def loss_so_far(self, trial: Trial) -> float:
        """Return what was last known of a trial's value, turned so that less is better; it must be known."""
        assert trial.last is not None
        return -trial.last if self.direction == "maximize" else trial.last
