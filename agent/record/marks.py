"""What was said of trials afterwards: remarks, which do not count, decisions. A finished trial is sealed.

Each is an attribute of the study of its own, written once, so that processes of any number of machines that
write at the same time lose nothing of each other's. Earlier versions kept all in one; these are read too.
"""

from __future__ import annotations

import re
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from optuna.storages import BaseStorage

from bestguess.tools.trial import Trial
from bestguess.tools.words.kept import KeptDecision, is_decision

ASIDE = "bestguess:aside"
REMARKS = "bestguess:remarks"
_KEY = re.compile(r"bestguess:(aside|remark):(\d{1,18})(?::.*)?")
_NUMBER = re.compile(r"\d{1,18}")
_DECISION = re.compile(r"bestguess:decision:\d{20}-[0-9a-f]{8}:(\d{1,18})")


@dataclass(frozen=True, slots=True)
class Marks:
    """The numbers of the trials that do not count, and what was said of trials, the earliest first."""

    aside: frozenset[int] = frozenset()
    remarks: Mapping[int, tuple[str, ...]] = field(default_factory=dict)

    def on(self, trials: Iterable[Trial]) -> tuple[Trial, ...]:
        """Return those that count, with what was said of them."""
        return tuple(
            replace(trial, remarks=self.remarks[trial.number]) if trial.number in self.remarks else trial
            for trial in trials
            if trial.number not in self.aside
        )


def read_marks(attributes: Mapping[str, Any]) -> Marks:
    """Return the marks among a study's user attributes."""
    old_aside, old_remarks = attributes.get(ASIDE), attributes.get(REMARKS)
    # What others put in these places is no mark.
    aside = (
        {number: True for number in old_aside if type(number) is int} if isinstance(old_aside, list) else {}
    )
    remarks = {
        int(number): [remark for remark in said if isinstance(remark, str)]
        for number, said in (old_remarks.items() if isinstance(old_remarks, Mapping) else ())
        if _NUMBER.fullmatch(number) and isinstance(said, list)
    }
    for key, value in sorted(attributes.items()):
        if (found := _KEY.fullmatch(key)) is None:
            continue
        number = int(found[2])
        if found[1] == "aside" and isinstance(value, bool):
            aside[number] = value
        elif found[1] == "remark" and isinstance(value, str):
            remarks.setdefault(number, []).append(value)
    marked = frozenset(number for number, is_aside in aside.items() if is_aside)
    return Marks(marked, {number: tuple(said) for number, said in remarks.items()})


def write_aside(storage: BaseStorage, study_id: int, number: int, *, aside: bool) -> None:
    """Mark a trial as one that does not count, or take the mark back."""
    storage.set_study_user_attr(study_id, f"{ASIDE}:{number}", aside)


def write_remark(storage: BaseStorage, study_id: int, number: int, text: str) -> None:
    """Add what someone says of a trial."""
    storage.set_study_user_attr(study_id, f"bestguess:remark:{number}:{_unique()}", text)


def read_decisions(attributes: Mapping[str, Any]) -> dict[int, KeptDecision]:
    """Return what was decided last of each experiment, by its number, the latest decision last."""
    found: dict[int, KeptDecision] = {}
    for key in sorted(key for key in attributes if _DECISION.fullmatch(key)):
        if is_decision(attributes[key]):
            number = int(key.rpartition(":")[2])
            found.pop(number, None)
            found[number] = attributes[key]
    return found


def write_decision(storage: BaseStorage, study_id: int, number: int, decision: KeptDecision) -> None:
    """Add what was decided of an experiment."""
    storage.set_study_user_attr(study_id, f"bestguess:decision:{_unique()}:{number}", dict(decision))


def _unique() -> str:
    """Return words that no other process writes, and that sort by time."""
    return f"{time.time_ns():020d}-{secrets.token_hex(4)}"
