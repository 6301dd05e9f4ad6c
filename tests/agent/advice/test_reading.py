"""How much a model is shown goes by its room."""

from __future__ import annotations

from bestguess.agent.advice.reading import MOST_TOKENS, UNTOLD_CONTEXT, prompt_tokens
from bestguess.agent.llm import SHORT_TOKENS
from bestguess.agent.llm.embedded import EmbeddedLLM
from bestguess.agent.llm.server import ServerLLM
from bestguess.agent.llm.shared import share
from bestguess.agent.testing import SchemaLLM


def test_a_prompt_is_as_long_as_the_context_allows_beside_the_answer_and_a_spare_part() -> None:
    server = ServerLLM("http://127.0.0.1:9/v1")
    assert prompt_tokens(share(server), 200) == prompt_tokens(None, 200) == UNTOLD_CONTEXT * 3 // 4 - 200
    server.context_tokens = 16_000
    assert prompt_tokens(share(server), 200) == 12_000 - 200
    server.context_tokens = 1_000_000
    assert prompt_tokens(share(server), 200) == MOST_TOKENS
    assert prompt_tokens(share(SchemaLLM()), 200) == UNTOLD_CONTEXT * 3 // 4 - 200


def test_a_model_on_the_processor_keeps_a_short_prompt() -> None:
    assert prompt_tokens(share(EmbeddedLLM("no/such/folder")), 200) == SHORT_TOKENS
