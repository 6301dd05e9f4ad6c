"""The comparison: each task, seed and method is a line of a file, written as it comes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from statistics import fmean, stdev
from typing import Any

from bestguess.agent.llm.connect import connect
from bestguess.agent.texts.items import Item, read_items
from bestguess.agent.texts.prompt_task import PromptTask
from bestguess.evals.prompts.cache import CachedLLM
from bestguess.evals.prompts.methods import methods, model_writer, phrase_writer, play
from bestguess.evals.prompts.tasks import ITEMS, TASKS
from bestguess.evals.prompts.toy import PHRASES, ToyModel
from bestguess.tools.errors import InputError
from bestguess.tools.words.given import did_you_mean

TOY = "toy"
TOYS = 8
RIVAL = "best of random"
FRESH = 80
"""Items of a generated task that no split holds, beside 40 of the test's: the score's error is then .04."""

Row = dict[str, Any]


def measure_prompts(
    model: str,
    names: Sequence[str],
    chosen: Sequence[str],
    *,
    calls: Sequence[int],
    seeds: Sequence[int],
    kept: Path,
    cache: Path,
) -> Iterator[Row]:
    """Yield what each method came to, those of earlier runs first; `model` "toy" is the simulated one."""
    done = [json.loads(line) for line in kept.read_text().splitlines()] if kept.exists() else []
    have = {_key(row) for row in done}
    yield from (row for row in done if row["model"] == model)
    llm = None
    every = [f"{TOY} {number}" for number in range(TOYS)] if model == TOY else list(TASKS)
    for name in names:
        if name not in every:
            raise InputError(
                f"there is no task {name!r}{did_you_mean(name, every)}; there are {', '.join(every)}"
            )
    kept.parent.mkdir(parents=True, exist_ok=True)
    for seed in seeds:
        for name in names or every:
            for count in calls:
                fresh: Sequence[Item] = ()
                if model == TOY:
                    answering: Any = ToyModel(int(name.split()[1]))
                    task = PromptTask(answering, answering.rows())
                    write = phrase_writer(PHRASES)
                else:
                    if llm is None:
                        cache.mkdir(parents=True, exist_ok=True)
                        connected = connect(model)
                        if connected is None:
                            raise InputError("name the model that is tuned, or toy")
                        llm = CachedLLM(connected, cache / "answers.db")
                    answering, made = llm, TASKS[name]
                    fresh = read_items(made.rows(ITEMS + FRESH))[ITEMS:]
                    task = PromptTask(
                        llm,
                        made.rows(),
                        made.score,
                        instruction=made.instruction,
                        instructions=[
                            f"{made.instruction} Give only the answer.",
                            f"{made.instruction} No words.",
                        ],
                        max_tokens=made.max_tokens,
                    )
                    write = model_writer(llm)
                for method, find in methods(write).items():
                    row = {"model": model, "task": name, "seed": seed, "calls": count, "method": method}
                    if _key(row) in have or (chosen and method not in chosen):
                        continue
                    started, asked = time.monotonic(), getattr(answering, "asked", 0)
                    test_items = 120 if model == TOY else 40
                    row |= play(
                        task, answering, find, calls=count, seed=seed, test_items=test_items, fresh=fresh
                    )
                    row |= {
                        "seconds": round(time.monotonic() - started, 1),
                        "asked": getattr(answering, "asked", 0) - asked,
                    }
                    with kept.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(row) + "\n")
                    yield row


def table(rows: Sequence[Mapping[str, Any]]) -> str:
    """Return the mean scores by method and calls, and how far they are from the best of random."""
    most = max((row["calls"] for row in rows), default=0)
    rival = {
        (row["task"], row["seed"]): row["score"]
        for row in rows
        if (row["method"], row["calls"]) == (RIVAL, most)
    }
    lines = [f"{'method':32} calls runs  score  against {RIVAL}, {most} calls"]
    groups: dict[tuple[str, int], list[Mapping[str, Any]]] = {}
    for row in rows:
        groups.setdefault((row["method"], row["calls"]), []).append(row)
    for (method, count), group in groups.items():
        pairs = [
            row["score"] - rival[place] for row in group if (place := (row["task"], row["seed"])) in rival
        ]
        against = ""
        if len(pairs) > 1:
            against = (
                f"{fmean(pairs):+.3f} ± {1.96 * stdev(pairs) / len(pairs) ** 0.5:.3f} ({len(pairs)} pairs)"
            )
        lines.append(
            f"{method:32} {count:5} {len(group):4}  {fmean(row['score'] for row in group):.3f}  {against}"
        )
    return "\n".join(lines)


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("model", "task", "seed", "calls", "method"))
