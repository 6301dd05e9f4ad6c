"""A pack drafted from documents: every number in it stands in a line that it quotes."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bestguess.agent.advice.beliefs import OPEN, kind_of
from bestguess.agent.advice.budget import Budget
from bestguess.agent.advice.knowledge import find_packs
from bestguess.agent.advice.pack import Pack, load_packs
from bestguess.agent.checks import check_budget, check_seconds, check_space, check_task
from bestguess.agent.learning.documents import Document, read_documents
from bestguess.agent.learning.judging import Judge, ModelJudge, WordJudge
from bestguess.agent.learning.names import Names
from bestguess.agent.learning.statements import Statement, find_statements
from bestguess.agent.learning.wording import ADVISED, AVOIDED
from bestguess.agent.llm import LLM
from bestguess.agent.llm.connect import connect
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.space.space import Space
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.documents import Dumper, path_words, read_text
from bestguess.tools.words.given import listed, shorten, shown
from bestguess.tools.words.private import open_private

FAMILY_CHARS = 80
MOST_SOURCES = 50
QUOTE_CHARS = 240
MOST_DROPPED = 40
TIMEOUT_S = 300.0
"""Of one piece of a document."""

Entry = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Draft:
    """A pack that nobody has accepted yet.

    `entries` are what it says by parameter and kind, `said` the statements that it rests on, `dropped` what
    was advised and cannot be used, with the reason, and `read_by` who read the documents.
    """

    family: str
    entries: Mapping[str, Entry]
    lines: tuple[str, ...]
    sources: tuple[str, ...]
    read_by: str
    said: tuple[Statement, ...] = ()
    dropped: tuple[tuple[Statement, str], ...] = ()
    notes: tuple[str, ...] = ()
    portfolio: tuple[Mapping[str, Any], ...] = ()
    learned_on: int = 0
    tokens: int = 0

    @property
    def text(self) -> str:
        """The pack, as `agent/advice/pack.py` reads it."""
        front = [
            f"# Drafted by bestguess learn; read by: {self.read_by}.",
            "# Each number stands in the line that is quoted below.",
            f"family: {_yaml(self.family)}",
            f"words: {_yaml([self.family])}",
            "parameters:" if self.entries else "parameters: {}",
            *(f"  {_yaml({name: dict(entry)})[1:-1]}" for name, entry in self.entries.items()),
        ]
        if self.portfolio:
            front += [
                "portfolio:",
                *(f"  - {_yaml(dict(configuration))}" for configuration in self.portfolio),
            ]
        if self.learned_on:
            front.append(f"learned_on: {self.learned_on}")
        body = [*(f"- {line}" for line in self.lines), "", "## Sources", *self.sources]
        return "\n".join(["---", *front, "---", *body]) + "\n"

    @property
    def says(self) -> tuple[str, ...]:
        """What it says of each parameter, in a few words."""
        return tuple(
            f"{name}: {_belief_words(belief)}"
            for name, entry in self.entries.items()
            for belief in entry.values()
        )

    def pack(self) -> Pack:
        """Return the draft as a pack."""
        return Pack.parse(self.text, f"the draft of {self.family}")

    def diff(self, path: Path) -> str:
        """Return what writing it to a file would change there."""
        before = read_text(path, f"the pack {path_words(path)}", "name another file") if path.exists() else ""
        changed = difflib.unified_diff(
            before.splitlines(), self.text.splitlines(), str(path), str(path), lineterm=""
        )
        return "\n".join(changed)

    def save(self, path: str | Path) -> Path:
        """Write the pack into a file that ends in .md, or into a folder, which is made; return where it is.

        Either is what `knowledge` of `tune` and others takes. Raises InputError.
        """
        file = Path(path)
        if file.suffix != ".md":
            file /= self.file_name
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            with open_private(file, encoding="utf-8") as opened:
                opened.write(self.text)
        except OSError as error:
            raise InputError(
                f"{path_words(file)} cannot be written ({error.strerror}); give another path"
            ) from error
        return file

    @property
    def file_name(self) -> str:
        """What to call its file."""
        return f"{re.sub(r'[^a-z0-9]+', '-', self.family.lower()).strip('-')[:40] or 'notes'}.md"

    def to_dict(self) -> dict[str, Any]:
        """Return the draft as JSON-able values."""
        return {
            "family": self.family,
            "parameters": {name: dict(entry) for name, entry in self.entries.items()},
            "portfolio": [dict(configuration) for configuration in self.portfolio],
            "found": [_record(one) for one in self.said],
            "dropped": [{**_record(one), "reason": reason} for one, reason in self.dropped],
            "notes": list(self.notes),
            "read_by": self.read_by,
            "tokens": self.tokens,
            "pack": self.text,
        }


def _belief_words(belief: Any) -> str:
    if isinstance(belief, Mapping):
        return " or ".join(map(str, belief))
    low, high = belief
    if OPEN[0] == low or OPEN[1] == high:
        return f"at most {high}" if low == OPEN[0] else f"at least {low}"
    return str(low) if low == high else f"{low} to {high}"


def _record(one: Statement) -> dict[str, Any]:
    lines = list(range(one.first, one.last + 1))
    found = {"parameter": one.parameter, "written": one.written, "low": one.low, "high": one.high}
    return {
        **found,
        "options": list(one.options),
        "document": one.document,
        "lines": lines,
        "quote": one.quote,
    }


def _yaml(value: Any) -> str:
    text: str = yaml.dump(
        value, Dumper=Dumper, default_flow_style=True, width=float("inf"), sort_keys=False, allow_unicode=True
    )
    return text.removesuffix("...\n").strip()


def learn(
    sources: str | Path | Sequence[str | Path],
    space: Space,
    task: Task | None = None,
    *,
    llm: LLM | Path | str | None = None,
    family: str | None = None,
    budget: Budget | None = None,
    timeout_s: float = TIMEOUT_S,
    progress: Callable[[str], None] = lambda _: None,
) -> Draft:
    """Return a pack drafted from documents, which nothing uses before it is saved and named as `knowledge`.

    `sources` are files, folders, `-` for stdin, or module:object for a docstring, which is read and never
    executed. The model says which of the values that stand beside a parameter's name are advice; without one
    their words do. `family` is what a task will call it, by default the task's description.

    Raises:
        InputError: an argument is wrong, a document cannot be read, or there is nothing in it to learn.
    """
    space, task = check_space(space), check_task(task)
    given = [sources] if isinstance(sources, str | Path) else listed(sources, MOST_SOURCES)
    if not given or len(given) > MOST_SOURCES or not all(isinstance(one, str | Path) for one in given):
        raise InputError(
            f"sources is {shown(sources)}; give 1 to {MOST_SOURCES} files, folders or docstrings"
        )
    check_budget(budget)
    timeout_s = check_seconds("timeout_s", timeout_s)
    documents = [document for source in given for document in read_documents(source)]
    names = Names(space, _aliases(space, task))
    statements = [
        one for document in documents for one in find_statements(document.text, space, names, document.name)
    ]
    model = connect(llm)
    judge: Judge = WordJudge()
    if model is not None:
        judge = ModelJudge(model, budget=budget, timeout_s=timeout_s, progress=progress)
    try:
        advised = [
            one.flipped if verdict == AVOIDED else one
            for one, verdict in judge.judge(statements)
            if verdict in (ADVISED, AVOIDED)
        ]
    finally:
        if model is not None and not isinstance(llm, LLM):
            model.close()
    return write_draft(
        [one for one in advised if one is not None],
        space,
        family=name_family(family, task, documents),
        sources=[document.name for document in documents],
        judge=judge,
    )


def name_family(family: str | None, task: Task, documents: Sequence[Document] = ()) -> str:
    """Return what the pack is on: what was given, what the task says, or what the document is called."""
    if family is not None and (not isinstance(family, str) or not clean_line(family)):
        raise InputError(f"family is {shown(family)}; give a word or two that the task will be called by")
    named = family or task.description or next((Path(one.name).stem for one in documents), "") or "notes"
    return shorten(clean_line(named), FAMILY_CHARS).rstrip("… ")


def _aliases(space: Space, task: Task) -> dict[str, list[str]]:
    """Return other names of the space's parameters, by the packs that speak of such a task."""
    found: dict[str, list[str]] = {}
    for pack in find_packs(space, task, load_packs()):
        for name, entry in pack.names(space).items():
            found.setdefault(name, []).extend(other for other, same in pack.entries.items() if same is entry)
    return found


def write_draft(
    advised: Iterable[Statement], space: Space, *, family: str, sources: Sequence[str], judge: Judge
) -> Draft:
    """Return the draft that says what is advised; raise InputError where that is nothing."""
    by_name: dict[str, list[Statement]] = {}
    dropped = []
    for one in advised:
        if one.problem:
            dropped.append((one, one.problem))
        else:
            by_name.setdefault(one.parameter, []).append(one)
    entries = {}
    for name in space.names:
        if name in by_name:
            entries[name] = {kind_of(space.parameters[name]): _entry(by_name[name], space, name)}
    said = tuple(one for name in entries for one in by_name[name])
    if not entries:
        first = f"; left out is {dropped[0][0].words} ({dropped[0][1]})" if dropped else ""
        raise InputError(
            f"nothing was found that {shorten(', '.join(sources), 200)} advises on "
            f"{shorten(', '.join(space.names), 200)}{first}; "
            "give a document that names the parameters as the space does"
        )
    lines = dict.fromkeys(f"{name}: {_quoted(one)}" for name in entries for one in by_name[name])
    return Draft(
        family, entries, tuple(lines), (f"{', '.join(dict.fromkeys(sources))}.",), judge.name, said,
        tuple(dropped[:MOST_DROPPED]), tuple(judge.notes), tokens=judge.tokens,
    )  # fmt: skip


def _entry(said: Sequence[Statement], space: Space, name: str) -> Any:
    """Return what statements on one parameter say together: an interval, or weights of options."""
    if said[0].options:
        return {option: 1 for one in said for option in one.options}
    # What a value is said to be at least, or at most, counts where nobody says what it should be.
    firm = [one for one in said if one.low is not None and one.high is not None] or said
    low = min((one.low for one in firm if one.low is not None), default=None)
    high = max((one.high for one in firm if one.high is not None), default=None)
    if low is not None and high is not None:
        low, high = min(low, high), max(low, high)
    whole = kind_of(space.parameters[name]) == "int"
    ends = [int(end) if whole and end is not None else end for end in (low, high)]
    return [name if end is None else end for end, name in zip(ends, OPEN, strict=True)]


def _quoted(one: Statement) -> str:
    return f'"{shorten(clean_line(one.sentence), QUOTE_CHARS)}" ({one.place})'
