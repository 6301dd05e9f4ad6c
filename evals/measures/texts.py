"""What a surrogate over texts is worth: by the words of texts, by whether they are equal, and by chance.

    python -m bestguess.evals.measures.texts [--seeds 10]

Objectives made by code, with exact values; no model is asked. `choosing`: 60 given texts of 6 of 24 sentences,
whose worth adds up. `writing`: the same sentences, of which six texts are given and new ones recombined.
`exemplars`: up to 4 of 24 pieces, each of which shows 3 of 12 skills; a skill counts once, and half where its
piece comes late. `mixed`: 20 given texts beside a temperature and a format, of which the text counts most. Shown is
the best value so far as a share of the way from the default to the best that can be had.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Mapping, Sequence
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
_OBJECTS = ["the date", "each unit", "every field", "the total", "one label", "the sum", "no prose", "the key"]
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
    """A space of texts, its exact value (more is better), and the best that can be had."""

    space: Space
    value: Callable[[Mapping[str, Any]], float]
    best: float


def sentences_of(rng: np.random.Generator) -> tuple[list[str], FloatArray]:
    """Return 24 sentences that share words, and what each is worth."""
    every = [f"{verb} {what} {way}." for verb, what, way in itertools.product(_VERBS, _OBJECTS, _WAYS)]
    return [str(one) for one in rng.choice(every, 24, replace=False)], rng.standard_normal(24)


def choosing(rng: np.random.Generator) -> Problem:
    """Return the choice of one of 60 given texts."""
    pieces, worth = sentences_of(rng)
    texts = [" ".join(pieces[at] for at in rng.permutation(24)[:6]).replace(".", ",") for _ in range(60)]

    def value(params: Mapping[str, Any]) -> float:
        return float(sum(w for piece, w in zip(pieces, worth, strict=True) if piece[:-1] in params["prompt"]))

    best = max(value({"prompt": text}) for text in texts)
    # No two of them together are short enough.
    longest = max(map(len, texts))
    return Problem(Space(prompt=Text(default=texts[0], examples=texts[1:], max_chars=longest)), value, best)


def writing(rng: np.random.Generator) -> Problem:
    """Return the writing of one text from the sentences of six; too long a text is worth less."""
    pieces, worth = sentences_of(rng)
    texts = [" ".join(pieces[at] for at in rng.permutation(24)[:6]) for _ in range(6)]
    there = [at for at, piece in enumerate(pieces) if any(piece in text for text in texts)]

    def value(params: Mapping[str, Any]) -> float:
        return float(sum(w for piece, w in zip(pieces, worth, strict=True) if piece in params["prompt"]))

    best = float(np.maximum(worth[there], 0.0).sum())
    return Problem(Space(prompt=Text(default=texts[0], examples=texts[1:])), value, best)


def exemplars(rng: np.random.Generator) -> Problem:
    """Return the choice of up to 4 of 24 pieces in an order."""
    skills = [rng.permutation(12)[:3].tolist() for _ in range(24)]
    asked, _ = sentences_of(rng)
    pool = [f"Q: {question}\nA: {' '.join(f'skill{k}' for k in has)}" for question, has in zip(asked, skills, strict=True)]
    weight = rng.uniform(0.5, 1.5, 12)

    def value(params: Mapping[str, Any]) -> float:
        text, seen = params["shown"], dict[int, float]()
        for piece, has in zip(pool, skills, strict=True):
            at = text.find(piece)
            for skill in has if at >= 0 else ():
                seen[skill] = max(seen.get(skill, 0.0), 1.0 if at < len(text) / 2 else 0.75)
        return float(sum(weight[skill] * share for skill, share in seen.items()))

    best = 0.0
    for some in itertools.combinations(range(24), 4):
        best = max(best, float(weight[sorted({skill for at in some for skill in skills[at]})].sum()))
    return Problem(Space(shown=Text(pool=pool, pieces=4)), value, best)


def mixed(rng: np.random.Generator) -> Problem:
    """Return the choice of one of 20 texts, a temperature and a format."""
    text = choosing(rng)
    one = text.space.parameters["prompt"]
    assert isinstance(one, Text)
    right = float(rng.uniform(0.0, 1.0))
    prompt = Text(default=one.default, examples=one.examples[:19])
    space = Space(prompt=prompt, temperature=Float(0, 1), format=Choice(["plain", "json", "yaml"]))

    def value(params: Mapping[str, Any]) -> float:
        form = {"plain": 0.0, "json": 0.5, "yaml": 0.2}[params["format"]]
        return text.value(params) - 2.0 * (params["temperature"] - right) ** 2 + form

    best = max(text.value({"prompt": known}) for known in prompt.known) + 0.5
    return Problem(space, value, best)


PROBLEMS = (choosing, writing, exemplars, mixed)


def run(problem: Problem, switches: Switches, seed: int) -> FloatArray:
    """Return the best value so far after each trial (TRIALS,), 0 that of the default and 1 the best."""
    task = Task("Which words work best", metric="score", direction="maximize")
    with Tuner(problem.space, task, seed=seed, switches=switches, knowledge=False) as tuner:
        values = []
        for _ in range(TRIALS):
            trial = tuner.ask()
            values.append(problem.value(trial.params))
            tuner.tell(trial, values[-1])
    so_far: FloatArray = np.maximum.accumulate(values)
    return (so_far - values[0]) / (problem.best - values[0])


def main() -> None:
    """Print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seeds", type=int, default=10)
    seeds = parser.parse_args().seeds
    for make in PROBLEMS:
        print(make.__name__)  # noqa: T201
        for name, switches in CONTESTANTS.items():
            runs = np.array([run(make(np.random.default_rng(seed)), switches, seed) for seed in range(seeds)])
            told = runs[:, [at - 1 for at in SHOWN]]
            error = told.std(axis=0, ddof=1) / np.sqrt(seeds)
            words = "  ".join(f"{at}: {m:.2f} ± {e:.2f}" for at, m, e in zip(SHOWN, told.mean(axis=0), error, strict=True))
            print(f"  {name:10}{words}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
