"""What each source of proposals has earned, learned from outcomes only.

| symbol     | meaning                                                                                 |
| ---------- | --------------------------------------------------------------------------------------- |
| `y`        | the loss of a trial of the source's                                                     |
| `m`        | what the surrogate expected of its own choice, in whose place that trial ran: its rival |
| `s`        | how far its central 68 % reached, from `m` to that side on which `y` or `b` lies        |
| `b`        | the least loss before it                                                                |
| `better`   | cdf((m - y) / s), the chance that the trial was better than its rival would have been   |
| `expected` | cdf((b - m) / s), the chance that its rival would have been a new best                  |

Two records are kept, each against the rival: how good the source's values are, the mean of `better`, which is
1/2 for a source that is as good, and how often it finds a new best, its hits over the sum of `expected`. Each
mean, with its prior, is the forecast with the least expected Brier score, a proper one; a source is trusted
as far as the worse of the two goes. Guesses beside the best so far beat rivals that explore and find nothing
(NOTEBOOK 25), so values are held to be fair beforehand, and new bests must be shown. A model's stated
confidence can rise with its error (CALIPER, arXiv 2606.01730), so nothing that a source says of itself is
read here. First guesses, which have no rival, count as evidence for new bests against chance: of random
configurations the nth is the best so far with a chance of 1/n.

Where a study has several metrics or limits, what counts as a new best is what joins the front; `expected` is
then the chance that the surrogate gave its own choice to do so, and `better` the chance that of two that join
it or not the trial is the better one. Constants without another number of
evals/NOTEBOOK.md were set by hand (NOTEBOOK 3).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from bestguess.tools.goals import Goals
from bestguess.tools.trial import SDS_OF_90, History, Prediction, Source

MAX_SHARE = 1 / 3
"""The most of the search that a guesser may hold: always a minority (Centaur, arXiv 2603.24647)."""

WINDOW = 8
"""Only a source's latest tries count, so that a lost turn can be earned back."""

PRIOR = 2.0
"""So many tries as good as the rival's are credited to everyone beforehand."""

PRIOR_EXPECTED = 1.0
PRIOR_HITS = 0.2
"""So many new bests are held to have been expected of everyone beforehand, and so many to have been found, as
of small models: until it finds one, a source has its cheap probes only (NOTEBOOK 24 and 25)."""

SHARPNESS = 2.0
"""The power of the trust that a share goes by, so that it falls fast below 1."""

LEAST_SHARE = 1 / 20
"""Never zero, so that turns can be earned back: a cheap probe now and then."""

RARE_SHARE = 1 / 60
"""That of who guesses no better than chance: none in a study of 30 trials, of whose end one probe at the 24th
changed half (NOTEBOOK 37)."""

LEAST_SD = 1e-12


@dataclass(frozen=True, slots=True)
class Trust:
    """A source's record over its latest `tried` trials that had a rival; see the table above.

    `gain` is what its new bests took off the loss, `rival_gain` what the rivals were expected to, and `sd`
    the standard deviation of that. `first_hits` of its first guesses, which had no rival, were new bests, of
    as many random configurations `first_expected`; `credit` is the number of new bests that it is held to
    have found beforehand, `least` the share that it never loses.
    """

    tried: int = 0
    hits: int = 0
    better: float = 0.0
    expected: float = 0.0
    gain: float = 0.0
    rival_gain: float = 0.0
    sd: float = 0.0
    first_hits: int = 0
    first_expected: float = 0.0
    credit: float = PRIOR_HITS
    least: float = LEAST_SHARE

    @property
    def rate(self) -> float:
        """How the source compares with the surrogate's own choices: 1 is as good, 0 worthless."""
        values = 2.0 * (0.5 * PRIOR + self.better) / (PRIOR + self.tried)
        hits, expected = self.hits + self.first_hits, self.expected + self.first_expected
        bests = (self.credit + hits) / (PRIOR_EXPECTED + expected)
        return min(values, bests, 1.0)

    @property
    def share(self) -> float:
        """The share of the search it may hold."""
        return max(MAX_SHARE * math.pow(self.rate, SHARPNESS), self.least)

    def sentence(self, name: str, goals: Goals | None = None) -> str:
        """Return the record in words."""
        did = goals.gain if goals else "beat the best before them"
        return (
            f"{name}: {self.hits} of the last {self.tried} trials {did}; of the "
            f"surrogate's own choices {self.expected:.1f} were expected to"
        )


def earned(
    history: History,
    source: Source,
    *,
    window: int | None = WINDOW,
    credit: float = PRIOR_HITS,
    least: float = LEAST_SHARE,
    of: str = "",
) -> Trust:
    """Return what `source` has earned in the latest `window` trials of its own that had a rival.

    A failed trial never pays. None counts all of them. `credit` is what it begins with, `least` the
    share that it never loses. Only trials count whose reason begins with `of`: one way of several in which
    the source proposes.
    """
    rows, first = (_by_front if history.goals else _by_value)(history, source, of)
    rows = rows[-window:] if window else rows
    if window:
        first = first[: max(window - len(rows), 0)]
    first_hits, first_expected = sum(hit for hit, _ in first), sum(chance for _, chance in first)
    if not rows:
        return Trust(first_hits=first_hits, first_expected=first_expected, credit=credit, least=least)
    hits, better, expected, gain, rival_gain, variance = map(sum, zip(*rows, strict=True))
    sd = math.sqrt(variance)
    return Trust(
        len(rows),
        int(hits),
        better,
        expected,
        gain,
        rival_gain,
        sd,
        first_hits,
        first_expected,
        credit,
        least,
    )


def has_turn(trust: Trust, waited: int, *, first: bool) -> bool:
    """Whether a source that let `waited` trials of the search go by since its last turn may propose the next.

    Turns are as far apart as its present share says: none is saved up, none owed. The `first` falls in the
    middle of the trials that its share spreads it over, when there is evidence to judge it by (NOTEBOOK 23).
    """
    return trust.share * (waited + 1) >= (0.5 if first else 1.0)


def _by_value(
    history: History, source: Source, of: str
) -> tuple[list[tuple[float, ...]], list[tuple[bool, float]]]:
    """Return what each trial of `source` adds that had a rival, and whether the others were new bests.

    With the latter, how likely that is of a random configuration.
    """
    sign = -1.0 if history.direction == "maximize" else 1.0
    best: float | None = None
    rows: list[tuple[float, ...]] = []
    first: list[tuple[bool, float]] = []
    # A small run is not there to be the best.
    for before, trial in enumerate(one for one in history.told if one.state != "partial"):
        loss = None if trial.value is None else history.loss(trial)
        rival = trial.proposal.rival
        own = trial.source == source and trial.reason.startswith(of)
        if own and rival is not None and best is not None:
            rows.append(_against(sign, rival, loss, best))
        elif own and best is not None:
            first.append((loss is not None and loss < best, 1.0 / (before + 1)))
        if loss is not None:
            best = loss if best is None else min(best, loss)
    return rows, first


def _by_front(
    history: History, source: Source, of: str
) -> tuple[list[tuple[float, ...]], list[tuple[bool, float]]]:
    """Return the same of a study with goals, by what joined its front."""
    assert history.goals is not None
    on_front = set(history.joined)
    ranks = np.arange(1, len(history.told) + 1)
    sizes = np.ones(len(ranks))  # of the front of so many random trials, of independent metrics
    for _ in range(len(history.goals.metrics) - 1):
        sizes = np.cumsum(sizes / ranks)
    rows: list[tuple[float, ...]] = []
    first: list[tuple[bool, float]] = []
    for before, trial in enumerate(history.told):
        if trial.source != source or not trial.reason.startswith(of):
            continue
        hit = trial.number in on_front
        if trial.proposal.rival is None:
            first.append((hit, float(sizes[before] / ranks[before])))
            continue
        chance = trial.proposal.rival_chance
        better = (1.0 - chance) / 2.0 + hit / 2.0
        rows.append((hit, better, chance, float(hit), chance, chance * (1.0 - chance)))
    return rows, first


def _against(sign: float, rival: Prediction, loss: float | None, best: float) -> tuple[float, ...]:
    """Return what one trial adds to the fields of Trust from `hits` on, and the variance of `rival_gain`."""
    mean, below, above = _sides(sign, rival)
    gap = best - mean
    first, second = _improvement(gap, below if gap < 0 else above)
    if gap > 0:  # then the half of the values below the mean counts, with a deviation of its own
        too_wide, own = _improvement_below_mean(gap, above), _improvement_below_mean(gap, below)
        first, second = first - too_wide[0] + own[0], second - too_wide[1] + own[1]
    hit = loss is not None and loss < best
    better = 0.0 if loss is None else _cdf((mean - loss) / (below if loss < mean else above))
    gain = best - loss if hit and loss is not None else 0.0
    expected = _cdf(gap / (below if gap < 0 else above))
    return hit, better, expected, gain, first, max(second - first * first, 0.0)


def _sides(sign: float, rival: Prediction) -> tuple[float, float, float]:
    """Return the median of a prediction's loss, and its deviation below that and above.

    With one deviation for both, new bests of the surrogate's own are expected in 34 % of trials where there
    are 13 %; with two in 15 % (NOTEBOOK 26).
    """
    low, median, high = rival.own or (
        rival.median - (rival.median - rival.low) / SDS_OF_90,
        rival.median,
        rival.median + (rival.high - rival.median) / SDS_OF_90,
    )
    low, high = sorted((sign * low, sign * high))
    return sign * median, max(sign * median - low, LEAST_SD), max(high - sign * median, LEAST_SD)


def _improvement(gap: float, sd: float) -> tuple[float, float]:
    """Return mean and mean square of max(gap - v, 0) for a normal v around 0."""
    z = gap / sd
    cdf, pdf = _cdf(z), math.exp(-0.5 * z * z) / math.sqrt(2.0 * math.pi)
    return sd * (z * cdf + pdf), sd * sd * ((z * z + 1.0) * cdf + z * pdf)


def _improvement_below_mean(gap: float, sd: float) -> tuple[float, float]:
    """Return what of both comes from v below 0, for a gap above it."""
    pdf = 1.0 / math.sqrt(2.0 * math.pi)
    return 0.5 * gap + sd * pdf, 0.5 * (gap * gap + sd * sd) + 2.0 * gap * sd * pdf


def _cdf(z: float) -> float:
    return math.erfc(-z / math.sqrt(2.0)) / 2.0
