"""Asks a model why trials fail, where nobody knows the usual cause of what they print.

Each kind of failure is asked about once, in a few independent samples; what they say becomes a claim, which
`tools/search/failure_rules.py` tests against every trial before it weighs anything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from bestguess.agent.advice.advisor import LATER, Advice, Advisor, Consultation, Question
from bestguess.agent.advice.framing import frame_failure
from bestguess.agent.llm import Request
from bestguess.agent.task import Task
from bestguess.prompts import version
from bestguess.tools.errors import ReplyError
from bestguess.tools.search.failure_rules import Claim, kind_of
from bestguess.tools.space.schema import object_schema
from bestguess.tools.space.space import Space
from bestguess.tools.trial import History, Trial
from bestguess.tools.words.given import shown

SAMPLES = 4
TEMPERATURE = 0.7
"""Both as tried in NOTEBOOK 19; the limits below are by hand."""

MOST_KINDS = 3
"""Whoever fails in more ways than that has other troubles."""

MOST_CAUSES = 3
MAX_TOKENS = 160
SIGNS = {"too high": 1.0, "too low": -1.0}


class Explainer:
    """What a model says of why trials of one study fail; the owner of that.

    `earlier` is what it said before the study was gone on with.
    """

    def __init__(
        self, advisor: Advisor, space: Space, task: Task, seed: int, *, earlier: Sequence[Advice] = ()
    ) -> None:
        self._advisor = advisor
        self._space = space
        self._task = task
        self._seed = seed
        self._claims: dict[str, Claim | None] = {}
        self._pending: Trial | None = None
        for advice in earlier:
            kind = advice.configurations[0].get("kind")
            with suppress(ReplyError):  # what was kept may not be what was said
                for said in advice.configurations:
                    if "causes" in said:
                        read_explanation(said, space)
                if isinstance(kind, str):
                    self._keep(kind, advice)

    @property
    def claims(self) -> tuple[Claim, ...]:
        """What was said so far, one claim a kind of failure."""
        return tuple(claim for claim in self._claims.values() if claim)

    def prefetch(self, history: History, usual: Collection[Claim]) -> None:
        """Start asking about a kind of failure that is in none of the `usual` claims, once."""
        if self._pending is None and (trial := self._unexplained(history, usual)):
            self._pending = trial
            self._advisor.prefetch(self._question(trial))

    def listen(self, history: History, usual: Collection[Claim], consultation: Consultation) -> Advice | None:
        """Return what the model says of such a kind, None without one."""
        trial = self._pending or self._unexplained(history, usual)
        if trial is None:
            return None
        kind = _kind(trial)
        advice = consultation.ask(self._advisor, self._question(trial), mark=partial(_with_kind, kind))
        self._pending = trial if advice.refusal.endswith(LATER) else None
        if self._pending is None:
            self._keep(kind, advice)
        return advice

    def _keep(self, kind: str, advice: Advice) -> None:
        said = [answer for answer in advice.configurations if "causes" in answer]
        self._claims[kind] = stated_claim(kind, said) if said else None

    def _unexplained(self, history: History, usual: Collection[Claim]) -> Trial | None:
        if len(self._claims) >= MOST_KINDS:
            return None
        known = {claim.kind for claim in usual} | self._claims.keys()
        new = (trial for trial in history.failed if _kind(trial) not in known)
        return next(new, None)

    def _question(self, trial: Trial) -> Question:
        # The sentence comes first: a model of 1.5B that has to name parameters at once names any.
        cause = object_schema({"parameter": {"enum": list(self._space.names)}, "was": {"enum": list(SIGNS)}})
        request = Request(
            messages=frame_failure(self._task, self._space, trial),
            template=version("explain"),
            n=SAMPLES,
            schema=object_schema(
                {
                    "why": {"type": "string", "minLength": 20, "maxLength": 200},
                    "causes": {"type": "array", "minItems": 1, "maxItems": MOST_CAUSES, "items": cause},
                }
            ),
            temperature=TEMPERATURE,
            seed=self._seed + trial.number,
            max_tokens=MAX_TOKENS,
        )
        return Question(request, "explain", partial(read_explanation, space=self._space))


def _with_kind(kind: str, advice: Advice) -> Advice:
    """Return the advice with the kind that was asked about; without an answer, too, so that it is once."""
    if advice.refusal.endswith(LATER):
        return advice
    said = advice.configurations or ({},)
    return replace(advice, configurations=tuple({**explanation, "kind": kind} for explanation in said))


def read_explanation(said: Any, space: Space) -> Mapping[str, Any]:
    """Return an explanation whose causes are parameters of `space`; raise ReplyError for any other."""
    causes = said.get("causes") if isinstance(said, Mapping) else None
    if not isinstance(causes, list) or not causes:
        raise ReplyError("it names no causes")
    for cause in causes[:MOST_CAUSES]:
        if not isinstance(cause, Mapping) or cause.get("parameter") not in space.names:
            raise ReplyError(f"{shown(cause)} names no parameter")
        if cause.get("was") not in tuple(SIGNS):
            raise ReplyError(f"{shown(cause)} says neither {' nor '.join(SIGNS)}")
    named = [{"parameter": cause["parameter"], "was": cause["was"]} for cause in causes[:MOST_CAUSES]]
    return {"why": str(said.get("why", "")), "causes": named}


def stated_claim(kind: str, explanations: Sequence[Mapping[str, Any]]) -> Claim:
    """Return what explanations of a kind say together: each parameter's sign, as far as they agree."""
    signs: dict[str, float] = {}
    for said in explanations:
        for name, was in {cause["parameter"]: cause["was"] for cause in said["causes"]}.items():
            signs[name] = signs.get(name, 0.0) + SIGNS[was] / len(explanations)
    return Claim(kind, signs)


def _kind(trial: Trial) -> str:
    return kind_of(trial.outcome.error) if trial.outcome else ""
