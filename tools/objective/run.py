"""Running an objective: a Python function in this process, or a command in one of its own.

Either way params go in and an Outcome comes out; whatever goes wrong inside is an outcome too.
"""

from __future__ import annotations

import contextlib
import errno
import inspect
import json
import math
import os
import re
import shlex
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any, Protocol

import regex

from bestguess.tools.errors import CommandError, InputError, StudyError
from bestguess.tools.objective.command import SEED, CommandTemplate
from bestguess.tools.objective.process import CHUNK_BYTES, MATCH_S, Ended, SlowPattern, Watch, run_to_end
from bestguess.tools.objective.reading import WHICH_WORDS, Which
from bestguess.tools.objective.watchdog import MARK_VARIABLE, WATCHDOG, mark_of, stop_left
from bestguess.tools.scan.metric import name_of
from bestguess.tools.trial import FEEDBACK_CHARS, Outcome, Params, Trial, as_outcome
from bestguess.tools.words.cleaning import tail
from bestguess.tools.words.given import shorten, shown
from bestguess.tools.words.redaction import keep_options

PARAMS_VARIABLE = "BESTGUESS_PARAMS"
SEED_VARIABLE = "BESTGUESS_SEED"

_EXAMPLE = r"for example 'loss=(\S+)'"

_START_MENDS = {
    errno.ENOENT: "install it, or give its path",
    errno.EACCES: "make it executable (chmod +x), or start it with its interpreter",
    errno.ENOEXEC: "start it with its interpreter, or give it a first line such as #!/bin/sh",
}


class Objective(Protocol):
    """What is tuned: active params in, an outcome out; it raises KeyboardInterrupt or SystemExit only."""

    @property
    def name(self) -> str:
        """What to call this objective in a report."""
        ...

    def __call__(self, params: Params) -> Outcome:
        """Evaluate one configuration; an argument named `trial`, if there is one, is the running trial."""
        ...


def evaluate(objective: Objective, trial: Trial, end: Event | None = None) -> Outcome:
    """Return what an objective gives for a running trial, which it gets where it takes one.

    Setting `end` from another thread ends this trial alone, where the objective can be ended.
    """
    given: dict[str, Any] = {"trial": trial, "end": end}
    return objective(trial.params, **{name: each for name, each in given.items() if _takes(objective, name)})


def _takes(function: Callable[..., Any], name: str) -> bool:
    """Whether a function has an argument of that name, beside that of the params."""
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a function of another language
        return False
    named = [one for one in parameters[1:] if one.name == name]
    return any(one.kind in (one.POSITIONAL_OR_KEYWORD, one.KEYWORD_ONLY) for one in named)


def _check_call(function: Callable[..., Any], named: Iterable[str]) -> None:
    """Raise CommandError for a function that cannot be called with a dict of params, as `f(lr, depth)`."""
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):
        return
    try:
        signature.bind({}, **dict.fromkeys(named))
    except TypeError as error:
        name = getattr(function, "__name__", type(function).__name__)
        name = "objective" if name == "<lambda>" else name
        raise CommandError(
            f"the objective is {name}{shorten(str(signature), 100)}, and it is called with one dict of all "
            f"params ({error}); write it as {name}(params), and read params['NAME'] in it"
        ) from None


class FunctionObjective:
    """A Python function of the params, called in this process; it returns a number, several, or an Outcome.

    One that takes an argument `seed` is given the number of the run where a trial has several.

    An exception is a failed trial, with the end of its traceback as feedback. That includes MemoryError,
    asyncio's CancelledError and whatever else is no `Exception`. Only KeyboardInterrupt and SystemExit pass
    through: they end the run, not the trial.
    """

    def __init__(self, function: Callable[..., Any]) -> None:
        if not callable(function):
            raise CommandError(f"the objective is {shown(function)}; give a function of the params")
        module = getattr(function, "__module__", None) or type(function).__module__
        self.name = f"{module}:{getattr(function, '__qualname__', type(function).__qualname__)}"
        self._function = function
        self.takes_trial = _takes(function, "trial")
        self._takes_seed = _takes(function, SEED)
        _check_call(function, ["trial"] * self.takes_trial + [SEED] * self._takes_seed)

    def __call__(self, params: Params, trial: Trial | None = None, seed: int | None = None) -> Outcome:
        """Call the function with a dict of its own, and with trial and seed if it takes them, and time it."""
        started = time.perf_counter()
        more: dict[str, Any] = {"trial": trial} if self.takes_trial else {}
        if self._takes_seed and seed is not None:
            more[SEED] = seed
        try:
            returned = self._function(dict(params), **more)
            stopped = returned is None and self.takes_trial and trial is not None and trial.should_stop()
            outcome = Outcome(pruned=True) if stopped else _to_outcome(returned)
        except (KeyboardInterrupt, SystemExit):
            raise
        except BaseException as error:  # noqa: BLE001 - anything may go wrong in code that is not ours
            if type(error).__name__ == "TrialPruned":  # Optuna's, as its users are used to raise it
                return Outcome(pruned=True, seconds=time.perf_counter() - started)
            said = " ".join("".join(traceback.format_exception_only(error)).split())
            outcome = Outcome.failure(said, feedback=_traceback(error))
        if outcome.seconds is None:
            outcome = replace(outcome, seconds=time.perf_counter() - started)
        if trial is not None and trial.steps and not outcome.trace:
            outcome = replace(outcome, trace=tuple(trial.steps))
        return outcome


def _to_outcome(returned: Any) -> Outcome:
    if returned is None:
        return Outcome.failure("the objective returned None; let it return a number")
    if inspect.iscoroutine(returned):
        returned.close()
        return Outcome.failure("the objective is async; give lambda params: asyncio.run(objective(params))")
    try:
        return as_outcome(returned)
    except InputError as error:
        return Outcome.failure(str(error))


def _traceback(error: BaseException) -> str:
    # The first frame is FunctionObjective's own.
    frames = error.__traceback__.tb_next if error.__traceback__ else None
    return "".join(traceback.format_exception(type(error), error, frames))


class _EitherSet(Event):
    """Set as soon as one of several events is."""

    def __init__(self, *events: Event | None) -> None:
        super().__init__()
        self._events = [event for event in events if event]

    def is_set(self) -> bool:
        """Whether one of them is set."""
        return any(event.is_set() for event in self._events)


class CommandObjective:
    r"""A command that prints its value, run once a trial, without a shell.

    The active params also arrive as JSON in the environment variable BESTGUESS_PARAMS. The value is the
    number where the metric's group matched last on one line of stdout or, if nothing there matched, of
    stderr; `reading` says how it may be written. A run is a failed trial when it cannot start, runs out of
    time, exits with anything but 0, is killed, or prints no finite number or one in another unit than the
    runs before, or when the metric takes over a second to match what was printed; the ends of stdout and
    stderr are the feedback either way. When a run is over, so are the processes it left behind, except those
    that moved to a session of their own, as daemons do.

    Of a trial that may be stopped early, each time that the metric is printed is a step: 1, 2, and so on,
    with the value that would count if it were the last. It is ended where it is found hopeless. So that what
    Python prints comes at once, and not when the program ends, PYTHONUNBUFFERED is set then; other programs
    may need `stdbuf -oL` before them.
    `{seed}` is the number of the run where a trial has several, 0 otherwise, unless the space has a parameter
    of that name; it is also in the environment variable BESTGUESS_SEED.

    Args:
        template: the program and its arguments; see `CommandTemplate`.
        metric: a regular expression with one group where the number is, such as `loss=(\S+)`; of several
            metrics, one for each by its name. Each of them must be found, or the run has failed.
        space_names: the names of the space's parameters.
        text_names: those that are a `Text`; None where that is not known, and anything may be text.
        timeout_s: how long one run may take; None for as long as it likes.
        cwd: the folder to run in; None for the current one.
        match: which of several matches counts: the last, the least (min) or the greatest (max).
        stop: set from another thread, it ends the run with a KeyboardInterrupt there.

    Raises:
        CommandError: the template, the metric, the timeout or the folder is wrong.
    """

    def __init__(
        self,
        template: Sequence[str],
        *,
        metric: str | Mapping[str, str],
        space_names: Iterable[str],
        text_names: Iterable[str] | None = None,
        timeout_s: float | None = None,
        cwd: str | Path | None = None,
        match: Which = "last",
        stop: Event | None = None,
    ) -> None:
        named = dict(metric) if isinstance(metric, Mapping) else {"": metric}
        if not named:
            raise CommandError(f"metric is {shown(metric)}; give a regular expression, {_EXAMPLE}")
        self._patterns = {name: _read_metric(pattern) for name, pattern in named.items()}
        self._pattern, *self._more = self._patterns.values()
        if match not in WHICH_WORDS:
            raise CommandError(f"match is {shown(match)}; give one of {', '.join(WHICH_WORDS)}")
        self._match = match
        self._units: dict[str, str] = {}
        self.note = ""
        """What there is to know of how the value of the last run was read; nothing if it was printed once."""

        if timeout_s is not None and not 0 < timeout_s < math.inf:
            raise CommandError(f"timeout_s is {timeout_s}; give seconds above 0, or None for no limit")
        if cwd is not None and not Path(cwd).is_dir():
            raise CommandError(f"cwd is {str(cwd)!r}; give a folder that exists")
        self._cwd = None if cwd is None else Path(cwd)
        texts = None if text_names is None else tuple(text_names)
        names = tuple(space_names)
        self._given = {SEED} - set(names)
        self._template = CommandTemplate(template, names, texts, self._cwd)
        keep_options(template)
        self.name = shlex.join(template)
        self._timeout_s = timeout_s
        self.stop = stop
        """Set from another thread, it ends the runs with a KeyboardInterrupt in theirs."""

        try:
            WATCHDOG.wake()
        except OSError as error:
            raise CommandError(
                f"no process can be started ({error.strerror}), so no command can run"
            ) from error

    def __call__(
        self, params: Params, trial: Trial | None = None, seed: int = 0, end: Event | None = None
    ) -> Outcome:
        """Run the command to its end, or to where `trial` is hopeless; on KeyboardInterrupt, stop it all.

        Once `end` is set this run is ended, and counts as stopped early.
        """
        written = {**dict.fromkeys(self._given, seed), **params}
        started = time.perf_counter()
        if trial and not (trial.progress and trial.progress.judged):
            trial = None

        reported = math.nan

        def is_hopeless(printed: int, value: float) -> bool:
            nonlocal reported
            reported = value
            if trial is None:
                return False
            try:
                trial.report(printed, value)
                return trial.should_stop()
            except StudyError:  # somebody told the trial meanwhile: what is left of the run changes nothing
                return True

        try:
            with (
                tempfile.TemporaryDirectory(prefix="bestguess-", ignore_cleanup_errors=True)
                if self._template.writes_files
                else contextlib.nullcontext() as folder
            ):
                words = self._template.render(written, Path(folder) if folder else None)
                ended = run_to_end(
                    words,
                    self._pattern,
                    which=self._match,
                    timeout_s=self._timeout_s,
                    cwd=self._cwd,
                    env={
                        **os.environ,
                        **({"PYTHONUNBUFFERED": "1"} if trial else {}),
                        PARAMS_VARIABLE: json.dumps(dict(params)),
                        SEED_VARIABLE: str(seed),
                    },
                    stop=_EitherSet(self.stop, end),
                    stdin=(self._template.stdin(params) or "").encode(),
                    is_hopeless=is_hopeless if trial or end else None,
                    more=self._more,
                )
        except KeyboardInterrupt:
            if end is None or not end.is_set() or (self.stop and self.stop.is_set()):
                raise
            return Outcome(value=reported, pruned=True, seconds=time.perf_counter() - started)
        except SlowPattern as slow:
            return Outcome.failure(
                f"the metric '{shorten(name_of(slow.args[1]) or slow.args[1], 80)}' took over {MATCH_S:g} s "
                f"on the line {shown(slow.args[0])}; repeat nothing that repeats itself, {_EXAMPLE}",
                seconds=time.perf_counter() - started,
            )
        except ValueError as error:  # a CommandError, or a null character in an argument
            return Outcome.failure(f"cannot write the command: {error}", seconds=0.0)
        except OSError as error:
            mend = _START_MENDS.get(error.errno or 0, "see whether it runs by hand")
            return Outcome.failure(
                f"cannot start {error.filename or words[0]!r}: {error.strerror}; {mend}", seconds=0.0
            )
        found = ended.stderr if ended.stdout.match is None else ended.stdout
        value, problem = self._judge(ended, found, self._pattern)
        if trial and value is not None and not ended.hopeless and trial.should_stop():
            is_hopeless(found.count + 1, value)  # it was at its end when that was found
        if ended.hopeless:
            value = reported  # what it printed while it was being ended is of no step
        values: dict[str, float] = {}
        if "" not in self._patterns:
            values, problem = self._judge_all(ended)
        feedback = _feedback(ended)
        if value is not None and found.count > 1:
            self.note = f"the metric was printed {found.count} times; the {WHICH_WORDS[self._match]} counts"
            feedback = f"{feedback}\n[{self.note}]"
        return Outcome(
            value=value,
            error=problem,
            feedback=feedback,
            seconds=time.perf_counter() - started,
            pruned=ended.hopeless,
            values=values,
        )

    def recall(self, feedback: str) -> None:
        """Hold later runs to the units of what an earlier one printed, where there is no earlier yet."""
        for pattern in self._patterns.values():
            for stream in feedback.split("\n" + _STDERR, 1):  # the first that has a match, as of a run
                watch = Watch(pattern, self._match)
                with contextlib.suppress(SlowPattern):  # of a run, that is its failure
                    watch.feed(stream.encode())
                    watch.feed(b"")
                if watch.reading and watch.reading.value is not None:
                    self._units.setdefault(pattern.pattern, watch.reading.unit)

    def _judge_all(self, ended: Ended) -> tuple[dict[str, float], str]:
        """Return the values of all metrics by name, or why one has none."""
        values = {}
        streams = ((ended.stdout, ended.stderr), *ended.more)
        for (name, pattern), (stdout, stderr) in zip(self._patterns.items(), streams, strict=True):
            value, problem = self._judge(ended, stderr if stdout.match is None else stdout, pattern, name)
            if value is None:
                return {}, problem
            values[name] = value
        return values, ""

    def _judge(
        self, ended: Ended, found: Watch, pattern: re.Pattern[str], name: str = ""
    ) -> tuple[float | None, str]:
        """Return the value of one metric, or why there is none; of several it is called by its name."""
        reading = found.reading
        named = name_of(pattern.pattern)
        metric = f"the metric '{name or named or pattern.pattern}'"
        if ended.returncode is None and not ended.hopeless:
            last = (
                f"; the {WHICH_WORDS[self._match]} metric it printed was {found.match}" if found.match else ""
            )
            return None, f"timed out after {self._timeout_s:g} s{last}"
        if ended.returncode and not ended.hopeless:
            said = ended.stderr.tail.strip().rpartition("\n")[2].strip()
            return None, _name_exit(ended.returncode) + (f": {said}" if said else "")
        if reading is None:
            last = (ended.stdout.tail.strip() or ended.stderr.tail.strip()).rpartition("\n")[2].strip()
            said = f"; it ended with {last!r}" if last else ""
            left = f"; left running and stopped: {ended.left}" if ended.left else ""
            sought = f": no number stands behind that name, as in {named}=0.25" if named else ""
            return None, f"{metric} matched nothing in the output{sought}{said}{left}"
        if reading.value is None:
            return None, f"{reading.mend}{metric} matched {reading.text!r}, {reading.problem}"
        if math.isfinite(reading.value):
            unit = self._units.setdefault(pattern.pattern, reading.unit)
            if reading.unit != unit:
                return None, (
                    f"{metric} matched {reading.text!r}, whose unit is {reading.unit or 'none'} and was "
                    f"{unit or 'none'} in the runs before; print it in one unit"
                )
        return reading.value, ""


def stop_run(pid: int, start: float, params: Params) -> int:
    """Stop what is left of the command that a process, now ended, ran for `params`; return how much it was.

    The process is told by its number and its start, see `watchdog.start_of`. Its own watchdog does the same,
    unless somebody killed that, too.
    """

    def carries(environment: Mapping[str, str]) -> bool:
        if not environment.get(MARK_VARIABLE, "").startswith(mark_of(pid, start)):
            return False
        with contextlib.suppress(ValueError):
            return bool(json.loads(environment.get(PARAMS_VARIABLE, "")) == dict(params))
        return False

    return stop_left(carries=carries)


def _read_metric(metric: str) -> re.Pattern[str]:
    try:
        pattern = re.compile(metric)
        if re._parser.parse(metric).getwidth()[0] <= CHUNK_BYTES:  # type: ignore[attr-defined]
            regex.compile(metric)
        else:  # and regex would write every repeat out
            raise CommandError(f"the metric '{shorten(metric, 80)}' is longer than any line; {_EXAMPLE}")
    except (re.error, regex.error, RecursionError, OverflowError) as error:
        raise CommandError(f"the metric '{metric}' is no regular expression ({error}); {_EXAMPLE}") from error
    if pattern.groups != 1:
        raise CommandError(
            f"the metric '{metric}' has {pattern.groups} groups; put one (…) around the number, {_EXAMPLE}, "
            "and write groups that only group as (?:…)"
        )
    return pattern


def _name_exit(code: int) -> str:
    """Return an exit code in words; a shell reports a signal as 128 and its number."""
    number = -code if code < 0 else code - 128
    try:
        name = signal.Signals(number).name
    except ValueError:
        name = f"signal {number}" if code < 0 else ""
    if name == "SIGKILL":
        name += ", often out of memory"
    if code < 0:
        return f"killed by {name}"
    return f"exited with code {code}" + (f" (128 + {name})" if name else "")


_STDERR = "stderr:\n"


def _feedback(ended: Ended) -> str:
    """Return the ends of both streams, stderr last and never cut below half of the room."""
    stdout, stderr = ended.stdout.tail.strip(), ended.stderr.tail.strip()
    if not (stdout and stderr):
        return stdout or stderr
    stderr = _STDERR + tail(stderr, FEEDBACK_CHARS - 20 - min(len(stdout), FEEDBACK_CHARS // 2))
    return "stdout:\n" + tail(stdout, FEEDBACK_CHARS - 10 - len(stderr)) + "\n" + stderr
