"""Why trials fail, as rules over few parameters: "fails where batch_size times width is above some limit".

| symbol | shape  | meaning                                                                              |
| ------ | ------ | ------------------------------------------------------------------------------------ |
| `z`    | (n, d) | levels of the trials: logarithms of positive parameters, shares of the range of others |
| `s`    | (r, d) | rules: signs -1, 0, 1 of up to ORDER columns; a rule's strain is s . z                 |
| `t`    | ()     | a rule's limit, in one of the n + 1 gaps between the sorted strains                    |
| `w`    | (r,)   | how much a rule counts: its prior times its likelihood, of all rules and of none, 1    |

Memory, time and steps are products of powers, so a limit on them is a limit on a sum of logarithms. Failures
are told apart by their message without its numbers; each kind has rules of its own. A rule is tested against
every trial before it weighs anything: its likelihood is that of each trial, MISTAKES of them explained
otherwise, averaged over all limits; that there is no rule, only a rate, is the hypothesis that it must beat.
Whoever claims to know why a kind fails raises a rule's prior and nothing else (`Claim`).
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from bestguess.tools.arrays import BoolArray, FloatArray
from bestguess.tools.space.numeric import Float, Int
from bestguess.tools.space.parameter import Parameter
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Trial
from bestguess.tools.words.given import is_number

ORDER_PRIOR = (0.25, 0.2, 0.05)
"""Prior of all rules of one, two and three columns together; the rest is that of no rule."""

MOST_RULES = 1500
"""With more, rules of three columns are left out, and with more still those of two."""

MISTAKES = 0.03
CLAIMED = 20.0
"""Times its prior: a rule whose every sign somebody claims. Signs that are denied divide."""

KEPT = 12
"""So many rules of a kind predict; the others have hardly any weight."""

LATEST = 200
LINEAR = 3.0
"""The levels of a parameter that has no logarithm span so much, as a factor of twenty does."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says of a kind of failure: parameters whose higher (1) or lower (-1) values cause it.

    Signs in between are said with less conviction, or by some of several.
    """

    kind: str
    signs: Mapping[str, float]


def kind_of(message: str) -> str:
    """Return the message without what differs from trial to trial: numbers, paths, what is quoted."""
    words = re.sub(r"0x[0-9a-f]+|'[^']*'|\"[^\"]*\"|/\S+|[-+]?\d[\d.,e+-]*", "#", message.lower())
    return " ".join(words.split())[:120]


class FailureRules:
    """What told trials say of why they failed; it does not change."""

    def __init__(self, kinds: Sequence[_Kind], level: Callable[[FloatArray], FloatArray]) -> None:
        self._kinds = kinds
        self._level = level

    @classmethod
    def fit(
        cls, space: Space, trials: Sequence[Trial], x: FloatArray, claims: Sequence[Claim] = ()
    ) -> FailureRules | None:
        """Return the rules of told `trials` at x (n, d); None where none failed or nothing has a level."""
        trials, x = trials[-LATEST:], x[-LATEST:]
        kinds = [kind_of(trial.outcome.error) if trial.outcome else "" for trial in trials]
        failed = [trial.state == "failed" for trial in trials]
        columns = [
            column
            for column, one in enumerate(space.parameters.values())
            if not one.when and _has_levels(one)
        ]
        if not any(failed) or not columns:
            return None
        names = [space.names[column] for column in columns]
        scales = [_scale(space.parameters[name]) for name in names]

        def level(at: FloatArray) -> FloatArray:
            return np.column_stack([scale(u) for scale, u in zip(scales, at.T[columns], strict=True)])

        signs, prior = _rules(len(columns))
        found = []
        for kind in dict.fromkeys(one for one, bad in zip(kinds, failed, strict=True) if bad):
            rows = [row for row, bad in enumerate(failed) if not bad or kinds[row] == kind]
            believed = prior.copy()
            for claim in claims:
                if claim.kind == kind:
                    # By the mean agreement of a rule's columns with the claim.
                    said = np.array([claim.signs.get(name, 0.0) for name in names])
                    believed *= CLAIMED ** ((signs * said).sum(axis=1) / np.abs(signs).sum(axis=1))
            believed *= prior.sum() / believed.sum()
            bad = np.array([failed[row] for row in rows])
            found.append(_Kind.fit(kind, names, signs, believed, level(x[rows]), bad))
        return cls(found, level)

    @property
    def credit(self) -> float:
        """How far the rules are to be believed: the weight of the kind that they explain worst."""
        return min(kind.credit for kind in self._kinds)

    def predict(self, x: FloatArray) -> FloatArray:
        """Return the probability (m,) that x (m, d) breaks no rule, if the rules are right."""
        z = self._level(x)
        probability = np.ones(len(x))
        for kind in self._kinds:
            probability *= 1.0 - kind.predict(z)
        return probability

    def describe(self) -> list[str]:
        """Return in words what is believed more than not of each kind that came twice, where anything is."""
        return [kind.sentence for kind in self._kinds if kind.sentence and kind.failures > 1]


@dataclass(frozen=True, slots=True)
class _Kind:
    """The rules of one kind of failure that predict, and how much each counts."""

    name: str
    failures: int
    credit: float
    weights: FloatArray
    signs: FloatArray
    knots: Sequence[FloatArray]
    chances: Sequence[FloatArray]
    sentence: str

    @classmethod
    def fit(
        cls,
        name: str,
        names: Sequence[str],
        signs: FloatArray,
        prior: FloatArray,
        z: FloatArray,
        bad: BoolArray,
    ) -> _Kind:
        strains = z @ signs.T  # (n, r)
        n = len(bad)
        order = np.argsort(strains, axis=0, kind="stable")
        hit, miss = math.log(1.0 - MISTAKES), math.log(MISTAKES)
        ranked = bad[order]
        # With the limit in gap i, the i least strained should have finished and the others failed.
        zeros = np.zeros((1, strains.shape[1]))
        below = np.vstack([zeros, np.cumsum(np.where(ranked, miss, hit), axis=0)])
        above = np.vstack([zeros, np.cumsum(np.where(ranked, hit, miss)[::-1], axis=0)])[::-1]
        log = below + above  # (n + 1, r)
        # No limit lies between trials of the same strain.
        sorted_strains = np.take_along_axis(strains, order, axis=0)
        log[1:-1][np.diff(sorted_strains, axis=0) < 1e-9] = -np.inf
        peak = log.max(axis=0)
        gaps = np.exp(log - peak)
        evidence = peak + np.log(gaps.sum(axis=0)) - math.log(n + 1)
        k = int(bad.sum())
        null = math.lgamma(k + 1) + math.lgamma(n - k + 1) - math.lgamma(n + 2) + math.log(1.0 - prior.sum())
        logs = evidence + np.log(prior)
        top = max(float(logs.max()), null)
        weights = np.exp(logs - top)
        credit = float(weights.sum() / (weights.sum() + math.exp(null - top)))
        kept = np.argsort(-weights, kind="stable")[:KEPT]
        knots, chances = [], []
        for rule in kept:
            at = sorted_strains[:, rule]
            p = gaps[:, rule] / gaps[:, rule].sum()
            # The chance that the limit is below each trial's strain; beyond both ends it goes on a little.
            reach = max(float(np.ptp(at)) / max(n, 2), 1e-6)
            knots.append(np.concatenate(([at[0] - reach], at, [at[-1] + reach])))
            chances.append(np.concatenate(([0.0], np.cumsum(p[:-1]), [1.0])))
        words = _shared(names, signs, weights / (weights.sum() + math.exp(null - top)))
        share = weights[kept] / weights[kept].sum()
        return cls(name, k, credit, share, signs[kept], knots, chances, words and f"{words}: {name}")

    def predict(self, z: FloatArray) -> FloatArray:
        """Return the probability (m,) that levels z (m, d) fail so."""
        total = np.zeros(len(z))
        for weight, sign, knots, chances in zip(
            self.weights, self.signs, self.knots, self.chances, strict=True
        ):
            total += weight * np.interp(z @ sign, knots, chances)
        return MISTAKES + (1.0 - 2.0 * MISTAKES) * total


def _shared(names: Sequence[str], signs: FloatArray, believed: FloatArray) -> str:
    """Return in words what the rules (r, d) say together that are believed more than not; nothing if none."""
    words: dict[int, str] = {}
    while len(words) < len(ORDER_PRIOR):
        sides = [
            (column, sign) for column in range(len(names)) if column not in words for sign in (1.0, -1.0)
        ]
        joint = [float(believed[signs[:, column] == sign].sum()) for column, sign in sides]
        if max(joint, default=0.0) <= 0.5:
            break
        column, sign = sides[int(np.argmax(joint))]
        words[column] = f"{'higher' if sign > 0 else 'lower'} {names[column]}"
        believed = np.where(signs[:, column] == sign, believed, 0.0)
    return " and ".join(words[column] for column in sorted(words))


def _rules(d: int) -> tuple[FloatArray, FloatArray]:
    """Return signs (r, d) and prior (r,) of all rules over d columns, as many orders as MOST_RULES allows."""
    rows: list[FloatArray] = []
    prior: list[float] = []
    for order, share in enumerate(ORDER_PRIOR, 1):
        count = math.comb(d, order) * 2**order
        if order > d or (order > 1 and len(rows) + count > MOST_RULES):
            break
        for chosen in itertools.combinations(range(d), order):
            for signs in itertools.product((1.0, -1.0), repeat=order):
                row = np.zeros(d)
                row[list(chosen)] = signs
                rows.append(row)
        prior += [share / count] * count
    return np.array(rows), np.array(prior)


def _has_levels(parameter: Parameter) -> bool:
    if isinstance(parameter, Float | Int):
        return True
    options = parameter.values()
    return len(options) > 1 and all(map(is_number, options))


def _scale(parameter: Parameter) -> Callable[[FloatArray], FloatArray]:
    """Return what turns places in the unit interval into levels; the parameter must have some."""
    if isinstance(parameter, Float | Int):
        low, high = float(parameter.low), float(parameter.high)
        # The ends of a grid lie inside of the unit interval.
        first, last = parameter.encode(parameter.low), parameter.encode(parameter.high)

        def share(u: FloatArray) -> FloatArray:
            return np.clip((u - first) / (last - first), 0.0, 1.0)

        if parameter.log:
            return lambda u: share(u) * math.log(high / low)
        if low > 0:
            return lambda u: np.log(low + share(u) * (high - low))
        return lambda u: share(u) * LINEAR
    places = np.array([parameter.encode(option) for option in parameter.values()])
    numbers = np.array(parameter.values(), dtype=np.float64)
    shares = (numbers - numbers.min()) / np.ptp(numbers)
    levels = np.log(numbers) if numbers.min() > 0 else LINEAR * shares
    by_place = np.argsort(places)
    return lambda u: np.interp(u, places[by_place], levels[by_place])
