"""What the language model is told: one Jinja template a role, rendered here and nowhere else.

This module knows how a template is found and rendered safely. It does not know what goes into one.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from jinja2.sandbox import ImmutableSandboxedEnvironment


@cache
def _environment() -> Environment:
    return ImmutableSandboxedEnvironment(
        loader=PackageLoader("bestguess.prompts", package_path=""),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=False,
    )


def render(role: str, **variables: Any) -> str:
    """Render the template `role`; a variable that it names and is not given is an error.

    Raises:
        jinja2.TemplateNotFound: there is no such template.
        jinja2.UndefinedError: a variable is missing.
    """
    return _environment().get_template(f"{role}.md.jinja").render(**variables).strip()


@cache
def version(*roles: str) -> str:
    """Return the roles' names and a hash of their templates' text, which changes whenever a word does.

    Raises:
        jinja2.TemplateNotFound: there is no such template.
    """
    environment = _environment()
    assert environment.loader is not None
    sources = [environment.loader.get_source(environment, f"{role}.md.jinja")[0] for role in roles]
    return f"{'+'.join(roles)}@{hashlib.sha256(chr(0).join(sources).encode()).hexdigest()[:12]}"
