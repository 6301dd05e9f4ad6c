"""A whole study through vLLM as `bestguess serve` starts it, and the same one with the model in process.

Needs `make serve-setup` and `bestguess models pull smollm2-135m`; run with `-m server`.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import bestguess as bg
from bestguess.agent.advice.journal import Journal
from bestguess.agent.llm.server import ServerLLM
from bestguess.agent.llm.serving.environment import serve_python
from bestguess.agent.llm.weights.catalog import is_pulled
from bestguess.agent.reports.exam import examine_model

MODEL = "smollm2-135m"
PORT = 8191
HITS = "vllm:prefix_cache_hits_total"
SPACE = bg.Space(
    lr=bg.Float(1e-5, 1e-1, log=True, default=1e-3, doc="Adam learning rate"),
    depth=bg.Int(1, 8, default=3, doc="how many layers"),
    activation=bg.Choice(["relu", "tanh"], doc="between the layers"),
)
TASK = bg.Task("A small network on 10,000 rows of tabular data", metric="validation loss")
TRIALS = 15

pytestmark = [
    pytest.mark.server,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(not is_pulled(MODEL), reason=f"{MODEL} is not pulled"),
    pytest.mark.skipif(serve_python() is None, reason="run `make serve-setup` first"),
]


def objective(params: dict[str, Any]) -> float:
    return float(abs(params["lr"] - 0.01) + 0.1 * abs(params["depth"] - 5) + (params["activation"] == "tanh"))


@pytest.fixture(scope="module")
def served() -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-m", "bestguess.agent.cli", "serve", MODEL, "--port", str(PORT), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def tune(llm: bg.LLM, path: Path) -> tuple[bg.Result, list[dict[str, Any]]]:
    result = bg.tune(
        objective,
        SPACE,
        task=TASK,
        n_trials=TRIALS,
        llm=llm,
        llm_wait_s=120.0,
        seed=0,
        storage=f"sqlite:///{path / 'study.db'}",
    )
    return result, Journal(path / "study.journal.db").calls()


def count_hits(url: str) -> float:
    """vLLM's count of prompt tokens that were in its prefix cache, over all of its engines."""
    with urllib.request.urlopen(url.removesuffix("/v1") + "/metrics", timeout=10.0) as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(one.rsplit(maxsplit=1)[1]) for one in lines if one.startswith(HITS))


def test_a_study_through_vllm_is_held_to_the_schema_and_accounted_for(
    served: dict[str, Any], tmp_path: Path
) -> None:
    before = count_hits(served["url"])
    llm = ServerLLM(served["url"], api_key=served["api_key"])

    result, calls = tune(llm, tmp_path)

    guessed = [trial for trial in result.trials if trial.source == "llm"]
    hits = count_hits(served["url"]) - before
    print(f"\n{len(calls)} calls, {len(guessed)} trials of the model, {hits:g} tokens from the prefix cache")
    print(f"{sum(one['prompt_tokens'] for one in calls)} prompt tokens, best {result.best_value:.4g}")
    assert len(result.trials) == TRIALS
    assert guessed
    assert all(call["error"] == "" and call["prompt_tokens"] and call["completion_tokens"] for call in calls)
    assert all(json.loads(text) for call in calls for text in json.loads(call["texts"]))
    assert hits > 0


def test_the_doctor_finds_that_it_keeps_to_schemas_and_bounds(served: dict[str, Any]) -> None:
    findings = {one.name: one for one in examine_model(ServerLLM(served["url"], api_key=served["api_key"]))}

    for one in findings.values():
        print(one.name, one.detail)
    assert all(one.ok for one in findings.values())
    assert findings["context"].detail == "4096 tokens"
    assert findings["schema"].detail.startswith("kept to")


def test_without_the_key_it_answers_nobody(served: dict[str, Any]) -> None:
    with pytest.raises(bg.ModelError, match="401"):
        ServerLLM(served["url"], api_key="bg-wrong").generate(
            bg.Request((bg.Message("user", "Hello"),), max_tokens=4)
        )


def test_the_same_study_runs_with_the_model_in_this_process(tmp_path: Path) -> None:
    from bestguess.agent.llm.connect import connect

    llm = connect(MODEL)
    assert llm is not None

    result, calls = tune(llm, tmp_path)
    llm.close()

    guessed = [trial for trial in result.trials if trial.source == "llm"]
    print(f"\n{len(calls)} calls, {len(guessed)} trials of the model, best {result.best_value:.4g}")
    assert len(result.trials) == TRIALS
    assert guessed
    assert all(call["error"] == "" for call in calls)


def test_nothing_is_left_once_it_is_stopped(served: dict[str, Any]) -> None:
    # The last test of the file: it ends what the others used.
    parent = psutil.Process(served["pid"])
    family = [parent, *parent.children(recursive=True)]

    parent.parent().send_signal(signal.SIGTERM)  # type: ignore[union-attr]

    _, alive = psutil.wait_procs(family, timeout=60)
    assert not alive
