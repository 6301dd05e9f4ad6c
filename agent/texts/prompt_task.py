"""A prompt as a task: instruction, worked examples and layout are tuned together for a model, on items.

The default is the first candidate and has all validation items; each other one races against the best. Test
items are asked about once, at the end, and with two prompts only: the best and the default.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from bestguess.agent.checks import check_count
from bestguess.agent.llm import LLM, Message
from bestguess.agent.llm.connect import connect
from bestguess.agent.record.storage_url import file_of
from bestguess.agent.task import Task
from bestguess.agent.texts.answers import Answers
from bestguess.agent.texts.items import Item, Splits, read_items, split
from bestguess.agent.texts.layouts import LAYOUTS, check_template, escape, fill, write
from bestguess.agent.texts.prompt_result import PromptResult, Tested
from bestguess.agent.texts.racing import DROP, FIRST, Race
from bestguess.agent.texts.scoring import check_answers, read_score
from bestguess.agent.tuner import Tuner
from bestguess.tools.errors import InputError, StudyError
from bestguess.tools.space.parameters import Choice, Text
from bestguess.tools.space.space import Space
from bestguess.tools.trace import Step
from bestguess.tools.trial import Outcome, Params, Trial
from bestguess.tools.words.given import shorten, shown

INSTRUCTION = "Answer as in the examples, if there are any: with the answer alone."
VARIANTS = (
    "Give only the answer, without any explanation.",
    "Work it out carefully, then give only the final answer, in the same form as in the examples.",
)
"""What is tried beside the user's instruction where nobody writes others."""

JOINT = "\n\n"
ARROW = "\n=> "
POOL = 32
"""Worked examples to choose from; more make the choice no better within a few hundred calls."""

DRAWN = 6
"""Sets of worked examples that chance may begin with."""

MOST_CALLS = 1_000_000
LEAST_CALLS = 40
MOST_FREE = 20
"""Candidates in a row that cost no call, before the run ends: there is nothing new to try."""

VALIDATION_SHARE, TEST_SHARE = 8, 12
"""Of the calls, one in so many is for a candidate on all validation items, or for a prompt on the test's."""

ITEMS = "validation items"
"""The fact of the study's task that says on how many items candidates race."""

Say = Callable[[Trial, "Progress"], object]


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is: what the latest candidate was tried on, the best so far, and what is left."""

    tried_on: int
    items: int
    best: float
    calls: int
    left: int


class PromptTask:
    """Tunes a prompt for `model` on `items`.

    Args:
        model: who answers: a URL, "embedded:NAME", a model folder, or any `bestguess.LLM`; it is called at
            temperature 0.
        items: a file of JSON lines, or mappings: each has `output`, the right answer, and fields of its own.
        score: "exact", "contains", "json", or a function of the answer and the item that returns 0 to 1.
        template: how a question is written, with the items' fields in braces; by default the field itself.
        instruction: the instruction that is there now, the default.
        instructions: others to try.
        shots: how many worked examples a prompt may have; 0 for none.
        layouts: which of `LAYOUTS` are tried, the first by default.
        max_tokens: how long an answer may be.

    Raises:
        InputError: an argument is wrong, or an item, with its line.
    """

    def __init__(
        self,
        model: LLM | str,
        items: str | Path | Iterable[Mapping[str, Any]],
        score: str | Callable[..., Any] = "exact",
        template: str | None = None,
        *,
        instruction: str = INSTRUCTION,
        instructions: Sequence[str] = VARIANTS,
        shots: int = 4,
        layouts: Sequence[str] = tuple(LAYOUTS),
        max_tokens: int = 64,
    ) -> None:
        self.items = read_items(items)
        self.score_name, self._score = read_score(score)
        check_answers(self.score_name, self.items)
        self.template = check_template(template, tuple(self.items[0].fields))
        self.shots = shots if shots == 0 else check_count("shots", shots, 32)
        self.max_tokens = check_count("max_tokens", max_tokens, 4096)
        for layout in layouts or [""]:
            if layout not in LAYOUTS:
                raise InputError(f"layouts has {shown(layout)}; give some of {', '.join(LAYOUTS)}")
        self._layouts = tuple(layouts)
        for words in (instruction, *instructions):
            if not isinstance(words, str) or not words.strip():
                raise InputError(f"the instruction is {shown(words)}; give words")
        self._instruction, self._instructions = instruction, tuple(instructions)
        self.space(split(self.items, 0), 0)  # whether there are enough items, and texts that can be kept
        connected = connect(model)
        if connected is None:
            raise InputError("model is none; name the model that answers, as a URL or embedded:NAME")
        self.model = connected
        self._examples: dict[str, Item] = {}

    @property
    def digest(self) -> str:
        """What tells this task from another: items, score and template."""
        said = [[dict(item.fields), item.output] for item in self.items]
        return hashlib.sha256(repr((said, self.score_name, self.template)).encode()).hexdigest()[:12]

    def task(self, items: int) -> Task:
        """Return the task in words, as the study keeps it, of a race over so many items."""
        return Task(
            f"The prompt by which the language model {self.model.name} answers {len(self.items)} items "
            f"({self.digest}), asked as {shown(self.template)}; answers score 0 to 1 ({self.score_name})",
            metric="score",
            direction="maximize",
            facts={ITEMS: items},
        )

    def space(self, splits: Splits, seed: int) -> Space:
        """Return what is tuned; `exemplars` are pieces of the train split."""
        parameters: dict[str, Any] = {
            "instruction": Text(
                default=self._instruction,
                examples=self._instructions,
                doc="what the model is told to do; it then reads worked examples and the question",
            ),
        }
        if self.shots:
            pool = list(dict.fromkeys(self._piece(item) for item in splits.train))[:POOL]
            rng = np.random.default_rng((seed, len(pool)))
            most = min(self.shots, len(pool))
            drawn = [
                JOINT.join(pool[index] for index in rng.permutation(len(pool))[: 1 + number % most])
                for number in reversed(range(DRAWN))
            ]
            longest = sum(sorted(map(len, pool))[-most:]) + len(JOINT) * most
            parameters["exemplars"] = Text(
                pool=pool,
                pieces=most,
                examples=drawn,
                max_chars=longest,
                doc="worked examples, each a question and after => its answer",
            )
        if len(self._layouts) > 1:
            parameters["layout"] = Choice(
                self._layouts, doc="how instruction, examples and question are put together"
            )
        return Space(parameters)

    def messages(self, params: Params, fields: Mapping[str, str]) -> tuple[Message, ...]:
        """Return what the model reads for one question, by a configuration of the space."""
        pieces = [piece for piece in str(params.get("exemplars", "")).split(JOINT) if piece]
        examples = [(asked, answer) for asked, _, answer in (piece.rpartition(ARROW) for piece in pieces)]
        layout = LAYOUTS[str(params.get("layout", self._layouts[0]))]
        return layout(str(params["instruction"]), examples, fill(self.template, fields))

    def written(self, params: Params) -> str:
        """Return the prompt as a template: the items' fields in braces, other braces doubled."""
        pieces = [piece for piece in str(params.get("exemplars", "")).split(JOINT) if piece]
        examples = [
            (escape(asked), escape(said)) for asked, _, said in (one.rpartition(ARROW) for one in pieces)
        ]
        layout = LAYOUTS[str(params.get("layout", self._layouts[0]))]
        return write(layout(escape(str(params["instruction"])), examples, self.template))

    def tune(
        self,
        calls: int = 300,
        *,
        llm: LLM | str | None = None,
        storage: str | None = None,
        study_name: str = "prompt",
        seed: int = 0,
        resume: bool = True,
        llm_wait_s: float = 120.0,
        racing: bool = True,
        test: bool = True,
        say: Say | None = None,
    ) -> PromptResult:
        """Return the best prompt that was found within so many calls of the model, the test's included.

        `llm` is a model that writes instructions, by its own entrance exam. A study in `storage` that is gone
        on with has its calls counted; `calls` is then what there are in all. Without `racing` each candidate
        has all validation items. After each candidate `say` is called with its trial and the `Progress`.

        Raises:
            InputError: an argument is wrong, or the study was made for other items, another model or score.
            ModelError: the model does not answer; what was answered and told is kept.
        """
        check_count("calls", calls, MOST_CALLS)
        if calls < LEAST_CALLS:
            raise InputError(
                f"calls is {calls}; give at least {LEAST_CALLS}, by which a few prompts are compared"
            )
        self.model.identify()  # a server has no name, by which its study is known, before it is asked
        splits = split(self.items, seed)
        unseen = splits.test[: max(calls // TEST_SHARE, 4)] if test else ()
        answers = Answers(
            self.model,
            max_tokens=self.max_tokens,
            most_calls=calls - 2 * len(unseen),
            journal=_beside(storage, study_name),
            study=study_name,
        )
        with Tuner(
            self.space(splits, seed),
            self.task(min(max(calls // VALIDATION_SHARE, 8), len(splits.validation))),
            llm=llm,
            storage=storage,
            study_name=study_name,
            seed=seed,
            resume=resume,
            llm_wait_s=llm_wait_s,
            knowledge=False,
            earlier=False,
        ) as tuner:
            kept = tuner.study.made_for
            if (kept.description, tuner.study.seed) != (self.task(0).description, seed):
                raise InputError(
                    f"study {study_name!r} is for other items, another model, score, template or seed "
                    f"({shorten(kept.description, 200)}; seed {tuner.study.seed}); choose another study name"
                )
            candidates = _Candidates(self, splits, tuner, answers, racing=racing)
            candidates.run(say)
            best, default = candidates.best, tuner.space.default()
            answers.most_calls = calls
            tested = self._test(answers, unseen, best.params, default) if unseen else None
            return PromptResult(
                template=self.written(best.params),
                default_template=self.written(default),
                params=best.params,
                trial=best.number,
                trials=len(tuner.history.told),
                score=candidates.score,
                default_score=candidates.default_score,
                items={"train": len(splits.train), "validation": candidates.race.items, "test": len(unseen)},
                calls=answers.calls,
                test=tested,
                history=tuner.history,
            )

    def scores(
        self, answers: Answers, params: Params, items: Sequence[Item]
    ) -> tuple[list[float], list[str]]:
        """Return the scores of a configuration on items, and the answers; raises what the model raises."""
        said = answers.ask([self.messages(params, item.fields) for item in items])
        return [self._score(answer, item) for answer, item in zip(said, items, strict=True)], said

    def question(self, item: Item) -> str:
        """Return an item as its question stands in a prompt."""
        return fill(self.template, item.fields)

    def _test(self, answers: Answers, items: Sequence[Item], best: Params, default: Params) -> Tested:
        of_default, _ = self.scores(answers, default, items)
        of_best, _ = self.scores(answers, best, items)
        return Tested(tuple(of_best), tuple(of_default))

    def _piece(self, item: Item) -> str:
        # An empty line ends a piece, and the last arrow begins the answer.
        question, answer = (
            "\n".join(line for line in text.split("\n") if line.strip())
            for text in (self.question(item), item.output)
        )
        return f"{question}{ARROW}{answer.replace(ARROW, ARROW.replace(' ', ''))}"


class _Candidates:
    """The run itself: configurations that the tuner asks for race over the validation items."""

    def __init__(
        self, task: PromptTask, splits: Splits, tuner: Tuner, answers: Answers, *, racing: bool
    ) -> None:
        self._task = task
        self._tuner = tuner
        self._answers = answers
        count = int(tuner.study.made_for.facts[ITEMS])
        self._items = splits.validation[:count]
        first, drop = (FIRST, DROP) if racing else (count, -1.0)
        self.race = Race(count, seed=tuner.study.seed, first=first, drop=drop)
        self._trials: dict[str, Trial] = {}
        for trial in tuner.history.complete:
            self._replay(trial)

    def run(self, say: Say | None) -> None:
        """Try candidates until no further one can be paid for, or can be better."""
        free = 0
        while free < MOST_FREE and not (self.race.best and self.score == 1.0):
            before = self._answers.calls
            trial = self._tuner.ask_new()
            if trial is None:
                break
            try:
                outcome = self._try(trial)
            except BaseException:
                self._tuner.give_back(trial)
                raise
            if outcome is None:
                self._tuner.give_back(trial)
                break
            self._tell(trial, outcome, say)
            free = free + 1 if self._answers.calls == before else 0

    def _tell(self, trial: Trial, outcome: Outcome, say: Say | None) -> None:
        told = self._tuner.tell_run(trial, outcome)
        name = _name(told.params)
        self._trials.setdefault(name, told)
        if say:
            tried, left = len(self.race.scores[name]), self._answers.left
            say(told, Progress(tried, self.race.items, self.score, self._answers.calls, left))

    @property
    def best(self) -> Trial:
        """The trial of the best candidate; raises StudyError before the default has all items."""
        if self.race.best is None:
            raise StudyError("no prompt was tried on all validation items; give more calls")
        return self._trials[self.race.best]

    @property
    def score(self) -> float:
        """The best candidate's mean score on the validation items."""
        return self.race.mean(self.race.best) if self.race.best else 0.0

    @property
    def default_score(self) -> float:
        """The default's."""
        return self.race.mean(_name(self._tuner.space.default()))

    def _try(self, trial: Trial) -> Outcome | None:
        """Race one candidate; None where the calls do not suffice for what it needs first."""
        name, steps = _name(trial.params), list[Step]()
        known = set(self.race.scores.get(name, ()))
        while items := self.race.next_items(name):
            chosen = [self._items[item] for item in items]
            prompts = [self._task.messages(trial.params, item.fields) for item in chosen]
            if self._answers.price(prompts) > self._answers.left:
                if name in self.race.scores:
                    break
                return None
            scores, said = self._task.scores(self._answers, trial.params, chosen)
            self.race.note(name, dict(zip(items, scores, strict=True)))
            steps += [self._step(*one) for one in zip(chosen, said, scores, strict=True)]
        if not steps and known:  # a repeat
            return Outcome.of_runs(self.race.runs(name))
        return Outcome.of_runs(self.race.runs(name), trace=steps)

    def _step(self, item: Item, said: str, score: float) -> Step:
        wrong = "" if score == 1.0 else f"expected {item.output}" + (f"; score {score:.2g}" if score else "")
        return Step("item", self._task.question(item), said, wrong)

    def _replay(self, trial: Trial) -> None:
        """Take in what is known of a trial of an earlier run: the answers that it had cost nothing now."""
        name = _name(trial.params)
        prompts = [self._task.messages(trial.params, item.fields) for item in self._items]
        known = [item for item, prompt in enumerate(prompts) if not self._answers.price([prompt])]
        scores, _ = self._task.scores(self._answers, trial.params, [self._items[item] for item in known])
        if known and (self.race.best is not None or len(known) == self.race.items):
            self.race.note(name, dict(zip(known, scores, strict=True)))
            self._trials.setdefault(name, trial)


def _name(params: Params) -> str:
    return repr(sorted(params.items()))


def _beside(storage: str | None, study_name: str) -> Path | None:
    """Return where the answers of a study are kept: next to an SQLite file, else in memory only."""
    path = None if storage is None else file_of(storage)
    tag = hashlib.sha256(study_name.encode()).hexdigest()[:8]
    return None if path is None else path.with_name(f"{path.stem}.answers-{tag}.db")
