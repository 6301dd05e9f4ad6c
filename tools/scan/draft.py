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
from bestguess.tools.scan.usage import find_classes, find_fixed, find_uses
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

    uses: tuple[str, ...]
    """Other people's packages and classes that it and its modules use."""

    relative_line: int = 0
    """Where the script imports from its own package, which it can only as a part of that; 0 if nowhere."""

    @property
    def command(self) -> list[str]:
        """The words that run the script, with {name} for the value of each parameter."""
        sets = [
            word for one in self.chosen if not one.words for word in ("--set", f"{one.name}={{{one.name}}}")
        ]
        path, flags = self.subcommand, []
        for depth in range(len(path) + 1):
            taken = [one.words for one in self.chosen if len(one.subcommand) == depth]
            # Positional arguments come last.
            flags += [word for words in sorted(taken, key=lambda one: one[:1] > ("{",)) for word in words]
            flags += path[depth : depth + 1]
        if not sets:
            return ["python", str(self.script), *flags]
        runner = ["python", "-m", "bestguess.tools.objective.override", str(self.script), *sets]
        return [*runner, "--", *flags] if flags else runner

    @property
    def subcommand(self) -> tuple[str, ...]:
        """The subcommand of the script that the command runs."""
        found = [one.subcommand for one in (*self.chosen, *(one for one, _ in self.left_out))]
        return max(found, key=len, default=())

    @property
    def lacks(self) -> tuple[str, ...]:
        """What the script does not run without and the command has not, a sentence each."""
        positionals = [one for one in self.chosen if one.words == (f"{{{one.name}}}",)]
        sentences = []
        for one in (one for one, _ in self.left_out if one.required):
            words = [*self.subcommand[len(one.subcommand) :]][:1]
            if not one.required.startswith("-"):
                words = words or [
                    word for other in positionals if other.line > one.line for word in other.words
                ]
            place = f"before {words[0]}" if words else "at the end"
            sentences.append(
                f"the command lacks {one.required}, which {self.script.name} needs (line {one.line}); "
                f"write it {place}"
            )
        if self.relative_line:
            sentences.append(
                f"{self.script.name} imports from its own package (line {self.relative_line}), which it can "
                f"only as a part of it: run python -m {self.script.absolute().parent.name}.{self.script.stem}"
            )
        return tuple(sentences)


def scan(script: Path) -> Draft:
    """Return the draft of a space for a script; its space is None where nothing can be tuned.

    Raises:
        InputError: the script, or a YAML file that it names, cannot be read.
    """
    tree, findings, modules = read_script(script)
    with readable(script):
        metric, description = find_metric(tree), _describe(script, tree)
        uses = find_uses([tree, *(module.tree for module in modules)])
    beside = frozenset().union(*map(words_of, findings))
    has_heads = any(is_heads(finding) for finding in findings)
    parameters: dict[str, Parameter] = {}
    chosen, left_out = [], []
    for finding in findings:
        finding = replace(finding, doc=redact(finding.doc))
        parameter = (
            "it may be a secret"
            if may_be_secret(finding)
            else choose_parameter(finding, beside, has_heads=has_heads)
        )
        if isinstance(parameter, str):
            left_out.append((finding, parameter))
        elif problem := name_problem(finding.name):
            left_out.append((finding, f"the name {problem}"))
        elif not finding.is_read:
            left_out.append((finding, "nothing in the script reads it"))
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
        uses,
        next((one.lineno for one in tree.body if isinstance(one, ast.ImportFrom) and one.level), 0),
    )


def _conditional(
    tree: ast.Module, parameters: Mapping[str, Parameter], chosen: Sequence[Finding]
) -> dict[str, Parameter]:
    """Return the parameters that are used only where another has certain values, with that condition."""
    words = Counter(finding.name.rpartition(".")[2] for finding in chosen)
    names = {word: finding.name for finding in chosen if words[word := finding.name.rpartition(".")[2]] == 1}
    options: dict[str, tuple[Value, ...]] = {}
    for finding in chosen:
        parameter, word = parameters[finding.name], finding.name.rpartition(".")[2]
        if word in names and isinstance(parameter, Choice) and not parameter.ordered:
            options[word] = tuple(parameter.options)
    # An option without which the script does not run is always given.
    always = {finding.name for finding in chosen if finding.required}
    conditions = find_conditions(tree, options, [word for word in names if names[word] not in always])
    return {
        names[word]: replace(
            parameters[names[word]],
            when={names[parent]: list(values) for parent, values in when.items()},
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


def may_be_secret(finding: Finding) -> bool:
    """Whether a finding's text, or another that it may be, is or is named like a secret; numbers are none."""
    texts = [text for text in (finding.value, *finding.options) if isinstance(text, str)]
    return (bool(texts) and is_secret_name(finding.name)) or any(
        redact(text) != text or _RANDOM.search(text[:500]) for text in texts
    )
