"""Language models: the protocol that every one speaks here, and the backends.

Messages and a JSON schema go in, texts come out, and whoever asked validates them. A backend is one file in
this folder with one class that satisfies `LLM`; `bestguess.agent.llm.FILE:CLASS` names it (`connect.py`), and
`bestguess.agent.testing.check_llm` tests it. Whoever only wants to ask enters by `connect`.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Protocol, runtime_checkable

CHARS_PER_TOKEN = 2.5
"""Numbers and JSON have about so many; prose has more."""


SHORT_TOKENS = 1400
"""Of a prompt that a model inside this process reads on a processor, where reading is most of what a turn
takes: 12 s more for packs' advice, by which nothing was gained (NOTEBOOK 24)."""


@dataclass(frozen=True, slots=True)
class Tool:
    """What a model may call in place of an answer; `parameters` is the JSON schema of its arguments."""

    name: str
    description: str
    parameters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that a model asks for: a name and a JSON text, neither of which is checked yet."""

    name: str
    arguments: str
    id: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation: `calls` are the assistant's, a tool's result names one by `call_id`."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str
    calls: tuple[ToolCall, ...] = ()
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class Request:
    """What a model is asked: messages, and how many independent samples of the answer.

    `schema` is a JSON schema that each sample should satisfy; a backend enforces it where it can, and
    the caller validates again. `thought_tokens` may be spent on thinking before the answer, beyond
    `max_tokens`, by a backend that can do so. `timeout_s` bounds the whole call. `template` says what the
    messages were made of, for the record, `told` how many outcomes they knew of, `urgent` that a person waits
    for the answer, and `patient` that everything else may go first; no answer depends on these.
    `tools` may be called by a model behind a backend that takes them, see `SharedLLM.takes_tools`. Once
    `stop` is set nobody waits for the answer any more. `hear` gets the text of a single sample piece by
    piece, from whatever thread, where a backend can be heard while it writes.
    """

    messages: tuple[Message, ...]
    n: int = 1
    schema: Mapping[str, Any] | None = None
    temperature: float = 1.0
    seed: int | None = None
    max_tokens: int = 512
    thought_tokens: int = 0
    timeout_s: float = 120.0
    template: str = ""
    told: int = 0
    urgent: bool = False
    patient: bool = False
    tools: tuple[Tool, ...] = ()
    stop: threading.Event | None = None
    hear: Callable[[str], object] | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model answered: `texts` (n of them, fewer if time ran out), what they cost, how they parse.

    `parsed[i]` is `texts[i]` as JSON, or None where it is not JSON (or no schema was given).
    `prompt_tokens` counts the prompt once, however many samples were drawn from it. `held_to_schema` is false
    where it is known that nothing held the answers to the schema, so that asking once more may help. `calls`
    are those of the first sample, where there were tools to call.
    """

    texts: tuple[str, ...]
    parsed: tuple[Any, ...] = ()
    prompt_tokens: int = 0
    completion_tokens: int = 0
    seconds: float = 0.0
    held_to_schema: bool = True
    calls: tuple[ToolCall, ...] = ()

    @property
    def tokens(self) -> int:
        """All tokens that were read or written."""
        return self.prompt_tokens + self.completion_tokens


def request_essence(request: Request) -> dict[str, Any]:
    """Return what the answer depends on; the order within a schema is part of that, the deadline is not."""
    return {
        "messages": [_essence(message) for message in request.messages],
        "n": request.n,
        "schema": request.schema,
        "temperature": request.temperature,
        "seed": request.seed,
        "max_tokens": request.max_tokens,
        **({"thought_tokens": request.thought_tokens} if request.thought_tokens else {}),
        **({"tools": [asdict(tool) for tool in request.tools]} if request.tools else {}),
    }


def _essence(message: Message) -> list[Any]:
    calls = [[asdict(call) for call in message.calls]] if message.calls else []
    return [message.role, message.content, *calls, *([message.call_id] if message.call_id else [])]


def request_key(request: Request) -> str:
    """Return a hash of everything that the answer depends on."""
    return hashlib.sha256(json.dumps(request_essence(request), default=dict).encode()).hexdigest()


def count_roughly(text: str) -> int:
    """Return an upper guess of the tokens in `text`."""
    return int(len(text) / CHARS_PER_TOKEN) + 1


@runtime_checkable
class Tokenizing(Protocol):
    """A language model that knows how long texts are to it; of others it is guessed."""

    @property
    def context_tokens(self) -> int | None:
        """How long a prompt and its answer may be together, if it is known by now."""
        ...

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of `text`, at once: from another thread, with a call under way."""
        ...


@runtime_checkable
class LLM(Protocol):
    """A language model that can be asked.

    `generate` blocks until it has an answer and raises `ModelUnavailable` or `ReplyError`; it is called
    from one thread at a time. `close` frees what it holds, stops a call that is under way, and may be
    called twice.
    """

    @property
    def name(self) -> str:
        """What to call this model in a report."""
        ...

    def generate(self, request: Request) -> Reply:
        """Answer `request` with `request.n` independent samples."""
        ...

    def close(self) -> None:
        """Free what the model holds."""
        ...
