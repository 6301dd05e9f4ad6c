from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest

from bestguess.tools.errors import CommandError, StudyError
from bestguess.tools.objective import process, watchdog
from bestguess.tools.objective.reading import Which
from bestguess.tools.objective.run import CommandObjective, FunctionObjective, Objective
from bestguess.tools.trial import FEEDBACK_CHARS, Outcome, Proposal, Trial


@pytest.mark.parametrize("returned", [2.5, np.float64(2.5), np.array(2.5), Outcome(value=2.5, feedback="ok")])
def test_a_function_may_return_any_kind_of_number_or_an_outcome(returned: object) -> None:
    objective: Objective = FunctionObjective(lambda params: returned)
    outcome = objective({})
    assert outcome.value == 2.5
    assert outcome.seconds is not None
    assert outcome.seconds >= 0


class Steps:
    """Takes the reports of a trial, and finds it hopeless from a step on."""

    judged = True

    def __init__(self, hopeless: int) -> None:
        self.reported: dict[int, float] = {}
        self._hopeless = hopeless

    def report(self, step: int, value: float) -> None:
        self.reported[step] = value

    def should_stop(self) -> bool:
        return max(self.reported) >= self._hopeless


def epochs(program: str, hopeless: int, *, match: Which = "last") -> tuple[Outcome, dict[int, float]]:
    """Run a Python program and return its outcome and what was reported of it."""
    command = [sys.executable, "-c", program]
    objective = CommandObjective(command, metric=r"loss=(\S+)", space_names=["lr"], match=match)
    steps = Steps(hopeless)
    return objective({"lr": 0.1}, Trial(0, Proposal({"lr": 0.1}, "gp"), progress=steps)), steps.reported


ENDLESS = "import time\nfor n in range(10**6):\n    print('loss=' + str(1 / (n + 1))); time.sleep(0.02)"


def test_a_command_is_read_as_it_prints_and_ended_where_it_is_hopeless() -> None:
    started = time.monotonic()
    outcome, reported = epochs(ENDLESS, hopeless=3)
    assert outcome.pruned
    assert not outcome.failed
    assert outcome.value == 1 / 3
    assert list(reported.items()) == [(1, 1.0), (2, 0.5), (3, 1 / 3)]
    assert time.monotonic() - started < 30


def test_a_command_whose_trial_somebody_told_meanwhile_is_ended_without_harm() -> None:
    class Told(Steps):
        def report(self, step: int, value: float) -> None:
            raise StudyError("trial 0 is over")

    objective = CommandObjective([sys.executable, "-c", ENDLESS], metric=r"loss=(\S+)", space_names=["lr"])
    assert objective({"lr": 0.1}, Trial(0, Proposal({"lr": 0.1}, "gp"), progress=Told(9))).pruned


@pytest.mark.parametrize(
    ("program", "match", "reported"),
    [
        ("print('loss=3'); print('loss=1 loss=2')", "last", [3.0, 1.0, 2.0]),
        ("print('loss=3'); print('loss=1 loss=2')", "min", [3.0, 1.0, 1.0]),
        (
            "import sys; print('loss=3', file=sys.stderr); print('loss=2', file=sys.stderr)",
            "last",
            [3.0, 2.0],
        ),
        ("print('loss=nan'); print('loss=2')", "last", [2.0]),
    ],
)
def test_what_counts_so_far_is_reported_of_the_stream_that_has_it(
    program: str, match: Which, reported: list[float]
) -> None:
    outcome, found = epochs(program, hopeless=99, match=match)
    assert list(found.values()) == reported
    assert outcome.value == reported[-1]
    assert not outcome.pruned


def test_what_came_to_its_end_before_it_was_found_hopeless_is_complete() -> None:
    outcome, reported = epochs("print('loss=3'); print('loss=2')", hopeless=2)
    assert (outcome.value, outcome.pruned) == (2.0, False)
    assert reported == {1: 3.0, 2: 2.0, 3: 2.0}


def test_the_seconds_that_an_outcome_brings_are_kept() -> None:
    outcome = FunctionObjective(lambda params: Outcome(value=1.0, seconds=7.0))({})
    assert outcome.seconds == 7.0


def test_a_function_gets_a_dict_of_its_own() -> None:
    params = {"lr": 0.1}
    assert FunctionObjective(lambda params: params.pop("lr"))(params).value == 0.1
    assert params == {"lr": 0.1}


class Broken:
    def __float__(self) -> float:
        raise RuntimeError("no number")

    def __repr__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("returned", "error"),
    [
        (None, "returned None; let it return a number"),
        ("low", "'low' (str); give a number"),
        ([0.1], "[0.1] (list); give a number"),
        (1j, "1j (complex); give a number"),
        (float("nan"), "nan, which is not finite"),
        (10**400, "beyond the largest float"),
        (Fraction(10**400), "beyond the largest float"),
        (Broken(), "Broken); give a number"),
        (["x" * 10**4] * 10**4, "(list); give a number"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_function_that_returns_no_finite_number_is_a_failed_trial(returned: object, error: str) -> None:
    outcome = FunctionObjective(lambda params: returned)({})
    assert outcome.failed
    assert error in outcome.error


class Own(BaseException):
    pass


class Unprintable(Exception):
    def __str__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (TypeError("bad\n  depth"), "TypeError: bad depth"),
        (GeneratorExit(), "GeneratorExit"),
        (asyncio.CancelledError(), "CancelledError"),
        (Own("boom"), "Own: boom"),
        (BaseExceptionGroup("two", [KeyboardInterrupt(), SystemExit()]), "two (2 sub-exceptions)"),
        (ExceptionGroup("many", [ValueError(1)] * 1000), "many (1000 sub-exceptions)"),
        (MemoryError(), "MemoryError"),
        (Unprintable(), "Unprintable: <exception str() failed>"),
    ],
)
def test_an_exception_is_a_failed_trial_with_its_traceback(error: BaseException, said: str) -> None:
    def train(params: dict[str, Any]) -> float:
        raise error

    outcome = FunctionObjective(train)({})
    assert outcome.error.endswith(said)
    assert "\n" not in outcome.error
    assert "in train" in outcome.feedback
    assert "run.py" not in outcome.feedback.replace("test_run.py", "")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, SystemExit])
def test_what_ends_the_program_passes_through_a_function(stop: type[BaseException]) -> None:
    def train(params: dict[str, Any]) -> float:
        raise stop

    with pytest.raises(stop):
        FunctionObjective(train)({})


def separate(lr: float, depth: int = 3, *, act: str) -> float:
    return lr + depth


@pytest.mark.parametrize(
    ("function", "said"),
    [
        (
            separate,
            r"separate\(.*, and it is called with one dict of all params \(missing",
        ),
        (lambda lr, depth: lr, r"write it as objective\(params\), and read params\['NAME'\] in it"),
        (lambda: 0.5, "too many positional arguments"),
        (lambda *, params: 0.5, "too many positional arguments"),
    ],
)
def test_a_function_that_takes_no_dict_of_params_is_refused_before_the_first_trial(
    function: Callable[..., Any], said: str
) -> None:
    with pytest.raises(CommandError, match=said):
        FunctionObjective(function)


@pytest.mark.parametrize(
    "function",
    [
        lambda params, trial, seed: 0.5,
        lambda params, width=3, *more, **named: 0.5,
        lambda *params: 0.5,
        np.sum,
        dict,
    ],
)
def test_a_function_that_can_be_called_with_a_dict_of_params_is_an_objective(
    function: Callable[..., Any],
) -> None:
    FunctionObjective(function)


def test_an_objective_is_named_after_its_function() -> None:
    assert FunctionObjective(free_of_charge).name == f"{__name__}:free_of_charge"


def free_of_charge(params: dict[str, Any]) -> float:
    return 0.0


def command(code: str, **limits: Any) -> CommandObjective:
    """Return an objective that runs Python code with the value of x as its first argument."""
    template = [sys.executable, "-Ic", code.replace("{", "{{").replace("}", "}}"), "{x}"]
    return CommandObjective(template, metric=r"loss=(\S+)", space_names=["x"], **limits)


def test_a_command_gets_its_params_as_arguments_and_as_json(tmp_path: Path) -> None:
    code = (
        "import json, os, sys; print(os.getcwd());"
        "print('loss=', json.loads(os.environ['BESTGUESS_PARAMS'])['x'] + float(sys.argv[1]), sep='')"
    )
    outcome = command(code, cwd=tmp_path)({"x": 0.25})
    assert outcome.value == 0.5
    assert outcome.feedback == f"{tmp_path}\nloss=0.5"
    assert outcome.seconds is not None
    assert outcome.seconds > 0


def test_the_last_match_counts_and_stdout_before_stderr() -> None:
    code = "import sys; print('loss=3', file=sys.stderr); print('loss=1'); print('loss=2')"
    assert command(code)({"x": 1}).value == 2
    assert command("import sys; print('loss=3', file=sys.stderr)")({"x": 1}).value == 3


def test_of_several_matches_one_counts_and_the_feedback_says_which() -> None:
    code = "for loss in (3, 1, 2): print(f'loss={loss}')"
    for match, value, word in (("last", 2, "last"), ("min", 1, "least"), ("max", 3, "greatest")):
        objective = command(code, match=match)
        outcome = objective({"x": 1})
        assert outcome.value == value
        assert objective.note == f"the metric was printed 3 times; the {word} counts"
        assert outcome.feedback.endswith(f"\n[{objective.note}]")


def test_a_number_in_another_unit_than_before_is_a_failed_trial() -> None:
    objective = command("import sys; print(f'loss={sys.argv[1]}')")
    assert objective({"x": "980ms"}).value == 980
    assert objective({"x": "1.2s"}).error.endswith(
        "matched '1.2s', whose unit is s and was ms in the runs before; print it in one unit"
    )
    assert objective({"x": "1,200ms"}).value == 1200
    resumed = command("import sys; print(f'loss={sys.argv[1]}')")
    resumed.recall("stdout:\nepoch 1\nloss=980ms\nstderr:\nfinal loss=3.1h")
    assert "whose unit is s and was ms" in resumed({"x": "1.2s"}).error


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("print('loss=nan')", "nan, which is not finite"),
        ("print('loss=1,5')", "matched '1,5', which is not a number"),
        ("print('bye')", r"'loss=(\S+)' matched nothing in the output; it ended with 'bye'"),
        ("print('loss=1'); raise ValueError('bad x')", "exited with code 1: ValueError: bad x"),
        ("import os; os.kill(os.getpid(), 9)", "killed by SIGKILL, often out of memory"),
        ("import os; os.kill(os.getpid(), 11)", "killed by SIGSEGV"),
        ("import os; os.kill(os.getpid(), 40)", "killed by signal 40"),
        ("raise SystemExit(137)", "exited with code 137 (128 + SIGKILL, often out of memory)"),
        ("raise SystemExit(200)", "exited with code 200"),
    ],
)
def test_a_run_without_a_value_says_why(code: str, error: str) -> None:
    outcome = command(code)({"x": 1})
    assert outcome.failed
    assert outcome.error.endswith(error)


def test_feedback_holds_the_ends_of_both_streams() -> None:
    code = "import sys; print('a' * 5000 + 'out'); print('b' * 5000 + 'err', file=sys.stderr)"
    feedback = command(code)({"x": 1}).feedback
    assert feedback.startswith("stdout:")
    assert feedback.endswith("err")
    assert "aout\nstderr:\n" in feedback
    assert FEEDBACK_CHARS - 50 < len(feedback) <= FEEDBACK_CHARS


@pytest.mark.parametrize(
    ("text", "mode", "error"),
    [
        (None, 0, "No such file or directory; install it, or give its path"),
        ("#!/bin/sh", 0o644, "Permission denied; make it executable"),
        ("\0", 0o755, "Exec format error; start it with its interpreter"),
    ],
)
def test_a_program_that_cannot_start_is_a_failed_trial(
    tmp_path: Path, text: str | None, mode: int, error: str
) -> None:
    program = tmp_path / "train"
    if text is not None:
        program.write_text(text)
        program.chmod(mode)
    outcome = CommandObjective([str(program)], metric="(x)", space_names=["x"])({"x": 1})
    assert outcome.error.startswith(f"cannot start '{program}': {error}")


@pytest.mark.parametrize("value", ["a\0b", "\ud800"])
def test_a_value_that_no_argument_can_hold_is_a_failed_trial(value: str) -> None:
    assert command("")({"x": value}).error.startswith("cannot write the command: ")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"metric": "loss=("}, "is no regular expression"),
        ({"metric": "loss"}, "has 0 groups"),
        ({"metric": "(a)(b)"}, "has 2 groups"),
        ({"metric": "((?:a{1000}){1000}){1000}"}, "is longer than any line"),
        ({"match": "first"}, "match is 'first'; give one of last, min, max"),
        ({"timeout_s": 0}, "timeout_s is 0"),
        ({"timeout_s": float("nan")}, "timeout_s is nan"),
        ({"cwd": "/no/such/folder"}, "cwd is '/no/such/folder'"),
    ],
)
def test_options_that_cannot_work_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(CommandError, match=message):
        CommandObjective(["train"], **{"metric": "(x)", "space_names": ["x"], **options})


@pytest.mark.parametrize(
    ("metric", "printed"),
    [
        (r"(?:(?:a|aa)+)+(c)$", "'a' * 60 + 'b'"),
        pytest.param(r"(?:.*?,){30}P=(\d)", "'1,2,3,4,5,6,7,8,9,10,' * 50", marks=pytest.mark.slow),
        pytest.param(r"loss\s*:?\s*=?\s*(\d)", "'loss' + ' ' * 16000", marks=pytest.mark.slow),
    ],
)
def test_a_metric_that_does_not_come_to_an_end_is_a_failed_trial(metric: str, printed: str) -> None:
    code = f"import time; print({printed}, flush=True); time.sleep(99)"
    outcome = CommandObjective([sys.executable, "-Ic", code], metric=metric, space_names=["x"])({"x": 1})
    assert f"the metric '{metric}' took over 1 s on the line" in outcome.error
    assert "repeat nothing that repeats itself, for example" in outcome.error
    assert outcome.seconds is not None
    assert outcome.seconds < 30


@pytest.mark.slow
def test_a_value_printed_before_100_mb_of_output_is_found() -> None:
    code = "import sys; print('loss=1.5')\nfor _ in range(100): sys.stdout.write(('y' * 99 + '\\n') * 10_000)"
    assert command(code)({"x": 1}).value == 1.5


FAMILY = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)  # inherited
def start(**options):
    return subprocess.Popen(["sleep", "99"], **options).pid
pids = [os.getpid(), start(), start(process_group=0), start(start_new_session=True)]
open(sys.argv[1], "w").write(repr(pids))
print("loss=4", flush=True)
time.sleep(99)
"""


def wait_until(condition: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    return psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE


@pytest.mark.slow
def test_a_timeout_stops_a_whole_family_that_ignores_sigterm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog, "GRACE_S", 0.3)
    pids = tmp_path / "pids"
    for timeout_s in (2, 30):  # the longer one for a machine on which the family begins late
        outcome = command(FAMILY, timeout_s=timeout_s)({"x": str(pids)})
        if outcome.error.endswith("printed was 4"):
            break
    assert outcome.error == f"timed out after {timeout_s} s; the last metric it printed was 4"
    assert not any(is_running(pid) for pid in json.loads(pids.read_text()))


@pytest.mark.slow
def test_a_program_may_say_goodbye_at_sigterm() -> None:
    shell = ["sh", "-c", "trap 'echo saved; exit' TERM; sleep 99 & wait", "{x}"]  # it begins at once
    outcome = CommandObjective(shell, metric="(x)", space_names=["x"], timeout_s=1.5)({"x": 1})
    assert outcome.error == "timed out after 1.5 s"
    assert "saved" in outcome.feedback


def test_ctrl_c_stops_the_whole_family_and_passes_through(tmp_path: Path) -> None:
    (tmp_path / "family.py").write_text(FAMILY)
    pids = tmp_path / "pids"
    code = (
        "import sys; from bestguess.tools.objective import watchdog; watchdog.GRACE_S = 0.3\n"
        "from bestguess.tools.objective.run import CommandObjective\n"
        f"template = [sys.executable, {str(tmp_path / 'family.py')!r}, '{{x}}']\n"
        f"CommandObjective(template, metric='(x)', space_names=['x'])({{'x': {str(pids)!r}}})"
    )
    with subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE, text=True) as tuner:
        wait_until(lambda: pids.exists() and pids.read_text().endswith("]"))
        tuner.send_signal(signal.SIGINT)
        _, stderr = tuner.communicate(timeout=60)
    assert stderr.rstrip().endswith("KeyboardInterrupt")
    assert not any(is_running(pid) for pid in json.loads(pids.read_text()))


def test_a_process_left_in_the_background_neither_holds_up_the_run_nor_outlives_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(process, "DRAIN_S", 0.5)
    code = "import subprocess; print('pid', subprocess.Popen(['sleep', '99']).pid)"
    outcome = command(code, timeout_s=60)({"x": 1})
    assert outcome.error.endswith("left running and stopped: 1")
    assert not is_running(int(outcome.feedback.split()[-1]))
    assert outcome.seconds is not None
    assert outcome.seconds < 30


@pytest.mark.slow
def test_a_daemon_that_keeps_writing_does_not_hold_up_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "DRAIN_S", 0.5)
    code = (
        "import subprocess; daemon = subprocess.Popen(['yes'], start_new_session=True);"
        "print('loss=1', flush=True); print('pid', daemon.pid, file=__import__('sys').stderr)"
    )
    outcome = command(code)({"x": 1})
    assert outcome.value == 1
    pid = int(outcome.feedback.split()[-1])
    wait_until(lambda: not is_running(pid))  # it gets SIGPIPE


def test_a_program_that_closes_its_output_is_still_waited_for() -> None:
    code = (
        "import os, time; print('loss=1', flush=True); os.close(1); os.close(2); time.sleep(0.5); os._exit(3)"
    )
    outcome = command(code)({"x": 1})
    assert outcome.error == "exited with code 3"


def test_a_program_that_asks_for_input_gets_none() -> None:
    assert command("input()")({"x": 1}).error.endswith("EOFError: EOF when reading a line")


def test_open_files_do_not_grow_with_the_number_of_runs() -> None:
    objective = command("print('loss=1')")
    objective({"x": 1})
    before = len(os.listdir("/proc/self/fd"))
    objective({"x": 1})
    assert len(os.listdir("/proc/self/fd")) == before


def test_several_metrics_are_found_by_name_on_either_stream_and_one_that_lacks_fails_the_run() -> None:
    code = "import sys; print('loss=1'); print('loss=2'); print('ms: 3', file=sys.stderr)"
    command = [sys.executable, "-Ic", code]
    found = {"loss": r"loss=(\S+)", "ms": r"ms: (\S+)"}
    outcome = CommandObjective(command, metric=found, space_names=["x"])({"x": 1})
    assert (outcome.values, outcome.error) == ({"loss": 2.0, "ms": 3.0}, "")
    lacking = CommandObjective(command, metric={**found, "mb": "mb (.)"}, space_names=["x"])({"x": 1})
    assert "the metric 'mb' matched nothing in the output" in lacking.error
    with pytest.raises(CommandError, match="give a regular expression"):
        CommandObjective(command, metric={}, space_names=["x"])
