"""A prompt as a task: instruction, worked examples and layout are tuned together for a model, on items.

The default is the first candidate and has all validation items; each other one races against the best. Test
items are asked about once, at the end, and with two prompts only: the best and the default.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from bestguess.agent.checks import check_count
from bestguess.agent.llm import LLM
from bestguess.agent.llm.connect import connect
from bestguess.agent.record.storage_url import file_of
from bestguess.agent.task import Task
from bestguess.agent.texts.answers import Answers
from bestguess.agent.texts.candidates import ITEMS, SCORE_CODE, Candidates, Say
from bestguess.agent.texts.items import Item
from bestguess.agent.texts.layouts import LAYOUTS
from bestguess.agent.texts.prompt_form import PromptForm
from bestguess.agent.texts.prompt_result import PromptResult, Tested
from bestguess.agent.tuner import Tuner
from bestguess.tools.errors import InputError
from bestguess.tools.trial import Params
from bestguess.tools.words.given import shorten, shown

INSTRUCTION = "Answer as in the examples, if there are any: with the answer alone."
VARIANTS = (
    "Give only the answer, without any explanation.",
    "Work it out carefully, then give only the final answer, in the same form as in the examples.",
)
"""What is tried beside the user's instruction where nobody writes others."""

MOST_CALLS = 1_000_000
LEAST_CALLS = 40
VALIDATION_SHARE, TEST_SHARE = 8, 12
"""Of the calls, one in so many is for a candidate on all validation items, or for a prompt on the test's."""

MAX_TOKENS = 64


class PromptTask(PromptForm):
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
        shots: int = 12,
        layouts: Sequence[str] = tuple(LAYOUTS),
        max_tokens: int = MAX_TOKENS,
    ) -> None:
        super().__init__(
            items,
            score,
            template,
            instruction=instruction,
            instructions=instructions,
            shots=shots,
            layouts=layouts,
        )
        self.max_tokens = check_count("max_tokens", max_tokens, 4096)
        connected = connect(model)
        if connected is None:
            raise InputError("model is none; name the model that answers, as a URL or embedded:NAME")
        self.model = connected

    def task(self, items: int) -> Task:
        """Return the task in words, as the study keeps it, of a race over so many items."""
        longer = "" if self.max_tokens == MAX_TOKENS else f", in at most {self.max_tokens} tokens"
        return Task(
            f"The prompt by which the language model {self.model.name} answers {len(self.items)} items "
            f"({self.digest}), asked as {shown(self.template)}{longer}; answers score 0 to 1 "
            f"({self.score_name})",
            metric="score",
            direction="maximize",
            facts={ITEMS: items} | ({SCORE_CODE: self.score_code} if self.score_code else {}),
        )

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
        splits = self.split(seed)
        unseen = splits.test[: max(calls // TEST_SHARE, 4)] if test else ()
        with Tuner(
            self.space(splits, seed, rewritten=llm not in (None, "none")),
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
            answers = Answers(
                self.model,
                max_tokens=self.max_tokens,
                most_calls=calls - 2 * len(unseen),
                journal=_beside(storage, tuner.study.token),
                study=study_name,
            )
            candidates = Candidates(self, splits, tuner, answers, racing=racing)
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

    def _test(self, answers: Answers, items: Sequence[Item], best: Params, default: Params) -> Tested:
        prompts = [self.messages(params, item.fields) for params in (default, best) for item in items]
        made, price = answers.calls, answers.price(prompts)
        if price > answers.left:  # earlier runs were allowed more
            enough = made + max(-(-2 * made // (TEST_SHARE - 2)), 8)  # more calls, more test items
            raise InputError(
                f"calls is {answers.most_calls}, and {made} were made for this study before: the test of the "
                f"best prompt needs {price} more; give at least {enough} calls"
            )
        of_default, _ = self.scores(answers, default, items)
        of_best, _ = self.scores(answers, best, items)
        return Tested(tuple(of_best), tuple(of_default))


def _beside(storage: str | None, token: str) -> Path | None:
    """Return where the answers of a study are kept: next to an SQLite file, else in memory only.

    They are that study's alone: one of its name that is made once it was deleted may ask another model.
    """
    path = None if storage is None else file_of(storage)
    tag = hashlib.sha256(token.encode(errors="replace")).hexdigest()[:8]
    return None if path is None else path.with_name(f"{path.stem}.answers-{tag}.db")
