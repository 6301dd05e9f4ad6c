from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

import bestguess as bg
from bestguess.agent.llm import Message, Reply, Request, ToolCall
from bestguess.agent.llm.retries import MAX_ATTEMPTS
from bestguess.agent.llm.server import ServerLLM
from bestguess.agent.llm.streaming import listen
from bestguess.agent.testing import check_llm
from bestguess.tools.errors import ModelRefused, ModelUnavailable, ReplyError

SCHEMA = {"type": "object", "properties": {"x": {"type": "number"}}, "required": ["x"]}
ASK = Request(
    (Message("system", "Tune."), Message("user", "Guess.")), n=3, schema=SCHEMA, seed=5, timeout_s=20
)

Answer = tuple[int, Any] | Callable[[BaseHTTPRequestHandler], None]


def completion(*texts: str | None, prompt_tokens: int = 7) -> tuple[int, Any]:
    """An answer as servers give it, with one choice for each text."""
    choices = [
        {"index": index, "finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        for index, text in enumerate(texts)
    ]
    usage = {"prompt_tokens": prompt_tokens, "completion_tokens": 5 * len(texts), "total_tokens": 0}
    return 200, {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "m",
        "choices": choices,
        "usage": usage,
    }


def generous(body: dict[str, Any]) -> Answer:
    """Gives as many choices as were asked for; what they say follows from the seed."""
    return completion(*(json.dumps({"x": [body.get("seed"), index]}) for index in range(body["n"])))


def meagre(body: dict[str, Any]) -> Answer:
    """Ignores `n`, as Ollama does."""
    return completion(json.dumps({"x": body.get("seed")}))


class Server(ThreadingHTTPServer):
    """An endpoint on a free port that answers as `answer` says and keeps what it was asked."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.answer: Callable[[dict[str, Any]], Answer] = generous
        self.models_status = 200
        self.models: Any = {"object": "list", "data": [{"id": "served-model"}, {"id": "other"}]}
        self.bodies: list[dict[str, Any]] = []
        self.paths: list[str] = []
        self.keys: list[str | None] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that hung up."""


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:
        self.server.paths.append(self.path)
        self.reply(self.server.models_status, self.server.models)

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.paths.append(self.path)
        self.server.bodies.append(body)
        self.server.keys.append(self.headers["authorization"])
        answer = self.server.answer(body)
        if callable(answer):
            answer(self)
        else:
            self.reply(*answer)

    def reply(self, status: int, content: Any) -> None:
        payload = (content if isinstance(content, str) else json.dumps(content)).encode()
        self.send_response(status)
        self.send_header("content-type", "text/html" if isinstance(content, str) else "application/json")
        self.send_header("content-length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        pass


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr("bestguess.agent.llm.retries.BACKOFF_S", 0.01)
    with Server() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def in_turn(*answers: Answer) -> Callable[[dict[str, Any]], Answer]:
    remaining = list(answers)
    return lambda body: remaining.pop(0) if len(remaining) > 1 else remaining[0]


@pytest.mark.slow
def test_a_generous_and_a_meagre_server_both_keep_the_promises_of_the_protocol(server: Server) -> None:
    check_llm(ServerLLM(server.url))
    server.answer = meagre
    check_llm(ServerLLM(server.url))


def test_one_request_asks_for_all_samples_the_schema_and_the_seed(server: Server) -> None:
    llm = ServerLLM(server.url)
    assert llm.name == f"{server.url}/v1"
    reply = llm.generate(ASK)
    assert [guess["x"] for guess in reply.parsed] == [[5, 0], [5, 1], [5, 2]]
    assert (reply.prompt_tokens, reply.completion_tokens) == (7, 15)
    assert llm.name == "served-model"
    assert server.paths == ["/v1/models", "/v1/chat/completions"]
    (body,) = server.bodies
    assert body["messages"] == [{"role": "system", "content": "Tune."}, {"role": "user", "content": "Guess."}]
    assert (body["model"], body["n"], body["seed"], body["max_tokens"]) == ("served-model", 3, 5, 512)
    described = {"name": "configuration", "schema": SCHEMA, "strict": True}
    assert body["response_format"] == {"type": "json_schema", "json_schema": described}


def test_what_was_not_asked_for_is_not_sent(server: Server) -> None:
    reply = ServerLLM(server.url, model="other").generate(Request(ASK.messages))
    assert reply.parsed == (None,)
    assert server.paths == ["/v1/chat/completions"]
    known = {"model", "messages", "n", "temperature", "max_tokens", "chat_template_kwargs"}
    assert server.bodies[0].keys() == known


def test_models_that_reason_are_told_not_to(server: Server) -> None:
    ServerLLM(server.url).generate(ASK)
    assert server.bodies[0]["chat_template_kwargs"] == {"enable_thinking": False}


def test_models_that_may_think_have_room_for_it_and_all_that_they_thought_is_counted(server: Server) -> None:
    server.answer = lambda _: (
        200,
        {"choices": [{"message": {"content": '{"x": 1}', "reasoning_content": "hm. " * 1000}}]},
    )
    reply = ServerLLM(server.url).generate(replace(ASK, n=1, thought_tokens=900))
    assert server.bodies[0]["chat_template_kwargs"] == {"enable_thinking": True}
    assert server.bodies[0]["max_tokens"] == 512 + 900
    assert reply.parsed == ({"x": 1},)
    assert reply.completion_tokens == 1002  # and the answer's, as the server says nothing


@pytest.mark.parametrize(
    ("said", "tokens"),
    [
        ({"max_model_len": 8192}, 8192),
        ({"meta": {"n_ctx": 16384, "n_ctx_train": 131072}}, 16384),
        ({"context_length": 32768}, 32768),
        ({"max_model_len": "many", "meta": ["n_ctx"], "context_length": -1}, None),
        ({"max_model_len": 10**30}, None),
        ({}, None),
    ],
)
def test_a_servers_list_of_models_says_how_long_a_prompt_may_be(
    server: Server, said: dict[str, Any], tokens: int | None
) -> None:
    server.models = {"data": [{"id": "served-model", **said}]}
    llm = ServerLLM(server.url)
    llm.generate(ASK)
    assert llm.context_tokens == tokens


@pytest.mark.parametrize(
    "words",
    [
        "This model's maximum context length is 4096 tokens. However, you requested 5000 tokens",
        "request (5000 tokens) exceeds the available context size (4096 tokens), try increasing it",
    ],
)
def test_a_prompt_that_is_refused_for_its_length_is_not_tried_again_and_the_next_is_shorter(
    server: Server, words: str
) -> None:
    server.answer = lambda _: (400, {"error": {"message": words}})
    llm = ServerLLM(server.url)
    with pytest.raises(ModelRefused, match="4096"):
        llm.generate(ASK)
    assert len(server.bodies) == 1
    assert llm.context_tokens == 4096


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize(
    ("field", "words"),
    [
        ("chat_template_kwargs", "Unrecognized request argument supplied: chat_template_kwargs"),
        ("response_format", "'response_format.type' must be 'json_object' or 'text'"),
        ("seed", "seed is not supported"),
        ("response_format", "bad request"),
        ("seed", "bad request"),
    ],
)
def test_what_a_server_refuses_is_left_out_and_not_sent_again(
    server: Server, status: int, field: str, words: str
) -> None:
    refusal = (status, {"error": {"message": words}})
    server.answer = lambda body: refusal if field in body else completion('{"x": 1}')
    llm = ServerLLM(server.url)
    one = replace(ASK, n=1)

    reply = llm.generate(one)

    assert reply.texts == ('{"x": 1}',)
    assert reply.held_to_schema == ("response_format" in server.bodies[-1])
    asked = len(server.bodies)
    llm.generate(one)
    assert len(server.bodies) == asked + 1
    assert field not in server.bodies[-1]


def has_system(body: dict[str, Any]) -> bool:
    return any(turn["role"] == "system" for turn in body["messages"])


@pytest.mark.parametrize(
    ("status", "words", "minds"),
    [
        (400, "System role not supported", has_system),
        (500, "Conversation roles must alternate user/assistant/user/assistant/...", has_system),
        (400, "bad request", has_system),
        (400, "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.", "max_tokens"),
        (400, "'temperature' does not support 0.7 with this model", "temperature"),
        (422, "Extra inputs are not permitted: seed", "seed"),
        (501, "response_format is not implemented", "response_format"),
        (400, "bad request", "response_format"),
        (400, "Only one completion choice is allowed", lambda body: body["n"] > 1),
        (400, "bad request", lambda body: body["n"] > 1),
    ],
)
def test_what_a_server_does_not_take_is_learned_once_and_nothing_else_is_given_up(
    server: Server, status: int, words: str, minds: str | Callable[[dict[str, Any]], bool]
) -> None:
    refuses = minds if callable(minds) else lambda body: minds in body
    refusal = (status, {"error": {"message": words}})
    server.answer = lambda body: refusal if refuses(body) else completion(*['{"x": 1}'] * body["n"])
    llm = ServerLLM(server.url)

    assert llm.generate(ASK).texts == ('{"x": 1}',) * 3
    assert [words in said for said in llm.conceded.values()] == [True]
    server.bodies.clear()
    llm.generate(ASK)

    assert not any(map(refuses, server.bodies))
    (body,) = server.bodies[:1]
    assert len(body.keys() & {"max_tokens", "max_completion_tokens"}) == 1
    if minds is has_system:
        assert body["messages"] == [{"role": "user", "content": "Tune.\n\nGuess."}]


def test_a_failure_that_passes_teaches_nothing(server: Server) -> None:
    server.answer = in_turn((503, {"error": {"message": "the system is overloaded"}}), generous({"n": 3}))
    llm = ServerLLM(server.url)

    llm.generate(ASK)

    assert llm.conceded == {}
    assert has_system(server.bodies[-1])


def test_a_repaired_conversation_alternates_too_where_no_system_is_known(server: Server) -> None:
    refusal = (400, {"error": {"message": "System role not supported"}})
    server.answer = lambda body: refusal if has_system(body) else completion('{"x": 1}')
    turns = (*ASK.messages, Message("assistant", "?"), Message("user", "Again."))

    ServerLLM(server.url).generate(replace(ASK, n=1, messages=turns))

    assert [turn["role"] for turn in server.bodies[-1]["messages"]] == ["user", "assistant", "user"]


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "reasoning_content": '{"x": 1}'},
        {"content": "", "reasoning": '{"x": 1}'},
        {"content": [{"type": "text", "text": '{"x":'}, {"type": "text", "text": " 1}"}]},
        {"content": [{"type": "thinking", "thinking": "2?"}, {"type": "text", "text": '{"x": 1}'}]},
        {"content": {"x": 1}},
        {"content": '<think>{"x": 2}?</think>{"x": 1}', "reasoning_content": '{"x": 3}'},
    ],
)
def test_the_answer_is_found_wherever_a_server_puts_it(server: Server, message: dict[str, Any]) -> None:
    choice = {"index": 0, "message": {"role": "assistant", **message}}
    server.answer = in_turn((200, {"choices": [choice]}))

    assert ServerLLM(server.url).generate(replace(ASK, n=1)).parsed == ({"x": 1},)


@pytest.mark.parametrize("status", [403, 404, 405, 501])
def test_a_server_that_lists_no_models_is_asked_all_the_same(server: Server, status: int) -> None:
    server.models_status = status
    llm = ServerLLM(server.url)
    assert len(llm.generate(ASK).texts) == len(llm.generate(ASK).texts) == 3
    assert server.paths.count("/v1/models") == 1

    server.answer = in_turn((404, {"error": {"message": "no model 'default'"}}))
    with pytest.raises(
        ModelUnavailable, match=f"lists no models .*{status}.*name a model: .*/v1#MODEL.*'default'"
    ):
        llm.generate(ASK)


def test_a_server_that_minds_alternatives_still_holds_answers_to_other_schemas(server: Server) -> None:
    def strict(body: dict[str, Any]) -> Any:
        schema = body.get("response_format", {}).get("json_schema", {}).get("schema", {})
        if "anyOf" in schema:
            return 400, {"error": {"message": "Invalid schema for response_format: anyOf at the root"}}
        return completion('{"x": 1}')

    server.answer = strict
    llm = ServerLLM(server.url)
    one = replace(ASK, n=1)

    assert not llm.generate(replace(one, schema={"anyOf": [one.schema]})).held_to_schema
    assert llm.generate(one).held_to_schema
    assert "response_format" in server.bodies[-1]


def test_a_refusal_of_something_else_takes_no_feature_away(server: Server) -> None:
    server.answer = in_turn((400, {"error": {"message": "prompt too long"}}))
    llm = ServerLLM(server.url)
    with pytest.raises(ModelUnavailable, match="prompt too long"):
        llm.generate(replace(ASK, n=1))
    server.answer = generous
    llm.generate(replace(ASK, n=1))
    assert {"response_format", "seed", "chat_template_kwargs"} <= server.bodies[-1].keys()


def test_an_answer_that_is_no_json_shows_that_nothing_held_it_to_the_schema(server: Server) -> None:
    server.answer = in_turn(completion("I would try x = 1.", '{"x": 1}', '{"x": 2}'))
    assert not ServerLLM(server.url).generate(ASK).held_to_schema


@pytest.mark.slow
def test_a_server_that_says_when_to_come_back_is_taken_at_its_word(server: Server) -> None:
    def later(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(429)
        handler.send_header("retry-after", "1")
        handler.send_header("content-length", "0")
        handler.end_headers()

    server.answer = in_turn(later, generous({"n": 3}))
    started = time.monotonic()
    ServerLLM(server.url).generate(ASK)
    assert time.monotonic() - started >= 1.0


def test_missing_samples_are_asked_for_again_with_other_seeds(server: Server) -> None:
    server.answer = meagre
    llm = ServerLLM(server.url)
    reply = llm.generate(ASK)
    assert sorted(guess["x"] for guess in reply.parsed) == [5, 6, 7]
    assert (reply.prompt_tokens, reply.completion_tokens) == (7, 15)
    assert sorted((body["n"], body["seed"]) for body in server.bodies) == [(1, 6), (1, 7), (3, 5)]
    server.bodies.clear()
    assert llm.generate(ASK).texts == reply.texts
    assert sorted((body["n"], body["seed"]) for body in server.bodies) == [(1, 5), (1, 6), (1, 7)]


def test_a_server_that_refuses_more_than_one_sample_is_asked_for_one_at_a_time(server: Server) -> None:
    refusal = (400, {"error": {"message": "Only one completion choice is allowed", "code": 400}})
    server.answer = lambda body: meagre(body) if body["n"] == 1 else refusal
    assert len(ServerLLM(server.url).generate(ASK).texts) == 3


def test_thoughts_are_not_part_of_the_answer(server: Server) -> None:
    server.answer = in_turn(
        completion('<think>\nso?\n</think>\n\n{"x": 1}', 'so?</think> {"x": 2}', "<think> so…")
    )
    reply = ServerLLM(server.url).generate(ASK)
    assert reply.texts == ('{"x": 1}', '{"x": 2}', "")
    assert reply.parsed == ({"x": 1}, {"x": 2}, None)


def test_what_may_pass_is_tried_again(server: Server) -> None:
    server.answer = in_turn(
        (503, {"error": {"message": "loading"}}),
        (429, {}),
        lambda handler: handler.connection.close(),
        generous({"n": 3}),
    )
    assert len(ServerLLM(server.url).generate(ASK).texts) == 3
    assert len(server.bodies) == 4


def test_what_keeps_failing_is_given_up(server: Server) -> None:
    server.answer = in_turn((500, {"error": {"message": "CUDA error:\nout of memory"}}))
    with pytest.raises(ModelUnavailable, match=f"{server.url}/v1: answered 500: CUDA error: out of memory$"):
        ServerLLM(server.url).generate(ASK)
    assert len(server.bodies) == MAX_ATTEMPTS


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (401, {"error": {"message": "wrong key: s3cret"}}, r"answered 401: wrong key: \*\*\*"),
        (404, {"object": "error", "message": "The model `m` does not exist."}, "answered 404: The model `m`"),
        (403, "<html>Forbidden</html>", "answered 403"),
    ],
)
def test_other_refusals_are_final_and_show_no_key(server: Server, status: int, body: Any, words: str) -> None:
    server.answer = in_turn((status, body))
    with pytest.raises(ModelUnavailable, match=words) as caught:
        ServerLLM(server.url, api_key="s3cret").generate(ASK)
    assert "s3cret" not in str(caught.value)
    assert not isinstance(caught.value, ModelRefused)
    assert len(server.bodies) == 1


@pytest.mark.parametrize(
    "answer",
    [
        (200, "<html>hello</html>"),
        (200, {"foo": 1}),
        (200, [1]),
        (200, {"choices": [{"message": None}] * 3}),
        completion(),
    ],
    ids=["html", "other", "list", "null", "none"],
)
def test_an_answer_that_is_no_completion_is_named(server: Server, answer: Answer) -> None:
    server.answer = in_turn(answer)
    with pytest.raises(ReplyError, match=f"{server.url}/v1: "):
        ServerLLM(server.url).generate(ASK)


def test_a_server_without_models_is_no_use(server: Server) -> None:
    server.models = {"object": "list", "data": []}
    with pytest.raises(ModelUnavailable, match="serves no model"):
        ServerLLM(server.url).generate(ASK)


def test_the_key_comes_from_the_argument_or_the_environment(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("BESTGUESS_API_KEY", raising=False)
    ServerLLM(server.url).generate(ASK)
    monkeypatch.setenv("BESTGUESS_API_KEY", " from-env\n")
    ServerLLM(server.url).generate(ASK)
    ServerLLM(server.url, api_key="given").generate(ASK)
    assert server.keys == ["Bearer none", "Bearer from-env", "Bearer given"]


def test_a_proxy_in_the_environment_is_not_used_for_this_machine(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    assert len(ServerLLM(server.url).generate(ASK).texts) == 3


def test_nobody_listening_is_found_out_before_the_deadline(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bestguess.agent.llm.retries.MAX_ATTEMPTS", 10**6)  # where somebody listens
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/v1"
    with pytest.raises(ModelUnavailable, match=f"^{url}: .*attempts failed"):
        ServerLLM(url).generate(ASK)


def test_the_deadline_holds_over_a_body_that_trickles(server: Server) -> None:
    def trickle(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "application/json")
        handler.end_headers()
        for _ in range(1200):
            handler.wfile.write(b" ")
            time.sleep(0.05)

    server.answer = in_turn(trickle)
    started = time.monotonic()
    with pytest.raises(ModelUnavailable, match=r"no answer within 0\.3 s"):
        ServerLLM(server.url).generate(replace(ASK, timeout_s=0.3))
    assert time.monotonic() - started < 30  # of the 60 that it trickles


def test_the_deadline_holds_over_all_attempts(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bestguess.agent.llm.retries.BACKOFF_S", 60)
    server.answer = in_turn((503, {}))
    with pytest.raises(ModelUnavailable, match=r"no answer within 0\.2 s"):
        ServerLLM(server.url, model="m").generate(replace(ASK, timeout_s=0.2))


def test_closing_stops_a_call_that_is_under_way(server: Server) -> None:
    asked, done = threading.Event(), threading.Event()

    def stall(handler: BaseHTTPRequestHandler) -> None:
        asked.set()
        done.wait(20)

    server.answer = in_turn(stall)
    llm = ServerLLM(server.url)
    caught: list[Exception] = []

    def call() -> None:
        try:
            llm.generate(ASK)
        except ModelUnavailable as error:
            caught.append(error)

    thread = threading.Thread(target=call)
    thread.start()
    assert asked.wait(10)
    llm.close()
    thread.join(10)
    done.set()
    assert [str(error) for error in caught] == [f"{server.url}/v1 was closed"]
    with pytest.raises(ModelUnavailable, match="was closed"):
        llm.generate(ASK)


def test_it_answers_where_an_event_loop_is_running_already(server: Server) -> None:
    import asyncio

    async def notebook() -> Reply:
        return ServerLLM(server.url).generate(ASK)

    assert len(asyncio.run(notebook()).texts) == 3


def streamed(*pieces: str, then: str = "data: [DONE]\n\n") -> Callable[[BaseHTTPRequestHandler], None]:
    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("content-type", "text/event-stream")
        handler.end_headers()
        for piece in pieces:
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "m"}
            chunk |= {"choices": [{"index": 0, "delta": {"content": piece}}]}
            handler.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
            handler.wfile.flush()
        handler.wfile.write(then.encode())

    return send


TALK = Request((Message("user", "Why?"),), timeout_s=20)


@pytest.mark.parametrize(
    ("pieces", "heard"),
    [
        (("The ", "rate ", "was < 1."), "The rate was < 1."),
        (("<th", "ink>so ", "many</thi", "nk>\n", "It ", "diverged."), "It diverged."),
        (("<", "b>"), "<b>"),
        (("<think>for ever",), ""),
        ((), ""),
    ],
)
def test_a_stream_gives_what_is_said_and_not_what_is_thought(
    server: Server, pieces: tuple[str, ...], heard: str
) -> None:
    server.answer = lambda _: streamed(*pieces)

    told: list[str] = []

    reply = listen(ServerLLM(server.url), TALK, told.append, threading.Event())

    assert reply is not None
    assert (told or [""])[-1].strip() == reply.texts[0] == heard
    assert server.bodies[0]["stream"] is True


def test_a_stream_comes_piece_by_piece_and_can_be_left(server: Server) -> None:
    gone = threading.Event()

    def endless(handler: BaseHTTPRequestHandler) -> None:
        try:
            while not gone.wait(0.01):
                streamed("word ", then="")(handler)
        except OSError:
            gone.set()

    server.answer = lambda _: endless

    assert listen(ServerLLM(server.url), TALK, lambda _: False, threading.Event()) is None
    assert gone.wait(10)


def test_a_stream_that_breaks_off_says_so_after_what_came(server: Server) -> None:
    server.answer = lambda _: streamed("It ", then='data: {"error": {"message": "out of memory"}}\n\n')
    heard: list[str] = []

    with pytest.raises(ModelUnavailable, match="out of memory"):
        listen(ServerLLM(server.url), TALK, heard.append, threading.Event())
    assert heard in ([], ["It "])


def test_the_servers_own_count_says_how_long_texts_are(server: Server) -> None:
    llm = ServerLLM(server.url)
    before = llm.count_tokens("x" * 100)
    server.answer = lambda body: completion(*["{}"] * body["n"], prompt_tokens=3)
    llm.generate(ASK)

    assert before == 41
    assert llm.count_tokens("x" * 100) == int(100 * 3 / len("Tune.Guess.")) + 1


def test_what_a_server_says_that_it_used_is_no_less_than_can_be(server: Server) -> None:
    server.answer = lambda _: completion("word " * 800, prompt_tokens=1)
    reply = ServerLLM(server.url).generate(
        replace(TALK, messages=(Message("user", "x" * 1600),), max_tokens=999)
    )
    assert (reply.prompt_tokens, reply.completion_tokens) == (100, 250)


def test_an_answer_of_megabytes_is_cut_before_it_is_searched_for_secrets(server: Server) -> None:
    server.answer = lambda _: completion("--a://a:" * 500_000)
    started = time.thread_time()
    (text,) = ServerLLM(server.url).generate(replace(TALK, max_tokens=100)).texts
    assert len(text) == 1600
    server.answer = lambda _: (400, {"error": {"message": "--a://a:" * 500_000}})
    with pytest.raises(ModelUnavailable, match="answered 400"):
        ServerLLM(server.url).generate(TALK)
    assert time.thread_time() - started < 3


KEY = "sk-" + "Zq7Rw3" * 8


def test_no_key_goes_to_a_server_whoever_wrote_it(server: Server) -> None:
    call = ToolCall("note", json.dumps({"text": KEY}), "call0")
    said = (Message("user", f"my key is {KEY}"), Message("assistant", "", (call,)), Message("tool", KEY))
    ServerLLM(server.url).generate(replace(TALK, messages=said))
    assert server.bodies
    assert "Zq7Rw3" not in json.dumps(server.bodies)


def test_a_key_is_blanked_before_an_answer_is_cut(server: Server) -> None:
    server.answer = lambda _: completion("x" * (1600 - 30) + " " + KEY)
    (text,) = ServerLLM(server.url).generate(replace(TALK, max_tokens=100)).texts
    assert "Zq7" not in text
    assert "Zq7Rw3" not in bg.Float(0, 1, doc=f"for {KEY}").doc
