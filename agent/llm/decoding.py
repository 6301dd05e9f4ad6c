"""Draws replies from a causal language model, each held to a JSON schema by llguidance.

    B   rows: samples that are still being written     L   tokens read so far
    V   vocabulary                                     W   tokens read in one step, the longest row's

The loop is written out, because `transformers.generate` cannot do what a guess on two cores depends on:

* a prompt is read once, not once a sample, and what it shares with the previous prompt is not read again;
* tokens that the grammar allows no alternative to (a property's name and its quotes) are not drawn one by
  one but read together with the token before them;
* a call can stop at any step, and leaves torch's global generator alone.
"""

from __future__ import annotations

import copy
import itertools
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import llguidance.hf
import llguidance.numpy
import numpy as np
import torch
from jinja2 import TemplateError
from llguidance import LLMatcher
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer, DynamicCache
from transformers.cache_utils import DynamicLayer
from transformers.utils import logging

from bestguess.agent.llm import Message, Request
from bestguess.agent.llm.concessions import fold_turns
from bestguess.tools.errors import ModelRefused, ModelUnavailable, ReplyError
from bestguess.tools.words.given import first_line

BLOCK_TOKENS = 128
"""Prompts are read in blocks that start at multiples of this, and only whole blocks are reused. So what a
call computes does not depend, to the last bit, on what the call before it left behind."""

SPACING = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}
"""Free whitespace is what a hot sample loses itself in; one space is how JSON stands in our prompts."""


def load(folder: Path, *, device: str, dtype: str) -> Decoder:
    """Return a decoder of the model in `folder`; raises whatever its readers raise."""
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    kind = _fast_dtype(device) if dtype == "auto" else getattr(torch, dtype)
    settings: Any = logging
    shows_progress = settings.is_progress_bar_enabled()
    settings.disable_progress_bar()
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder, dtype=kind, local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
    finally:
        if shows_progress:
            settings.enable_progress_bar()
    return Decoder(model.to(device).eval(), tokenizer)


class Decoder:
    """A model in memory, with the key-value cache of the prompt that it read last."""

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self.model = model
        self.tokenizer = tokenizer
        self._config = model.config.get_text_config()
        ends = model.generation_config.eos_token_id
        ends = {tokenizer.eos_token_id, *(ends if isinstance(ends, list) else [ends])} - {None}
        self._ends = frozenset(ends)
        self._vocabulary = llguidance.hf.from_tokenizer(
            tokenizer, n_vocab=max(self._config.vocab_size, len(tokenizer)), eos_token=sorted(ends)
        )
        self._cache = DynamicCache(config=self._config)
        self._read: list[int] = []
        self.conceded: dict[str, str] = {}
        """What the model's template does not take, and what it said of that."""

        # Only plain attention remembers every token by itself, so that its cache can be cut back, copied
        # to many samples, and filled at different places for each of them.
        self._is_plain = all(type(layer) is DynamicLayer for layer in self._cache.layers)

    @property
    def device(self) -> str:
        """The kind of device that the model is on."""
        return str(self.model.device.type)

    @property
    def context_tokens(self) -> int | None:
        """The longest that the model was made for."""
        longest = getattr(self._config, "max_position_embeddings", None)
        return longest if isinstance(longest, int) else None

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of `text`."""
        return len(self.tokenizer.encode(text, add_special_tokens=False))

    def render(self, messages: Sequence[Message]) -> list[int]:
        """Return the tokens of the conversation up to where the reply begins."""
        turns = [{"role": message.role, "content": self._as_text(message.content)} for message in messages]
        try:
            return self._apply_template(fold_turns(turns) if self.conceded else turns)
        except (TemplateError, ValueError) as error:
            words = f"the model's chat template fails: {first_line(error)}"
            try:
                rendered = self._apply_template(fold_turns(turns))
            except (TemplateError, ValueError):
                raise ModelUnavailable(words) from error
            self.conceded["system role"] = words
            return rendered

    def _as_text(self, content: str) -> str:
        """Return content in which no token that begins or ends a turn is left: what others wrote is in it."""
        for token in self._control_tokens:
            content = content.replace(token, f"{token[0]} {token[1:]}")
        return content

    @cached_property
    def _control_tokens(self) -> tuple[str, ...]:
        added = self.tokenizer.added_tokens_decoder.values()
        known = {*self.tokenizer.all_special_tokens, *(str(one) for one in added if one.special)}
        return tuple(token for token in known if len(token) > 1)

    def _apply_template(self, turns: list[dict[str, str]]) -> list[int]:
        # The grammar lets no model think aloud, so one that could is told not to.
        rendered = self.tokenizer.apply_chat_template(
            turns, add_generation_prompt=True, return_dict=True, enable_thinking=False
        )
        return list(rendered["input_ids"])

    def text(self, tokens: Sequence[int]) -> str:
        """Return what `tokens` say."""
        return str(self.tokenizer.decode(tokens, skip_special_tokens=True))

    @torch.inference_mode()
    def draw(
        self,
        prompt: list[int],
        request: Request,
        check: Callable[[], None],
        after_step: Callable[[Sequence[int]], object] = len,
    ) -> list[list[int]]:
        """Return the tokens of `request.n` samples that continue `prompt`, or of those done in time.

        `check` is called before each step, `after_step` after it with the first sample's tokens so far.
        `check` may draw something else meanwhile, and raises ModelUnavailable to end the call, which is
        passed on only when no sample is done. Raises ReplyError for a schema that no grammar can be made of,
        and ModelRefused for a prompt that is too long.
        """
        context = getattr(self._config, "max_position_embeddings", None) or sys.maxsize
        budget = min(request.max_tokens, context - len(prompt))
        if budget < 1:
            raise ModelRefused(f"the prompt has {len(prompt)} tokens, and the model reads {context}")
        generator = torch.Generator()
        if request.seed is None:
            generator.seed()
        else:
            generator.manual_seed(request.seed)

        opening = _Sample(budget, self._ends, self._matcher(request.schema))
        if self._is_plain:
            opening.leap()
        samples = [opening.copy() for _ in range(request.n)]
        if opening.done or not samples:
            return [sample.tokens for sample in samples]
        cache, logits = self._read_prompt(prompt + opening.tokens, request.n, check)
        mask = torch.ones(request.n, len(prompt) + len(opening.tokens), dtype=torch.long)
        return self._write(samples, cache, logits, mask, request.temperature, generator, check, after_step)

    @torch.inference_mode()
    def draw_each(
        self, prompts: Sequence[list[int]], request: Request, check: Callable[[], None]
    ) -> list[list[int]]:
        """Return the tokens of the likeliest reply to each of several prompts, which begin alike.

        What they share is read once, and the replies are written side by side, so that a reply may differ in
        its last bits from one that is drawn alone. Only the request's `max_tokens` counts. Raises
        ModelRefused for a prompt that is too long; `check` as in `draw`.
        """
        context = getattr(self._config, "max_position_embeddings", None) or sys.maxsize
        longest = max(map(len, prompts))
        if longest >= context:
            raise ModelRefused(f"the prompt has {longest} tokens, and the model reads {context}")
        columns = zip(*(prompt[:-1] for prompt in prompts), strict=False)  # something of each is left to read
        shared = sum(1 for _ in itertools.takewhile(lambda column: len(set(column)) == 1, columns))
        if not (self._is_plain and shared):
            greedy = replace(request, n=1, schema=None, temperature=0.0)
            return [self.draw(prompt, greedy, check)[0] for prompt in prompts]
        budget = min(request.max_tokens, context - longest)
        samples = [_Sample(budget, self._ends, None, unread=prompt[shared:]) for prompt in prompts]
        cache, _ = self._read_prompt(prompts[0][:shared], len(prompts), check)
        check()
        mask = torch.ones(len(prompts), shared, dtype=torch.long)
        logits, mask = self._read_rows(cache, mask, samples)
        written = self._write(samples, cache, logits, mask, 0.0, torch.Generator(), check)
        if len(written) < len(prompts):
            raise ModelUnavailable(f"only {len(written)} of {len(prompts)} replies were written in time")
        return written

    def _write(
        self,
        samples: list[_Sample],
        cache: DynamicCache,
        logits: Tensor,
        mask: Tensor,
        temperature: float,
        generator: torch.Generator,
        check: Callable[[], None],
        after_step: Callable[[Sequence[int]], object] = len,
    ) -> list[list[int]]:
        """Write the samples to their ends, from the logits (B, V) of each; return their tokens."""
        rows = samples
        while True:
            try:
                check()
            except ModelUnavailable:
                # Some guesses in time are worth more than all of them too late.
                if finished := [sample.tokens for sample in samples if sample.done]:
                    return finished
                raise
            chosen = self._choose(logits, rows, temperature, generator)
            for sample, token in zip(rows, chosen, strict=True):
                if not sample.done:
                    sample.take(token)
                    if self._is_plain:
                        sample.leap()
            after_step(samples[0].tokens)
            going = [row for row, sample in enumerate(rows) if not sample.done]
            if not going:
                return [sample.tokens for sample in samples]
            if self._is_plain and len(going) < len(rows):
                cache.batch_select_indices(torch.tensor(going, device=self.model.device))
                mask, rows = mask[going], [rows[row] for row in going]
            logits, mask = self._read_rows(cache, mask, rows)

    def _matcher(self, schema: Mapping[str, Any] | None) -> LLMatcher | None:
        if schema is None:
            return None
        grammar = LLMatcher.grammar_from_json_schema(json.dumps(schema), overrides=cast("Any", SPACING))
        matcher = LLMatcher(self._vocabulary, grammar, log_level=0)
        _raise_grammar_error(matcher)
        return matcher

    def _read_prompt(
        self, tokens: list[int], rows: int, check: Callable[[], None]
    ) -> tuple[DynamicCache, Tensor]:
        """Return a cache of `tokens` for each of `rows` samples, and the logits (B, V) that follow."""
        shared = 0
        while shared < min(len(self._read), len(tokens) - 1) and self._read[shared] == tokens[shared]:
            shared += 1
        shared -= shared % BLOCK_TOKENS
        kept = self._cache if shared else DynamicCache(config=self._config)
        if 0 < shared < len(self._read):
            kept.crop(shared - len(self._read))
        read = shared
        # Until it is read, the prompt is out of the way of a call that `check` lets in.
        self._cache, self._read = DynamicCache(config=self._config), []
        batch = 1 if self._is_plain else rows
        try:
            for start in range(shared, len(tokens), BLOCK_TOKENS):
                check()
                # A block that fails half-way leaves some layers longer than others.
                read = 0
                block = torch.tensor([tokens[start : start + BLOCK_TOKENS]] * batch)
                logits = self._forward(kept, input_ids=block)
                read = min(start + BLOCK_TOKENS, len(tokens))
        finally:
            if self._is_plain and read:
                self._cache, self._read = kept, tokens[:read]
        if not self._is_plain:
            return kept, logits
        cache = copy.copy(kept)
        cache.layers = [copy.copy(layer) for layer in cache.layers]
        cache.batch_repeat_interleave(rows)
        return cache, logits.expand(rows, -1)

    def _read_rows(self, cache: DynamicCache, mask: Tensor, rows: Sequence[_Sample]) -> tuple[Tensor, Tensor]:
        """Read what is unread, padded on the left; return the logits (B, V) and the mask (B, L + W)."""
        unread = [sample.pop_unread() for sample in rows]
        width = max(map(len, unread))
        padded = [[0] * (width - len(tokens)) + tokens for tokens in unread]
        real = [[0] * (width - len(tokens)) + [1] * len(tokens) for tokens in unread]
        mask = torch.cat([mask, torch.tensor(real)], dim=1)
        logits = self._forward(
            cache,
            input_ids=torch.tensor(padded),
            attention_mask=mask,
            position_ids=(mask.cumsum(1) - 1)[:, -width:],
        )
        return logits, mask

    def _forward(self, cache: DynamicCache, **inputs: Tensor) -> Tensor:
        """Read `inputs` into `cache` and return the logits (B, V) after the last token."""
        there = {name: value.to(self.model.device) for name, value in inputs.items()}
        read = self.model(**there, past_key_values=cache, use_cache=True, logits_to_keep=1)
        return cast("Tensor", read.logits[:, -1])

    def _choose(
        self, logits: Tensor, rows: Sequence[_Sample], temperature: float, generator: torch.Generator
    ) -> list[int]:
        """Draw a token for each row of `logits` (B, V) from those that its grammar allows."""
        logits = logits.float().cpu()
        bits = llguidance.numpy.allocate_token_bitmask(len(rows), self._vocabulary.vocab_size)
        for row, sample in enumerate(rows):
            if sample.matcher is not None:
                llguidance.numpy.fill_next_token_bitmask(sample.matcher, bits, row)
        allowed = np.unpackbits(bits.view(np.uint8), axis=1, count=logits.shape[1], bitorder="little")
        logits = logits.masked_fill(torch.from_numpy(allowed) == 0, -torch.inf)
        if temperature <= 0:
            return cast("list[int]", logits.argmax(dim=1).tolist())
        odds = torch.softmax(logits / temperature, dim=1)
        return cast("list[int]", torch.multinomial(odds, 1, generator=generator)[:, 0].tolist())


@dataclass(slots=True)
class _Sample:
    """One reply while it is written: its tokens, and those of them that the model has not read yet."""

    budget: int
    ends: frozenset[int]
    matcher: LLMatcher | None
    tokens: list[int] = field(default_factory=list)
    unread: list[int] = field(default_factory=list)
    done: bool = False

    def copy(self) -> _Sample:
        """Return a sample that begins with the same tokens, all of them read."""
        matcher = None if self.matcher is None else self.matcher.deep_copy()
        return _Sample(self.budget, self.ends, matcher, list(self.tokens), done=self.done)

    def take(self, token: int) -> None:
        """Append the token that was drawn."""
        self.done = token in self.ends
        self._append([] if self.done else [token])

    def leap(self) -> None:
        """Append the tokens that the grammar allows no alternative to."""
        if self.matcher is not None and not self.done:
            self._append(self.matcher.compute_ff_tokens())

    def pop_unread(self) -> list[int]:
        """Return what the model has not read, and count it as read."""
        unread, self.unread = self.unread, []
        return unread

    def _append(self, tokens: Sequence[int]) -> None:
        kept = list(tokens[: self.budget - len(self.tokens)])
        self.tokens += kept
        self.unread += kept
        self.done = self.done or len(self.tokens) >= self.budget
        if self.matcher is not None and not self.done:
            self.matcher.consume_tokens(kept)
            _raise_grammar_error(self.matcher)
            self.done = self.matcher.is_stopped()


def _raise_grammar_error(matcher: LLMatcher) -> None:
    if matcher.is_error():
        reason = matcher.get_error().splitlines()[0]
        raise ReplyError(f"the schema cannot be turned into a grammar: {reason}")


def _fast_dtype(device: str) -> torch.dtype:
    """Return bfloat16 where the device multiplies it in hardware, else float32."""
    if device.startswith("cuda"):
        fast = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        # torch 2.11 cannot be asked yet.
        flags: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()
        fast = device == "cpu" and any(flags.get(flag) for flag in ("avx512_bf16", "amx_bf16", "sve_bf16"))
    return torch.bfloat16 if fast else torch.float32
