"""From a script to a plan: what it prints, what may be set, and the command that sets it.

Scripts are read, never run, here.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from bestguess.agent.advice.knowledge import name_family
from bestguess.agent.chat.files import scripts, within
from bestguess.agent.chat.plan import Plan
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.objective.command import CommandTemplate
from bestguess.tools.scan.directions import direction_of, likeliest_first
from bestguess.tools.scan.draft import Draft, may_be_secret, scan
from bestguess.tools.scan.exclusions import SEED
from bestguess.tools.scan.finding import Finding
from bestguess.tools.scan.metric import find_printed, pattern_of
from bestguess.tools.space.formats import load_yaml
from bestguess.tools.space.space import Space
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.documents import read_text
from bestguess.tools.words.given import did_you_mean, shown

MOST_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class Source:
    """A script's text, with the names that it prints a number after, the likeliest metric first."""

    path: Path
    text: str
    printed: tuple[str, ...]


def read_script(folder: Path, name: str) -> Source:
    """Return the script `name` of a session's folder; raises InputError if it is not there."""
    path = within(folder, name)
    here = str(path.relative_to(folder.resolve()))
    if here.startswith("-") or "{" in here or "}" in here:
        raise InputError(
            f"{here} would not stand for the file in a command, as it begins with a dash or has a brace; "
            "rename it"
        )
    near = ", ".join(found.name for found in scripts(folder)[:8]) or "no Python file"
    text = read_text(path, name, f"{folder} has {near}", most_bytes=MOST_BYTES)
    printed: tuple[str, ...] = ()
    if path.suffix == ".py":
        with suppress(SyntaxError):
            printed = likeliest_first(found.name for found in find_printed(ast.parse(text)))
    return Source(path, text, printed)


def draft(
    folder: Path, script: str, *, metric: str | None = None, direction: str | None = None, space: str = ""
) -> Plan:
    """Return the plan for a script: its space from `space`, a YAML file, or from the script itself.

    Raises:
        InputError: the script cannot be read, nothing in it can be tuned, or no metric is named or found.
    """
    source = read_script(folder, script)
    here = source.path.relative_to(folder.resolve())
    beside = [one for suffix in (".yaml", ".yml") if (one := source.path.with_suffix(suffix)).is_file()]
    origins: dict[str, str] = {}
    left_out: tuple[str, ...] = ()
    pattern = ""
    if space and not space.lower().endswith((".yaml", ".yml")):
        raise InputError(f"the space {space} is no YAML file; give one that ends in .yaml")
    mend = f"write a space as YAML and name it: tune {script} with {source.path.stem}.yaml"
    if there := next(_spaces(folder), ""):
        mend = f"if {there} has its space, name it: tune {script} with {there}"
    if not space and not beside and source.path.suffix != ".py":
        raise InputError(f"{script} is no Python script, so nobody looks in it for what may be tuned; {mend}")
    if space or (beside and source.path.suffix != ".py"):
        found, task = load_yaml(within(folder, space) if space else beside[0])
        runners = {".py": (sys.executable, str(here)), ".sh": ("sh", str(here))}
        command = [*runners.get(here.suffix, (f"./{here}",)), *_flags(source.text, found)]
    else:
        scanned = scan(source.path)
        if scanned.space is None:
            raise InputError(
                f"nothing to tune was found in {script}: it has no flags, upper-case constants or settings; "
                + mend
            )
        found, task = scanned.space, {"description": name_family(scanned.description, scanned.uses)}
        if scanned.metric:
            task |= {"metric": scanned.metric.name, "direction": scanned.metric.direction}
            pattern = scanned.metric.pattern
        command = [sys.executable, *replace(scanned, script=here).command[1:]]
        origins = {found.name: f"{found.origin}, {found.file}:{found.line}" for found in scanned.chosen}
        left_out = (*scanned.lacks, *_kept_as_they_are(scanned))
    name = metric or task.get("metric") or next(iter(source.printed), None)
    if name is None:
        raise InputError(
            f"{script} prints no number after a name, so there is no metric; name it: tune {script}, "
            "minimise NAME"
        )
    same = name == task.get("metric")
    way = direction or (task.get("direction") if same else None) or direction_of(name)
    return Plan(
        script=script,
        words=tuple(command),
        pattern=pattern if pattern and same else pattern_of(name),
        task=Task.from_dict({"description": f"Tune {script}", **task, "metric": name, "direction": way}),
        space=found,
        study=source.path.stem,
        origins=origins,
        left_out=left_out,
    )


def _spaces(folder: Path) -> Iterator[str]:
    """Yield the names of the folder's space files that can be shown as they are."""
    for path in sorted(folder.glob("*.y*ml")):
        with suppress(InputError):
            load_yaml(path)
            if clean_line(path.name) == path.name:
                yield path.name


def _kept_as_they_are(scanned: Draft) -> Iterator[str]:
    """Yield what could be set and is not tuned, with why; not what is tuned where another file sets it."""
    tuned = {found.name for found in scanned.chosen}
    return (f"{left.name}: {reason}" for left, reason in scanned.left_out if left.name not in tuned)


def option_of(folder: Path, plan: Plan, name: str) -> Finding:
    """Return what a plan's script says of an option that it takes; raises InputError where it takes none."""
    if not plan.origins:
        raise InputError(
            f"the space of {plan.script} was not read from the script, so its command is yours: change both "
            f"where they are written, then /new {plan.script}"
        )
    scanned = scan(within(folder, plan.script))
    known = {found.name: (found, reason) for found, reason in reversed(scanned.left_out)}
    known |= {found.name: (found, "") for found in scanned.chosen}
    if name not in known:
        hint = did_you_mean(name, known) or f"; it has {', '.join(sorted(known))}"
        flag = f"--{name.replace('_', '-')}"
        mend = f"a run could not be told it. Once the program takes it, as {flag}, say /add {name} again"
        raise InputError(f"{plan.script} has no option {shown(name)} that can be set{hint}; {mend}")
    found, reason = known[name]
    is_settable = found.words or found.node is not None or found.span is not None
    if found.note or may_be_secret(found) or not is_settable:
        raise InputError(f"{name} of {plan.script} cannot be set: {found.note or reason}")
    return found


def command_for(folder: Path, plan: Plan, tuned: Iterable[str], fixed: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the command that takes the `tuned` parameters, with the `fixed` options at their values."""
    chosen = [option_of(folder, plan, name) for name in tuned]
    for found in (option_of(folder, plan, name) for name in fixed):
        if not found.words:
            chosen.append(found)
            continue
        template = CommandTemplate([plan.script, *found.words], [found.name], [])
        if words := tuple(
            template.render({found.name: fixed[found.name]})[1:]
        ):  # a switch that is off has none
            chosen.append(replace(found, words=words))
    path = within(folder, plan.script)
    command = replace(scan(path), script=path.relative_to(folder.resolve()), chosen=tuple(chosen)).command
    places = {f"{name}={{{name}}}": f"{name}={value}" for name, value in fixed.items()}
    return (sys.executable, *(places.get(word, word) for word in command[1:]))


def seed_words(folder: Path, plan: Plan) -> tuple[str, ...]:
    """Return the arguments that give a run its seed, if the script takes one that nothing else sets."""
    if not plan.origins or "seed" in plan.space:
        return ()
    for found, reason in scan(within(folder, plan.script)).left_out:
        if reason == SEED and found.words and found.name not in plan.fixed:
            return tuple(word.replace(f"{{{found.name}}}", "{seed}") for word in found.words)
    return ()


def _flags(text: str, space: Space) -> list[str]:
    """Return the arguments that set each parameter; none where the script reads them from its environment."""
    if "BESTGUESS_PARAMS" in text:
        return []
    words = []
    for name in space.names:
        dashed = name.replace("_", "-")
        flag = f"--{dashed}" if f"--{dashed}" in text else f"--{name}"
        # A text is an argument of its own; anything else goes with its flag, also where it is inactive.
        words += [flag, f"{{{name}}}"] if name in space.texts else [f"{flag}={{{name}}}"]
    return words
