"""What a language model advised during a study, and what the trials say to it; nothing acts on it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from bestguess.tools.suggestion import Suggestion
from bestguess.tools.trial import History, Trial
from bestguess.tools.words.given import is_number


@dataclass(frozen=True, slots=True)
class Advised:
    """One piece of advice as it was last put, the trials at which it was given, and what the others say."""

    suggestion: Suggestion
    trials: tuple[int, ...]
    evidence: str

    @property
    def sentence(self) -> str:
        """All of it in words."""
        at = f"trial{'s' if len(self.trials) > 1 else ''} {', '.join(map(str, self.trials))}"
        why = self.suggestion.why.replace("`", "'")
        why = f": `{why}`" if why else ""  # in a report a link would lead where the model wants
        return f"{self.suggestion.words} ({at}){why}. The trials: {self.evidence}"

    @property
    def record(self) -> dict[str, Any]:
        """All of it as JSON-able values."""
        return {**self.suggestion.record, "trials": list(self.trials), "evidence": self.evidence}


def collect_advice(history: History) -> tuple[Advised, ...]:
    """Return each piece of advice once, in the order in which they were first given."""
    given: dict[str, tuple[Suggestion, list[int]]] = {}
    for trial in history:
        if said := trial.proposal.suggestion:
            _, earlier = given.get(said.words, (said, []))
            given[said.words] = said, [*earlier, trial.number]
    return tuple(Advised(said, tuple(numbers), weigh(said, history)) for said, numbers in given.values())


def weigh(said: Suggestion, history: History) -> str:
    """Return in words what the trials so far say to a piece of advice."""
    if said.kind == "stop":
        if history.goals and history.goals.several and history.joined:
            later = sum(trial.number > history.joined[-1] for trial in history.told)
            return f"{later} came after the last that joined the front"
        best = history.incumbent
        later = len([trial for trial in history.told if best and trial.number > best.number])
        none = "keeps the limits" if history.complete else "has a value"
        return f"{later} came after the best" if best else f"none {none} yet"
    known = [trial for trial in history.complete if said.parameter in trial.params]
    kept = [trial for trial in known if _keeps(said, trial)]
    apart = [trial for trial in known if not _keeps(said, trial)]
    return f"{_best(kept, history)} keep to it, {_best(apart, history)} do not"


def _keeps(said: Suggestion, trial: Trial) -> bool:
    value = trial.params[said.parameter]
    if said.kind == "fix":
        return bool(value == said.value)
    if said.low is None or said.high is None or not is_number(value):
        return False
    return said.low <= value <= said.high


def _best(trials: list[Trial], history: History) -> str:
    if not trials:
        return "0"
    within = [trial for trial in trials if trial in history.admissible]
    if not within:
        return f"{len(trials)} (none within the limits)"
    best = min(within, key=history.loss)
    metric = f"{history.goals.first} " if history.goals else ""
    return f"{len(trials)} (the best {metric}{best.value:.6g})"
