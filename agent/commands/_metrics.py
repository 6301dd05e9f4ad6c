"""The options that say which numbers count, once for each: --metric, --direction and --limit."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from bestguess.agent.commands._options import metric_name, together
from bestguess.tools.errors import CommandError, InputError

if TYPE_CHECKING:
    from bestguess.agent.task import Task

NO_METRIC = "FILL_IN_THE_PATTERN_OF_THE_RESULT"
"""What `init` writes in the place of a pattern that it does not know: no name of a metric."""

_NAME = re.compile(r"[^\W\d][\w./@ -]*")
_LIMIT = re.compile(r"(?P<what>.+?)\s*(?P<bound>(?:<=|>=|≤|≥)[^<>≤≥]*)", re.DOTALL)

metric_options = together(
    click.option(
        "--metric",
        "metrics",
        multiple=True,
        metavar="REGEX",
        help=r"finds the value in a command's output; one group, as in 'loss=(\S+)', or the name before it, "
        "as in val_loss; once for each metric to improve",
    ),
    click.option(
        "--direction",
        "directions",
        multiple=True,
        type=click.Choice(["minimize", "maximize"]),
        help="default: minimize; once for each --metric, in their order",
    ),
    click.option(
        "--limit",
        "limits",
        multiple=True,
        metavar="LIMIT",
        help=r"what a metric must keep: 'memory_mb <= 4000', or 'memory: (\S+) <= 4000'; may be repeated",
    ),
)


def read_metrics(
    metrics: Sequence[str], directions: Sequence[str], limits: Sequence[str], words: dict[str, Any]
) -> dict[str, str]:
    """Put what the options say into the `words` on the task; return the pattern of each metric by its name.

    Of one metric the words have the name, if any.
    """
    named = [_name_and_pattern(given) for given in metrics]
    patterns = dict(named)
    if len(patterns) < len(named):
        raise CommandError(
            f"two of --metric {' '.join(map(repr, metrics))} have one name; let the last word before each "
            "group tell them apart"
        )
    if len(directions) not in {0, max(len(metrics), 1)}:
        raise CommandError(
            f"--direction is given {len(directions)} times and --metric {len(metrics)} times; give it once "
            "for each, in their order"
        )
    if len(named) > 1:
        for name in ("metric", "direction"):
            words.pop(name, None)
        ways = directions or ["minimize"] * len(named)
        words["metrics"] = dict(zip(patterns, ways, strict=True))
    elif named:
        ((name, pattern),) = named
        before = words.get("metric", name)
        is_same = before == name or (pattern == metrics[0] and str(before) in pattern.replace("\\", ""))
        if not is_same:  # the direction in the space's task is of another metric
            _check_direction(name, directions, words)
        if is_name(metrics[0]) and is_name(str(before)):
            words["metric"] = name
        patterns = {words.setdefault("metric", name): pattern}
    if directions and len(named) < 2:
        words["direction"] = directions[0]
    for given in limits:
        found = _LIMIT.fullmatch(given)
        if found is None:
            raise InputError(f"--limit is {given!r}; give it as 'memory_mb <= 4000'")
        name, pattern = _name_and_pattern(found["what"])
        words["limits"] = {**(words.get("limits") or {}), name: found["bound"]}
        if name not in patterns or pattern == found["what"]:
            patterns[name] = pattern
    return patterns


def is_name(given: str) -> bool:
    """Whether a metric is given by a name that stands in the output, and by no expression or description."""
    return _NAME.fullmatch(given.strip()) is not None and given != NO_METRIC


def patterns_for(task: Task, given: Mapping[str, str]) -> str | dict[str, str] | None:
    """Return what finds the task's metrics in an output: a pattern, or one by name; None without any.

    Of several metrics, one that has none is looked for by its name.
    """
    from bestguess.tools.scan.metric import pattern_of

    if task.goals is None:
        return given.get(task.metric)
    return {name: given.get(name) or pattern_of(name) for name in task.names}


def _name_and_pattern(given: str) -> tuple[str, str]:
    """Return the name and the regular expression of a metric that is given by one of them."""
    from bestguess.tools.scan.metric import pattern_of

    if is_name(given):
        return given.strip(), pattern_of(given.strip())
    return metric_name(given), given


def _check_direction(name: str, directions: Sequence[str], words: Mapping[str, Any]) -> None:
    """Raise InputError where the space's task has a direction that the name of a metric speaks against."""
    from bestguess.tools.scan.directions import find_term

    said, term = words.get("direction"), find_term(name)
    if not directions and said and term and term.direction != said:
        raise InputError(
            f"--metric {name} is by its name to {term.direction}, and the task of the space is to {said}; "
            "give --direction"
        )
