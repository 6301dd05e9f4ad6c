"""A language model inside this process: transformers runs it, llguidance holds each reply to its schema.

Decoding is written out here because `transformers.generate` cannot do three things that a guess on two
cores depends on:

* the prompt is read once, not once a sample, and what it shares with the previous prompt is not read
  again;
* tokens that the grammar leaves no choice about (`","max_depth":` and its like) are not sampled one by one
  but read together with the token before them;
* a call stops at a deadline, or when the model is closed, and leaves torch's global generator alone.

It does not know what is being tuned. Weights come from a folder on this machine, never from the network.
"""

from __future__ import annotations

import copy
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from bestguess.agent.llm import Message, Reply, Request
from bestguess.agent.llm.parsing import parse_texts
from bestguess.tools.errors import ModelUnavailable, ReplyError

if TYPE_CHECKING:
    import torch
    from llguidance import LLMatcher, LLTokenizer
    from torch import Tensor
    from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerFast

BLOCK_TOKENS = 128
"""Prompts are read in blocks that start at multiples of this, and only whole blocks are reused. So what is
computed, to the last bit, does not depend on what an earlier call left behind."""


class EmbeddedLLM:
    """The model in `folder` (config, tokenizer, safetensors), loaded at the first question.

    `device` is `auto` (CUDA where there is one), or any torch device; `dtype` is `auto` (bfloat16 where the
    hardware multiplies it, else float32), or the name of a torch dtype. No code from the folder is run.
    """

    def __init__(
        self, folder: Path | str, *, name: str | None = None, device: str = "auto", dtype: str = "auto"
    ) -> None:
        self.folder = Path(folder)
        self._name = name or self.folder.name
        self._device, self._dtype = device, dtype
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._loaded: _Loaded | None = None

    @property
    def name(self) -> str:
        """What to call this model in a report."""
        return self._name

    def generate(self, request: Request) -> Reply:
        """Answer `request` with `request.n` independent samples, each held to `request.schema`.

        A sample that is still unfinished after `max_tokens` is returned as it is. The same seed gives the
        same texts on the same machine. Raises `ReplyError` for a schema that has no grammar, and
        `ModelUnavailable` when the model cannot be loaded, ran out of memory or time, or was closed.
        """
        started = time.monotonic()

        def check() -> None:
            if self._closed.is_set():
                raise ModelUnavailable(f"{self.name} was closed")
            if time.monotonic() - started > request.timeout_s:
                raise ModelUnavailable(f"{self.name} did not finish within {request.timeout_s:g} s")

        with self._lock:
            check()
            try:
                loaded = self._load()
                prompt = loaded.render(request.messages)
                samples = loaded.answer(prompt, request, check)
            except RuntimeError as error:
                raise ModelUnavailable(f"{self.name}: {_first_line(error)}") from error
            texts = tuple(
                loaded.tokenizer.decode(sample.tokens, skip_special_tokens=True) for sample in samples
            )
        return Reply(
            texts=texts,
            parsed=parse_texts(texts, request.schema),
            prompt_tokens=len(prompt),
            completion_tokens=sum(len(sample.tokens) for sample in samples),
            seconds=time.monotonic() - started,
        )

    def count_tokens(self, text: str) -> int:
        """Return how many tokens `text` is for this model; loads it if need be."""
        with self._lock:
            return len(self._load().tokenizer.encode(text, add_special_tokens=False))

    def close(self) -> None:
        """Stop a call that is under way at its next token, and free the weights."""
        self._closed.set()
        with self._lock:
            self._loaded = None

    def _load(self) -> _Loaded:
        if self._closed.is_set():
            raise ModelUnavailable(f"{self.name} was closed")
        if self._loaded is None:
            try:
                self._loaded = _load(self.folder, self._device, self._dtype)
            # A folder of someone else's making fails in as many ways as there are readers of its parts
            # (the tokenizers library raises plain Exception); all of them mean: no model.
            except Exception as error:
                raise ModelUnavailable(f"{self.name}: cannot load {self.folder}: {_first_line(error)}") from error
        return self._loaded


@dataclass(slots=True)
class _Sample:
    """One reply while it is written: its tokens, and which of them the model has not read yet."""

    matcher: LLMatcher | None
    budget: int
    tokens: list[int] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    done: bool = False

    def take(self, token: int, stops: frozenset[int], *, leap: bool) -> None:
        """Append `token` and, if it may `leap`, the tokens that the grammar forces after it."""
        added = [] if token in stops else [token]
        if self.matcher is not None:
            self.matcher.consume_token(token)
            added += self.force() if leap else []
            _raise_grammar_error(self.matcher)
        ended = token in stops or (self.matcher is not None and self.matcher.is_stopped())
        self.unread = added[: self.budget - len(self.tokens)]
        self.tokens += self.unread
        self.done = ended or len(self.tokens) >= self.budget

    def force(self) -> list[int]:
        """Return the tokens that the grammar allows no alternative to, consumed."""
        assert self.matcher is not None
        forced = [] if self.matcher.is_stopped() else list(self.matcher.compute_ff_tokens())
        self.matcher.consume_tokens(forced)
        return forced


class _Loaded:
    """A model in memory, and the key-value cache of the last prompt it read."""

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerFast, grammar_tokenizer: LLTokenizer
    ) -> None:
        self.model, self.tokenizer, self._grammar_tokenizer = model, tokenizer, grammar_tokenizer
        self._stops = frozenset(grammar_tokenizer.eos_tokens)
        self._read: list[int] = []
        self._cache: DynamicCache | None = None

    def render(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of the conversation, up to where the reply begins."""
        turns = [{"role": message.role, "content": message.content} for message in messages]
        # Models that can think aloud must not: the grammar would hold them to the schema from the start.
        rendered = self.tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, tokenize=True, return_dict=True, enable_thinking=False
        )
        return list(rendered["input_ids"])

    def answer(self, prompt: list[int], request: Request, check: Callable[[], None]) -> list[_Sample]:
        """Return `request.n` samples that continue `prompt`; `check` is called before each token."""
        import torch

        generator = torch.Generator()
        if request.seed is None:
            generator.seed()
        else:
            generator.manual_seed(request.seed)
        with torch.inference_mode():
            ...
        raise NotImplementedError
