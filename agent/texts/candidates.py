"""The search itself: prompts that the tuner asks for race over the validation items."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bestguess.agent.texts.answers import Answer, Answers
from bestguess.agent.texts.items import Item, Splits
from bestguess.agent.texts.prompt_form import PromptForm
from bestguess.agent.texts.racing import FIRST, Race
from bestguess.agent.tuner import Tuner
from bestguess.tools.errors import InputError, ModelError, StudyError
from bestguess.tools.trace import MOST_STEPS, STEP_CHARS, Step
from bestguess.tools.trial import Outcome, Params, Trial

MOST_FREE = 20
"""Candidates in a row that cost no call, before the run ends: there is nothing new to try."""

ITEMS = "validation items"
"""The fact of the study's task that says on how many items candidates race."""

SCORE_CODE = "code of the score"
"""The fact that tells a score function of one's own from others of its name."""

Say = Callable[[Trial, "Progress"], object]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: what the latest candidate was tried on, the best so far, and what is left."""

    tried_on: int
    items: int
    best: float
    left: int


class Candidates:
    """Configurations that `tuner` asks for, tried as prompts of the `form`, and what is known of each."""

    def __init__(
        self, form: PromptForm, splits: Splits, tuner: Tuner, answers: Answers, *, racing: bool
    ) -> None:
        self._form = form
        self._tuner = tuner
        self._answers = answers
        count = int(tuner.study.made_for.facts[ITEMS])
        self._items = splits.validation[:count]
        self.race = Race(count, seed=tuner.study.seed, first=FIRST if racing else count)
        self._trials: dict[str, Trial] = {}
        code = tuner.study.made_for.facts.get(SCORE_CODE, "")
        same = code == form.score_code
        for trial in tuner.history.complete:
            self._replay(trial, same_score=same)
        if code and not same and tuner.history.complete and self.race.best is None:
            raise self._other_score("its code is another, and no answer of then is there to compare them by")

    def run(self, say: Say | None) -> None:
        """Try candidates until no further one can be paid for, or can be better."""
        if self.race.best is None and (first := self._tuner.history.default) and first.outcome:
            # The answers of before are gone, and the race begins anew: with the default, as each one does.
            self._try(first)
            self._trials[_name(first.params)] = first
        free = 0
        while free < MOST_FREE and not (self.race.best and self.score == 1.0):
            before = self._answers.calls
            trial = self._tuner.ask_new()
            if trial is None:
                break
            try:
                outcome = self._try(trial)
            except BaseException:
                self._tuner.give_back(trial)
                raise
            if outcome is None:
                self._tuner.give_back(trial)
                break
            self._tell(trial, outcome, say)
            free = free + 1 if self._answers.calls == before else 0

    def _tell(self, trial: Trial, outcome: Outcome, say: Say | None) -> None:
        told = self._tuner.tell_run(trial, outcome)
        name = _name(told.params)
        self._trials.setdefault(name, told)
        if say:
            tried, left = len(self.race.scores.get(name, ())), self._answers.left
            say(told, Progress(tried, self.race.items, self.score, left))

    @property
    def best(self) -> Trial:
        """The trial of the best candidate; raises StudyError before the default has all items."""
        if self.race.best is None:
            raise StudyError("no prompt was tried on all validation items; give more calls")
        return self._trials[self.race.best]

    @property
    def score(self) -> float:
        """The best candidate's mean score on the validation items."""
        return self.race.mean(self.race.best) if self.race.best else 0.0

    @property
    def default_score(self) -> float:
        """The default's."""
        return self.race.mean(_name(self._tuner.space.default()))

    def _try(self, trial: Trial) -> Outcome | None:
        """Race one candidate; None where the calls do not suffice for what it needs first."""
        name, steps = _name(trial.params), list[Step]()
        while items := self.race.next_items(name):
            chosen = [self._items[item] for item in items]
            prompts = [self._form.messages(trial.params, item.fields) for item in chosen]
            if self._answers.price(prompts) > self._answers.left:
                if name in self.race.scores:
                    break
                return None
            scores, said = self._form.scores(self._answers, trial.params, chosen)
            refusals = [answer for answer in said if isinstance(answer, ModelError)]
            if len(refusals) == len(said) and name not in self.race.scores:
                if self.race.best is None:
                    raise refusals[0]  # there is nothing to compare others with
                return Outcome.failure(refusals[0])
            self.race.note(name, dict(zip(items, scores, strict=True)))
            steps += [
                self._step(number, item, answer, score)
                for number, item, answer, score in zip(items, chosen, said, scores, strict=True)
                if number < MOST_STEPS  # the same items for all: of more, those that went wrong would stay
            ]
        return Outcome.of_runs(self.race.runs(name), trace=steps)

    def _step(self, number: int, item: Item, said: Answer, score: float) -> Step:
        wrong = "" if score == 1.0 else f"expected {item.output}" + (f"; score {score:.2g}" if score else "")
        if isinstance(said, ModelError):
            said, wrong = "", f"{wrong}; {said}"
        asked = self._form.question(item)
        if len(asked) > STEP_CHARS:  # what is asked often stands behind a long passage
            asked = f"{asked[: STEP_CHARS // 4]} … {asked[-STEP_CHARS // 2 :]}"
        return Step(_step_name(number), asked, said, wrong)

    def _replay(self, trial: Trial, *, same_score: bool) -> None:
        """Take in what is known of a trial of an earlier run: the answers that it had cost nothing now.

        Raises InputError where the score is not the same, and gives these answers other scores than then.
        """
        name = _name(trial.params)
        prompts = [self._form.messages(trial.params, item.fields) for item in self._items]
        known = [item for item, prompt in enumerate(prompts) if not self._answers.price([prompt])]
        scores, _ = self._form.scores(self._answers, trial.params, [self._items[item] for item in known])
        now = dict(zip(known, scores, strict=True))
        if not same_score and not self._was_told(trial, now):
            raise self._other_score(f"the answers of trial {trial.number} had other scores then")
        if known and (self.race.best is not None or len(known) == self.race.items):
            self.race.note(name, now)
            self._trials.setdefault(name, trial)

    def _was_told(self, trial: Trial, scores: Mapping[int, float]) -> bool:
        """Whether a trial was told these scores, as far as its runs and its trace say."""
        assert trial.outcome is not None
        runs, right = trial.outcome.runs, {step.name: not step.error for step in trial.outcome.trace}
        if len(runs) == len(scores) == self.race.items:  # of fewer they are estimates
            return all(math.isclose(runs[item], score, abs_tol=1e-9) for item, score in scores.items())
        return all(
            right.get(_step_name(item), score == 1.0) == (score == 1.0) for item, score in scores.items()
        )

    def _other_score(self, why: str) -> InputError:
        return InputError(
            f"the score {self._form.score_name} is not the function that this study was begun with: {why}; "
            "choose another study name"
        )


def _step_name(item: int) -> str:
    return f"item {item}"


def _name(params: Params) -> str:
    return repr(sorted(params.items()))
