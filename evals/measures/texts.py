"""What a surrogate over texts is worth: by the words of texts, by whether they are equal, and by chance.

    python -m bestguess.evals texts [--seeds 0:8]

Objectives made by code, with exact values; no model is asked. `choosing`: one of 60 given texts of 6 of 24
clauses, whose worth adds up. `writing`: the same as sentences, of which six texts are given and new ones
recombined. `exemplars`: up to 4 of 24 pieces, each of which shows 3 of 12 skills; a skill counts once, and
3/4 where its piece comes late. `mixed`: one of 20 given texts, a temperature and a format. Shown is the best
value so far: 0 is the median of the texts that are given or drawn, 1 the best that can be had.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bestguess.agent.search.chance import Chance
from bestguess.agent.search.switches import Switches
from bestguess.agent.search.texts.drafts import TextLooks
from bestguess.agent.task import Task
from bestguess.agent.tuner import Tuner
from bestguess.tools.arrays import FloatArray
from bestguess.tools.space.parameters import Choice, Float, Text
from bestguess.tools.space.space import Space

TRIALS = 30
SHOWN = (10, 20, 30)

_VERBS = ["Answer", "Reply", "Write", "Give", "State", "Name", "Copy", "List"]
_OBJECTS = [
    "the date",
    "each unit",
    "every field",
    "the total",
    "one label",
    "the sum",
    "no prose",
    "the key",
]
_WAYS = ["in order", "as JSON", "in lower case", "with two digits", "before all else", "without a word more"]


class Equality:
    """An embedder to which texts are equal or have nothing in common, as if each were hashed."""

    def embed(self, texts: Sequence[str]) -> FloatArray:
        """Return one direction a text, nearly at right angles to all others."""
        drawn = [np.random.default_rng(list(text.encode())).standard_normal(512) for text in texts]
        return np.array([one / np.linalg.norm(one) for one in drawn])


CONTESTANTS: Mapping[str, Switches] = {
    "words": Switches(),
    "equality": Switches(embedder=Equality()),
    "chance": Switches(proposers=(TextLooks(Chance()),)),
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A space of texts, its exact value (more is better), what is `usual`, and the `best` that can be had."""

    space: Space
    value: Callable[[Mapping[str, Any]], float]
    usual: float
    best: float


@dataclass(frozen=True, slots=True)
class Clauses:
    """24 clauses that share words, what each is worth, and texts of six of them."""

    pieces: Sequence[str]
    worth: FloatArray
    texts: Sequence[str]

    @classmethod
    def draw(cls, rng: np.random.Generator, count: int, ended: str) -> Clauses:
        """Return clauses that a mark ends, and `count` texts."""
        every = [" ".join(words) for words in itertools.product(_VERBS, _OBJECTS, _WAYS)]
        pieces = [f"{one}{ended}" for one in rng.choice(every, 24, replace=False)]
        worth = rng.standard_normal(24)
        texts = [" ".join(pieces[at] for at in rng.permutation(24)[:6]) for _ in range(count)]
        return cls(pieces, worth, texts)

    def of(self, text: str) -> float:
        """Return what a text is worth."""
        return float(sum(self.worth[at] for at, piece in enumerate(self.pieces) if piece in text))

    @property
    def usual(self) -> float:
        """The median of its texts."""
        return float(np.median([self.of(text) for text in self.texts]))


def choosing(rng: np.random.Generator) -> Problem:
    """Return the choice of one of 60 given texts, too long for anything to be added."""
    drawn = Clauses.draw(rng, 60, ",")
    first, *others = drawn.texts
    space = Space(prompt=Text(default=first, examples=others, max_chars=max(map(len, drawn.texts))))
    best = max(map(drawn.of, drawn.texts))
    return Problem(space, lambda params: drawn.of(params["prompt"]), drawn.usual, best)


def writing(rng: np.random.Generator) -> Problem:
    """Return the writing of one text from the sentences of six."""
    drawn = Clauses.draw(rng, 6, ".")
    first, *others = drawn.texts
    there = [at for at, piece in enumerate(drawn.pieces) if any(piece in text for text in drawn.texts)]
    best = float(np.maximum(drawn.worth[there], 0.0).sum())
    space = Space(prompt=Text(default=first, examples=others))
    return Problem(space, lambda params: drawn.of(params["prompt"]), drawn.usual, best)


def exemplars(rng: np.random.Generator) -> Problem:
    """Return the choice of up to 4 of 24 pieces in an order."""
    skills = [rng.permutation(12)[:3].tolist() for _ in range(24)]
    asked = Clauses.draw(rng, 1, "?").pieces
    shown = [" ".join(f"skill{skill}" for skill in has) for has in skills]
    pool = [f"Q: {question}\nA: {answer}" for question, answer in zip(asked, shown, strict=True)]
    weight = rng.uniform(0.5, 1.5, 12)

    def value(params: Mapping[str, Any]) -> float:
        text, seen = params["shown"], np.zeros(12)
        for piece, has in zip(pool, skills, strict=True):
            at = text.find(piece)
            if at >= 0:
                seen[has] = np.maximum(seen[has], 1.0 if at < len(text) / 2 else 0.75)
        return float(weight @ seen)

    def drawn() -> str:
        return "\n\n".join(pool[at] for at in rng.permutation(24)[: int(rng.integers(1, 5))])

    usual = float(np.median([value({"shown": drawn()}) for _ in range(200)]))
    sets = (
        sorted({skill for at in some for skill in skills[at]})
        for some in itertools.combinations(range(24), 4)
    )
    best = max(float(weight[covered].sum()) for covered in sets)
    return Problem(Space(shown=Text(pool=pool, pieces=4)), value, usual, best)


def mixed(rng: np.random.Generator) -> Problem:
    """Return the choice of one of 20 texts, a temperature and a format."""
    drawn = Clauses.draw(rng, 20, ",")
    first, *others = drawn.texts
    right = float(rng.uniform(0.0, 1.0))
    prompt = Text(default=first, examples=others, max_chars=max(map(len, drawn.texts)))
    space = Space(prompt=prompt, temperature=Float(0, 1), format=Choice(["plain", "json", "yaml"]))

    def value(params: Mapping[str, Any]) -> float:
        form = {"plain": 0.0, "json": 0.5, "yaml": 0.2}[params["format"]]
        return drawn.of(params["prompt"]) - 2.0 * float(params["temperature"] - right) ** 2 + form

    usual = float(np.median([value(params) for params in space.samples(rng, 200)]))
    return Problem(space, value, usual, max(map(drawn.of, drawn.texts)) + 0.5)


Make = Callable[[np.random.Generator], Problem]

PROBLEMS: tuple[Make, ...] = (choosing, writing, exemplars, mixed)


def run(problem: Problem, switches: Switches, seed: int) -> FloatArray:
    """Return the best value so far after each trial (TRIALS,), 0 what is usual and 1 the best."""
    task = Task("Which words work best", metric="score", direction="maximize")
    with Tuner(problem.space, task, seed=seed, switches=switches, knowledge=False) as tuner:
        values = []
        for _ in range(TRIALS):
            trial = tuner.ask()
            values.append(problem.value(trial.params))
            tuner.tell(trial, values[-1])
    so_far: FloatArray = np.maximum.accumulate(values)
    return (so_far - problem.usual) / (problem.best - problem.usual)


def measure_texts(seeds: Sequence[int]) -> Iterator[str]:
    """Yield a line for each problem and contestant: the mean over seeds, and its standard error."""
    for make in PROBLEMS:
        yield getattr(make, "__name__", "")
        for name, switches in CONTESTANTS.items():
            runs = np.array([run(make(np.random.default_rng(seed)), switches, seed) for seed in seeds])
            shown = []
            for at in SHOWN:
                so_far = runs[:, at - 1]
                error = so_far.std(ddof=1) / np.sqrt(len(seeds)) if len(seeds) > 1 else np.nan
                shown.append(f"after {at}: {so_far.mean():.2f} ± {error:.2f}")
            yield f"  {name:10}{', '.join(shown)}"
