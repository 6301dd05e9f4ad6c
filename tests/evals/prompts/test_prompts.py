"""The comparison of methods that tune prompts: its tasks, its toy, its cache, and that a run goes on."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import pytest

from bestguess.agent.llm import Message, Reply, Request
from bestguess.agent.texts.items import read_items, split
from bestguess.agent.texts.prompt_task import PromptTask
from bestguess.agent.texts.scoring import read_score
from bestguess.evals.prompts.cache import CachedLLM
from bestguess.evals.prompts.measure import measure_prompts, table
from bestguess.evals.prompts.methods import methods, phrase_writer, play
from bestguess.evals.prompts.tasks import ITEMS, TASKS
from bestguess.evals.prompts.toy import PHRASES, ToyModel
from bestguess.tools.errors import InputError


@pytest.mark.parametrize("name", TASKS)
def test_the_right_answers_of_a_task_score_and_others_do_not(name: str) -> None:
    items = read_items(TASKS[name].rows())
    _, score = read_score(TASKS[name].score)
    assert len(items) == len({item.content for item in items}) == ITEMS
    assert all(score(item.output, item) == 1.0 for item in items)
    assert sum(score(other.output, item) for item, other in pairwise(items)) < ITEMS / 1.5
    assert TASKS[name].rows() == TASKS[name].rows()
    assert min(len(part) for part in (split(items, 0).train, split(items, 0).test)) > 40


def test_the_toy_answers_alike_and_by_what_it_is_shown() -> None:
    def ask(*words: str) -> str:
        return ToyModel(3).generate(Request((Message("user", "\n".join(words)),))).texts[0]

    assert {ask(f"case {number % 5}-{number}") for number in range(40)} > {"no"}
    assert ask("case 0-5", "case 1-6") == ask("case 0-5", "case 1-6")


@pytest.mark.parametrize("method", ["default", "random exemplars", "best of random", "opro", "ours"])
def test_a_method_keeps_within_its_calls(method: str) -> None:
    model = ToyModel(0)
    task = PromptTask(model, model.rows())
    found = play(task, model, methods(phrase_writer(PHRASES))[method], calls=60, seed=0, test_items=20)
    assert model.calls <= 60 + 20
    assert 0.0 <= found["score"] <= 1.0


def test_an_answer_is_asked_for_once_by_whoever(tmp_path: Path) -> None:
    class Counting:
        name = "counting"
        calls = 0

        def generate(self, request: Request) -> Reply:
            self.calls += 1
            return Reply((f"{request.messages[0].content}!",))

        def close(self) -> None:
            pass

    model = Counting()
    requests = [Request((Message("user", text),), temperature=0.0) for text in ("a", "b", "a")]
    for _ in range(2):
        cached = CachedLLM(model, tmp_path / "answers.db")
        assert [reply.texts[0] for reply in cached.generate_each(requests)] == ["a!", "b!", "a!"]
        cached.close()
    assert model.calls == 2


def test_a_comparison_goes_on_where_it_was(tmp_path: Path) -> None:
    kept, given = tmp_path / "rows.jsonl", {"calls": [60], "seeds": [0], "cache": tmp_path}
    chosen = ["default", "best of random"]
    first = list(measure_prompts("toy", ["toy 1"], chosen[:1], kept=kept, **given))  # type: ignore[arg-type]
    both = list(measure_prompts("toy", ["toy 1"], chosen, kept=kept, **given))  # type: ignore[arg-type]
    assert [row["method"] for row in both] == chosen
    assert both[0] == first[0] == json.loads(kept.read_text().splitlines()[0])
    assert "best of random" in table(both)
    with pytest.raises(InputError, match="there is no task 'toy 9'"):
        list(measure_prompts("toy", ["toy 9"], chosen, kept=kept, **given))  # type: ignore[arg-type]
