"""How a configuration is a prompt: what of it is tuned, what the model reads, and how an answer scores."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from bestguess.agent.checks import check_count
from bestguess.agent.llm import Message
from bestguess.agent.texts.answers import Answer, Answers
from bestguess.agent.texts.fingerprint import fingerprint
from bestguess.agent.texts.items import Item, Splits, read_items, split
from bestguess.agent.texts.layouts import LAYOUTS, Layout, check_template, escape, fill, write
from bestguess.agent.texts.scoring import SCORES, check_answers, read_score
from bestguess.tools.errors import InputError, ModelError
from bestguess.tools.space.parameters import Choice, Text
from bestguess.tools.space.space import Space
from bestguess.tools.trial import Params
from bestguess.tools.words.given import shown
from bestguess.tools.words.sentences import sentences

_log = logging.getLogger(__name__)

JOINT = "\n\n"
ARROW = "\n=> "
POOL = 32
"""Worked examples to choose from; more make the choice no better within a few hundred calls."""

DRAWN = 6
"""Sets of worked examples that chance may begin with, of fewer and fewer."""


class PromptForm:
    """What is the same of all prompts of a task; the words are those of `PromptTask`.

    Raises:
        InputError: an argument is wrong, or an item, with its line.
    """

    def __init__(
        self,
        items: str | Path | Iterable[Mapping[str, Any]],
        score: str | Callable[..., Any],
        template: str | None,
        *,
        instruction: str,
        instructions: Sequence[str],
        shots: int,
        layouts: Sequence[str],
    ) -> None:
        self.items = read_items(items)
        self.score_name, self._score = read_score(score)
        self.score_code = "" if self.score_name in SCORES else fingerprint(self._score)
        check_answers(self.score_name, self.items)
        self.template = check_template(template, tuple(self.items[0].fields))
        self.shots = shots if shots == 0 else check_count("shots", shots, 32)
        for layout in layouts or [""]:
            if layout not in LAYOUTS:
                raise InputError(f"layouts has {shown(layout)}; give some of {', '.join(LAYOUTS)}")
        self._layouts = tuple(layouts)
        if isinstance(instructions, str):
            raise InputError(f"instructions is {shown(instructions)}; give a list of texts")
        for words in (instruction, *instructions):
            if not isinstance(words, str) or not words.strip():
                raise InputError(f"the instruction is {shown(words)}; give words")
        self._instruction, self._instructions = instruction, tuple(instructions)
        splits = self.split(0)
        self.space(splits, 0)  # whether there are enough items, and texts that can be kept
        different = len(splits.train) + len(splits.validation) + len(splits.test)
        if different < len(self.items):
            _log.warning(
                "the %d items ask %d different questions; each counts once, with its first answer",
                len(self.items),
                different,
            )

    def split(self, seed: int) -> Splits:
        """Return the different items dealt into three; what the template leaves out tells none apart."""
        return split(self.items, seed, self.question)

    @property
    def digest(self) -> str:
        """What tells this task from another: items, score and template."""
        said = [[dict(item.fields), item.output] for item in self.items]
        return hashlib.sha256(repr((said, self.score_name, self.template)).encode()).hexdigest()[:12]

    def space(self, splits: Splits, seed: int, *, rewritten: bool = True) -> Space:
        """Return what is tuned; `exemplars` are pieces of the train split.

        An instruction of one sentence, without others to try, is only tuned where it can be `rewritten`.
        """
        parameters: dict[str, Any] = {}
        if rewritten or self._instructions or len(sentences(self._instruction)) > 1:
            parameters["instruction"] = Text(
                default=self._instruction,
                examples=self._instructions,
                doc="what the model is told to do; it then reads worked examples and the question",
            )
        if self.shots:
            pool = list(dict.fromkeys(self._piece(item) for item in splits.train))[:POOL]
            rng = np.random.default_rng((seed, len(pool)))
            most = min(self.shots, len(pool))
            drawn = [
                JOINT.join(pool[index] for index in rng.permutation(len(pool))[: -(-most * number // DRAWN)])
                for number in range(DRAWN, 0, -1)
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
        if not parameters:
            raise InputError(
                "nothing of the prompt is left to tune; give instructions to try, shots, several layouts, or "
                "a model that writes (llm)"
            )
        return Space(parameters)

    def messages(self, params: Params, fields: Mapping[str, str]) -> tuple[Message, ...]:
        """Return what the model reads for one question, by a configuration of the space."""
        layout = self._layout(params)
        return layout(self._words(params), _examples(params), fill(self.template, fields))

    def written(self, params: Params) -> str:
        """Return the prompt as a template: the items' fields in braces, other braces doubled."""
        examples = [(escape(asked), escape(said)) for asked, said in _examples(params)]
        return write(self._layout(params)(escape(self._words(params)), examples, self.template))

    def scores(
        self, answers: Answers, params: Params, items: Sequence[Item]
    ) -> tuple[list[float], list[Answer]]:
        """Return the scores of a configuration on items, and the answers; raises what the model raises."""
        said = answers.ask([self.messages(params, item.fields) for item in items])
        scores = [
            0.0 if isinstance(answer, ModelError) else self._score(answer, item)
            for answer, item in zip(said, items, strict=True)
        ]
        return scores, said

    def question(self, item: Item) -> str:
        """Return an item as its question stands in a prompt."""
        return fill(self.template, item.fields)

    def _words(self, params: Params) -> str:
        return str(params.get("instruction", self._instruction))

    def _layout(self, params: Params) -> Layout:
        return LAYOUTS[str(params.get("layout", self._layouts[0]))]

    def _piece(self, item: Item) -> str:
        # An empty line ends a piece, and the last arrow begins the answer.
        question, answer = (
            "\n".join(line for line in text.split("\n") if line.strip())
            for text in (self.question(item), item.output)
        )
        return f"{question}{ARROW}{answer.replace(ARROW, ARROW.replace(' ', ''))}"


def _examples(params: Params) -> list[tuple[str, str]]:
    """Return the worked examples of a configuration, each a question and its answer."""
    pieces = [piece for piece in str(params.get("exemplars", "")).split(JOINT) if piece]
    return [(asked, answer) for asked, _, answer in (piece.rpartition(ARROW) for piece in pieces)]
