"""BestGuess: a language model guesses, a Gaussian process verifies, you keep the best.

Only the public names are here, and each is imported when it is first used, so that `import bestguess`
and `bestguess --help` cost nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from bestguess.agent import adapters
    from bestguess.agent.advice.budget import Budget
    from bestguess.agent.chat.unattended import Agent
    from bestguess.agent.estimators.search_cv import SearchCV
    from bestguess.agent.experiments.experiments import Experiments
    from bestguess.agent.learning.draft import learn
    from bestguess.agent.llm import LLM, Message, Reply, Request
    from bestguess.agent.pruning.pruner import Pruner
    from bestguess.agent.result import Result
    from bestguess.agent.sampling.sampler import Sampler
    from bestguess.agent.task import Task
    from bestguess.agent.texts.prompt_task import PromptTask
    from bestguess.agent.tune import tune
    from bestguess.agent.tuner import Tuner
    from bestguess.agent.warm_start import WarmStart, warm_start
    from bestguess.tools.errors import BestGuessError, InputError, ModelError
    from bestguess.tools.space.parameters import Choice, Fidelity, Float, Int, Text
    from bestguess.tools.space.space import Space
    from bestguess.tools.trial import History, Outcome, Prediction, Proposal, Trial

_HOMES = {
    "Agent": "agent.chat.unattended",
    "BestGuessError": "tools.errors",
    "Budget": "agent.advice.budget",
    "Choice": "tools.space.parameters",
    "Experiments": "agent.experiments.experiments",
    "Fidelity": "tools.space.parameters",
    "Float": "tools.space.parameters",
    "History": "tools.trial",
    "InputError": "tools.errors",
    "Int": "tools.space.parameters",
    "LLM": "agent.llm",
    "Message": "agent.llm",
    "ModelError": "tools.errors",
    "Outcome": "tools.trial",
    "Prediction": "tools.trial",
    "PromptTask": "agent.texts.prompt_task",
    "Proposal": "tools.trial",
    "Pruner": "agent.pruning.pruner",
    "Reply": "agent.llm",
    "Request": "agent.llm",
    "Result": "agent.result",
    "Sampler": "agent.sampling.sampler",
    "SearchCV": "agent.estimators.search_cv",
    "Space": "tools.space.space",
    "Task": "agent.task",
    "Text": "tools.space.parameters",
    "Trial": "tools.trial",
    "Tuner": "agent.tuner",
    "WarmStart": "agent.warm_start",
    "learn": "agent.learning.draft",
    "tune": "agent.tune",
    "warm_start": "agent.warm_start",
}

__all__ = [
    "LLM",
    "Agent",
    "BestGuessError",
    "Budget",
    "Choice",
    "Experiments",
    "Fidelity",
    "Float",
    "History",
    "InputError",
    "Int",
    "Message",
    "ModelError",
    "Outcome",
    "Prediction",
    "PromptTask",
    "Proposal",
    "Pruner",
    "Reply",
    "Request",
    "Result",
    "Sampler",
    "SearchCV",
    "Space",
    "Task",
    "Text",
    "Trial",
    "Tuner",
    "WarmStart",
    "adapters",
    "learn",
    "tune",
    "warm_start",
]


def __getattr__(name: str) -> Any:
    if name == "adapters":
        return import_module("bestguess.agent.adapters")
    if name not in _HOMES:
        raise AttributeError(f"module 'bestguess' has no attribute {name!r}")
    return getattr(import_module(f"bestguess.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
