"""From what was found in a script to the draft of a space.

What is a seed, a place or a budget by its name is left out, with that reason; and what may be a key or a
password, which is neither tuned nor shown: who wants it all the same writes it into the space by hand.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bestguess.tools.scan.branches import find_conditions
from bestguess.tools.scan.finding import Finding, Value
from bestguess.tools.scan.habits import habit_of
from bestguess.tools.scan.metric import Printed, find_metric
from bestguess.tools.scan.ranges import choose_parameter, is_heads, words_of
from bestguess.tools.scan.reading import read_script, readable
from bestguess.tools.scan.usage import find_classes, find_fixed
from bestguess.tools.space.conditions import name_problem
from bestguess.tools.space.parameters import Choice, Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.words.redaction import is_secret_name, redact

_RANDOM = re.compile(r"(?=(?:[A-Za-z]*\d){3})(?=(?:\d*[A-Za-z]){3})[A-Za-z0-9]{20,}")


@dataclass(frozen=True, slots=True)
class Draft:
    """What was found in a script; `chosen` has the findings of the space's parameters, in its order.

    `left_out` has what could be set and is not tuned, each with the reason.
    """

    script: Path
    space: Space | None
    chosen: tuple[Finding, ...]
    left_out: tuple[tuple[Finding, str], ...]
    metric: Printed | None
    description: str
    """What is tuned, in words: the first line of the script's docstring, and the classes that it uses."""

    @property
    def command(self) -> list[str]:
        """The words that run the script, with {name} for the value of each parameter."""
        sets = [
            word for one in self.chosen if not one.words for word in ("--set", f"{one.name}={{{one.name}}}")
        ]
        flags = [word for one in self.chosen for word in one.words]
        if not sets:
            return ["python", str(self.script), *flags]
        runner = ["python", "-m", "bestguess.tools.objective.override", str(self.script), *sets]
        return [*runner, "--", *flags] if flags else runner


def scan(script: Path) -> Draft:
    """Return the draft of a space for a script; its space is None where nothing can be tuned.

    Raises:
        InputError: the script, or a YAML file that it names, cannot be read.
    """
    tree, findings = read_script(script)
    with readable(script):
        metric, description = find_metric(tree), _describe(script, tree)
    beside = frozenset().union(*map(words_of, findings))
    has_heads = any(is_heads(finding) for finding in findings)
    parameters: dict[str, Parameter] = {}
    chosen, left_out = [], []
    for finding in findings:
        finding = replace(finding, doc=redact(finding.doc))
        parameter = (
            "it may be a secret"
            if _is_secret(finding)
            else choose_parameter(finding, beside, has_heads=has_heads)
        )
        if isinstance(parameter, str):
            left_out.append((finding, parameter))
        elif problem := name_problem(finding.name):
            left_out.append((finding, f"the name {problem}"))
        elif {":", "!"} & set(finding.name):
            left_out.append((finding, "its name has a character that no placeholder of a command can have"))
        elif finding.name in parameters:
            left_out.append((finding, "another of that name was found before"))
        else:
            parameters[finding.name] = parameter
            chosen.append(finding)
    with readable(script):
        left_out += [
            (finding, reason) for finding in find_fixed(tree, script.name) if (reason := _fixed(finding))
        ]
        parameters |= _conditional(tree, parameters, chosen)
    return Draft(
        script,
        Space(parameters) if parameters else None,
        tuple(chosen),
        tuple(left_out),
        metric,
        description,
    )


def _conditional(
    tree: ast.Module, parameters: Mapping[str, Parameter], chosen: Sequence[Finding]
) -> dict[str, Parameter]:
    """Return the parameters that are used only where another has certain values, with that condition."""
    words = Counter(finding.name.rpartition(".")[2] for finding in chosen)
    names = {word: finding.name for finding in chosen if words[word := finding.name.rpartition(".")[2]] == 1}
    options: dict[str, dict[Value, Value]] = {}
    for finding in chosen:
        parameter, word = parameters[finding.name], finding.name.rpartition(".")[2]
        if word in names and isinstance(parameter, Choice) and not parameter.ordered:
            # Of a switch, the flag itself is the value.
            is_switch = finding.words == (f"{{{finding.name}}}",)
            values = (True, False) if is_switch else parameter.options
            options[word] = dict(zip(values, parameter.options, strict=True))
    conditions = find_conditions(tree, {word: tuple(values) for word, values in options.items()}, list(names))
    return {
        names[word]: replace(
            parameters[names[word]],
            when={
                names[parent]: [options[parent][value] for value in values] for parent, values in when.items()
            },
        )
        for word, when in conditions.items()
    }


def _fixed(finding: Finding) -> str:
    """Return the reason against what a call fixes, or nothing if it would not be tuned anyhow."""
    if finding.options:
        others = ", ".join(map(str, finding.options))
        return f"the code fixes {finding.value}; an option that chooses among {others} could be tuned"
    if habit_of(finding.name.rpartition(".")[2].lower()) is None or isinstance(
        choose_parameter(finding), str
    ):
        return ""
    return f"the code fixes {finding.value}; a constant or an option could be tuned"


def _describe(script: Path, tree: ast.Module) -> str:
    summary = redact((ast.get_docstring(tree) or "").partition("\n")[0].strip().rstrip("."))
    classes = find_classes(tree)
    return (summary or f"Tune {script.name}") + (f"; it uses {', '.join(classes)}" if classes else "")


def _is_secret(finding: Finding) -> bool:
    """Whether a finding's text, or another that it may be, is or is named like a secret; numbers are none."""
    texts = [text for text in (finding.value, *finding.options) if isinstance(text, str)]
    return (bool(texts) and is_secret_name(finding.name)) or any(
        redact(text) != text or _RANDOM.search(text[:500]) for text in texts
    )
