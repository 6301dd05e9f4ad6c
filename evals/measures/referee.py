"""What keeping or not keeping changes is worth: simulated agents, and rules for which change stays.

An agent has 60 runs. Each experiment is a change to what was kept last; its effect is drawn, and a run has
the truth plus noise. Half of the changes of the `plain` agent do nothing, 15 % help and 35 % harm, and the
size is exponential: with these shares keeping what looks better gains what was reported for it before (.90,
4.4, 13.5, 32.9). Gains are in standard deviations of the noise of a run.

| agent     | its changes                                                                         |
| --------- | ----------------------------------------------------------------------------------- |
| `plain`   | as above                                                                            |
| `cautious`| of half the size; 65 % do nothing, 15 % help, 20 % harm                             |
| `repeats` | as plain, but three of ten are an idea that it had before                           |
| `drifts`  | as plain, but the share that helps falls from 25 % to 5 %                           |

| noise     | a run                                                                               |
| --------- | ----------------------------------------------------------------------------------- |
| `normal`  | standard deviation 1                                                                |
| `wild`    | as normal, but every tenth has standard deviation 5                                 |
| `changing`| standard deviation .5 in the first half of the runs, 2 in the second                |
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from scipy import stats

from bestguess.tools.referee.decision import Decision, decide
from bestguess.tools.referee.experiment import Experiment

RUNS = 60
MOST_REPEATS = 6
AGENTS = ("plain", "cautious", "repeats", "drifts")
NOISES = ("normal", "wild", "changing")


@dataclass(frozen=True, slots=True)
class Scene:
    """An agent, the noise, and the size of an effect over that of the noise."""

    agent: str
    noise: str
    ratio: float


SCENES = (
    *(Scene("plain", "normal", ratio) for ratio in (0.5, 1.0, 2.0, 4.0)),
    *(Scene(agent, "normal", 1.0) for agent in AGENTS[1:]),
    *(Scene("plain", noise, 1.0) for noise in NOISES[1:]),
)


@dataclass(frozen=True, slots=True)
class World:
    """The changes that an agent will think of, and the errors of the runs of each: (n,), (n + 1, repeats).

    With `absolute`, `effects` are what each comes to, whatever was kept before; else what each adds to it.
    """

    effects: np.ndarray
    again: np.ndarray  # (n,) the earlier idea that each repeats, -1 if it is new
    errors: np.ndarray
    ratio: float
    absolute: bool = False
    seeds: np.ndarray | None = None  # (n + 1, repeats) of the runs

    def experiment(self, at: int, truth: float, runs: int, base: int | None) -> Experiment:
        """Return what the first `runs` runs of a change measure."""
        values = tuple(truth + float(error) for error in self.errors[at, :runs])
        seeds = None if self.seeds is None else tuple(int(seed) for seed in self.seeds[at, :runs])
        return Experiment(at, values, seeds=seeds, base=base)


@dataclass(frozen=True, slots=True)
class Played:
    """What a rule came to: the true gain, what it kept, how much of that was worth nothing, and runs."""

    gain: float
    kept: int
    worthless: int
    runs: int


Rule = Callable[[list[Experiment], Experiment, int, World], str]
"""Says `keep`, `drop` or `again` of a candidate, given the record, the incumbent's number and the world."""


def make_world(scene: Scene, seed: int, n: int = RUNS) -> World:
    """Return what an agent will think of, and how its runs will err."""
    rng = np.random.default_rng((seed, int(10 * scene.ratio), *scene.agent.encode(), *scene.noise.encode()))
    place = np.arange(n) / max(n - 1, 1)
    helps = {"cautious": 0.15 + 0 * place, "drifts": 0.25 - 0.2 * place}.get(scene.agent, 0.15 + 0 * place)
    harms = {"cautious": 0.2 + 0 * place, "drifts": 0.5 - helps}.get(scene.agent, 0.35 + 0 * place)
    size = rng.exponential(size=n) * scene.ratio * (0.5 if scene.agent == "cautious" else 1.0)
    chance = rng.random(n)
    effects = np.where(chance < helps, size, np.where(chance < helps + harms, -size, 0.0))
    again = np.full(n, -1)
    if scene.agent == "repeats":
        for at in range(1, n):
            if rng.random() < 0.3:
                again[at] = rng.integers(at) if again[at - 1] < 0 else again[at - 1]
    errors = rng.normal(size=(n + 1, MOST_REPEATS))
    if scene.noise == "wild":
        errors *= np.where(rng.random(errors.shape) < 0.1, 5.0, 1.0)
    if scene.noise == "changing":
        errors *= np.where(np.arange(n + 1) < (n + 1) / 2, 0.5, 2.0)[:, None]
    return World(effects, again, errors, scene.ratio)


def play(world: World, rule: Rule, *, first: int = 1) -> Played:
    """Let an agent make its changes under a rule until its runs are spent; `first` runs are of the start."""
    n = len(world.effects)
    truth, incumbent, spent = 0.0, 0, first - 1  # a run of the start is free, as for every rule
    record = [replace(world.experiment(0, truth, first, None), kept=True)]
    kept: list[int] = []
    worthless = 0
    for at in range(n):
        idea = int(world.again[at]) if world.again[at] >= 0 else at
        effect = 0.0 if idea in kept else float(world.effects[idea]) - truth * world.absolute
        runs, verdict = 0, "again"
        while verdict == "again" and spent < n and runs < world.errors.shape[1]:
            runs, spent = runs + 1, spent + 1
            candidate = world.experiment(at + 1, truth + effect, runs, incumbent)
            verdict = rule(record, candidate, incumbent, world)
        if not runs:
            break
        record.append(replace(candidate, kept=verdict == "keep"))
        if verdict == "keep":
            truth, incumbent = truth + effect, at + 1
            kept.append(idea)
            worthless += effect <= 0.0
    return Played(truth, len(kept), worthless, spent)


def keep_if_better(record: list[Experiment], candidate: Experiment, incumbent: int, _: World) -> str:
    """Keep what was measured better than the incumbent was."""
    return "keep" if candidate.measured()[0] > record[incumbent].measured()[0] else "drop"


def known_noise(record: list[Experiment], candidate: Experiment, incumbent: int, _: World) -> str:
    """Keep what is better by a test at 5 %, one-sided, that is told the standard deviation of normal runs."""
    difference = candidate.measured()[0] - record[incumbent].measured()[0]
    return "keep" if difference > stats.norm.isf(0.05) * 2**0.5 else "drop"


def t_test(record: list[Experiment], candidate: Experiment, incumbent: int, _: World) -> str:
    """Measure three times, and keep what is better by a t-test at 5 %, one-sided."""
    ours, theirs = candidate.measured(), record[incumbent].measured()
    if len(ours) < TESTED:
        return "again"
    return "keep" if stats.ttest_ind(ours, theirs, alternative="greater").pvalue < 0.05 else "drop"


def bootstrap(record: list[Experiment], candidate: Experiment, incumbent: int, _: World) -> str:
    """Measure three times, and keep what is better in 95 % of resamples of the two means."""
    ours, theirs = (np.array(one.measured()) for one in (candidate, record[incumbent]))
    if len(ours) < TESTED:
        return "again"
    draws = np.random.default_rng(candidate.number).integers(TESTED, size=(2, 1000, TESTED))
    better = ours[draws[0]].mean(axis=1) > theirs[draws[1]].mean(axis=1)
    return "keep" if better.mean() >= 0.95 else "drop"


def _decide(record: list[Experiment], candidate: Experiment, incumbent: int) -> Decision:
    return decide([*record, candidate], candidate.number, direction="maximize", incumbent=incumbent)


def referee(record: list[Experiment], candidate: Experiment, incumbent: int, _: World) -> str:
    """Keep what the referee keeps; every change is run once."""
    return "keep" if _decide(record, candidate, incumbent).keep else "drop"


def referee_likely(record: list[Experiment], candidate: Experiment, incumbent: int, _: World) -> str:
    """Keep what the referee holds to be better with a chance of one half or more."""
    return "keep" if _decide(record, candidate, incumbent).chance_better >= 0.5 else "drop"


def referee_repeats(record: list[Experiment], candidate: Experiment, incumbent: int, _: World) -> str:
    """Keep what the referee keeps, and run again what it says is worth a repeat."""
    decision = _decide(record, candidate, incumbent)
    if decision.repeat and len(candidate.measured()) < MOST_REPEATS:
        return "again"
    return "keep" if decision.keep else "drop"


class Oracle:
    """A Bayesian filter that knows the noise and how effects are drawn; the plain agent's, normal noise."""

    def __init__(self) -> None:
        self.mean, self.var = 0.0, 0.0

    def __call__(self, record: list[Experiment], candidate: Experiment, _: int, world: World) -> str:
        """Keep what has a positive mean effect."""
        if len(record) == 1:
            self.mean, self.var = record[0].measured()[0], 1.0
        size = world.ratio * np.linspace(0.0, 12.0, 400)[1:]
        share = np.exp(-size / world.ratio)
        share /= share.sum()
        effect = np.concatenate([-size, [0.0], size])
        chance = np.concatenate([0.35 * share, [0.5], 0.15 * share])
        miss = candidate.measured()[0] - self.mean - effect
        chance = chance * np.exp(-0.5 * miss**2 / (self.var + 1.0))
        chance /= chance.sum()
        gain = self.var / (self.var + 1.0)
        keep = float(chance @ effect) > 0.0
        truth = self.mean + gain * miss + (effect if keep else 0.0)
        self.mean = float(chance @ truth)
        self.var = self.var / (self.var + 1.0) + float(chance @ (truth - self.mean) ** 2)
        return "keep" if keep else "drop"


TESTED = 3
RULES: Mapping[str, tuple[Callable[[], Rule], int]] = {
    "keep if better": (lambda: keep_if_better, 1),
    "test, noise known": (lambda: known_noise, 1),
    "t-test": (lambda: t_test, TESTED),
    "bootstrap": (lambda: bootstrap, TESTED),
    "referee": (lambda: referee, 1),
    "referee, at 50 %": (lambda: referee_likely, 1),
    "referee, repeats": (lambda: referee_repeats, 1),
    "oracle": (Oracle, 1),
}
"""Each rule, made anew for every run, and how often it measures the start."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A rule's means over worlds, each with half the width of its 95 % interval; `over` keeping if better."""

    scene: Scene
    rule: str
    worlds: int
    gain: tuple[float, float]
    over: tuple[float, float]
    worthless: tuple[float, float]
    kept: float
    runs: float

    @property
    def row(self) -> str:
        """The figures as a row of the table."""
        scene = f"{self.scene.agent} {self.scene.noise} {self.scene.ratio:g}"
        return (
            f"| {scene:22} | {self.rule:16} | {self.worlds:4} | {self.gain[0]:6.2f} ± {self.gain[1]:.2f} "
            f"| {self.over[0]:+.2f} ± {self.over[1]:.2f} | {self.worthless[0]:.0%} ± {self.worthless[1]:.0%} "
            f"| {self.kept:.1f} | {self.runs:.1f} |"
        )


HEADER = (
    "| agent, noise, effect/noise | rule | worlds | true gain | over keep if better | kept and worthless "
    "| kept | runs |\n| --- | --- | --- | --- | --- | --- | --- | --- |"
)


def measure(scenes: Iterable[Scene], rules: Iterable[str], seeds: int) -> Iterator[Figure]:
    """Yield what each rule is worth in each scene, on the same worlds."""
    rules = tuple(rules)
    for scene in scenes:
        worlds = [make_world(scene, seed) for seed in range(seeds)]
        plain = np.array([play(world, keep_if_better).gain for world in worlds])
        for name in rules:
            if name == "oracle" and (scene.agent, scene.noise) != ("plain", "normal"):
                continue
            make, first = RULES[name]
            yield summarize(scene, name, [play(world, make(), first=first) for world in worlds], plain)


def summarize(scene: Scene, rule: str, played: list[Played], plain: np.ndarray) -> Figure:
    """Return the means of a rule, and half the widths of their intervals."""
    gains = np.array([one.gain for one in played])
    kept, worthless = (np.array([getattr(one, what) for one in played]) for what in ("kept", "worthless"))
    share = worthless.sum() / max(kept.sum(), 1)
    # The ratio of two sums over worlds, by the delta method.
    off = (worthless - share * kept) / max(kept.mean(), 1e-9)
    return Figure(
        scene,
        rule,
        len(played),
        (float(gains.mean()), _half(gains)),
        (float((gains - plain).mean()), _half(gains - plain)),
        (float(share), _half(off)),
        float(kept.mean()),
        float(np.mean([one.runs for one in played])),
    )


def _half(values: np.ndarray) -> float:
    return float(1.96 * values.std(ddof=1) / len(values) ** 0.5) if len(values) > 1 else float("inf")
