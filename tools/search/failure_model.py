"""How likely a configuration is not to fail: by nearness to trials and, as far as believed, by rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.search.failure_rules import Claim, FailureRules
from bestguess.tools.search.places import encode, represent, text_vectors
from bestguess.tools.space.space import Space
from bestguess.tools.surrogate.feasibility import Feasibility
from bestguess.tools.trial import History


@dataclass(frozen=True, slots=True)
class FailureModel:
    """What told trials say of failing; no value is needed, so that it holds from the first failure on."""

    near: Feasibility
    rules: FailureRules | None

    @classmethod
    def fit(cls, space: Space, history: History, claims: Sequence[Claim] = ()) -> Self:
        """Return the model of a history with at least one told trial."""
        trials = sorted(represent(history), key=lambda trial: trial.number)
        x, active = encode(space, [trial.params for trial in trials])
        failed = np.array([trial.state == "failed" for trial in trials])
        texts = text_vectors(space)
        near = Feasibility(x, active, failed=failed, kinds=space.column_kinds, texts=texts)
        return cls(near, FailureRules.fit(space, trials, x, claims))

    def predict(self, x: FloatArray, active: BoolArray | None) -> FloatArray:
        """Return the probability (m,) that x (m, d) does not fail."""
        near = self.near.predict(x, active)
        if self.rules is None:
            return near
        credit = self.rules.credit
        return (1.0 - credit) * near + credit * self.rules.predict(x)
