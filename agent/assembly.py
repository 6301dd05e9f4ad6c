"""The one place where the parts of a search are put together: model, budget, journal, advisors and turns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bestguess.agent.advice.advisor import Consultation, ModelAdvisor, Patience
from bestguess.agent.advice.budget import Budget, BudgetedLLM, Spent
from bestguess.agent.advice.exam.examiner import Examiner
from bestguess.agent.advice.journal import Journal, JournaledLLM, open_beside
from bestguess.agent.advice.knowledge import Knowledge
from bestguess.agent.checks import check_budget, check_flag, check_path, check_seconds
from bestguess.agent.llm import LLM
from bestguess.agent.llm.connect import connect
from bestguess.agent.llm.grades import Word
from bestguess.agent.llm.shared import SharedLLM
from bestguess.agent.search.switches import EVERYTHING, Switches
from bestguess.agent.search.turns import Advisors, Turns
from bestguess.agent.task import Task
from bestguess.tools.search.earlier import EarlierStudy
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.device import AUTO
from bestguess.tools.trial import History

LLM_WAIT_S = 60.0
BESIDE = "beside"


@dataclass(frozen=True, slots=True)
class ModelTerms:
    """Which language model is asked, and on what terms; the words are those of `Tuner`.

    Raises:
        InputError: one of them is wrong; `llm` is looked at by `connect`.
    """

    llm: LLM | Path | str | None = None
    llm_wait_s: float = LLM_WAIT_S
    budget: Budget | None = None
    journal: Path | str | None = BESIDE
    cache: bool = False
    prefetch: bool = True
    exam: bool | Callable[[str], object] = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "llm_wait_s", check_seconds("llm_wait_s", self.llm_wait_s))
        check_budget(self.budget)
        check_flag("cache", self.cache)
        check_flag("prefetch", self.prefetch)
        if not callable(self.exam):
            check_flag("exam", self.exam)
        if not isinstance(self.journal, str) or self.journal != BESIDE:
            journal = check_path("journal", self.journal, "give a file, or None for nowhere")
            object.__setattr__(self, "journal", journal)

    def connect(self) -> SharedLLM | None:
        """Return the model, None without one.

        Raises:
            InputError: `llm` names none.
        """
        return connect(self.llm)

    def close(self, model: LLM | None) -> None:
        """Close the model, unless it was handed in as an object: then it stays open."""
        if model and not isinstance(self.llm, LLM):
            model.close()


class Assembly:
    """The parts of one study's search, with `model` on its `terms`; the owner of journal and budget.

    `storage` is where the study is, for a journal beside it; `history` says what was spent on the model and
    how long it was waited for in vain.
    """

    def __init__(
        self,
        terms: ModelTerms,
        model: SharedLLM | None,
        study: str,
        *,
        storage: str | None = None,
        history: History | None = None,
    ) -> None:
        self.journal: Journal | None = None
        self._terms = terms
        self._model = model
        self._asked: LLM | None = model
        self.examiner: Examiner | None = None
        self._study = study
        self._budgeted: BudgetedLLM | None = None
        self._patience = Patience()
        if model is None:
            return
        if terms.journal == BESIDE:
            self.journal = open_beside(storage)
        elif terms.journal is not None:
            self.journal = Journal(terms.journal)
        if history:
            self._patience = Patience.after(history)
        if terms.budget is not None:
            spent = self.journal.spent(study) if self.journal else _spent(history)
            self._asked = self._budgeted = BudgetedLLM(model, terms.budget, spent)
        if self.journal:
            self._asked = JournaledLLM(self._asked or model, self.journal, study, cache=terms.cache)
        of_study = self._budgeted.left if self._budgeted else lambda: (math.inf, math.inf)

        def room() -> tuple[float, float]:
            tokens, requests = of_study()
            return min(tokens, model.tokens_left), requests

        told = {"say": terms.exam} if callable(terms.exam) else {}
        self.examiner = Examiner(model, self._asked or model, room=room, **told)
        # Whoever has the model think ahead lives on while it does; others would break each problem off.
        self.examiner.begin(may_examine=bool(terms.exam) and terms.prefetch)

    def turns(
        self,
        space: Space,
        task: Task,
        seed: int,
        *,
        knowledge: Knowledge | None,
        earlier: Sequence[EarlierStudy] = (),
        switches: Switches = EVERYTHING,
        device: str = AUTO,
    ) -> Turns:
        """Return whose turn it is in `space`; what the journal holds of the study is known to it."""
        advisors = self.advisors(space)
        return Turns(
            space,
            task,
            seed,
            advisors=advisors,
            knowledge=knowledge,
            earlier=earlier,
            switches=switches,
            device=device,
        )

    def advisors(self, space: Space) -> Advisors | None:
        """Return the model as a search sees it; None without one."""
        if self._asked is None:
            return None
        wait_s, patience = self._terms.llm_wait_s, self._patience
        return Advisors(
            ModelAdvisor(self._asked, wait_s=wait_s, patience=patience),
            ModelAdvisor(self._asked, wait_s=wait_s, patience=patience),
            self._model,
            self.journal.first_guesses(self._study, space) if self.journal else None,
            self.journal.explanations(self._study) if self.journal else (),
            grade=self.grade,
        )

    def grade(self, wait_s: float = math.inf) -> Word:
        """Return the model's grade, that of one that failed while there is none; see `Examiner.word`."""
        wait_s = min(wait_s, self._terms.llm_wait_s)
        return self.examiner.word(wait_s) if self.examiner else "failed"

    @property
    def asked(self) -> LLM | None:
        """The model within the study's budget and journal."""
        return self._asked

    def stop(self) -> None:
        """End an exam that is under way; its marks so far are kept."""
        if self.examiner:
            self.examiner.stop()

    def consult(self) -> Consultation:
        """Return the consultation in which the next trial is proposed; a trial's own budget starts anew."""
        if self._budgeted:
            self._budgeted.begin_trial()
        return Consultation(self._terms.llm_wait_s)

    def note(self, trial: int, consultation: Consultation) -> None:
        """Keep in the journal what the model gave when `trial` was proposed."""
        if self.journal:
            for advice in consultation.advice:
                self.journal.note_advice(self._study, trial, advice)

    def set_budget(self, budget: Budget) -> None:
        """Let the model cost as much as `budget` says; without a budget at first there is nothing to set."""
        if self._budgeted:
            self._budgeted.budget = budget


def _spent(history: History | None) -> Spent:
    """Return what the study's model has cost by its trials."""
    costs = [trial.proposal for trial in history or () if trial.proposal.tokens]
    return Spent(sum(cost.tokens for cost in costs), len(costs), sum(cost.seconds for cost in costs))
