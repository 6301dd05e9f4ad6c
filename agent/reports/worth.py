"""Whether the language model earned its keep, by what the surrogate expected of its own choices instead.

Computed from the history alone. A first guess has no rival, because no choice of the surrogate's was worked
out beside it; it is measured against the default. A guess during the search ran in place of the surrogate's
own choice, whose improvement on the best so far was expected, with a deviation: what the guesses gained
beyond that is the lift. The interval holds the surrogate's uncertainty, not that of a study done again with
another seed.
"""

from __future__ import annotations

from dataclasses import dataclass

from bestguess.tools.search.trust import earned
from bestguess.tools.trial import History
from bestguess.tools.words.sentences import counted

TWO_SIDED_95 = 1.96


@dataclass(frozen=True, slots=True)
class Worth:
    """What the model's trials brought, in the metric's units, and what they cost; more is better.

    `over_default` is by how much the best of the `first_guesses` beat the default, None without either.
    `hits` of the `search_guesses` were new bests, and `first_hits` of the first ones; so many as
    `expected_hits` were expected of the surrogate's own choices. `lift` is the gain beyond
    what was expected of those, between `lift_low` and `lift_high`.
    """

    first_guesses: int
    over_default: float | None
    search_guesses: int
    hits: int
    expected_hits: float
    lift: float
    lift_low: float
    lift_high: float
    tokens: int
    seconds: float
    first_hits: int = 0
    did: str = ""
    """Where there are several metrics or limits, what the hits did, in words; lifts are then so many hits."""

    @property
    def verdict(self) -> str:
        """The conclusion in words; none is drawn where the interval holds 0."""
        if self.lift_low > 0:
            return "it earned its keep"
        if self.lift_high < 0:
            return "the surrogate alone would have done better"
        later = "; its guesses in the search are too close to call" if self.search_guesses else ""
        if self.did and self.first_hits:
            return f"first guesses of its own {self.did}{later}"
        if self.over_default is not None and self.over_default > 0:
            return f"the best of its first guesses beat the default{later}"
        return "too close to call" if self.search_guesses else "it brought nothing yet"

    @property
    def sentences(self) -> tuple[str, ...]:
        """The figures in words."""
        said = []
        if self.first_guesses:
            beaten = "no default to compare with"
            if self.over_default is not None:
                side = "better" if self.over_default > 0 else "worse"
                beaten = f"the best of them {abs(self.over_default):.4g} {side} than the default"
                if not self.over_default:
                    beaten = "the best of them as good as the default"
            if self.did:
                beaten = f"{self.first_hits} of them {self.did}"
            said.append(f"{counted(self.first_guesses, 'first guess', 'first guesses')}, {beaten}")
        if self.search_guesses:
            did = self.did or "new bests"
            said.append(
                f"{counted(self.search_guesses, 'guess', 'guesses')} in the search, {self.hits} of them "
                f"{did} ({self.expected_hits:.1f} expected of the surrogate's own choices)"
            )
            gained = (
                f"these are {self.lift:+.2g} beside" if self.did else f"they gained {self.lift:+.4g} over"
            )
            said.append(
                f"{gained} what was expected of those choices, "
                f"95 % between {self.lift_low:+.4g} and {self.lift_high:+.4g}"
            )
        said.append(f"{self.tokens} tokens, {self.seconds:.0f} s: {self.verdict}")
        return tuple(said)


def weigh_model(history: History) -> Worth | None:
    """Return what the model was worth in `history`; None if it had no part in it."""
    guesses = [trial for trial in history if trial.source == "llm"]
    tokens = sum(trial.proposal.tokens for trial in history)
    if not guesses and not tokens:
        return None
    first = [trial for trial in guesses if trial.proposal.rival is None]
    losses = [history.loss(trial) for trial in first if trial.value is not None and not history.goals]
    default = history.default
    record = earned(history, "llm", window=None)
    lift, reach = record.gain - record.rival_gain, TWO_SIDED_95 * record.sd
    return Worth(
        first_guesses=len(first),
        over_default=history.loss(default) - min(losses)
        if losses and default is not None and default.value is not None
        else None,
        search_guesses=record.tried,
        hits=record.hits,
        expected_hits=record.expected,
        lift=lift,
        lift_low=lift - reach,
        lift_high=lift + reach,
        tokens=tokens,
        seconds=sum(trial.proposal.seconds for trial in history),
        first_hits=len({trial.number for trial in first} & {*history.joined}),
        did=history.goals.gain if history.goals else "",
    )
