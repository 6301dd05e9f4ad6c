"""A pulled model in eight bits, for measurements: without bfloat16 CTranslate2 needs half the time.

`pip install ctranslate2`, then `--model bestguess.evals.prompts.int8:small` (0.5B) or `:large` (1.5B). It is
not the model that is shipped: rounding costs it some of its answers, of all methods alike.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bestguess.agent.llm import Reply, Request
from bestguess.agent.llm.grades import Grade
from bestguess.agent.llm.weights.catalog import find
from bestguess.tools.errors import ModelUnavailable

SIDE_BY_SIDE = 16
"""Prompts in one batch; what they begin with is read once."""


class Int8:
    """The model in `folder`; converted at the first start, beside it."""

    grade: Grade | None = None
    takes_turns = False

    def __init__(self, folder: Path) -> None:
        try:
            import ctranslate2  # type: ignore[import-not-found,import-untyped,unused-ignore]
        except ImportError as error:
            raise ModelUnavailable("a model in eight bits needs: pip install ctranslate2") from error
        from transformers import AutoTokenizer

        self.name = f"{folder.name} in eight bits"
        converted = folder.with_name(folder.name + ".int8")
        if not (converted / "model.bin").exists():
            converter = ctranslate2.converters.TransformersConverter(str(folder), low_cpu_mem_usage=True)
            converter.convert(str(converted), quantization="int8", force=True)
        self._tokenizer: Any = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        threads = int(os.environ.get("OMP_NUM_THREADS", "0"))
        self._generator = ctranslate2.Generator(str(converted), compute_type="int8", intra_threads=threads)

    def generate(self, request: Request) -> Reply:
        """Answer one request."""
        return self.generate_each([request])[0]

    def generate_each(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer requests, held to no schema; `max_tokens` and the temperature are those of the first."""
        return [
            reply
            for start in range(0, len(requests), SIDE_BY_SIDE)
            for reply in self._batch(requests[start : start + SIDE_BY_SIDE])
        ]

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens that `text` is to the model."""
        return len(self._tokenizer.encode(text, add_special_tokens=False))

    def identify(self) -> str:
        """Return what tells the model from others."""
        return self.name

    def close(self) -> None:
        """Free the weights."""
        self._generator.unload_model()

    def _batch(self, requests: Sequence[Request]) -> list[Reply]:
        prompts = [self._render(request) for request in requests]
        columns = zip(*(prompt[:-1] for prompt in prompts), strict=False)
        shared = sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, columns))
        first = requests[0]
        chosen = {"sampling_topk": 1 if first.temperature == 0 else 0}
        answers = self._generator.generate_batch(
            [prompt[shared:] for prompt in prompts],
            static_prompt=prompts[0][:shared] or None,
            max_length=first.max_tokens,
            max_batch_size=SIDE_BY_SIDE,
            include_prompt_in_result=False,
            sampling_temperature=first.temperature or 1.0,
            **chosen,
        )
        replies = []
        for prompt, answer in zip(prompts, answers, strict=True):
            tokens = answer.sequences_ids[0]
            text = self._tokenizer.decode(tokens, skip_special_tokens=True)
            replies.append(Reply((text,), (), len(prompt), len(tokens)))
        return replies

    def _render(self, request: Request) -> list[str]:
        turns = [{"role": message.role, "content": message.content} for message in request.messages]
        given = self._tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True)
        return list(self._tokenizer.convert_ids_to_tokens(given["input_ids"]))


def small() -> Int8:
    """Return the 0.5B model."""
    return Int8(find("qwen2.5-coder-0.5b"))


def large() -> Int8:
    """Return the 1.5B model."""
    return Int8(find("qwen2.5-coder-1.5b"))
