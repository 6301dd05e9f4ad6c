"""One spelling for each argument at every door: Python's, with dashes on the command line.

What a door has alone is in its list here, with the reason; an argument that is spelled otherwise at a new
place is in none.
"""

from __future__ import annotations

import asyncio
import inspect
import pkgutil
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import click
import pytest

import bestguess as bg
from bestguess.agent import commands
from bestguess.agent.mcp.tools import make_server
from bestguess.tools.space.region import Limit


def arguments_of(function: object) -> set[str]:
    """Return the names of a function's arguments."""
    return set(inspect.signature(function).parameters)  # type: ignore[arg-type]


PYTHON = (
    set.union(*map(arguments_of, (bg.tune, bg.Tuner, bg.Tuner.tell, bg.warm_start, bg.learn, bg.Result.best)))
    | set.union(
        *(arguments_of(getattr(bg.Experiments, verb)) for verb in ("record", "keep", "tried", "stop"))
    )
    | set.union(*map(arguments_of, (bg.PromptTask, bg.PromptTask.tune)))
    | {field.name for kind in (bg.Task, bg.Budget, bg.Outcome, bg.Trial, Limit) for field in fields(kind)}
    | arguments_of(bg.Outcome.failure)
    | arguments_of(bg.Trial.report)
    | {name.removeprefix("plot_") for kind in (bg.Result, bg.Trial) for name in dir(kind) if name[0] != "_"}
    | {"failure", "parameter", "params"}
)
"""What Python calls what may be said: arguments, fields, and what a result can show."""

SCIKIT_LEARN = {
    "estimator", "param_distributions", "n_iter", "batch_size", "scoring", "n_jobs", "refit", "cv", "verbose",
    "pre_dispatch", "random_state", "error_score", "return_train_score", "resource", "min_resources",
    "on_step",
}  # fmt: skip
"""SearchCV has these as scikit-learn's searches do; a batch is what it chooses at a time, and `on_step`
the parameter of an estimator that takes a callback."""

COMMAND_LINE = {
    "json": "a form of what is printed",
    "out": "a file that is written",
    "force": "a file that is written over",
    "yes": "no question is asked",
    "for": "which tuner the points are for",
    "from": "where weights come from",
    "from_studies": "a storage in the place of documents",
    "reader": "a file beside the document",
    "format": "a form of the file",
    "kind": "which figure",
    "match": "which of several matches of a pattern",
    "metric": "a pattern that finds it, where a command prints it",
    "limit": "one of the limits each",
    "goal": "one of the metrics each, with its direction",
    "param": "one of the params each",
    "try": "one of the instructions each",
    "trial_timeout": "of a command, which a function has not",
    "model": "a model of the demo's, or of the catalog's",
    "folder": "where a session is",
    "opening": "words",
    "what": "number and value of `tell`",
    "script": "what is read",
    "documents": "what is read",
    "name": "of the catalog",
    "pid": "the process that an `Owner` is in Python",
    "feedback_file": "feedback from a file",
    "no_earlier": "earlier=False",
    "wait": "when a line is read",
    "web": "a page beside",
    "http": "how it is served",
    "port": "how it is served",
    "gpus": "vLLM's",
    "nodes": "vLLM's",
    "context": "vLLM's",
    "setup": "vLLM's",
    "again": "an exam that was taken",
    "prompt": "words for a session that nobody attends",
    "html": "a file that is written",
}

MCP = {
    "number": "which trial, as `Trial.number`",
    "last": "how many trials are listed",
    "path": "a script to read",
    "a": "one of two trials",
    "b": "the other",
    "form": "of `export`, as in a session",
    "goals": "of a Task, each with its direction",
}


def options() -> list[tuple[str, tuple[str, ...]]]:
    """Return every option of every command, with its spellings as Python would have them."""
    found = []
    for module in pkgutil.iter_modules(commands.__path__):
        if module.name[0] != "_":
            command = import_module(f"{commands.__name__}.{module.name}").command
            for name, one in getattr(command, "commands", {module.name: command}).items():
                for option in one.params:
                    spellings = tuple(word.lstrip("-").replace("-", "_") for word in option.opts)
                    found.append((f"{module.name} {name}", spellings))
    return found


@pytest.mark.parametrize(("command", "spellings"), options())
def test_an_option_is_called_as_pythons_argument_is(command: str, spellings: tuple[str, ...]) -> None:
    of_the_model = {name.removeprefix("llm_") for name in spellings} & {"tokens", "requests"}  # a Budget's
    assert of_the_model or set(spellings) & (PYTHON | COMMAND_LINE.keys()), f"{command}: --{spellings[0]}"


def test_a_tools_argument_is_called_as_pythons_is(tmp_path: Path) -> None:
    tools = asyncio.run(make_server(f"sqlite:///{tmp_path / 's.db'}").list_tools())
    for tool in tools:
        assert set(tool.input_schema["properties"]) <= PYTHON | MCP.keys(), tool.name


@pytest.mark.parametrize("door", [bg.Sampler, bg.Tuner, bg.warm_start, bg.learn])
def test_another_door_in_python_has_the_same_words(door: object) -> None:
    assert arguments_of(door) <= PYTHON


def test_the_search_of_scikit_learn_has_its_words_and_ours() -> None:
    assert arguments_of(bg.SearchCV) <= PYTHON | SCIKIT_LEARN


@pytest.mark.parametrize(
    ("command", "old", "now"),
    [
        ("tell", "--failed", "--failure"),
        ("tune", "--llm-wait", "--llm-wait-s"),
        ("mcp", "--llm-wait", "--llm-wait-s"),
        ("warmstart", "--llm-wait", "--llm-wait-s"),
        ("tune", "--task", "--description"),
        ("ask", "--task", "--description"),
        ("learn", "--task", "--description"),
        ("learn", "--output", "--out"),
        ("tune", "--parallel", "--n-jobs"),
    ],
)
def test_an_older_spelling_is_the_same_option(command: str, old: str, now: str) -> None:
    found: click.Command = import_module(f"{commands.__name__}.{command}").command
    (option,) = (one for one in found.params if old in one.opts)
    assert now in option.opts
