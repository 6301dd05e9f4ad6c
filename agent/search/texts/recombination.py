"""New texts from the sentences and lines of texts that were tried: crossed, added, left out, swapped, moved.

It needs no model (EvoPrompt, arXiv 2309.08532, has a model do it). Whoever reads the result later may find a
sentence twice that says the same; whether that is worth it the objective decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from bestguess.agent.search.texts.checking import check_text
from bestguess.agent.search.texts.draft import Draft, Writing
from bestguess.agent.search.texts.front import by_rank
from bestguess.tools.errors import ParamsError
from bestguess.tools.words.sentences import sentences

TRIES = 16
"""So many times as many drafts as are wanted, and one more, are made before giving up on new ones."""

Units = list[str]
Change = Callable[[Units, Units, np.random.Generator], Units]


class Recombination:
    """Changes one good text by what another has, or by itself; see CHANGES."""

    def write(self, writing: Writing, count: int, rng: np.random.Generator) -> list[Draft]:
        """Return drafts of parents that the better are the likelier; options not tried are donors, too.

        Sentences in another order come only where there is nothing else: they change hardly an answer.
        """
        if writing.parameter.pool:
            return []
        parents = list(writing.worth) or list(writing.tried[:1])
        parents = [one for one in parents if sentences(one.text)]
        if not parents:
            return []
        tried = {one.text for one in writing.tried}
        donors = [one.text for one in writing.tried]
        donors += [text for text in writing.parameter.known if text not in tried]
        if not any(_has_sentences(text) for text in donors):
            return []
        names = {one.text: f"trial {one.trial.number}" for one in writing.tried}
        had, drafts, moved = writing.had(), list[Draft](), list[Draft]()
        said = {_said(text) for text in had}
        weights = by_rank(len(parents))
        for _ in range(TRIES + TRIES * count):
            if len(drafts) == count:
                break
            parent = parents[int(rng.choice(len(parents), p=weights))]
            donor = donors[int(rng.integers(len(donors)))]
            word = str(rng.choice(list(CHANGES)))
            made = CHANGES[word](sentences(parent.text), sentences(donor), rng)
            try:
                text = check_text(writing.parameter, _joined(made, parent.text))
            except ParamsError:  # too long, or a placeholder is lost: not a text of this parameter
                continue
            if text in had:
                continue
            had.add(text)
            given = names.get(donor, "another of the user's texts")
            whose = f" from {given}" if word in TAKING and donor != parent.text else ""
            draft = Draft(text, f"the text of {names[parent.text]} with {WORDS[word]}{whose}")
            (moved if _said(text) in said else drafts).append(draft)
            said.add(_said(text))
        return drafts or moved[:count]


def _said(text: str) -> frozenset[str]:
    return frozenset(unit.strip() for unit in sentences(text))


def _has_sentences(text: str) -> bool:
    """Whether a text is more than a word or a label, which nothing is gained by adding to another."""
    return len(sentences(text)) > 1 or text.rstrip()[-1:] in tuple(".!?:;")


def _joined(made: Sequence[str], like: str) -> str:
    """Return sentences as one text; what has no white space behind it gets what others of the parent have."""
    between = "\n" if "\n" in like.strip() or not _has_sentences(like) else " "
    return "".join(one if one[-1:].isspace() else one + between for one in made).strip()


def _add(mine: Units, theirs: Units, rng: np.random.Generator) -> Units:
    new = [unit for unit in theirs if unit.strip() not in {one.strip() for one in mine}]
    if not new:
        return mine
    at = int(rng.integers(len(mine) + 1))
    return [*mine[:at], new[int(rng.integers(len(new)))], *mine[at:]]


def _replace(mine: Units, theirs: Units, rng: np.random.Generator) -> Units:
    return _add(_drop(mine, theirs, rng), theirs, rng)


def _drop(mine: Units, theirs: Units, rng: np.random.Generator) -> Units:  # noqa: ARG001 - all have one form
    at = int(rng.integers(len(mine)))
    return [*mine[:at], *mine[at + 1 :]]


def _cross(mine: Units, theirs: Units, rng: np.random.Generator) -> Units:
    head = mine[: int(rng.integers(1, len(mine) + 1))]
    said = {unit.strip() for unit in head}
    tail = theirs[int(rng.integers(len(theirs))) :] if theirs else []
    return [*head, *(unit for unit in tail if unit.strip() not in said)]


def _move(mine: Units, theirs: Units, rng: np.random.Generator) -> Units:  # noqa: ARG001 - all have one form
    at, to = rng.integers(len(mine), size=2)
    left = [*mine[:at], *mine[at + 1 :]]
    return [*left[:to], mine[at], *left[to:]]


CHANGES: Mapping[str, Change] = {
    "add": _add,
    "replace": _replace,
    "cross": _cross,
    "drop": _drop,
    "move": _move,
}
TAKING = {"add", "replace", "cross"}
"""Those that take something from the donor."""

WORDS: Mapping[str, str] = {
    "add": "a sentence more",
    "replace": "another sentence in place of one",
    "cross": "another end",
    "drop": "a sentence less",
    "move": "a sentence moved",
}
