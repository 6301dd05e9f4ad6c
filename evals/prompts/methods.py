"""The methods that are compared: each has the same calls, splits, default and pool, and gives one prompt."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any

import numpy as np

from bestguess.agent.llm import LLM, Message, Request
from bestguess.agent.texts.answers import Answers
from bestguess.agent.texts.items import Item, Splits
from bestguess.agent.texts.prompt_form import JOINT
from bestguess.agent.texts.prompt_task import VALIDATION_SHARE, PromptTask
from bestguess.tools.errors import ModelError
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Params


@dataclass(frozen=True, slots=True)
class Setting:
    """What a method is given."""

    task: PromptTask
    splits: Splits
    space: Space
    model: LLM
    calls: int
    seed: int

    @property
    def items(self) -> tuple[Item, ...]:
        """The validation items that a candidate has in full."""
        return self.splits.validation[: max(self.calls // VALIDATION_SHARE, 8)]

    def answers(self) -> Answers:
        """Return a purse with all calls in it."""
        return Answers(self.model, max_tokens=self.task.max_tokens, most_calls=self.calls)


Method = Callable[[Setting], Params]


def default(setting: Setting) -> Params:
    """Return the prompt as it is."""
    return setting.space.default()


def random_exemplars(setting: Setting) -> Params:
    """Return the default with worked examples drawn by chance."""
    drawn = _random(setting, np.random.default_rng((setting.seed, 11)))
    return {**setting.space.default(), "exemplars": drawn["exemplars"]}


def best_of_random(setting: Setting) -> Params:
    """Return the best of the default and of random prompts, each on all validation items."""
    rng = np.random.default_rng((setting.seed, 12))
    return _best(setting, lambda _tried: _random(setting, rng))


def best_of_random_few(setting: Setting) -> Params:
    """The same on half of the items each, and so of twice as many prompts."""
    rng = np.random.default_rng((setting.seed, 12))
    return _best(setting, lambda _tried: _random(setting, rng), items=len(setting.items) // 2)


def opro(
    setting: Setting, write: Callable[[Sequence[tuple[str, float]], np.random.Generator], str]
) -> Params:
    """Return the best of instructions that were written one after the other, with the scores of those before.

    After OPRO (arXiv 2309.03409); worked examples are drawn once by chance. Calls of the writer cost nothing.
    """
    rng = np.random.default_rng((setting.seed, 13))
    base = {**setting.space.default(), "exemplars": _random(setting, rng)["exemplars"]}

    def propose(tried: Sequence[tuple[Params, float]]) -> Params:
        ranked = sorted(
            ((str(params["instruction"]), score) for params, score in tried), key=lambda one: one[1]
        )
        return {**base, "instruction": write(ranked, rng)}

    return _best(setting, propose, first=[base])


def ours(setting: Setting, *, racing: bool) -> Params:
    """Return what `PromptTask` finds without a model that writes."""
    found = setting.task.tune(setting.calls, seed=setting.seed, racing=racing, test=False)
    return found.params


def model_writer(model: LLM) -> Callable[[Sequence[tuple[str, float]], np.random.Generator], str]:
    """Return a writer of instructions that asks a model, as OPRO does."""

    def write(ranked: Sequence[tuple[str, float]], rng: np.random.Generator) -> str:
        seen = "\n".join(f"text: {text}\nscore: {round(100 * score)}" for text, score in ranked[-6:])
        words = (
            f"Instructions with their scores, the higher the better:\n{seen}\n"
            "Write one new instruction, different from these, with a higher score. Answer with it alone."
        )
        request = Request(
            (Message("user", words),), temperature=1.0, seed=int(rng.integers(2**31)), max_tokens=32
        )
        try:
            said = model.generate(request).texts[0].strip().split("\n")[0]
        except ModelError:
            said = ""
        return said[:300] or ranked[-1][0]

    return write


def phrase_writer(
    phrases: Sequence[str],
) -> Callable[[Sequence[tuple[str, float]], np.random.Generator], str]:
    """Return a writer that adds a phrase to the best instruction, or takes one away: the toy's."""

    def write(ranked: Sequence[tuple[str, float]], rng: np.random.Generator) -> str:
        best = ranked[-1][0]
        phrase = phrases[int(rng.integers(len(phrases)))]
        return best.replace(f" {phrase}", "") if phrase in best else f"{best} {phrase}"

    return write


def methods(write: Callable[[Sequence[tuple[str, float]], np.random.Generator], str]) -> Mapping[str, Method]:
    """Return the methods by name; `write` writes instructions for the one that has them written."""
    return {
        "default": default,
        "random exemplars": random_exemplars,
        "best of random": best_of_random,
        "best of random, half the items": best_of_random_few,
        "opro": lambda setting: opro(setting, write),
        "ours without racing": lambda setting: ours(setting, racing=False),
        "ours": lambda setting: ours(setting, racing=True),
    }


def play(
    task: PromptTask,
    model: LLM,
    method: Method,
    *,
    calls: int,
    seed: int,
    test_items: int = 60,
    fresh: Sequence[Item] = (),
) -> dict[str, Any]:
    """Return what a method's prompt scores on unseen items: of the test split, and `fresh` ones."""
    splits = task.split(seed)
    setting = Setting(task, splits, task.space(splits, seed), model, calls, seed)
    params = method(setting)
    unseen = (*splits.test[:test_items], *fresh)
    purse = Answers(model, max_tokens=task.max_tokens, most_calls=len(unseen))
    scores, _ = task.scores(purse, params, unseen)
    return {"score": fmean(scores), "items": len(unseen), "params": dict(params)}


def _random(setting: Setting, rng: np.random.Generator) -> dict[str, Any]:
    """Return a random prompt: instruction and layout among those there are, worked examples from the pool."""
    chosen = dict(setting.space.sample(rng))
    exemplars: Any = setting.space.parameters["exemplars"]
    count = int(rng.integers(1, exemplars.pieces + 1))
    pool = list(exemplars.pool)
    chosen["exemplars"] = JOINT.join(pool[index] for index in rng.permutation(len(pool))[:count])
    return chosen


def _best(
    setting: Setting,
    propose: Callable[[Sequence[tuple[Params, float]]], Params],
    *,
    items: int | None = None,
    first: Sequence[Params] = (),
) -> Params:
    """Return the best of the default, of `first`, and of what is proposed, within the calls."""
    answers, chosen = setting.answers(), setting.items[:items]
    tried: list[tuple[Params, float]] = []
    waiting: list[Params] = [setting.space.default(), *first]
    for _ in range(setting.calls):
        params = waiting.pop(0) if waiting else propose(tried)
        prompts = [setting.task.messages(params, item.fields) for item in chosen]
        if answers.price(prompts) > answers.left:
            break
        scores, _ = setting.task.scores(answers, params, chosen)
        tried.append((params, fmean(scores)))
    return max(tried, key=lambda one: one[1])[0]
