"""Runs a study in the foreground for `tune` and `demo`: shows it, reports, exits with the code that fits."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from bestguess.agent.commands._options import SearchTerms
from bestguess.agent.commands._output import console_for, echo, echo_json, place, print_markdown
from bestguess.tools.words.sentences import counted

if TYPE_CHECKING:
    from rich.console import Console

    from bestguess.agent.result import Result
    from bestguess.agent.task import Task
    from bestguess.agent.tuner import Tuner
    from bestguess.tools.objective.run import CommandObjective, FunctionObjective
    from bestguess.tools.space.space import Space


class Appendix(NamedTuple):
    """What a command adds to a report: `lines` in it, `text` below it, and `fields` under --json."""

    lines: tuple[str, ...] = ()
    text: str = ""
    fields: Mapping[str, Any] = {}


def tune_and_report(
    objective: FunctionObjective | CommandObjective,
    space: Space,
    task: Task,
    *,
    title: str,
    n_trials: int,
    timeout_s: float | None,
    storage: str | None,
    study_name: str,
    resume: bool,
    terms: SearchTerms,
    as_json: bool,
    keep_going: bool = False,
    patience: int | None = None,
    prefer: Mapping[str, float] | None = None,
    n_jobs: int = 1,
    processes: bool = False,
    repeats: int = 1,
    beforehand: Callable[[Tuner], str] | None = None,
    afterwards: Callable[[Tuner, Result], Appendix] | None = None,
) -> None:
    """Tune, show it, report, and exit with the code that fits."""
    import optuna

    from bestguess.agent.checks import check_count, check_patience, check_seconds
    from bestguess.agent.reports.live import watch
    from bestguess.agent.tune import repeat
    from bestguess.agent.tuner import MOST_TRIALS, Tuner
    from bestguess.tools.objective.run import CommandObjective
    from bestguess.tools.trial import History
    from bestguess.tools.words.cleaning import plain_line
    from bestguess.tools.words.given import shown

    check_count("n_trials", n_trials, MOST_TRIALS)
    if timeout_s is not None:
        check_seconds("--timeout", timeout_s)
    check_patience(patience)
    History(task.direction, goals=task.goals).preferring(prefer)
    run = repeat(objective, repeats, terms.get("pruner"), task.metric)
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # its notes would tear the table
    end_on_signals()
    # Progress goes to stderr under --json, so that stdout is one object whoever reads it.
    console = console_for(stderr=as_json)
    started = time.monotonic()
    if terms.get("exam"):
        terms = {**terms, "exam": lambda words: echo(f"note: {words}", err=True)}
    with Tuner(space, task, storage=storage, study_name=study_name, resume=resume, **terms) as tuner:
        for difference in tuner.study.differences(task, terms["seed"]):
            echo(f"note: {difference}", err=True)
        if not keep_going:
            tuner.begin_anew()
        if beforehand:
            console.print(beforehand(tuner), soft_wrap=True)
        if (there := len(tuner.history.told)) >= n_trials:
            echo(
                f"note: the study has {counted(there, 'trial')} and --n-trials is {n_trials}, so none is "
                f"run; ten more are --n-trials {there + 10}",
                err=True,
            )
        try:
            with watch(
                console,
                task,
                n_trials,
                done=len(tuner.history.told),
                aside=len(tuner.study.aside),
                asks=tuner.guesses_first,
            ) as observer:
                result = tuner.run(
                    run,
                    n_trials=n_trials,
                    timeout=timeout_s,
                    observer=observer,
                    keep_going=keep_going,
                    patience=patience,
                    n_jobs=n_jobs,
                    processes=processes,
                )
        except (KeyboardInterrupt, SystemExit) as stop:
            told = len(tuner.history.told)
            hint = "; the result so far:" if storage is None and told else ""
            if storage is not None:
                hint = f", all kept; go on with --resume {place(storage, study_name)}"
            why, code = "interrupted", 130
            if isinstance(stop, SystemExit):
                why = f"the objective ended the program (SystemExit: {plain_line(shown(stop.code))})"
                code = 1 if isinstance(stop.code, str) else 130
                if isinstance(stop.code, int):
                    code = stop.code % 256 or 130  # 0 would say that all is done
            echo(f"\n{why} after {counted(told, 'trial')}{hint}", err=True)
            if storage is None and told:
                result = tuner.result(time.monotonic() - started, "interrupted")
                _tell_result(console, result, title, Appendix(), storage=None, as_json=as_json)
            sys.exit(code)
        result = replace(result, prefer=prefer)
        extra = afterwards(tuner, result) if afterwards and result.history.incumbent else Appendix()
        _tell_result(console, result, title, extra, storage=storage, as_json=as_json)
        if isinstance(objective, CommandObjective) and objective.note:
            echo(f"note: in the last run {objective.note}; --match last, min or max says which", err=True)
        if result.stopped:
            hint = "" if storage is None else f", then go on with --resume {place(storage, study_name)}"
            echo(f"stopped: {result.stopped}\nMend it{hint}; --keep-going goes on as it is", err=True)
    sys.exit(0 if result.front else 1)


def _tell_result(
    console: Console, result: Result, title: str, extra: Appendix, *, storage: str | None, as_json: bool
) -> None:
    from bestguess.agent.record.storage_url import shown_url

    if as_json:
        echo_json({**result.to_dict(), "storage": shown_url(storage), **extra.fields})
        return
    _print_report(console, result, title, extra)
    if storage is not None:
        where = place(storage, result.record.name)
        console.print(f"Look again: bestguess show {where}", soft_wrap=True)


def end_on_signals() -> None:
    """End on SIGTERM, and when the terminal is closed, as on Ctrl-C; what nohup has ignored stays ignored."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))


def _print_report(console: Console, result: Result, title: str, extra: Appendix) -> None:
    print_markdown(console, result.report(title=title, lines=extra.lines))
    if extra.text:
        console.print(extra.text, soft_wrap=True)
