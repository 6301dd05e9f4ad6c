"""What is known of where a task's optimum lies: by packs that are found by the task's words.

A pack speaks only where its family is named and it knows parameters of the space, or where it knows most of
them by names that are its own. Names that mean nothing match nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError
from typing_extensions import TypedDict

from bestguess.agent.advice.beliefs import belief_words, is_number
from bestguess.agent.advice.naming import plain_name
from bestguess.agent.advice.pack import SOURCES, Pack, choose_packs, load_packs
from bestguess.agent.task import Task
from bestguess.tools.errors import InputError
from bestguess.tools.search.prior import Belief, Interval, OptimumPrior
from bestguess.tools.space.space import Space
from bestguess.tools.words.given import shorten, shown
from bestguess.tools.words.kept import Finite, whole
from bestguess.tools.words.sentences import counted
from bestguess.tools.words.spelling import read_words

UNNAMED_SHARE = 0.6
UNNAMED_LEAST = 3
UNNAMED_OWN = 2
"""A pack that no word calls for must know so large a share of the parameters, so many of them, and so many of
these by names that no other family has: depth, gamma and lr may be a fishing net's."""

ADVICE_CHARS = 1000
"""About 250 tokens of a prompt."""


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What is believed of where a task's optimum lies, and the families of the packs that say so."""

    families: tuple[str, ...]
    beliefs: Mapping[str, Belief]
    unused: tuple[str, ...] = ()
    """What the packs say of parameters that have no such values, in words."""

    advice: str = ""
    """What the packs say, for a model to read."""

    portfolio: tuple[Mapping[str, Any], ...] = ()
    """Configurations to run first, in order, by the space's names; not of all parameters, maybe off range."""

    learned_on: int = 0
    """How many data sets the portfolio was learned on; 0 where nobody says."""

    @property
    def lines(self) -> tuple[str, ...]:
        """Who speaks, and what of it has no use here, for people."""
        first, *others = self.families
        if self.portfolio:
            learned = f" learned on {self.learned_on} data sets" if self.learned_on else ""
            first += f" ({counted(len(self.portfolio), 'configuration')}{learned})"
        elif not self.beliefs:
            first += " (in words for a model only)"
        return (f"Packs of knowledge: {', '.join((first, *others))}", *self.unused)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON-able values, for the record: packs change, and a study goes on as it began."""
        beliefs = {
            name: {"low": belief.low, "high": belief.high}
            if isinstance(belief, Interval)
            else {"weights": [[option, weight] for option, weight in belief.items()]}
            for name, belief in self.beliefs.items()
        }
        fields = {"families": list(self.families), "beliefs": beliefs, "advice": self.advice}
        portfolio = [dict(configuration) for configuration in self.portfolio]
        several = {"unused": list(self.unused), "portfolio": portfolio, "learned_on": self.learned_on}
        return fields | {name: value for name, value in several.items() if value}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Knowledge:
        """Return the knowledge that `to_dict` wrote down; raise InputError for anything else."""
        try:
            kept = _KEPT.validate_python(fields, strict=True)
        except ValidationError as error:
            raise InputError(f"the knowledge is {shown(fields)}; it was not written so") from error
        beliefs: dict[str, Belief] = {
            name: dict(belief["weights"]) if "weights" in belief else Interval(belief["low"], belief["high"])
            for name, belief in kept["beliefs"].items()
        }
        return cls(
            tuple(kept["families"]),
            beliefs,
            tuple(kept.get("unused", ())),
            kept.get("advice", ""),
            tuple(kept.get("portfolio", ())),
            kept.get("learned_on", 0),
        )


class _Ends(TypedDict):
    low: Finite
    high: Finite


def _is_weight(pair: list[Any]) -> list[Any]:
    if not is_number(pair[1]) or pair[1] < 0:
        raise ValueError("an option's weight is no number from 0")
    return pair


_Weight = Annotated[
    list[str | int | float | bool | None], Field(min_length=2, max_length=2), AfterValidator(_is_weight)
]


class _Weights(TypedDict):
    weights: Annotated[list[_Weight], Field(min_length=1)]


class _Kept(TypedDict):
    families: Annotated[list[str], Field(min_length=1)]
    beliefs: dict[str, _Ends | _Weights]
    unused: NotRequired[list[str]]
    advice: NotRequired[str]
    portfolio: NotRequired[list[dict[str, str | int | Finite | bool | None]]]
    learned_on: NotRequired[Annotated[int, Field(ge=0)]]


_KEPT: TypeAdapter[Any] = TypeAdapter(_Kept)


def read_knowledge(kept: Mapping[str, Any] | None, study: str) -> Knowledge | None:
    """Return what a study keeps of knowledge, if anything; raise StudyError if it was not written so."""
    with whole(study):
        return Knowledge.from_dict(kept) if kept else None


def find_packs(space: Space, task: Task, packs: Sequence[Pack]) -> list[Pack]:
    """Return the packs that speak of this task, the most specific first, then those that know most of it.

    If none is called by its words, the one that knows more of the parameters than any other, if that is most
    and the names are its own.
    """
    # Only the description names what is tuned; a doc says how one parameter of it works.
    company = (task.metric, *(f"data: {fact}" for fact in task.facts))
    called = call_packs(task.description, packs, company)
    if called:
        first = {pack.family: pack for pack in reversed(packs)}  # a user's own stands for ours of that family
        known = {id(pack): len(pack.names(space, loosely=True)) for pack in called}
        speaking = [pack for pack in called if known[id(pack)] and pack is first[pack.family]]
        families = {pack.family for pack in called if known[id(pack)]}
        fit = [pack for pack in speaking if pack.is_chosen or not pack.refines or pack.refines in families]
        return sorted(fit, key=lambda pack: (not pack.is_chosen, not pack.refines, -known[id(pack)]))
    ranked = sorted(packs, key=lambda pack: -len(pack.names(space)))
    most, next_most = ([len(pack.names(space)) for pack in ranked] + [0, 0])[:2]
    if most < max(UNNAMED_LEAST, UNNAMED_SHARE * len(space)) or most == next_most:
        return []
    return ranked[:1] if len(_own_names(ranked[0], space, packs, task)) >= UNNAMED_OWN else []


def call_packs(description: str, packs: Sequence[Pack], company: Iterable[str] = ()) -> list[Pack]:
    """Return the packs whose family a description names; `company` is what else is said of the task."""
    words, all_words = read_words(description), read_words("; ".join((description, *company)))
    return [pack for pack in packs if pack.is_called(words, all_words)]


def name_family(description: str, uses: Sequence[str]) -> str:
    """Return a description that names no family with those of the packages and classes used that do."""
    packs = load_packs()
    if call_packs(description, packs):
        return description
    naming = [f"it uses {used}" for used in uses if call_packs(f"{description}; it uses {used}", packs)]
    return "; ".join((description, *naming))


def _own_names(pack: Pack, space: Space, packs: Sequence[Pack], task: Task) -> list[str]:
    """Return the names that no other family has; of a task in words that name no family, compound ones."""
    family = {pack.family, pack.refines}
    others = [other for other in packs if family.isdisjoint({other.family, other.refines} - {""})]
    return [
        name
        for name in pack.names(space)
        if ("_" in plain_name(name) or not task.description.strip())
        and not any(name in other.names(space) for other in others)
    ]


def know(space: Space, task: Task, packs: Sequence[Pack]) -> Knowledge | None:
    """Return what the packs know of a task; None if none speaks of it."""
    found = find_packs(space, task, packs)
    beliefs: dict[str, Belief] = {}
    for pack in reversed(found):
        beliefs |= pack.beliefs(space, task.facts)
    said = OptimumPrior(space, beliefs).names
    # Of another family that is named as well, configurations fit less.
    portfolio = found[0].configurations(space, task.facts) if found else []
    if not found:
        return None
    unused = tuple(
        f"known to work for {name} is {belief_words(beliefs[name])}, which its range does not hold; "
        "it is left out"
        for name in space.names
        if name in beliefs and name not in said
    )
    families = tuple(pack.family for pack in found)
    known = {name: beliefs[name] for name in said}
    learned_on = found[0].learned_on if portfolio else 0
    return Knowledge(families, known, unused, _advise(found, known), tuple(portfolio), learned_on)


def _advise(packs: Sequence[Pack], known: Mapping[str, Belief]) -> str:
    """Return what packs say in words, the most specific first, after what they know in numbers."""
    numbers = "; ".join(f"{name} {belief_words(belief)}" for name, belief in known.items())
    said = [SOURCES.split(pack.advice)[0].strip() for pack in packs]
    usual = f"Usually good: {numbers}." if numbers else ""
    return shorten("\n".join(filter(None, [usual, *said])), ADVICE_CHARS)


def gather(space: Space, task: Task, knowledge: Any) -> Knowledge | None:
    """Return what is known of a task by the packs chosen.

    Raises InputError for a pack that a user named and that knows nothing of the space, and what
    `choose_packs` raises.
    """
    packs = choose_packs(knowledge)
    for pack in packs:
        if pack.is_chosen and not pack.names(space, loosely=True):
            raise InputError(
                f"the knowledge pack {pack.origin} knows nothing of {shorten(', '.join(space.names), 200)}, "
                f"only of {shorten(', '.join(pack.entries), 200)}; let it name them as the space does"
            )
    return know(space, task, packs)
