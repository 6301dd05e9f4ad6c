"""OpenBox's Advisor, which chooses surrogate and acquisition by the space, with its own defaults."""

from __future__ import annotations

import math
import tempfile
from typing import Any

from bestguess.evals import protocol
from bestguess.evals.contestants._columns import Column, Flat
from bestguess.evals.protocol import Brief
from bestguess.tools.trial import Outcome, Params


class Contestant(protocol.Contestant):
    """OpenBox over the flattened space."""

    requires = ("openbox==0.9.0",)
    notes = "flattened; a failure is an observation marked as failed, with an infinite objective"

    def __init__(self, brief: Brief) -> None:
        from openbox import Advisor, space

        self._brief = brief
        self._flat = Flat(brief.space)
        self._space = space.Space(seed=brief.seed)
        self._space.add_variables([_variable(column) for column in self._flat.columns])
        self._folder = tempfile.TemporaryDirectory(prefix="bestguess-openbox-")
        self._advisor = Advisor(
            self._space,
            num_objectives=1,
            random_state=brief.seed,
            output_dir=self._folder.name,
            logger_kwargs={"level": "ERROR"},
        )

    def ask(self) -> Params:
        """Return what OpenBox suggests."""
        return self._flat.from_native(self._advisor.get_suggestion().get_dictionary())

    def tell(self, params: Params, outcome: Outcome) -> None:
        """Let OpenBox observe the outcome."""
        from openbox import Observation
        from openbox.utils.config_space import Configuration
        from openbox.utils.constants import FAILED, SUCCESS

        loss = self._brief.loss(outcome)
        self._advisor.update_observation(
            Observation(
                config=Configuration(self._space, values=self._flat.to_native(params)),
                objectives=[math.inf if loss is None else loss],
                trial_state=FAILED if loss is None else SUCCESS,
            )
        )

    def close(self) -> None:
        """Remove OpenBox's folder."""
        self._folder.cleanup()


def _variable(column: Column) -> Any:
    from openbox import space

    default = column.to_native(column.parameter.default)
    if column.kind == "category":
        return space.Categorical(column.name, column.labels, default_value=default)
    kind = space.Real if column.kind == "real" else space.Int
    return kind(column.name, column.low, column.high, default_value=default, log=column.log)
