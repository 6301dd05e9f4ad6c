"""BestGuess itself, each part with a switch."""

from __future__ import annotations

from typing import cast, get_args

from bestguess.agent.llm import LLM, Reply, Request
from bestguess.agent.llm.connect import connect
from bestguess.agent.llm.grades import Grade, Word
from bestguess.agent.search.guesses import Guesses
from bestguess.agent.search.switches import Switches
from bestguess.agent.tuner import Tuner
from bestguess.evals import protocol
from bestguess.evals.contestants._guesses import UncheckedGuesses
from bestguess.evals.own_packs import knowledge_with
from bestguess.evals.pools import PooledLLM
from bestguess.evals.protocol import Brief, Cost
from bestguess.evals.strong import StrongLLM
from bestguess.evals.wrong_packs import MOVES, wrong_pack
from bestguess.tools.errors import InputError
from bestguess.tools.trial import Outcome, Params, Trial

LLM_WAIT_S = 600.0
"""Long enough for an answer always: on the scoreboard a slow model costs seconds, not proposals."""


class Contestant(protocol.Contestant):
    """The tuner, with these options.

    llm: none, or whatever `bestguess tune --llm` takes; first guesses come from a pool shared by the seeds.
        `strong` is a strong model of which there are first guesses only (`bestguess.evals.strong`): it has no
        turns in the search, and is not asked why trials fail.
    knowledge: on, or off: no pack has a part, nor what messages of failures usually mean.
    packs: right, or wrong on purpose: inverted, or shifted by half of each range.
    warm: llm, or random first points although there is a model.
    propose: on, or off: the model guesses at the start only.
    trust: on, or off: neither earned trust nor the verifier holds the model back.
    explain: on, or off: the model is not asked why trials fail.
    grade: what the model's entrance exam found, or failed, fair or able; `strong` is able.
    device: where the Gaussian process computes, as for `Tuner`; torch:cpu is torch's path on a CPU.
    """

    kind = "ours"
    notes = "conditions natively; failures feed the feasibility model"

    def __init__(
        self,
        brief: Brief,
        *,
        llm: str = "none",
        knowledge: str = "on",
        packs: str = "right",
        warm: str = "llm",
        propose: str = "on",
        trust: str = "on",
        explain: str = "on",
        grade: str = "",
        device: str = "auto",
    ) -> None:
        strong = llm == "strong"
        switches = Switches(
            knowledge=_flag("knowledge", knowledge, "on", "off"),
            first_guesses=_flag("warm", warm, "llm", "random"),
            propose=_flag("propose", propose, "on", "off") and not strong,
            trust=(trusting := _flag("trust", trust, "on", "off")),
            grade=_grade(grade or ("able" if strong else "")),
            explain=_flag("explain", explain, "on", "off") and not strong,
            guesses=Guesses if trusting else UncheckedGuesses,
        )
        model = StrongLLM(brief) if strong else _pooled(llm)
        self._model = Counted(model) if model else None
        if packs not in ("right", *MOVES):
            raise InputError(f"bestguess: packs is {packs!r}; give one of right, {', '.join(MOVES)}")
        pack = brief.pack if packs == "right" else wrong_pack(brief.space, brief.task, packs)
        with knowledge_with(pack if switches.knowledge else "") as own:
            self._tuner = Tuner(
                brief.space,
                brief.task,
                llm=self._model,
                seed=brief.seed,
                llm_wait_s=LLM_WAIT_S,
                knowledge=own,
                switches=switches,
                device=device,
            )
        self._asked: Trial | None = None

    def ask(self) -> Params:
        """Return the tuner's next trial."""
        self._asked = self._tuner.ask()
        return self._asked.params

    def tell(self, params: Params, outcome: Outcome) -> None:
        """Tell the tuner."""
        asked = self._asked and self._asked.params == params
        self._tuner.tell(self._asked if asked and self._asked else params, outcome)
        self._asked = None

    @property
    def cost(self) -> Cost:
        """What the model cost so far."""
        source = self._asked.source if self._asked else ""
        if self._model is None:
            return Cost(source)
        return Cost(source, self._model.tokens, self._model.requests, self._model.seconds)

    def close(self) -> None:
        """Close the tuner and the model."""
        self._tuner.close()
        if self._model:
            self._model.close()


class Counted:
    """A language model that counts what it is asked."""

    def __init__(self, model: LLM) -> None:
        self._model = model
        self.tokens = 0
        self.requests = 0
        self.seconds = 0.0

    @property
    def name(self) -> str:
        """The model's name."""
        return self._model.name

    @property
    def grade(self) -> Grade | None:
        """What an exam found of the model, where that is known."""
        return getattr(self._model, "grade", None)

    def generate(self, request: Request) -> Reply:
        """Answer, and count it."""
        self.requests += 1
        reply = self._model.generate(request)
        self.tokens += reply.tokens
        self.seconds += reply.seconds
        return reply

    def close(self) -> None:
        """Close the model."""
        self._model.close()


def _pooled(llm: str) -> PooledLLM | None:
    model = connect(llm)
    return PooledLLM(model) if model else None


def _grade(value: str) -> Word | None:
    for word in get_args(Word):
        if value == word:
            return cast("Word", word)
    if value:
        raise InputError(f"bestguess: grade is {value!r}; give one of {', '.join(get_args(Word))}")
    return None


def _flag(name: str, value: str, on: str, off: str) -> bool:
    if value not in (on, off):
        raise InputError(f"bestguess: {name} is {value!r}; give {on} or {off}")
    return value == on
