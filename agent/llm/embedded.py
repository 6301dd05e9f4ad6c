"""A language model inside this process, held to the schema of each reply by a grammar.

Its life is here: loaded at the first question, one call at a time, deadlines, closing. How a reply is drawn
is in `decoding`, which is imported only then, because torch comes with it. Weights come from a folder, never
from the network.
"""

from __future__ import annotations

import hashlib
import math
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from bestguess.agent.llm import SHORT_TOKENS, Reply, Request, count_roughly
from bestguess.agent.llm.grades import Grade
from bestguess.agent.llm.parsing import parse_texts
from bestguess.agent.llm.shared import Queue
from bestguess.tools.errors import ModelUnavailable
from bestguess.tools.words.given import first_line

if TYPE_CHECKING:
    from bestguess.agent.llm.decoding import Decoder


class EmbeddedLLM:
    """The model in `folder` (config, tokenizer, safetensors), loaded at the first question.

    `device` is a torch device or `auto`: CUDA where there is one. `dtype` is the name of a torch dtype or
    `auto`: bfloat16 where the hardware multiplies it, else float32. `grade` is what an exam found of the
    model, if that is known. No code from the folder is run.
    """

    def __init__(
        self,
        folder: Path | str,
        *,
        name: str | None = None,
        device: str = "auto",
        dtype: str = "auto",
        grade: Grade | None = None,
    ) -> None:
        self.folder = Path(folder)
        self.device = device
        self.dtype = dtype
        self.grade = grade
        self.name = name or self.folder.absolute().name
        self._queue = Queue()
        self._closed = threading.Event()
        self._decoder: Decoder | None = None

    @property
    def context_tokens(self) -> int | None:
        """How long a prompt and its answer may be together, once the model is loaded."""
        return None if self._decoder is None else self._decoder.context_tokens

    @property
    def affordable_tokens(self) -> int | None:
        """How long a prompt may be, on a processor; None where only the context limits it."""
        fast = self._decoder is not None and self._decoder.device != "cpu"
        return None if fast else SHORT_TOKENS

    @property
    def conceded(self) -> dict[str, str]:
        """What the model's template does not take, and what it said of that."""
        return {} if self._decoder is None else self._decoder.conceded

    takes_turns = True
    """Several threads may ask: a person's request goes first, also before one that is being answered."""

    def generate(self, request: Request) -> Reply:
        """Answer `request` with `request.n` independent samples, each held to `request.schema`.

        A sample that is unfinished after `max_tokens` is returned as it is. Equal requests with a seed get
        equal texts on the same machine. Raises ReplyError for a schema that no grammar can be made of, and
        ModelUnavailable when the model cannot be loaded, ran out of memory or time, or was closed.
        """
        return self._draw(request, request.hear, request.stop)

    def generate_each(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer several requests side by side, each with the likeliest reply, held to no schema.

        They should begin alike, as what they share is read once; `max_tokens` and `timeout_s` are those of
        the first. Raises what `generate` raises.
        """
        first, started = requests[0], time.monotonic()
        with self._turn(first) as check:
            decoder = self._load()
            try:
                prompts = [decoder.render(request.messages) for request in requests]
                drawn = decoder.draw_each(prompts, first, check)
            except RuntimeError as error:
                raise ModelUnavailable(f"{self.name}: {first_line(error)}") from error
            texts = [decoder.text(tokens) for tokens in drawn]
        seconds = (time.monotonic() - started) / len(requests)
        return [
            Reply((text,), parse_texts((text,), None), len(prompt), len(tokens), seconds)
            for text, prompt, tokens in zip(texts, prompts, drawn, strict=True)
        ]

    def _draw(
        self,
        request: Request,
        put: Callable[[str], object] | None = None,
        left: threading.Event | None = None,
    ) -> Reply:
        """Draw the samples until `left` is set; `put` gets the first one's text as it grows."""
        started = time.monotonic()
        shown = ""
        with self._turn(request, left) as check:
            decoder = self._load()

            def send(tokens: Sequence[int]) -> None:
                nonlocal shown
                text = decoder.text(tokens)
                # A letter may be cut in two by the tokens; it is whole a step later.
                if put is not None and text.startswith(shown) and not text.endswith("\ufffd"):
                    put(text[len(shown) :])
                    shown = text

            try:
                prompt = decoder.render(request.messages)
                drawn = decoder.draw(prompt, request, check, send)
            except RuntimeError as error:
                raise ModelUnavailable(f"{self.name}: {first_line(error)}") from error
            texts = tuple(decoder.text(tokens) for tokens in drawn)
        if put is not None and texts and texts[0].startswith(shown):
            put(texts[0][len(shown) :])
        return Reply(
            texts=texts,
            parsed=parse_texts(texts, request.schema),
            prompt_tokens=len(prompt),
            completion_tokens=sum(map(len, drawn)),
            seconds=time.monotonic() - started,
        )

    @contextmanager
    def _turn(self, request: Request, left: threading.Event | None = None) -> Iterator[Callable[[], None]]:
        """Have the model for a block; what is given raises ModelUnavailable once the call is to end."""
        started = time.monotonic()
        late = f"{self.name} did not finish within {request.timeout_s:g} s"

        def check() -> None:
            self._queue.give_way(request)
            self._refuse_if_closed()
            if left is not None and left.is_set():
                raise ModelUnavailable(f"{self.name} was stopped")
            if time.monotonic() - started > request.timeout_s:
                raise ModelUnavailable(late)

        with self._queue.turn(request) as ours:
            if not ours:
                raise ModelUnavailable(late)
            yield check

    def identify(self) -> str:
        """Return what tells the model from others: its name, its configuration, its files and their sizes."""
        files = sorted((path.name, path.stat().st_size) for path in self.folder.glob("*.safetensors"))
        digest = hashlib.sha256((self.folder / "config.json").read_bytes()).hexdigest()
        return f"{self.name} {digest} {files}"

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens that `text` is to this model; a guess while it is not loaded."""
        decoder = self._decoder
        return count_roughly(text) if decoder is None else decoder.count_tokens(text)

    def close(self) -> None:
        """Stop a call that is under way at its next token, and free the weights."""
        self._closed.set()
        with self._queue.turn(Request((), timeout_s=math.inf)):
            self._decoder = None

    def _refuse_if_closed(self) -> None:
        if self._closed.is_set():
            raise ModelUnavailable(f"{self.name} was closed")

    def _load(self) -> Decoder:
        self._refuse_if_closed()
        if self._decoder is None:
            try:
                from bestguess.agent.llm.decoding import load

                self._decoder = load(self.folder, device=self.device, dtype=self.dtype)
            # A folder fails in as many ways as there are readers of its parts, one of which (tokenizers)
            # raises plain Exception; whichever it was, there is no model.
            except Exception as error:
                words = f"cannot load the model in {self.folder}: {first_line(error)}"
                raise ModelUnavailable(words) from error
        return self._decoder
