"""The suites, one file each; a module here with a class `Suite` is a suite, by the module's name.

This module knows how suites are found. It does not know what is in them.
"""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from bestguess.evals.protocol import Suite
from bestguess.tools.errors import InputError
from bestguess.tools.words.given import did_you_mean


def suite_names() -> tuple[str, ...]:
    """Return the names of all suites."""
    return tuple(sorted(module.name for module in pkgutil.iter_modules(__path__) if module.name[0] != "_"))


@cache
def suite(name: str) -> Suite:
    """Return the suite of that name.

    Raises:
        InputError: there is none.
    """
    if name not in suite_names():
        near = did_you_mean(name, suite_names())
        raise InputError(f"no suite is called {name!r}{near}; there are {', '.join(suite_names())}")
    found: Suite = import_module(f"{__name__}.{name}").Suite()
    return found
