"""First guesses are drawn once a task and model; every seed is given its own draw of them."""

from __future__ import annotations

from pathlib import Path

import bestguess as bg
from bestguess.agent.advice.advisor import ModelAdvisor
from bestguess.agent.llm import Reply, Request
from bestguess.agent.search.first_guesses import FirstGuesses
from bestguess.agent.search.state import SearchState
from bestguess.agent.testing import SchemaLLM
from bestguess.evals.pools import POOL, PooledLLM
from bestguess.tools.trial import History

SPACE = bg.Space(x=bg.Float(0, 1), n=bg.Int(1, 99))


class Counting(SchemaLLM):
    asked = 0

    def generate(self, request: Request) -> Reply:
        self.asked += 1
        return super().generate(request)


def ask(llm: PooledLLM, seed: int) -> Reply:
    state = SearchState(SPACE, bg.Task(), History("minimize"), seed, 0)
    return llm.generate(FirstGuesses(ModelAdvisor(llm, wait_s=5)).question(state).request)


def test_a_pool_is_drawn_once_and_shared_by_seeds_and_processes(tmp_path: Path) -> None:
    model = Counting()
    one, other = ask(PooledLLM(model, tmp_path / "p.db"), 1), ask(PooledLLM(model, tmp_path / "p.db"), 2)
    assert model.asked == 1
    assert one.texts != other.texts
    assert len(set(one.texts) | set(other.texts)) <= POOL
    assert ask(PooledLLM(model, tmp_path / "p.db"), 1) == one


def test_a_draw_parses_and_costs_its_share_of_the_pool(tmp_path: Path) -> None:
    pooled = PooledLLM(Counting(), tmp_path / "p.db")
    reply = ask(pooled, 0)
    assert all(SPACE.from_reply(one) for one in reply.parsed)
    assert 0 < reply.completion_tokens < POOL * 60


def test_other_requests_go_through(tmp_path: Path) -> None:
    model = Counting()
    pooled = PooledLLM(model, tmp_path / "p.db")
    request = Request((), n=1, schema=SPACE.json_schema(), template="propose@1")
    pooled.generate(request)
    pooled.generate(request)
    assert model.asked == 2
