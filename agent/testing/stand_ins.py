"""Language models that are no models, to test against, and `check_llm` for a backend of your own.

    check_llm(MyLLM(...))                      # raises AssertionError and names each broken promise
    bg.tune(objective, space, llm=DeadLLM())   # how does my objective fare when the model is down?

None of them needs weights, a network or pytest.
"""

from __future__ import annotations

import json
import string
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from itertools import cycle
from typing import Any

import numpy as np

from bestguess.agent.llm import LLM, Message, Reply, Request
from bestguess.agent.llm.grades import Grade
from bestguess.agent.llm.parsing import parse_texts
from bestguess.tools.errors import ModelError, ModelUnavailable, ReplyError

CHARS_PER_TOKEN = 4
"""What a token is taken for, where there is no tokenizer."""


class _StandIn:
    """An LLM without a model: a subclass says what the texts are. Closing it changes nothing.

    Its `grade` is that of a fair model, so that it is asked for everything that a model may be asked.
    """

    name = "stand-in"
    grade = Grade((0.6, 0.6))

    def texts(self, request: Request) -> Iterable[str]:
        """Return `request.n` answers."""
        raise NotImplementedError

    def generate(self, request: Request) -> Reply:
        """Answer `request`; raises what the subclass raises."""
        started = time.monotonic()
        texts = tuple(self.texts(request))
        return Reply(
            texts=texts,
            parsed=parse_texts(texts, request.schema),
            prompt_tokens=sum(len(message.content) for message in request.messages) // CHARS_PER_TOKEN,
            completion_tokens=sum(map(len, texts)) // CHARS_PER_TOKEN,
            seconds=time.monotonic() - started,
        )

    def close(self) -> None:
        """Do nothing: there is nothing to free."""


class ScriptedLLM(_StandIn):
    """Answers with `replies` one after the other, one for each sample, and keeps the `requests`.

    A reply is a text, an exception to raise, or a function of the request that returns a text. After the
    last one it begins again, or, unless `repeat`, raises ModelUnavailable.
    """

    name = "scripted"

    def __init__(
        self, replies: Iterable[str | Exception | Callable[[Request], str]], *, repeat: bool = True
    ) -> None:
        self.requests: list[Request] = []
        self._replies = cycle(replies) if repeat else iter(replies)

    def texts(self, request: Request) -> list[str]:
        """Return the next `request.n` replies."""
        self.requests.append(request)
        return [self._next(request) for _ in range(request.n)]

    def _next(self, request: Request) -> str:
        reply = next(self._replies, None)
        if reply is None:
            raise ModelUnavailable("the script has ended")
        if isinstance(reply, Exception):
            raise reply
        return reply if isinstance(reply, str) else reply(request)


class DeadLLM(_StandIn):
    """Refuses every request, as a server does that is not there."""

    name = "dead"

    def generate(self, request: Request) -> Reply:  # noqa: ARG002
        """Raise ModelUnavailable."""
        raise ModelUnavailable("connection refused: this model is dead")


class SlowLLM(_StandIn):
    """Answers as `llm` does (by default a SchemaLLM), but only after `seconds`, unless it is closed first."""

    name = "slow"

    def __init__(self, seconds: float, llm: LLM | None = None) -> None:
        self.seconds = seconds
        self.llm = llm or SchemaLLM()
        self._closed = threading.Event()

    def texts(self, request: Request) -> tuple[str, ...]:
        """Wait, then pass the request on; raises ModelUnavailable when the time is up or it is closed."""
        if self._closed.wait(min(self.seconds, request.timeout_s)):
            raise ModelUnavailable("the slow model was closed")
        if self.seconds > request.timeout_s:
            raise ModelUnavailable(f"the slow model did not finish within {request.timeout_s:g} s")
        return self.llm.generate(request).texts

    def close(self) -> None:
        """Stop a call that is under way, and refuse later ones."""
        self._closed.set()
        self.llm.close()


class SchemaLLM(_StandIn):
    """Guesses: each sample is uniform within the schema, a text of its own without one.

    The answers follow from its seed and the request's, or from the count of calls. It understands objects (a
    property that is not required comes half of the time), arrays of items (as short as they may be), anyOf,
    enum, const, numbers, integers, booleans and strings; raises ReplyError for anything else.
    """

    name = "uniform"

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed
        self._calls = 0

    def texts(self, request: Request) -> list[str]:
        """Return `request.n` random instances of the schema."""
        self._calls += 1
        turn = (0, request.seed) if request.seed is not None else (1, self._calls)
        rng = np.random.default_rng([number % 2**64 for number in (self.seed, *turn)])
        schema = {"type": "string"} if request.schema is None else request.schema
        return [json.dumps(_instance(schema, rng)) for _ in range(request.n)]


class GarbageLLM(SchemaLLM):
    """Answers with everything but what was asked for: all of SPOILED in turn, beginning anywhere."""

    name = "garbage"

    def texts(self, request: Request) -> list[str]:
        """Return `request.n` answers that cannot be used."""
        self._calls += 1
        first = self.seed + (self._calls if request.seed is None else request.seed)
        kinds = list(SPOILED.values())
        unfit = json.dumps({name: [] for name in _properties(request.schema or {}) or ("x",)})
        return [kinds[(first + index) % len(kinds)](unfit) for index in range(request.n)]


def check_llm(llm: LLM, *, seeded: bool = True) -> None:
    """Raise AssertionError, naming each promise of the LLM protocol that `llm` breaks; closes it.

    `seeded` says that it claims to give equal answers to equal requests with a seed. The schema may be
    ignored: whoever asks validates. Raises what `llm` raises beyond ModelError.
    """
    broken: list[str] = []

    def expect(kept: bool, promise: str) -> None:
        if not kept:
            broken.append(promise)

    schema = {
        "type": "object",
        "properties": {"x": {"type": "number", "minimum": 0, "maximum": 1}, "kind": {"enum": ["a", "b"]}},
        "required": ["x", "kind"],
        "additionalProperties": False,
    }
    turns = (Message("system", "You answer in JSON."), Message("user", "Choose x in [0, 1], and a kind."))
    expect(isinstance(llm, LLM), "it has a name, generate and close")
    expect(isinstance(llm.name, str) and bool(llm.name), "its name is a text")
    try:
        for request in (
            Request(turns, schema=schema, seed=0, max_tokens=64),
            Request(turns, n=3, schema=schema, seed=1, temperature=0.7, max_tokens=64),
            Request(turns, n=2, schema=schema, max_tokens=64),
            Request(turns[1:], n=2, temperature=0.0, seed=2, max_tokens=8),
        ):
            reply = llm.generate(request)
            case = f"for n={request.n} {'with' if request.schema else 'without'} a schema"
            expect(len(reply.texts) == request.n, f"{case}: {len(reply.texts)} texts, not n")
            expect(all(isinstance(text, str) for text in reply.texts), f"{case}: every text is a str")
            parsed = parse_texts(reply.texts, request.schema)
            expect(reply.parsed in ((), parsed), f"{case}: parsed is what the texts are as JSON, or empty")
            expect(reply.prompt_tokens >= 0 <= reply.completion_tokens, f"{case}: no count is negative")
            expect(reply.seconds >= 0, f"{case}: seconds are not negative")
            if seeded and request.seed is not None:
                again = llm.generate(request)
                expect(again.texts == reply.texts, f"{case}: equal seeds give equal texts")
    except ModelError as error:
        expect(False, f"it answers: {type(error).__name__}: {error}")
    llm.close()
    llm.close()
    with suppress(ModelError):
        llm.generate(Request(turns, max_tokens=8, timeout_s=10))
    if broken:
        raise AssertionError(f"{llm.name} breaks {len(broken)} promises:\n- " + "\n- ".join(broken))


def _instance(schema: Mapping[str, Any], rng: np.random.Generator) -> Any:
    """Return a random instance of `schema`."""
    if "const" in schema:
        return schema["const"]
    for keyword in ("enum", "anyOf"):
        if keyword in schema:
            options = schema[keyword]
            option = options[int(rng.integers(len(options)))]
            return option if keyword == "enum" else _instance(option, rng)
    low = schema.get("minimum", min(0, schema.get("maximum", 0)))
    high = schema.get("maximum", max(1, low + 1))
    match schema.get("type"):
        case "object":
            required = schema.get("required", ())
            properties = schema.get("properties", {}).items()
            return {
                name: _instance(each, rng)
                for name, each in properties
                if name in required or rng.random() < 0.5
            }
        case "array" if "items" in schema:
            return [_instance(schema["items"], rng) for _ in range(schema.get("minItems", 1))]
        case "number":
            return float(np.clip(low + (high - low) * rng.random(), low, high))
        case "integer":
            return int(rng.integers(low, high, endpoint=True))
        case "boolean":
            return bool(rng.integers(2))
        case "string":
            length = int(rng.integers(min(12, schema.get("maxLength", 12)), endpoint=True))
            return "".join(rng.choice(list(string.ascii_lowercase), length))
    raise ReplyError(f"a SchemaLLM does not understand {json.dumps(schema, default=dict)}")


def _properties(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the properties of an object, or of the first of several."""
    branch = schema["anyOf"][0] if "anyOf" in schema else schema
    properties: Mapping[str, Any] = branch.get("properties", {})
    return properties


def _filled(value: Any) -> Callable[[str], str]:
    """Return what puts `value` in the place of every value of an answer."""

    def fill(text: str) -> str:
        guess = json.loads(text)
        return json.dumps(dict.fromkeys(guess, value) if isinstance(guess, dict) else value)

    return fill


SPOILED: Mapping[str, Callable[[str], str]] = {
    "malformed": lambda text: text.replace(":", "=", 1),
    "truncated": lambda text: text[: len(text) // 2],
    "prose": lambda _: "I would try a smaller learning rate first, and then see.",
    "fenced": lambda text: f"Here it is:\n```json\n{text}\n```\nGood luck!",
    "out_of_bounds": _filled(10**30),
    "wrong_types": _filled([{"value": None}]),
    "not_a_number": _filled(float("nan")),
    "long_number": _filled(10**4000),
    "unknown_keys": lambda text: text[:-1] + ', "no_such_parameter": 1}',
    "twice": lambda text: text[:-1] + ", " + text[1:],
    "megabyte": lambda _: "x" * 2**20,
    "nested": lambda _: "[" * 20_000 + "]" * 20_000,
    "unicode": lambda text: text.replace('"', "”"),
    "control_characters": lambda text: f"\x00\x07\x1b[2J\u202e{text}",
    "empty": lambda _: "",
    "thoughts_only": lambda _: "<think> so many options",
}
"""What becomes of a good answer, by name; of the fenced one, it can be found again."""
