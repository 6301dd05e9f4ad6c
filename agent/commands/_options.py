"""The options that several commands take, each defined once, and the space, task and objective they name."""

from __future__ import annotations

import math
import os
import re
import shlex
import shutil
from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, NotRequired, TypedDict

import click

from bestguess.agent.commands._output import echo
from bestguess.tools.errors import CommandError, InputError, StudyError

if TYPE_CHECKING:
    from bestguess.agent.advice.budget import Budget
    from bestguess.agent.llm import LLM
    from bestguess.agent.search.switches import Switches
    from bestguess.agent.task import Task
    from bestguess.tools.objective.reading import Which
    from bestguess.tools.objective.run import CommandObjective, FunctionObjective
    from bestguess.tools.space.space import Space

Command = Callable[..., Any]
Add = Callable[[Command], Command]

LLM_HELP = "none; embedded[:NAME]; a model folder; an OpenAI-compatible URL; module:attribute"
LLM_WAIT_HELP = "longest wait for the model before a trial; the search goes on without it"
DEFAULT_STORAGE = "sqlite:///bestguess.db"
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


def together(*options: Add) -> Add:
    """Return what adds all of the options, in their order."""

    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


def llm_option(default: str = "none") -> Add:
    """Return the option that says which language model guesses."""
    return click.option("--llm", default=default, show_default=True, metavar="SPEC", help=LLM_HELP)


def seconds_option(
    *names: str, default: float | None = None, words: str | None = None, above_0: bool = False
) -> Add:
    """Return an option of a duration, which must be a finite number from 0, or above it."""

    def read(_context: click.Context, option: click.Parameter, given: float | None) -> float | None:
        if given is not None and not (math.isfinite(given) and given >= 0 and (given or not above_0)):
            least = "seconds above 0" if above_0 else "0 or more seconds"
            raise InputError(f"{option.opts[0]} is {given:g}; give {least}")
        return given

    return click.option(
        *names, type=float, default=default, show_default=True, metavar="SECONDS", callback=read, help=words
    )


def llm_wait_option(default: float) -> Add:
    """Return the option that says how long the model is waited for."""
    return seconds_option("--llm-wait", "--llm-wait-s", "llm_wait_s", default=default, words=LLM_WAIT_HELP)


def storage_option(
    default: str | None = DEFAULT_STORAGE, *, words: str | None = None, or_none: bool = False
) -> Add:
    """Return the option that says where studies are kept, which outlives the command; 'none' if `or_none`."""

    def read(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
        from bestguess.agent.record.storage_url import is_memory

        if given is None or (or_none and given == "none"):
            return given
        if is_memory(given):
            mend = "'none' says so" if or_none else "name a file, as sqlite:///study.db"
            raise StudyError(f"storage is {given!r}, which ends with the command; {mend}")
        return given

    return click.option(
        "--storage", default=default, show_default=True, metavar="URL", callback=read, help=words
    )


def study_name_option(words: str) -> Add:
    """Return the option that names a study, with the words of its help."""

    def read(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
        from bestguess.agent.checks import check_study_name

        return check_study_name(given)

    return click.option("--study-name", metavar="NAME", callback=read, help=words)


def seed_option(default: int | None = None) -> Add:
    """Return the option that makes proposals repeatable."""

    def read(_context: click.Context, _option: click.Parameter, given: int | None) -> int | None:
        from bestguess.agent.checks import check_seed

        return check_seed(given)

    return click.option("--seed", type=int, default=default, callback=read, help="makes proposals repeatable")


def _read_device(_context: click.Context, _option: click.Parameter, given: str) -> str:
    from bestguess.tools.surrogate.device import check_device

    return check_device(given)


def _read_pruner(_context: click.Context, _option: click.Parameter, given: str | None) -> str | None:
    if given is None:
        return None
    from bestguess.agent.pruning.pruner import check_pruner

    return str(check_pruner(given))


device_option = click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="auto|cpu|cuda",
    callback=_read_device,
    help="where the Gaussian process computes; auto: on a GPU once it pays",
)

pruner_option = click.option(
    "--pruner",
    metavar="RULE",
    callback=_read_pruner,
    help="stop hopeless trials early, by what they print: forecast, median, hyperband, ...; none; "
    "default: as the study has it",
)


def _read_preference(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> dict[str, float] | None:
    weights = {}
    for word in given:
        name, equals, weight = word.rpartition("=")
        try:
            weights[name.strip()] = float(weight)
        except ValueError:
            equals = ""
        if not equals or not name.strip():
            raise InputError(f"--prefer is {word!r}; give METRIC=WEIGHT, for example --prefer val_loss=2")
    return weights or None


prefer_option = click.option(
    "--prefer",
    multiple=True,
    metavar="METRIC=WEIGHT",
    callback=_read_preference,
    help="of several metrics, how much one counts where a best trial is chosen; once for each",
)

json_option = click.option("--json", "as_json", is_flag=True, help="one JSON object, the last line of stdout")


def out_option(words: str) -> Add:
    """Return the option that names the file that is written."""
    return click.option("--out", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE", help=words)


force_option = click.option("--force", is_flag=True, help="write over a file that is there")

study_options = together(
    storage_option(), study_name_option("may be left out when the storage holds one study")
)
"""The options that name a study which is there."""

task_option = click.option(
    "--task", "--description", "description", metavar="TEXT", help="what is tuned, in words, for the model"
)
task_options = together(
    task_option,
    click.option("--direction", type=click.Choice(["minimize", "maximize"]), help="default: minimize"),
)
"""The options that say what is tuned, and which way."""

_exam_option = click.option(
    "--exam",
    type=click.Choice(["on", "off"]),
    default="on",
    show_default=True,
    callback=lambda _context, _option, given: given == "on",
    help="examine a server's model the first time that it is used, in the background",
)

parallel_option = click.option(
    "--parallel",
    "--n-jobs",
    "parallel",
    type=click.IntRange(1, 64),
    default=1,
    show_default=True,
    metavar="N",
    help="trials at once",
)

session_options = together(
    click.option(
        "--folder",
        type=click.Path(exists=True, file_okay=False, path_type=Path),
        default=Path(),
        help="where the scripts are, and files are written; nothing outside of it is touched",
    ),
    llm_option(),
    _exam_option,
    click.option("--resume", is_flag=True, help="go on with the folder's last session"),
    parallel_option,
    seed_option(),
    device_option,
)
"""The options of a session in conversation, whatever shows it."""


def _read_earlier(
    _context: click.Context, _option: click.Parameter, given: tuple[str, ...]
) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for words in given:
        try:
            study, *renamed = shlex.split(words)
            found[study] = dict(word.split("=") for word in renamed)
        except ValueError:
            raise CommandError(
                f"--earlier {words!r} cannot be read; name a study or a storage, as --earlier old, and what "
                "was renamed behind it, as --earlier 'old lr=learning_rate'"
            ) from None
    return found


_earlier_options = together(
    click.option(
        "--earlier",
        multiple=True,
        metavar="STUDY",
        callback=_read_earlier,
        help="begin with what this study came to, or those of a storage's URL; behind it what was renamed, "
        "as 'old lr=learning_rate'; default: those in the storage with half of the parameters in common",
    ),
    click.option("--no-earlier", is_flag=True, help="begin with nothing of what earlier studies came to"),
)


class SearchTerms(TypedDict):
    """Who guesses and on what terms, in the words of `Tuner`."""

    llm: LLM | str | None
    llm_wait_s: float
    budget: Budget
    exam: NotRequired[bool | Callable[[str], object]]
    switches: NotRequired[Switches]
    knowledge: bool | str
    earlier: NotRequired[bool | Mapping[str, Mapping[str, str]]]
    seed: int | None
    device: NotRequired[str]
    pruner: NotRequired[str | None]


def search_options(
    llm: str = "none",
    *,
    wait_s: float = 120.0,
    seed: int | None = None,
    exam: bool = True,
    search: bool = True,
) -> Add:
    """Return the options of a search with their defaults; the command gets them as one argument `terms`.

    Without `exam` the command ends before an exam would; without `search` it makes first guesses only.
    """
    options = together(
        llm_option(llm),
        llm_wait_option(wait_s),
        click.option(
            "--llm-tokens", type=click.IntRange(0), metavar="N", help="what the model may read and write"
        ),
        click.option("--llm-requests", type=click.IntRange(0), metavar="N", help="how often it may be asked"),
        *([_exam_option] if exam else []),
        click.option(
            "--knowledge",
            default="on",
            show_default=True,
            metavar="SPEC",
            callback=lambda _context, _option, given: {"on": True, "off": False}.get(given, given),
            help="packs of what is known to work: on, off, a pack of your own, or a folder of them",
        ),
        _earlier_options,
        seed_option(seed),
        *([device_option, pruner_option] if search else []),
    )

    def add(command: Command) -> Command:
        @wraps(command)
        def collected(*, llm_tokens: int | None, llm_requests: int | None, **given: Any) -> Any:
            from bestguess.agent.advice.budget import Budget

            given["budget"] = Budget(tokens=llm_tokens, requests=llm_requests)
            if "earlier" in given:
                if given.pop("no_earlier"):
                    if given["earlier"]:
                        raise CommandError("--earlier and --no-earlier exclude each other; drop one")
                    given["earlier"] = False
                given["earlier"] = given["earlier"] or not isinstance(given["earlier"], bool)
            terms = {name: given.pop(name) for name in SearchTerms.__annotations__ if name in given}
            return command(terms=terms, **given)

        return options(collected)

    return add


def read_native(spec: str) -> tuple[Any, dict[str, Any]]:
    """Return the space in a YAML file, or what is at module:attribute; and the file's words on the task."""
    from bestguess.tools.objective.loading import load_object
    from bestguess.tools.space.formats import load_yaml

    if ":" in spec and not os.path.exists(spec):
        return load_object(spec), {}
    return load_yaml(Path(spec))


def read_space(spec: str) -> tuple[Space, dict[str, Any]]:
    """Return the space in a YAML file or at module:attribute, and the file's words about the task."""
    from bestguess.tools.space.space import Space

    space, words = read_native(spec)
    if not isinstance(space, Space):
        raise CommandError(f"--space {spec} is a {type(space).__name__}; name a bestguess.Space")
    return space, words


def read_task(words: dict[str, Any], **given: str | None) -> Task:
    """Return the task: what the file says, overruled by the options that were given."""
    from bestguess.agent.task import Task

    return Task.from_dict({**words, **{name: value for name, value in given.items() if value is not None}})


def metric_name(pattern: str) -> str:
    """Return the last word before the group, usually the metric's name: 'val_loss=(...)', '"loss": (...)'."""
    before = re.sub(r"\(\?[a-z]+\)|\\[a-zA-Z]|\[[^\]]*\]", " ", pattern).partition("(")[0]
    named = re.findall(r"(?:(?<![^(/])[-\u2212])?[A-Za-z_][\w.@/-]*", before)
    return named[-1].rstrip("./-") if named else "value"


def note_direction(task: Task, *, given: bool) -> None:
    """Say on stderr that a metric without a given direction is minimized, where its name says otherwise."""
    from bestguess.tools.scan.directions import direction_of

    for name in (task.metrics or (task.metric,)) if not given else ():
        if direction_of(name) != "maximize":
            continue
        echo(
            f"note: {name} is minimized, and by its name more is better; if so, give "
            "--direction maximize, or say so in the space's task",
            err=True,
        )


def read_objective(
    objective: Sequence[str],
    space: Space,
    *,
    metric: str | Mapping[str, str] | None,
    trial_timeout_s: float | None,
    match: Which | None = None,
) -> FunctionObjective | CommandObjective:
    """Return the objective: one word with a colon is a Python function, anything else a command."""
    from bestguess.tools.objective.loading import load_function
    from bestguess.tools.objective.run import CommandObjective, FunctionObjective

    if len(objective) == 1 and ":" in objective[0] and "{" not in objective[0]:
        if (metric if isinstance(metric, str) else None, match, trial_timeout_s) != (None, None, None):
            raise CommandError(
                "--metric, --match and --trial-timeout are for commands; a function returns its value"
            )
        return FunctionObjective(load_function(objective[0]))
    if metric is None:
        raise CommandError("a command needs --metric, for example --metric 'loss=(\\S+)'")
    command = CommandObjective(
        objective,
        metric=metric,
        space_names=space.names,
        text_names=space.texts,
        timeout_s=trial_timeout_s,
        match=match or "last",
    )
    if shutil.which(objective[0]) is None:
        raise CommandError(
            f"there is no program {objective[0]!r} to run, here or on the PATH, or it may not be executed; "
            "see whether the command runs by hand"
        )
    return command


def refuse_existing(path: Path | None, *, force: bool, makes_folder: bool = False) -> None:
    """Raise InputError for a file that is there and that nobody said to write over, or that has no folder."""
    if path is None:
        return
    if not makes_folder and not os.path.isdir(path.absolute().parent):  # of a name that is too long, too
        raise InputError(f"{path} cannot be written: there is no folder {path.parent}; make it first")
    if os.path.lexists(path) and not force:
        raise InputError(f"{path} is there already; name another with --out, or write over it with --force")
