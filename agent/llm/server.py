"""A language model behind an OpenAI-compatible endpoint: vLLM, llama.cpp, Ollama, or any other.

A call is a coroutine on a thread of its own, so that one deadline holds over retries, slow bodies and
several requests at once, and `close` can stop it wherever it is. What is to be heard is asked for as a
stream; a server that answers in one piece all the same is heard at its end. No server is trusted to keep
to the schema: the caller validates.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import wait
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from bestguess.agent.llm import CHARS_PER_TOKEN, Reply, Request
from bestguess.agent.llm.chunks import assemble
from bestguess.agent.llm.completion import (
    CHARS_A_TOKEN,
    CONTEXT_REFUSED,
    content_of,
    context_of,
    count_said,
    count_written,
    describe,
    is_of_request,
)
from bestguess.agent.llm.concessions import concede, guesses, named
from bestguess.agent.llm.parsing import THOUGHT, parse_texts, read_text
from bestguess.agent.llm.retries import persist
from bestguess.agent.llm.streaming import POLL_S, begin
from bestguess.agent.llm.tools import calls_in, tool_body, turn_body
from bestguess.agent.llm.wire import client_for, origin
from bestguess.tools.errors import ModelError, ModelRefused, ModelSpecError, ModelUnavailable, ReplyError
from bestguess.tools.words.cleaning import clean_line
from bestguess.tools.words.given import shorten
from bestguess.tools.words.redaction import is_secret_name, keep_secret, redact, redact_cut

if TYPE_CHECKING:
    from openai import AsyncOpenAI

API_KEY_VARIABLE = "BESTGUESS_API_KEY"
NO_KEY = "none"
THREAD = "bestguess-server-llm"

CONNECT_TIMEOUT_S = 5.0
IDENTIFY_TIMEOUT_S = 15.0

REFUSED = frozenset({400, 422})
"""Statuses of a request that holds something a server does not take; from 500 on, only if it says what."""

UNLISTED = frozenset({400, 403, 404, 405, 410, 501})
"""Statuses of a server that lists no models; it may answer all the same."""

UNNAMED = "default"
"""The model's name where none is known; servers of one model take any."""

ERROR_CHARS = 300
REVISION = ("root", "revision", "digest", "meta")
"""What servers list of a model's revision: vLLM its folder, llama.cpp what is in the file."""

IDENTITY_CHARS = 2000
MODEL_CHARS = 300
"""Of a model's own name; a path of a folder is the longest that was seen."""

T = TypeVar("T")


class ServerLLM:
    """The model that is served under `base_url` (`/v1` is added to a URL without a path).

    `model` defaults to the first that the server lists, and `api_key` to the environment variable
    BESTGUESS_API_KEY; an empty one is no key. The key goes to the URL's scheme, host and port, and so do the
    URL's parameters; neither is ever shown. The server is contacted only when it is asked. Raises
    ModelSpecError for a URL that is none.
    """

    is_server = True
    takes_tools = True

    def __init__(self, base_url: str, *, model: str | None = None, api_key: str | None = None) -> None:
        if not origin(base_url) or "@" in urlsplit(base_url).netloc:
            shown = redact(re.sub(r"//.*@", "//***@", base_url))
            raise ModelSpecError(
                f"{shown!r} is not the URL of a model server; give one like http://127.0.0.1:8000/v1, "
                f"and the key, if it wants one, in {API_KEY_VARIABLE}"
            )
        url = urlsplit(base_url)
        self.url = url._replace(path=url.path.rstrip("/") or "/v1", query="", fragment="").geturl()
        self.model = model
        self._query = parse_qsl(url.query, keep_blank_values=True)
        key = os.environ.get(API_KEY_VARIABLE, "") if api_key is None else api_key
        self._key = key.strip() or NO_KEY
        if not (self._key.isascii() and self._key.isprintable()):
            raise ModelSpecError(
                f"the key for {self.url} ({API_KEY_VARIABLE}, or api_key) has a line break or another "
                "character that no header can carry; give the key alone"
            )
        for secret in (self._key, *(value for name, value in self._query if is_secret_name(name))):
            keep_secret(secret)
        # A proxy that the environment names for the world outside does not lead to this machine.
        self._may_use_proxy = url.hostname not in ("localhost", "127.0.0.1", "::1")
        self._ignores_n = False
        self.context_tokens: int | None = None
        """How long prompt and answer may be together, once the server has said so."""

        self._chars_per_token = CHARS_PER_TOKEN
        self.conceded: dict[str, str] = {}
        """What the server does not take (`concessions`), and what it said of that."""

        self._unlisted = ""
        self._lock = threading.Lock()
        self._closed = False
        self._cancel: Callable[[], object] | None = None

    @property
    def name(self) -> str:
        """What to call this model in a report: its name, or the URL while the name is not known."""
        return clean_line(self.model or "") or self.url

    def generate(self, request: Request) -> Reply:
        """Answer `request` with `request.n` samples, in as many HTTP requests as the server makes necessary.

        Raises ModelUnavailable when the server cannot be reached, keeps failing or is too slow, or when this
        object is closed; ModelRefused when it does not take the request; ReplyError when what it sends is not
        `request.n` chat completions.
        """
        answer = self._within(request.timeout_s, lambda client: self._ask(client, request))
        call = begin(lambda: asyncio.run(answer), THREAD)
        try:
            while request.stop and not call.done() and not request.stop.is_set():
                wait((call,), POLL_S)
            if request.stop and request.stop.is_set():
                self._stop()
            return call.result()
        finally:
            self._stop()

    def identify(self) -> str:
        """Return what tells the served model from others: its name, and what the server lists of it besides.

        Where it lists no more than a name, the URL is part of it. Raises what `generate` raises.
        """
        answer = self._within(IDENTIFY_TIMEOUT_S, self._identify)
        try:
            return begin(lambda: asyncio.run(answer), THREAD).result()
        finally:
            self._stop()

    def count_tokens(self, text: str) -> int:
        """Return about how many tokens `text` is to the model, as the server counted the last prompt."""
        return int(len(text) / self._chars_per_token) + 1

    def close(self) -> None:
        """Stop a call that is under way, and refuse later ones."""
        self._closed = True
        self._stop()

    def _stop(self) -> None:
        with self._lock:
            if self._cancel is not None:
                self._cancel()

    async def _within(self, timeout_s: float, act: Callable[[AsyncOpenAI], Awaitable[T]]) -> T:
        import openai

        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        with self._lock:
            self._cancel = lambda: loop.call_soon_threadsafe(task.cancel)
        try:
            if self._closed:
                raise asyncio.CancelledError
            async with (
                asyncio.timeout(timeout_s),
                openai.AsyncOpenAI(
                    base_url=self.url,
                    api_key=self._key,
                    max_retries=0,
                    timeout=openai.Timeout(None, connect=CONNECT_TIMEOUT_S),
                    http_client=client_for(
                        may_use_proxy=self._may_use_proxy, key=self._key, query=self._query
                    ),
                ) as client,
            ):
                return await act(client)
        except asyncio.CancelledError:
            raise ModelUnavailable(f"{self.url} was closed") from None
        except TimeoutError as error:
            raise self._unavailable(f"no answer within {timeout_s:g} s") from error
        except openai.APIError as error:
            if isinstance(error.__cause__, ReplyError):
                raise ReplyError(f"{self.url}: {error.__cause__}") from error
            hint = f"{self._unlisted}; name a model: {self.url}#MODEL. It " if self._unlisted else ""
            kind = ModelRefused if is_of_request(error) else ModelUnavailable
            raise self._unavailable(f"{hint}{describe(error)}", kind) from error
        except ModelError as error:
            raise type(error)(f"{self.url}: {error}") from error
        # The client does not check what it reads; a body of another shape ends in one of these.
        except (AttributeError, LookupError, TypeError, ValueError, RecursionError) as error:
            words = f"no chat completion ({type(error).__name__}); is this the URL of a model server?"
            raise ReplyError(f"{self.url}: {words}") from error
        finally:
            with self._lock:
                self._cancel = None

    async def _ask(self, client: AsyncOpenAI, request: Request) -> Reply:
        started = time.monotonic()
        await self._learn_model(client)
        bodies = []

        async def draw(n: int, seed: int | None) -> Any:
            completion, body = await self._create(client, request, n, seed)
            bodies.append(body)
            return completion

        completions = [] if self._ignores_n else [await draw(request.n, request.seed)]
        had = sum(len(each.choices) for each in completions)
        self._ignores_n = had < request.n
        # The same seed again would draw the same sample again.
        seeds = [None if request.seed is None else request.seed + index for index in range(had, request.n)]
        completions += await asyncio.gather(*(draw(1, seed) for seed in seeds))

        messages = [choice.message for each in completions for choice in each.choices]
        calls = tuple(calls_in(messages[0])) if messages and request.tools else ()
        contents = [
            read_text(message.content) if calls else content_of(message) for message in messages[: request.n]
        ]
        most = _most_chars(request)  # to look for secrets in a body of megabytes would take a minute
        texts = tuple(THOUGHT.sub("", redact_cut(content, most)).strip() for content in contents)
        if len(texts) < request.n:
            raise ReplyError(f"{len(texts)} answers where {request.n} were asked for")
        prompt_tokens = max((count_said(each, "prompt_tokens") for each in completions), default=0)
        given = "".join(turn.content for turn in request.messages)
        if not prompt_tokens:  # it does not say, and what nobody counts would cost no budget anything
            prompt_tokens = self.count_tokens(given)
        else:
            chars_a_token = min(max(len(given) / prompt_tokens, CHARS_A_TOKEN[0]), CHARS_A_TOKEN[1])
            self._chars_per_token = chars_a_token
            prompt_tokens = max(prompt_tokens, int(len(given) / CHARS_A_TOKEN[1]))
        parsed = parse_texts(texts, request.schema)
        return Reply(
            texts=texts,
            parsed=parsed,
            held_to_schema=request.schema is None
            or (all("response_format" in body for body in bodies) and None not in parsed),
            prompt_tokens=prompt_tokens,
            completion_tokens=count_written(completions),
            seconds=time.monotonic() - started,
            calls=calls,
        )

    async def _create(
        self, client: AsyncOpenAI, request: Request, n: int, seed: int | None
    ) -> tuple[Any, dict[str, Any]]:
        """Return what the server makes of a request, and the request's body without what it does not take.

        What a refusal names is conceded; where it names nothing, what helps is found by trying. Nothing is
        where neither helps: it minds something else.
        """
        import openai

        async def create(**body: Any) -> Any:
            answer = await client.chat.completions.create(**body)
            if not (body.get("stream") and request.hear):
                return answer
            return await assemble(answer, request.hear, _most_chars(request))

        whole = self._body(request, n, seed)
        learned: dict[str, str] = {}
        tries: Iterator[frozenset[str]] | None = None
        guess: frozenset[str] = frozenset()
        first: openai.APIStatusError | None = None
        while True:
            body = concede(whole, {*self.conceded, *learned, *guess})

            def is_final(error: openai.APIStatusError, body: dict[str, Any] = body) -> bool:
                return named(body, describe(error)) is not None

            try:
                completion = await persist(create, is_final=is_final, **body)
            except openai.APIStatusError as error:
                words = shorten(redact(clean_line(describe(error))), ERROR_CHARS)
                if error.status_code not in REFUSED and error.status_code < 500:
                    raise
                if told := CONTEXT_REFUSED.search(words):
                    self.context_tokens = int(told[1])  # the next prompt is shorter
                    raise
                first = first or error
                if name := named(body, describe(error)):
                    learned[name] = words
                    continue
                if error.status_code not in REFUSED:
                    raise
                tries = tries or guesses(concede(whole, {*self.conceded, *learned}))
                guess = next(tries, frozenset())
                if not guess:
                    raise first from None
            else:
                reason = describe(first) if first else ""
                tried = dict.fromkeys(guess, shorten(redact(clean_line(reason)), ERROR_CHARS))
                self.conceded = {**self.conceded, **tried, **learned}
                return completion, body

    async def _identify(self, client: AsyncOpenAI) -> str:
        import openai

        await self._learn_model(client)
        listed: list[Any] = []
        with suppress(openai.APIStatusError):
            listed = [] if self._unlisted else (await persist(client.models.list)).data
        told = next((one for one in listed if str(one.id) == self.model), None)
        facts = {name: getattr(told, name, None) for name in REVISION}
        known = {name: fact for name, fact in facts.items() if fact and fact != self.model}
        return shorten(
            json.dumps([self.name, known or self.url], sort_keys=True, default=str), IDENTITY_CHARS
        )

    async def _learn_model(self, client: AsyncOpenAI) -> None:
        """Ask which model is served, unless it is known."""
        if self.model is not None:
            return
        import openai

        if self._unlisted:
            return
        try:
            served = (await persist(client.models.list)).data
        except openai.APIStatusError as error:
            if error.status_code not in UNLISTED:
                raise
            self._unlisted = f"it lists no models (answered {error.status_code})"
            return
        if not served:
            raise ModelUnavailable(f"it serves no model that it lists; name one: {self.url}#MODEL")
        name = str(served[0].id)
        if len(name) > MODEL_CHARS:
            raise ReplyError(f"it lists a model whose name has {len(name)} characters")
        self.model = name
        self.context_tokens = context_of(served[0])

    def _body(self, request: Request, n: int, seed: int | None) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model or UNNAMED,
            "messages": [turn_body(turn) for turn in request.messages],
            "n": n,
            "temperature": request.temperature,
            "max_tokens": request.max_tokens + request.thought_tokens,
        }
        if seed is not None:
            body["seed"] = seed
        if request.hear and n == 1:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        if request.tools:
            body["tools"] = [tool_body(tool) for tool in request.tools]
        if request.schema is not None:
            described = {"name": "configuration", "schema": dict(request.schema), "strict": True}
            body["response_format"] = {"type": "json_schema", "json_schema": described}
        # Models that reason leave it unless there is room, as for one line of JSON it costs minutes.
        body["extra_body"] = {"chat_template_kwargs": {"enable_thinking": request.thought_tokens > 0}}
        return body

    def _unavailable(self, words: str, kind: type[ModelUnavailable] = ModelUnavailable) -> ModelUnavailable:
        if self._key != NO_KEY:
            words = words.replace(self._key, "***")
        return kind(shorten(redact(clean_line(f"{self.url}: {words}")), ERROR_CHARS))


def _most_chars(request: Request) -> int:
    """Return how long an answer can be that keeps to the tokens that were asked for."""
    return int(CHARS_A_TOKEN[1] * (request.max_tokens + request.thought_tokens))
