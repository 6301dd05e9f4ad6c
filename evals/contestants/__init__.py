"""The contestants, one file each; a module here with a class `Contestant` is one, by the module's name.

A contestant is named by a spec: `random`, `jitter:width=0.05`, `bestguess:llm=embedded,trust=off`. With
`guesses=N` any of them is handed N points of our warm start before it is asked: `hyperopt:guesses=4`. This
module knows how they are found and what their options are called, not what they do; it is imported in
every peer's environment, too.
"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module

from bestguess.evals.protocol import Brief, Contestant
from bestguess.tools.errors import InputError
from bestguess.tools.words.given import did_you_mean


def contestant_names() -> tuple[str, ...]:
    """Return the names of all contestants."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_"))


@dataclass(frozen=True, slots=True)
class Spec:
    """Which contestant, its options, and how many guesses it is handed; `label` is how it was written."""

    label: str
    name: str
    options: Mapping[str, str] = field(default_factory=dict, hash=False)
    guesses: int = 0

    @classmethod
    def parse(cls, text: str) -> Spec:
        """Return the spec `name` or `name:option=value,…`.

        Raises:
            InputError: there is no such contestant or option.
        """
        name, _, rest = text.strip().partition(":")
        if name not in contestant_names():
            near = did_you_mean(name, contestant_names())
            raise InputError(
                f"no contestant is called {name!r}{near}; there are {', '.join(contestant_names())}"
            )
        options = dict(_option(part, text) for part in rest.split(",") if rest)
        guesses = options.pop("guesses", "0")
        if not guesses.isdecimal():
            raise InputError(f"{name}: guesses is {guesses!r}; give a whole number from 0")
        spec = cls(text.strip(), name, options, int(guesses))
        known = [
            each.name
            for each in inspect.signature(spec.contestant).parameters.values()
            if each.kind is inspect.Parameter.KEYWORD_ONLY
        ]
        for option in spec.options:
            if option not in known:
                near = did_you_mean(option, known)
                raise InputError(
                    f"{name} has no option {option!r}{near}; it has {', '.join(known) or 'none'}"
                )
        return spec

    @property
    def contestant(self) -> type[Contestant]:
        """The class; reading it imports no third-party library."""
        found: type[Contestant] = import_module(f"{__name__}.{self.name}").Contestant
        return found

    def start(self, brief: Brief) -> Contestant:
        """Return a new contestant for one run.

        Raises:
            InputError: an option's value is wrong.
            ImportError: its library is not installed in this environment.
        """
        return self.contestant(brief, **self.options)


def _option(part: str, text: str) -> tuple[str, str]:
    name, _, value = part.partition("=")
    if not (name and value):
        raise InputError(f"contestant {text!r}: {part!r} is no option; write name:option=value,option=value")
    return name, value
