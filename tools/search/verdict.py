"""What the verifier says of one proposal, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass

from bestguess.tools.trial import Prediction
from bestguess.tools.words.chances import percent
from bestguess.tools.words.given import told_apart


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the verifier says of one proposal: what is expected of it, and whether a turn may go to it.

    `feasible` is the probability that it does not fail, `chance_of_best` that it beats the best so far, whose
    value is `best`, or joins the front where that is None; `acquisition_ratio` is its acquisition as a share
    of that of the surrogate's own choice, None without one. `gate` says in words why it is `accepted` or not.
    """

    accepted: bool
    gate: str
    prediction: Prediction
    feasible: float
    chance_of_best: float
    best: float | None
    acquisition_ratio: float | None
    aside: str = ""
    """What is expected of other metrics, in words."""

    @property
    def expectation(self) -> str:
        """What is expected, and how that compares with the best so far, in words."""
        aim = "be one of the best: within the limits, and not worse than another in every metric"
        if self.best is not None:
            aim = f"beat the best so far ({told_apart(self.best, self.prediction.median)[0]})"
        words = (
            f"expected {self.prediction.words}{self.aside}, {percent(self.chance_of_best)} likely to {aim}"
        )
        return words if self.feasible >= 0.995 else f"{words}, {percent(self.feasible)} likely not to fail"

    @property
    def sentence(self) -> str:
        """Both in words."""
        return f"{self.expectation}; {self.gate}"
