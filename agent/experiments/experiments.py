"""Experiments on a program: what was tried, what came of it, whether to keep it, what next, when to stop."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from bestguess.agent.checks import check_count, check_space, check_study_name
from bestguess.agent.experiments.answers import Kept, Recorded, Tried
from bestguess.agent.experiments.entry import (
    Entry,
    find_entry,
    incumbent_of,
    read_entries,
)
from bestguess.agent.experiments.git import Commit, NoRepositoryError, read_commit
from bestguess.agent.experiments.measured import cost_of_run, measure
from bestguess.agent.experiments.memory import write_memory
from bestguess.agent.experiments.opening import find_study, make_study, task_of
from bestguess.agent.experiments.outlook import LATEST, LEAST, Stop, foresee
from bestguess.agent.experiments.recording import (
    TOLD,
    name_again,
    name_change,
    not_recorded,
    read_cost,
    read_key,
    read_told,
)
from bestguess.agent.record.opening import CHANGE
from bestguess.agent.record.study import Study
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError, StudyError
from bestguess.tools.referee.decision import decide
from bestguess.tools.referee.finalists import Finalist, finalists
from bestguess.tools.referee.similarity import Change, find_similar
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Proposal
from bestguess.tools.words.kept import KeptDecision

if TYPE_CHECKING:
    from bestguess.agent.experiments.numbers import Next

STUDY_NAME = "experiments"
MOST_FORESEEN = 10_000
RECENT = 250
"""Experiments that a decision rests on, the latest ones: all that the referee looks at."""

LEAST_CHANCE = 0.05
"""Who has less of a chance to be the best is no finalist."""


class Experiments:
    """The experiments of one study: changes to a program, with what was measured after each.

    Args:
        storage: where the study is kept, as a database URL; None keeps it in memory.
        study_name: which study; it is made when the first experiment is recorded.
        task: what is measured and which way is better, for a new study; it may have several metrics, and
            limits. One that is there keeps its own.
        folder: where git is asked for commits, and scripts are.

    Raises:
        InputError: an argument is wrong.
        StudyError: the study is there and is none of experiments, or has another direction.
    """

    def __init__(
        self,
        storage: str | None = None,
        study_name: str | None = STUDY_NAME,
        task: Task | None = None,
        *,
        folder: str | Path = ".",
    ) -> None:
        self.storage = storage
        self.study_name = check_study_name(study_name) or STUDY_NAME
        self.folder = Path(folder)
        self._given = task
        self._study = find_study(storage, self.study_name, task)

    @property
    def task(self) -> Task:
        """What is measured, and which way is better."""
        return self._study.task if self._study else task_of(self._given)

    @property
    def entries(self) -> tuple[Entry, ...]:
        """The experiments so far."""
        return self._read()[0]

    def expect(self, direction: str | None) -> Experiments:
        """Return these experiments; raise StudyError if their metric is to go another way than this."""
        if direction not in (None, self.task.direction):
            aim = f"is to {self.task.aim}, and now to {direction} it"
            raise StudyError(f"study {self.study_name!r} {aim}; choose another study name")
        return self

    def record(
        self,
        value: float | Sequence[float] | None = None,
        *,
        commit: str | None = None,
        description: str = "",
        experiment: int | str | None = None,
        seed: int | Sequence[int] | None = None,
        metrics: Mapping[str, float] | Sequence[Mapping[str, float]] | None = None,
        failure: str | None = None,
        diff: str = "",
        note: str = "",
        params: Mapping[str, Any] | None = None,
        cost: float | None = None,
        key: str | None = None,
    ) -> Recorded:
        """Record what came of a change; without a value and a failure, that it runs now.

        The same commit, diff or description, with the same params, is the same experiment, to which runs are
        added; so it is with the number of an `experiment`. A `key` is that of one outcome, which is recorded
        once, however often it is told, and of its start; so is the same outcome of the same seed.

        Args:
            value: the metric of each run.
            commit: a hash, or a name such as HEAD, whose message and diff are read from git.
            description: what was changed, in a line.
            seed: that of each run.
            metrics: the values of several metrics of each run, by name.
            failure: why it gave no value.
            diff: the change itself, where there is no commit.
            note: what else to remember of it.
            params: numbers in the code that were set for it, by name.
            cost: what the runs cost, such as money.
            key: a word of this recording's own, such as a job's id.

        Raises:
            InputError: something is wrong with what was given, or the key has another outcome; nothing was
                recorded.
        """
        task = self.task
        told = read_told(task, value, metrics, failure, seed)
        key = uuid4().hex if key is None else TOLD + read_key(key)
        cost = read_cost(cost)
        entries = self.entries
        if experiment is not None:
            if commit or diff or params:
                raise InputError("an experiment is given, and what names another; give one of them")
            named = name_again(self._entry(entries, experiment, over=False), note)
        else:
            found = read_commit(self.folder, commit) if commit is not None else Commit("")
            named = name_change(found, description, diff, note, params)
        before = next((entry for entry in entries if entry.id == named["id"]), None)
        fresh = not_recorded(entries, named["id"], key, task, told)
        if before and not fresh:
            return Recorded(before, False, task.metric)
        study, new = self._open(), False
        which = (named.get("commit") or named["id"])[:8]
        change = f"{named.get('description', 'an experiment')} ({which})"
        runs = sum(one.count for one in told)
        for name, one in fresh.items():
            more = {"seeds": list(one.seeds), "metrics": list(one.beside)} if one else {}
            fields = named | {field: given for field, given in more.items() if given}
            if cost is not None:
                fields["cost"] = cost * one.count / runs if one else cost
            proposal = Proposal({CHANGE: change}, "user", "an agent's experiment", experiment=fields)
            new |= study.add_once(proposal, one.outcome if one else None, name) is not None
        for number in before.running if before and told else ():
            study.withdraw(number, "its result was recorded")
        entry = next(entry for entry in self.entries if entry.id == named["id"])
        twins = [
            one.number for one in entries if entry.commit and not entry.params and one.commit == entry.commit
        ]
        return Recorded(entry, new, task.metric, () if before else tuple(twins))

    def keep(self, experiment: int | str | None = None) -> Kept:
        """Decide whether to keep an experiment, the latest by default, and record the decision.

        It is compared with the one that was kept last, by a model of the noise that is learned from all runs.

        Raises:
            InputError: there is no such experiment, or it has neither a value nor a failure.
        """
        entries, decisions = self._read()
        entry = self._entry(entries, experiment, over=True)
        incumbent = incumbent_of(entries, decisions)
        task = self.task
        limits = task.goals.limits if task.goals else None
        recent = measure(entries, task.names, RECENT, incumbent, also=(entry, incumbent))
        decision = decide(
            recent,
            entry.number,
            direction=task.direction,
            metric=task.metric,
            incumbent=incumbent.number if incumbent and incumbent is not entry else None,
            limits=limits,
        )
        again: tuple[Finalist, ...] = ()
        if any(one.runs for one in entries):
            found = finalists(
                recent,
                direction=task.direction,
                metric=task.metric,
                belief=decision.belief,
                limits=limits,
            )
            again = tuple(one for one in found if one.chance_best >= LEAST_CHANCE)
        kept: KeptDecision = {
            "keep": bool(decision.keep),
            "runs": len(entry.runs),
            "against": decision.incumbent,
            "words": decision.reason,
            "gain": decision.gain[0] if math.isfinite(decision.gain[0]) else 0.0,
        }
        before = entry.decision
        returns = kept["keep"] and entry is not incumbent  # to one that was kept before
        if returns or before is None or (before["keep"], before["runs"]) != (kept["keep"], kept["runs"]):
            self._open().decide(entry.number, kept)
        return Kept(entry, decision, again)

    def tried(
        self,
        description: str = "",
        *,
        diff: str = "",
        commit: str | None = None,
        params: Mapping[str, Any] | None = None,
        most: int = 5,
    ) -> Tried:
        """Return the experiments that are like an idea, and what came of them, the likest first.

        The idea is a description, a diff, a commit, params, or several of them.

        Raises:
            InputError: none is given.
        """
        found = read_commit(self.folder, commit) if commit is not None else Commit("")
        told = name_change(found, description, diff, "", params)
        idea = Change(None, told.get("diff", ""), told.get("description", ""), told.get("params"))
        by_number = {entry.number: entry for entry in self.entries}
        earlier = [
            Change(entry.number, entry.diff, entry.description, entry.params) for entry in by_number.values()
        ]
        matches = find_similar(idea, earlier, most=check_count("most", most, MOST_FORESEEN))
        alike = tuple((by_number[match.number], match) for match in matches if match.number is not None)
        return Tried(alike, self.task.metric)

    def next(self, script: str | Path | None = None, *, space: Space | None = None) -> Next:
        """Return which numbers to try next, in a script's draft or in a space, with the edit that sets them.

        Nothing is edited, run or recorded.

        Raises:
            InputError: neither is given, or both, or nothing in the script can be tuned.
        """
        from bestguess.agent.experiments.numbers import propose, read_numbers  # brings the whole search

        if (script is None) == (space is None):
            raise InputError("give a script, whose numbers are drafted, or a space; one of them")
        draft = read_numbers(self.folder / script) if script is not None else None
        known = draft.space if draft else check_space(space)
        assert known is not None
        entries, decisions = self._read()
        now, seed = incumbent_of(entries, decisions), self._study.seed if self._study else 0
        return propose(entries, now, self.task, known, draft, seed)

    def stop(
        self,
        n: int = 10,
        *,
        cost_per_run: float | None = None,
        script: str | Path | None = None,
        space: Space | None = None,
    ) -> Stop:
        """Return whether to stop, by what `n` more runs may bring and cost; without a cost, that recorded.

        With a script or a space, the numbers of it are looked at, too, unless the task has limits.
        """
        check_count("n", n, MOST_FORESEEN)
        (entries, decisions), task = self._read(), self.task
        cost = cost_of_run(entries) if cost_per_run is None else read_cost(cost_per_run)
        now = incumbent_of(entries, decisions)
        numbers = None
        if script is not None or space is not None:
            from bestguess.agent.experiments.numbers import foresee_numbers, read_numbers, tuner_of

            draft = read_numbers(self.folder / script) if script is not None else None
            given = draft.space if draft else space
            with tuner_of(entries, now, task, check_space(given), draft, 0) as tuner:
                numbers = foresee_numbers(tuner, n)
        recent = measure(entries, task.names, LATEST, now)
        limits = task.goals.limits if task.goals else {}
        return foresee(recent, task.metric, task.direction, n, cost, numbers, limits)

    def report(self) -> str:
        """Return what was tried and what came of it in at most 300 words, for whoever begins a session."""
        entries, decisions = self._read()
        measured = sum(bool(entry.runs) for entry in entries)
        outlook = f"Outlook: {self.stop().words}." if measured >= LEAST else ""
        return write_memory(entries, incumbent_of(entries, decisions), self.task, outlook)

    def _entry(self, entries: Sequence[Entry], which: Any, *, over: bool) -> Entry:
        """Return an experiment by number or commit, the latest without; raise InputError if there is none."""
        if which is not None:
            with suppress(InputError):
                return find_entry(entries, which)
            if isinstance(which, str) and not which.isdecimal():
                with suppress(NoRepositoryError):
                    which = read_commit(self.folder, which).hash
            found = find_entry(entries, which)
        else:
            ended = [entry for entry in entries if entry.runs or entry.failures]
            if not ended:
                raise InputError("no experiment has a value yet; record one first")
            open_ones = [entry for entry in ended if entry.decision is None]
            found = (open_ones or sorted(ended, key=lambda entry: entry.trials[-1]))[-1]
        if over and not found.runs and not found.failures:
            raise InputError(f"experiment {found.number} still runs; record what came of it first")
        return found

    def _read(self) -> tuple[tuple[Entry, ...], dict[int, KeptDecision]]:
        self._study = self._study or find_study(self.storage, self.study_name, self._given)
        if self._study is None:
            return (), {}
        noted, decisions = self._study.noted()
        return read_entries(noted, decisions, self.task.metric), decisions

    def _open(self) -> Study:
        """Return the study, made where it is not there."""
        self._study = self._study or make_study(self.storage, self.study_name, self.task)
        return self._study
