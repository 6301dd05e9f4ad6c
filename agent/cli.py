"""The command line: it parses, calls the tuner, and prints.

Exit codes: 0 done; 1 no trial gave a value, or something is broken (`doctor`); 2 bad input, nothing was
written; 3 model weights could not be had; 130 interrupted, go on with --resume. Everything heavy is
imported inside the commands, so that `--help` answers at once.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import click

from bestguess.agent.models_cli import models
from bestguess.agent.replay_cli import replay
from bestguess.tools.errors import BestGuessError, CommandError, InputError, WeightsError

if TYPE_CHECKING:
    from rich.console import Console

    from bestguess.agent.task import Task
    from bestguess.agent.tuner import Result
    from bestguess.tools.run import Objective
    from bestguess.tools.space import Space

DEFAULT_STORAGE = "sqlite:///bestguess.db"
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class Group(click.Group):
    """Turns our own errors into one line on stderr and a documented exit code."""

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command that was named."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            sys.exit(130)
        except InputError as error:
            _fail(error, 2)
        except WeightsError as error:
            _fail(error, 3)
        except BestGuessError as error:
            _fail(error, 1)


@click.group(cls=Group, context_settings=CONTEXT)
@click.version_option(package_name="bestguess")
def main() -> None:
    """A language model guesses, a Gaussian process verifies, you keep the best.

    \b
    Examples:
      bestguess demo                          a local model tunes a scikit-learn model, start to finish
      bestguess tune --space space.yaml --metric 'loss=([0-9.eE+-]+)' -- python train.py --lr {lr}
      bestguess show                          what the study in bestguess.db came to
      bestguess replay                        does its record still give the same trials?
      bestguess models list                   local models that can be pulled
      bestguess doctor                        what this machine has

    \b
    Exit codes: 0 done; 1 no trial gave a value; 2 bad input, nothing was written;
    3 model weights could not be had; 130 interrupted (nothing told is lost, go on with --resume).
    """


def llm_options(default: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Return the options that say which language model guesses."""

    def add(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(
            (
                click.option(
                    "--llm",
                    default=default,
                    show_default=True,
                    metavar="SPEC",
                    help="none; embedded[:NAME]; a model folder; an OpenAI-compatible URL; module:attribute",
                ),
                click.option(
                    "--llm-wait",
                    "llm_wait_s",
                    type=float,
                    default=120.0,
                    show_default=True,
                    metavar="SECONDS",
                    help="longest wait for the model before a trial; the search goes on without it",
                ),
                click.option("--llm-tokens", type=int, metavar="N", help="what the model may read and write"),
                click.option("--llm-requests", type=int, metavar="N", help="how often it may be asked"),
                click.option("--seed", type=int, default=None, help="makes proposals repeatable"),
                click.option(
                    "--json", "as_json", is_flag=True, help="one JSON object as the last line of stdout"
                ),
            )
        ):
            command = option(command)
        return command

    return add


@main.command(context_settings=CONTEXT)
@click.argument("objective", nargs=-1, required=True, type=click.UNPROCESSED)
@click.option(
    "--space", "space_spec", required=True, metavar="FILE", help="YAML file, or module:attribute of a Space"
)
@click.option(
    "--metric",
    metavar="REGEX",
    help="finds the value in a command's output; one group; the last match counts",
)
@click.option(
    "--direction", type=click.Choice(["minimize", "maximize"]), default=None, help="default: minimize"
)
@click.option("--task", "description", metavar="TEXT", help="what is tuned, in words, for the model")
@click.option("--n-trials", type=int, default=20, show_default=True, help="trials in the study when it ends")
@click.option("--timeout", "timeout_s", type=float, metavar="SECONDS", help="start no trial after this")
@click.option(
    "--trial-timeout", "trial_timeout_s", type=float, metavar="SECONDS", help="end a command that runs longer"
)
@click.option(
    "--storage", default=DEFAULT_STORAGE, show_default=True, metavar="URL", help="'none' keeps it in memory"
)
@click.option("--study-name", metavar="NAME", help="default: the space file's name")
@click.option("--resume", is_flag=True, help="go on with the study if it exists")
@llm_options(default="none")
def tune(
    objective: tuple[str, ...],
    space_spec: str,
    metric: str | None,
    direction: str | None,
    description: str | None,
    n_trials: int,
    timeout_s: float | None,
    trial_timeout_s: float | None,
    storage: str,
    study_name: str | None,
    resume: bool,
    llm: str,
    llm_wait_s: float,
    llm_tokens: int | None,
    llm_requests: int | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Tune a Python function or a command.

    OBJECTIVE is `module:function`, called with a dict of params, or after `--` a command in which {name}
    stands for a parameter's value. The command is run without a shell; an argument that names an inactive
    parameter is left out, along with the flag before it.

    \b
    Examples:
      bestguess tune --space space.yaml --n-trials 30 mymodule:objective
      bestguess tune --space space.yaml --metric 'loss=([0-9.eE+-]+)' --llm embedded \\
          -- python train.py --lr {lr} --depth {depth}
      bestguess tune --space space.yaml --resume ... (the same command again)
    """
    space, words = _read_space(space_spec)
    task = _read_task(words, description=description, metric=metric, direction=direction, objective=objective)
    function = _read_objective(objective, space, metric=metric, trial_timeout_s=trial_timeout_s)
    name = study_name or Path(space_spec.partition(":")[0]).stem
    _run(
        function,
        space,
        task,
        title=f"Study {name}",
        n_trials=n_trials,
        timeout_s=timeout_s,
        storage=None if storage == "none" else storage,
        study_name=name,
        resume=resume,
        llm=llm,
        llm_wait_s=llm_wait_s,
        limits={"tokens": llm_tokens, "requests": llm_requests},
        seed=seed,
        as_json=as_json,
    )


@main.command(context_settings=CONTEXT)
@click.option("--model", metavar="NAME", help="shorthand for --llm embedded:NAME, pulled first if need be")
@click.option("--n-trials", type=int, default=20, show_default=True)
@click.option("--storage", metavar="URL", help="default: demo.db in BestGuess's own folder")
@llm_options(default="embedded")
def demo(
    model: str | None,
    n_trials: int,
    storage: str | None,
    llm: str,
    llm_wait_s: float,
    llm_tokens: int | None,
    llm_requests: int | None,
    seed: int | None,
    as_json: bool,
) -> None:
    """Watch a local language model and a Gaussian process tune a scikit-learn model.

    Gradient boosting on the diabetes data that scikit-learn ships: the default configuration first,
    20 trials in all, then the best on a test split that the search never saw. The weights are
    pulled once; `--model qwen2.5-coder-0.5b` is quicker, `--llm none` needs no weights at all.

    \b
    Examples:
      bestguess demo
      bestguess demo --model qwen2.5-coder-0.5b
      bestguess demo --llm none --json
      bestguess demo --llm http://127.0.0.1:8000/v1
    """
    from bestguess.agent import demo as demonstration
    from bestguess.agent.llm import catalog
    from bestguess.agent.models_cli import pull_with_progress
    from bestguess.tools.run import FunctionObjective

    if model is not None:
        llm = f"embedded:{model}"
    name = catalog.DEFAULT_MODEL if llm == "embedded" else llm.removeprefix("embedded:")
    if name in catalog.CATALOG and not catalog.is_pulled(name):
        pull_with_progress(name, to_stderr=as_json)
    if storage is None:
        folder = catalog.models_root().parent
        folder.mkdir(parents=True, exist_ok=True)
        storage = f"sqlite:///{folder / 'demo.db'}"

    def compare_on_test(result: Result) -> dict[str, Any]:
        default = demonstration.test_score(space.default())
        best = demonstration.test_score(result.best_params)
        return {"test_default": default, "test_best": best}

    space = demonstration.space()
    _run(
        FunctionObjective(demonstration.objective),
        space,
        demonstration.task(),
        title="Demo: gradient boosting on the diabetes data",
        n_trials=n_trials,
        timeout_s=None,
        storage=storage,
        study_name=time.strftime("demo-%Y%m%d-%H%M%S"),
        resume=True,
        llm=llm,
        llm_wait_s=llm_wait_s,
        limits={"tokens": llm_tokens, "requests": llm_requests},
        seed=0 if seed is None else seed,
        as_json=as_json,
        afterwards=compare_on_test,
    )


@main.command(context_settings=CONTEXT)
@click.option("--storage", default=DEFAULT_STORAGE, show_default=True, metavar="URL")
@click.option("--study-name", metavar="NAME", help="may be left out when the storage holds one study")
@click.option("--importance", is_flag=True, help="also which parameters move the value, and which way")
@click.option("--json", "as_json", is_flag=True, help="one JSON object on stdout")
def show(storage: str, study_name: str | None, importance: bool, as_json: bool) -> None:
    """Show a study: its trials, the best, who proposed what, and why turns were not taken.

    \b
    Examples:
      bestguess show
      bestguess show --importance
      bestguess show --storage sqlite:///runs/study.db --study-name train --json
    """
    from bestguess.agent.insight import gain_insight, write_insight
    from bestguess.agent.live import trials_table
    from bestguess.agent.report import study_record, write_report
    from bestguess.agent.study import load

    study = load(storage, study_name)
    history = study.history
    seconds = sum(trial.outcome.seconds or 0.0 for trial in history.told if trial.outcome)
    insights = gain_insight(study.space, history, noisy=study.task.noisy) if importance else ()
    if as_json:
        record = {"study_name": study.name, "storage": storage, **study_record(history, seconds=seconds)}
        if importance:
            record["importance"] = [one.record for one in insights]
        click.echo(json.dumps(record))
        return
    from rich.markdown import Markdown

    console = _console()
    console.print(trials_table(history.trials, study.task, history.incumbent))
    console.print(Markdown(write_report(history, study.task, title=f"Study {study.name}")))
    if importance:
        console.print(Markdown(write_insight(insights, study.task.metric)))


@main.command(context_settings=CONTEXT)
@click.option(
    "--llm",
    default="none",
    metavar="SPEC",
    help="also ask this model three times: is it up, what does it honour?",
)
@click.option("--json", "as_json", is_flag=True, help="one JSON object on stdout")
def doctor(llm: str, as_json: bool) -> None:
    """Report what this machine has: Python, torch and CUDA, models, disk, versions.

    Exits with 1 when something that BestGuess needs is missing.

    \b
    Examples:
      bestguess doctor --json
      bestguess doctor --llm http://127.0.0.1:8000/v1
    """
    from bestguess.agent.doctor import examine

    findings = examine()
    if llm != "none":
        from bestguess.agent.examination import examine_model
        from bestguess.agent.llm.connect import connect

        model = connect(llm)
        assert model is not None
        findings += examine_model(model)
        model.close()
    if as_json:
        click.echo(
            json.dumps({finding.name: {"ok": finding.ok, "detail": finding.detail} for finding in findings})
        )
    else:
        width = max(len(finding.name) for finding in findings)
        for finding in findings:
            click.echo(f"{'ok ' if finding.ok else 'NO '} {finding.name:<{width}}  {finding.detail}")
    sys.exit(0 if all(finding.ok for finding in findings) else 1)


main.add_command(models)
main.add_command(replay)


def _run(
    objective: Objective,
    space: Space,
    task: Task,
    *,
    title: str,
    n_trials: int,
    timeout_s: float | None,
    storage: str | None,
    study_name: str,
    resume: bool,
    llm: str,
    llm_wait_s: float,
    limits: dict[str, int | None],
    seed: int | None,
    as_json: bool,
    afterwards: Callable[[Result], dict[str, Any]] | None = None,
) -> None:
    """Tune, show it, report, and exit with the code that fits."""
    _share_cores()
    import optuna

    from bestguess.agent.budget import Budget
    from bestguess.agent.live import watch
    from bestguess.agent.tuner import Tuner, check_n_trials

    check_n_trials(n_trials)
    optuna.logging.set_verbosity(optuna.logging.WARNING)  # its notes would tear the table
    signal.signal(signal.SIGTERM, _interrupt)
    # Progress goes to stderr under --json, so that stdout is one object whoever reads it.
    console = _console(stderr=as_json)
    with Tuner(
        space,
        task,
        llm=llm,
        storage=storage,
        study_name=study_name,
        seed=seed,
        resume=resume,
        llm_wait_s=llm_wait_s,
        budget=Budget(**limits),
    ) as tuner:
        try:
            with watch(console, task, n_trials, done=len(tuner.history.told)) as observer:
                result = tuner.run(objective, n_trials=n_trials, timeout=timeout_s, observer=observer)
        except KeyboardInterrupt:
            told = len(tuner.history.told)
            hint = (
                ""
                if storage is None
                else f"; go on with --resume --storage {storage} --study-name {study_name}"
            )
            click.echo(f"\ninterrupted after {told} trials, all of them kept{hint}", err=True)
            sys.exit(130)
        extra = afterwards(result) if afterwards and result.history.incumbent else {}
        if as_json:
            click.echo(json.dumps({**result.to_dict(), "storage": storage, **extra}))
        else:
            _print_report(console, result, title, extra)
            if storage is not None:
                console.print(
                    f"Look again: bestguess show --storage {storage} --study-name {study_name}",
                    soft_wrap=True,
                )
    sys.exit(0 if result.history.incumbent else 1)


def _share_cores() -> None:
    """Load torch so that its threads sleep while they wait, and do not spin on a core that others need.

    With the objective busy on one of two cores, 8 guesses of the 1.5B model took 10 s so, and 19 to 23 s
    with OpenMP's default. The commands that are tuned do not inherit the setting.
    """
    given = os.environ.get("OMP_WAIT_POLICY")
    if given is None:
        os.environ["OMP_WAIT_POLICY"] = "PASSIVE"
    import torch  # noqa: F401  # OpenMP reads its settings once, when it is loaded

    if given is None:
        del os.environ["OMP_WAIT_POLICY"]


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """End on SIGTERM as on Ctrl-C: what the objective started is stopped, and the trial is given back."""
    raise KeyboardInterrupt


def _print_report(console: Console, result: Result, title: str, extra: dict[str, Any]) -> None:
    from rich.markdown import Markdown

    lines: tuple[str, ...] = ()
    if extra:
        change = extra["test_best"] - extra["test_default"]
        lines = (
            f"Held-out test split: default {extra['test_default']:.6g}, best {extra['test_best']:.6g}; "
            f"change {change:+.6g}, {100 * change / abs(extra['test_default']):+.1f} %",
        )
    text = result.report(title=title, lines=lines)
    console.print(
        Markdown(text) if console.is_terminal else text, markup=False, highlight=False, soft_wrap=True
    )


def _read_space(spec: str) -> tuple[Space, dict[str, Any]]:
    """Return the space in a YAML file or at module:attribute, and the file's words about the task."""
    from bestguess.tools.run import load_object
    from bestguess.tools.space import Space
    from bestguess.tools.space_formats import load_yaml

    if not Path(spec).exists() and ":" in spec:
        space = load_object(spec)
        if not isinstance(space, Space):
            raise CommandError(f"--space {spec} is a {type(space).__name__}; name a bestguess.Space")
        return space, {}
    return load_yaml(Path(spec))


def _read_task(
    words: dict[str, Any],
    *,
    description: str | None,
    metric: str | None,
    direction: str | None,
    objective: Sequence[str],
) -> Task:
    """Return the task: what the file says, overruled by the options, filled in from the command."""
    from bestguess.agent.task import Task

    given = {"description": description, "direction": direction}
    words = {**words, **{key: value for key, value in given.items() if value is not None}}
    words.setdefault("description", "Tune " + " ".join(objective))
    if metric is not None:
        # The words before the group are usually the metric's name: 'val_loss=(...)'.
        words.setdefault("metric", metric.partition("(")[0].strip(" =:^\\s+*") or "value")
    return Task.from_dict(words)


def _read_objective(
    objective: Sequence[str], space: Space, *, metric: str | None, trial_timeout_s: float | None
) -> Objective:
    """Return the objective: one word with a colon is a Python function, anything else a command."""
    from bestguess.tools.run import CommandObjective, FunctionObjective, load_function

    if len(objective) == 1 and ":" in objective[0] and "{" not in objective[0]:
        if metric is not None or trial_timeout_s is not None:
            raise CommandError("--metric and --trial-timeout are for commands; a function returns its value")
        return FunctionObjective(load_function(objective[0]))
    if metric is None:
        raise CommandError("a command needs --metric, for example --metric 'loss=([0-9.eE+-]+)'")
    return CommandObjective(objective, metric=metric, space_names=space.names, timeout_s=trial_timeout_s)


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr)


def _fail(error: BestGuessError, code: int) -> None:
    click.echo(f"error: {error}", err=True)
    sys.exit(code)


if __name__ == "__main__":
    main()
