"""What each source of proposals has earned, learned from outcomes only.

A model's stated confidence can rise with its error (CALIPER, arXiv 2606.01730), so nothing that a source
says of itself is read here. The constants below were set by hand, not yet by an eval; see
`evals/NOTEBOOK.md`.
"""

from __future__ import annotations

from dataclasses import dataclass

from bestguess.tools.trial import History, Source

MAX_SHARE = 1 / 3
"""The most of the search that a guesser may hold: always a minority (Centaur, arXiv 2603.24647)."""

WINDOW = 8
"""Only a source's latest tries count, so that a lost turn can be earned back."""


@dataclass(frozen=True, slots=True)
class Trust:
    """A source's record: of its latest `tried` trials, `paid` improved on the best before them."""

    tried: int
    paid: int

    @property
    def rate(self) -> float:
        """The expected chance that its next trial pays, under a uniform prior."""
        return (1 + self.paid) / (2 + self.tried)

    @property
    def share(self) -> float:
        """The share of the search it may hold; never zero, so that it can earn turns back."""
        return MAX_SHARE * min(1.0, 2 * self.rate)

    def sentence(self, name: str) -> str:
        """Return the record in words."""
        return f"{name}: {self.paid} of its last {self.tried} trials beat the best before them"


def earned(history: History, source: Source) -> Trust:
    """Return what `source` has earned in `history`; a failed trial never pays."""
    best: float | None = None
    paid: list[bool] = []
    for trial in history.told:
        loss = None if trial.value is None else history.loss(trial)
        if trial.source == source:
            paid.append(loss is not None and (best is None or loss < best))
        if loss is not None and (best is None or loss < best):
            best = loss
    return Trust(tried=len(paid[-WINDOW:]), paid=sum(paid[-WINDOW:]))


def has_turn(trust: Trust, held: int, trials: int) -> bool:
    """Whether a source that holds `held` of the `trials` of the search so far may propose the next."""
    return held < trust.share * (trials + 1)
