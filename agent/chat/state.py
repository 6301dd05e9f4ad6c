"""What a session must know to go on later: the plan, what was agreed, what can be undone, what is left."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from bestguess.agent.chat.plan import Plan, check_types
from bestguess.tools.errors import InputError
from bestguess.tools.objective.repeats import MOST_REPEATS
from bestguess.tools.space.region import Limits
from bestguess.tools.words.given import error_words, shorten, shown

MOST_LEFT = 100_000
"""As many trials as a command may ask for."""


@dataclass(frozen=True, slots=True)
class Agreed:
    """What may be spent: trials in the study, a time to end (seconds since 1970), tokens of the model."""

    trials: int | None = None
    until: float | None = None
    tokens: int | None = None


UNDOABLE = frozenset({"task", "pattern", "match", "target", "prefer", "pruner", "patience", "repeats"})
"""Fields of a plan that can be taken back: a file that others wrote chooses no command by it."""


@dataclass(frozen=True, slots=True)
class Undo:
    """What one change can be taken back to: earlier limits or fields of the plan, a trial, another study."""

    what: str
    limits: Limits | None = None
    trial: int | None = None
    study: str | None = None
    plan: Mapping[str, Any] | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return the change as JSON-able values."""
        limits = None if self.limits is None else self.limits.to_dict()
        return {
            "what": self.what, "limits": limits, "trial": self.trial, "study": self.study, "plan": self.plan
        }  # fmt: skip

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Return the change that `to_dict` wrote down; raise ValueError for what cannot be taken back."""
        what, limits, trial, study = kept["what"], kept["limits"], kept["trial"], kept.get("study")
        plan = kept.get("plan")
        check_types(cls, {"trial": trial, "study": study, "plan": plan})
        is_one = (limits, trial, study, plan).count(None) == 3 and set(plan or ()) <= UNDOABLE
        if not isinstance(what, str) or not is_one:
            raise ValueError(f"{shown(kept)} is no change that could be taken back")
        return cls(what, None if limits is None else Limits.from_dict(limits), trial, study, plan)


@dataclass(frozen=True, slots=True)
class Wish:
    """Params that a person wants to see run, why, and in how many runs; 0 is as many as the plan has."""

    params: Mapping[str, Any]
    reason: str
    runs: int = 0

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Return the wish that `asdict` wrote down; raise ValueError for anything else."""
        params, reason, runs = kept["params"], kept["reason"], kept["runs"]
        if not (
            isinstance(params, Mapping)
            and isinstance(reason, str)
            and type(runs) is int
            and 0 <= runs <= MOST_REPEATS
        ):
            raise ValueError(f"{shown(kept)} is no wish")
        return cls(params, reason, runs)


@dataclass(frozen=True, slots=True)
class SessionState:
    """Everything that a session keeps beside the study; `opened` says whether the study was begun.

    `uses_packs` says whether the packs that were learned in the session's folder are used, `uses_earlier`
    whether studies begin with what earlier ones came to.
    """

    plan: Plan | None
    agreed: Agreed
    undos: tuple[Undo, ...]
    left: int
    opened: bool
    uses_packs: bool = False
    uses_earlier: bool = True
    wishes: tuple[Wish, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Return the state as JSON-able values."""
        return {
            "plan": self.plan.to_dict() if self.plan else None,
            "agreed": asdict(self.agreed),
            "undos": [undo.to_dict() for undo in self.undos],
            "left": self.left,
            "opened": self.opened,
            "uses_packs": self.uses_packs,
            "uses_earlier": self.uses_earlier,
            "wishes": [asdict(wish) for wish in self.wishes],
        }

    @classmethod
    def from_dict(cls, kept: Mapping[str, Any]) -> Self:
        """Return the state that `to_dict` wrote down; raise InputError for anything else."""
        try:
            check_types(Agreed, kept["agreed"])
            return cls(
                plan=Plan.from_dict(kept["plan"]) if kept["plan"] else None,
                agreed=Agreed(**kept["agreed"]),
                undos=tuple(map(Undo.from_dict, kept["undos"])),
                left=min(max(int(kept["left"]), 0), MOST_LEFT),
                opened=bool(kept["opened"]),
                uses_packs=bool(kept.get("uses_packs")),
                uses_earlier=bool(kept.get("uses_earlier", True)),
                wishes=tuple(map(Wish.from_dict, kept.get("wishes", ()))),
            )
        except (LookupError, TypeError, AttributeError, ValueError) as error:
            raise InputError(
                f"the session's state cannot be read ({shorten(error_words(error), 200)}); "
                "begin a new session: the study is as it was"
            ) from error
