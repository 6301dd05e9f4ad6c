"""Keep a change? Its gain under all that may hold of noise and effects, and what one more run is worth."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

import numpy as np
from numpy.typing import ArrayLike

from bestguess.tools.arrays import FloatArray
from bestguess.tools.errors import InputError
from bestguess.tools.goals import Bound, Direction
from bestguess.tools.referee.experiment import (
    Experiment,
    by_number,
    check_metric,
    find,
    incumbents,
    measurements,
)
from bestguess.tools.referee.noise import Noise
from bestguess.tools.referee.normal import below
from bestguess.tools.referee.posterior import (
    WINDOW,
    Measured,
    Normals,
    Posterior,
    draw_settings,
    run_filter,
    within_reach,
)
from bestguess.tools.referee.repeat import repeat_worth
from bestguess.tools.referee.seeds import adjust_for_seeds
from bestguess.tools.surrogate.reach import fit_reach
from bestguess.tools.words.chances import percent
from bestguess.tools.words.given import shown

LIKELY = 0.5
"""A limit counts as held from this chance on."""

NEGLIGIBLE = 0.01
"""A gain of less than this share of a run's noise is none: two equal values are no reason to change."""

SURE = 0.95
"""From this chance on it is said that one kept before is better than the one kept now: with 0.9 ten of sixty
decisions say so where no change does anything, with 0.95 three."""


@dataclass(frozen=True, slots=True)
class Belief:
    """What is known of a metric (more being better) after some experiments, and their measurements.

    `whole` is whether those are the latest ones: none was left out because it derives from the last.
    """

    posterior: Posterior
    measured: Mapping[int, Measured]
    whole: bool


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether to keep a change, and why; every gain is in the metric's units, more being better.

    `chance_better` is the chance that the candidate's truth is better than the incumbent's, `chance_same`
    that the change does nothing, None where neither derives from the other; `gain` the mean of the difference
    and the ends of its 90 % interval; `luck` the share of the observed difference that is put down to noise,
    None where there is no difference; `repeat_worth` what one more run
    of the candidate is expected to improve the decision by, less its cost, what it tells of the noise not
    counted; `incumbent_value` and `value` the means of what both are truly worth: what was kept for looking
    good is worth less than it looked. `limits` has the chance that each limit holds. `repeat` says to run
    the candidate again before it is decided: where that is worth its cost, or nothing was ever run twice.
    `revert_to` is one kept before that is all but certainly better than what is kept after this decision.
    `belief` is all that the decision rests on, where there was something to compare.
    """

    number: int
    incumbent: int | None
    keep: bool
    chance_better: float
    chance_same: float | None
    gain: tuple[float, float, float]
    luck: float | None
    value: float
    incumbent_value: float
    repeat: bool
    repeat_worth: float
    noise: Noise | None
    limits: Mapping[str, float]
    reason: str
    revert_to: int | None = None
    belief: Belief | None = field(default=None, repr=False, compare=False)

    @property
    def repeat_reason(self) -> str:
        """Why to run the candidate again, in words; nothing if that is not asked for."""
        if not self.repeat:
            return ""
        if self.repeat_worth > 0.0:
            return f"that is expected to gain {self.repeat_worth:.3g} more than it costs"
        return "nothing was ever run twice, and the noise is told from differences between experiments alone"


def decide(
    experiments: Iterable[Experiment],
    number: int,
    *,
    direction: Direction,
    metric: str | None = None,
    incumbent: int | None = None,
    limits: Mapping[str, Bound] | None = None,
    least_gain: float = 0.0,
    repeat_cost: float | None = None,
    horizon: int | None = None,
    noise: float | None = None,
) -> Decision:
    """Return whether the experiment `number` is to be kept in place of the incumbent.

    Without `incumbent` it is the last one that was kept, or the first one measured. It is kept if its mean
    gain is more than `least_gain` and every limit is likely to hold. `repeat_cost` is the price of a run in
    the metric's units; without it, what a new experiment of the same length is expected to bring. `horizon`
    is the number of runs that are left, if it is known; `noise` the standard deviation of a run, if it is.

    Raises:
        InputError: an experiment, a metric or a value is not as it should be.
    """
    if direction not in ("minimize", "maximize"):
        raise InputError(f"the direction is {shown(direction)}; give 'minimize' or 'maximize'")
    if noise is not None and not (noise >= 0 and math.isfinite(noise)):
        raise InputError(f"the noise is {noise}; give a standard deviation, 0 or more")
    record = by_number(experiments)
    candidate = find(record, number)
    if candidate.failed is not None:
        return _failed(candidate, incumbent)
    metric = metric or candidate.metrics[0]
    check_metric(candidate, metric)
    if incumbent is None:
        incumbent = incumbents(record, measurements(record, metric))[number]
    if incumbent is None:
        return _first(candidate, metric)
    check_metric(find(record, incumbent), metric)
    if incumbent == number:
        raise InputError(f"experiment {number} cannot be compared with itself; name another incumbent")
    sign = 1.0 if direction == "maximize" else -1.0
    belief = _believe_both(record, metric, sign, number, incumbent, noise)
    posterior, measured = belief.posterior, belief.measured
    gain = gain_of(posterior, number, incumbent, measured)
    chance_better = float(gain.weight @ _above(gain, 0.0))
    derives = measured[number].base == incumbent or measured[incumbent].base == number
    chance_same = float(gain.weight[gain.var == 0.0].sum()) if derives else None
    mean = float(gain.weight @ gain.mean)
    low, high = (quantile(gain, share) for share in (0.05, 0.95))
    observed = float(np.median(measured[number].values) - np.median(measured[incumbent].values))
    luck = float(np.clip(1.0 - mean / observed, 0.0, 1.0)) if observed else None
    learned = noise_of(posterior, list(measured.values()), known=noise is not None)
    worth = repeat_worth(posterior, candidate, record, measured, gain, incumbent, repeat_cost)
    holds, held = _limits(record, candidate, record[incumbent], limits or {})
    met, were_met = (keeps(one, limits or {}) for one in (candidate, record[incumbent]))
    keep, because = _rule(mean, max(least_gain, NEGLIGIBLE * learned.sd), holds, held, met, were_met)
    truth, standing = posterior.truth(number), posterior.truth(incumbent)
    # From single runs noise cannot be told from changes that do a little: one repeat at least. More did not
    # pay: four of them cost 0 to 10 % of the gain in evals/measures/referee.py, and gained nothing on LCDB.
    unsure = keep and noise is None and all(len(one.values) == 1 for one in measured.values())
    may = (horizon is None or horizon > 0) and min(holds.values(), default=1.0) >= 0.05
    repeat = may and (worth > 0.0 or unsure)
    stands = float(standing.weight @ standing.mean)
    mean, low, high = possible_gains(measured, stands, (mean, low, high))
    reason = _reason(metric, keep, because, mean, (chance_better, chance_same, luck), learned, incumbent)
    former = set(incumbents(record, measurements(record, metric)).values()) - {number, incumbent}
    allowed = [one for one in posterior.truths if one in former and keeps(record[one], limits or {})]
    revert_to, back = _better_before(belief, allowed, number if keep else incumbent)
    return Decision(
        number=number,
        incumbent=incumbent,
        keep=keep,
        chance_better=chance_better,
        chance_same=chance_same,
        gain=(mean, low, high),
        luck=luck,
        value=sign * float(truth.weight @ truth.mean),
        incumbent_value=sign * stands,
        repeat=repeat,
        repeat_worth=worth,
        noise=learned,
        limits=holds,
        reason=reason + back,
        revert_to=revert_to,
        belief=belief,
    )


def believe(
    record: Mapping[int, Experiment],
    metric: str,
    sign: float,
    *,
    last: int,
    also: Sequence[int] = (),
    noise: float | None = None,
) -> Belief:
    """Return what is known of a metric after experiment `last`.

    `last` comes after all others that are not derived from it, whatever its number: the others were
    measured, too. What derives from it is left out.
    """
    derived = {last}
    values = adjust_for_seeds(record, measurements(record, metric))
    standing = incumbents(record, values)
    measured: dict[int, Measured] = {}
    for number, experiment in record.items():
        base = experiment.base
        if base is None or find(record, base).number not in values:
            base = standing[number]
        if number not in values:
            continue
        one = Measured(number, sign * values[number], base)
        if number == last:
            change = one
        elif base in derived:
            derived.add(number)
        else:
            measured[number] = one
    wanted = {*also, change.base}
    recent = set(list(measured)[-WINDOW:])
    measured = {name: one for name, one in measured.items() if name in recent or name in wanted}
    measured[last] = change
    taken = within_reach(list(measured.values()))
    settings, grid = draw_settings(taken, noise=noise)
    return Belief(run_filter(taken, settings, grid), measured, whole=derived == {last})


def _believe_both(
    record: Mapping[int, Experiment],
    metric: str,
    sign: float,
    number: int,
    incumbent: int,
    noise: float | None = None,
) -> Belief:
    """Return what is known of a metric where both experiments were measured, the candidate last if it can."""
    belief = believe(record, metric, sign, last=number, also=(incumbent,), noise=noise)
    if incumbent in belief.measured:
        return belief
    # The incumbent was derived from the candidate.
    return believe(record, metric, sign, last=incumbent, also=(number,), noise=noise)


def gain_of(posterior: Posterior, number: int, other: int, measured: Mapping[int, Measured]) -> Normals:
    """Return by how much a truth is above another; the last one's above its base is its change's effect."""
    weight = posterior.settings.weight
    if measured[other].base == number:
        turned = gain_of(posterior, other, number, measured)
        return Normals(turned.weight, -turned.mean, turned.var)
    is_last = number == list(measured)[-1]
    if is_last and measured[number].base == other and posterior.change is not None:
        change = posterior.change
        share = weight[:, None] * change.weight
        return Normals(share.ravel(), change.effect.ravel(), change.effect_var.ravel())
    (mean, var), (mean_other, var_other) = posterior.truths[number], posterior.truths[other]
    return Normals(weight, mean - mean_other, var + var_other)


def possible_gains(measured: Mapping[int, Measured], value: float, gains: ArrayLike) -> list[float]:
    """Return gains over a value, more being better, as far as there are values that the metric can have."""
    # Of several runs one value: the baseline is alone with its own, however often it was run.
    losses = -np.array([np.median(one.values) for one in measured.values()])
    reach = fit_reach(losses, default=float(losses[0]))
    told: list[float] = (reach.clip(-value) - reach.clip(-value - np.asarray(gains))).tolist()
    return told


def quantile(mixture: Normals, share: float) -> float:
    """Return the quantile of a mixture of normals, to a millionth of its width."""
    chosen = mixture.weight > 1e-5
    mixture = Normals(mixture.weight[chosen], mixture.mean[chosen], mixture.var[chosen])
    sd, whole = np.sqrt(mixture.var), mixture.weight.sum()
    low, high = float((mixture.mean - 5 * sd).min()), float((mixture.mean + 5 * sd).max())
    for _ in range(20):
        middle = 0.5 * (low + high)
        if float(mixture.weight @ _above(mixture, middle)) > (1.0 - share) * whole:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def _above(mixture: Normals, value: float) -> FloatArray:
    """Return the chance of each part to lie above a value; a part without variance lies there or does not."""
    sd = np.sqrt(mixture.var)
    exact = sd == 0.0
    chance = below((mixture.mean - value) / np.where(exact, 1.0, sd))
    return np.where(exact, mixture.mean > value, chance)


def noise_of(posterior: Posterior, measured: Sequence[Measured], *, known: bool) -> Noise:
    """Return the noise of a run, with its 90 % interval, and what it was learned from."""
    weight, noise = posterior.settings.weight, posterior.settings.noise
    levels = np.unique(noise)
    mass = np.array([weight[noise == level].sum() for level in levels])
    cumulative = np.cumsum(mass) - 0.5 * mass
    low, sd, high = np.exp(np.interp((0.05, 0.5, 0.95), cumulative, np.log(levels)))
    extra = sum(len(one.values) - 1 for one in measured)
    compared = sum(one.base is not None for one in measured)
    if known:
        source = "given"
    elif extra:
        source = (
            f"{extra} repeat{'s' * (extra > 1)} within experiments and {compared} differences between them"
        )
    elif compared >= 3:
        source = f"{compared} differences between single runs"
    else:
        source = f"{compared} difference{'s' * (compared > 1)} between single runs, a guess"
    return Noise(float(sd), float(low), float(high), source)


def keeps(experiment: Experiment, limits: Mapping[str, Bound]) -> bool:
    """Whether the medians of an experiment's runs keep all limits."""
    measured = {name: experiment.measured(name) for name in limits}
    return all(values and limits[name].excess(median(values)) <= 0.0 for name, values in measured.items())


def _limits(
    record: Mapping[int, Experiment],
    candidate: Experiment,
    incumbent: Experiment,
    limits: Mapping[str, Bound],
) -> tuple[dict[str, float], dict[str, float]]:
    """Return the chance that each limit holds for the truth of the candidate, and for the incumbent's."""
    both = candidate, incumbent
    found: tuple[dict[str, float], dict[str, float]] = {}, {}
    for name, bound in limits.items():
        for one in both:
            check_metric(one, name)
        sign = 1.0 if bound.relation == ">=" else -1.0
        belief = _believe_both(record, name, sign, candidate.number, incumbent.number)
        values = [float(value) for one in record.values() for value in one.measured(name)]
        for one, holds in zip(both, found, strict=True):
            truth = belief.posterior.truth(one.number)
            edge = bound.edge(values) if bound.value in one.measured(name) else bound.value
            holds[name] = float(truth.weight @ _above(truth, sign * edge))
    return found


def _rule(
    mean: float,
    least_gain: float,
    holds: Mapping[str, float],
    held: Mapping[str, float],
    met: bool,
    were_met: bool,
) -> tuple[bool, str]:
    """Return whether to keep, and what of the limits decided it, if they did.

    `holds` and `met` are the chances of the candidate's limits and whether its runs kept them all, `held` and
    `were_met` the incumbent's.
    """
    worst = min(holds, key=lambda name: holds[name], default="")
    fine = not holds or min(holds.values()) >= LIKELY
    was_fine = not held or min(held.values()) >= LIKELY
    if fine and not was_fine:
        return True, "its limits are likely to hold, and the incumbent's are not"
    if not fine and was_fine:
        return False, f"the chance that the limit of {worst} holds is {percent(holds[worst])}"
    # From few runs differences pass for noise, and what was measured within a limit for likely beyond it.
    if not fine and met != were_met:
        return met, f"the runs of {'the candidate' if met else 'the incumbent'} alone keep the limits"
    if not fine and not met:
        better = math.prod(holds.values()) > math.prod(held.values())
        return (
            better,
            f"neither is likely to keep the limits, the {'candidate' if better else 'incumbent'} more",
        )
    return mean > least_gain, ""


def _better_before(belief: Belief, former: Sequence[int], standing: int) -> tuple[int | None, str]:
    """Return the best of those experiments that are surely better than the standing one, and say it.

    Small harms of changes that were kept for being lucky add up, and each decision sees one of them.
    """
    found = []
    for number in former:
        gain = gain_of(belief.posterior, number, standing, belief.measured)
        if (chance := float(gain.weight @ _above(gain, 0.0))) >= SURE:
            found.append((float(gain.weight @ gain.mean), number, chance))
    if not found:
        return None, ""
    mean, number, chance = max(found)
    return number, (
        f"; experiment {number}, kept before, is expected {mean:.3g} better than experiment {standing} "
        f"({percent(chance)} that it is better): go back to it, run it again and keep it"
    )


def _reason(
    metric: str,
    keep: bool,
    because: str,
    mean: float,
    chances: tuple[float, float | None, float | None],
    noise: Noise,
    incumbent: int,
) -> str:
    """Return the decision in one sentence; `chances` are those of better and of the same, and the luck."""
    better, same, luck = chances
    verb = "keep" if keep else "do not keep"
    if because:
        return f"{verb}: {because}"
    name = "it" if metric == "value" else metric
    nothing = "" if same is None else f", {percent(same)} that the change does nothing"
    part = "" if luck is None else f", {percent(luck)} of the observed difference is luck"
    return (
        f"{verb}: {name} is expected {abs(mean):.3g} {'better' if mean > 0 else 'worse'} than experiment "
        f"{incumbent}'s ({percent(better)} that it is better{nothing}); noise of a run {noise.sd:.3g}{part}"
    )


def _failed(candidate: Experiment, incumbent: int | None) -> Decision:
    return Decision(
        candidate.number, incumbent, False, 0.0, None, (math.nan,) * 3, None, math.nan, math.nan, False, 0.0,
        None, {}, f"do not keep: it failed ({candidate.failed})",
    )  # fmt: skip


def _first(candidate: Experiment, metric: str) -> Decision:
    value = float(np.median(candidate.measured(metric)))
    return Decision(
        candidate.number, None, True, 0.0, None, (0.0, 0.0, 0.0), None, value, value, False, 0.0, None, {},
        "keep: it is the first one that was measured, and others are compared with it",
    )  # fmt: skip
